/* SPDX-License-Identifier: MIT */
#include "shim/planner/elf/identity.h"

#include "tests/unit/codebuild.h"

static struct ckpt_hash128 identify(const char *name)
{
	struct ckpt_image *image = NULL;
	struct ckpt_err err = {0};
	struct ckpt_hash128 identity;
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/%s", directory, name);
	ck_assert_msg(ckpt_image_open(path, &image, &err) == CKPT_OK, "%s",
		      err.text);
	identity = ckpt_identity_of_image(image);
	ckpt_image_close(image);
	return identity;
}

static bool is_same(const char *a, const char *b)
{
	return ckpt_hash_equal(identify(a), identify(b));
}

START_TEST(only_what_is_mapped_counts)
{
	make_directory();
	write_file("a.c", "int data = 4; static const int table[] = {1, 2};\n"
			  "int f(int i) { return table[i & 1] + data; }\n");
	run("cd %s && gcc -O1 -g -fPIC -shared -Wl,--build-id=0x1234 -o a.so "
	    "a.c && cp a.so stripped.so && strip stripped.so && "
	    "gcc -O1 -g -fPIC -shared -Wl,--build-id=0x5678 -o id.so a.c%s%s",
	    directory, "", "");
	ck_assert(is_same("a.so", "a.so"));
	ck_assert(is_same("a.so", "stripped.so"));
	ck_assert(is_same("a.so", "id.so"));
	remove_directory();
}
END_TEST

START_TEST(code_constants_and_initial_data_count)
{
	make_directory();
	write_file("a.c", "int data = DATA; static const int table[] = {TABLE};"
			  "\nint f(int i) { return table[i & 1] + data; }\n");
	run("cd %s && for v in '1 2' '3 2' '1 4'; do set -- $v; "
	    "gcc -O1 -fPIC -shared -DDATA=$1 -DTABLE=$2,7 -o v$1$2.so a.c || "
	    "exit 1; done%s%s",
	    directory, "", "");
	ck_assert(!is_same("v12.so", "v32.so"));
	ck_assert(!is_same("v12.so", "v14.so"));
	remove_directory();
}
END_TEST

UNIT_MAIN("identity", only_what_is_mapped_counts,
	  code_constants_and_initial_data_count)
