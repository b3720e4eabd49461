/* SPDX-License-Identifier: MIT */
/* What the loader itself says it bound (LD_DEBUG=bindings) is the oracle. */
#include "shim/planner/elf/scope.h"

#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static uint32_t find_object(struct ckpt_scope *scope, const char *path)
{
	for (uint32_t i = 0; i < ckpt_scope_count(scope); i++)
		if (strcmp(ckpt_scope_object(scope, i)->path, path) == 0)
			return i;
	return UINT32_MAX;
}

/* One "binding file A [0] to B [0]: normal symbol `S' [V]". True if checked. */
static bool check_binding(struct ckpt_scope *scope, const char *line)
{
	char from[512], to[512], name[512], version[256] = "";
	const char *text = strstr(line, "binding file ");
	const struct ckpt_symbol *symbol;
	uint32_t from_index, to_index, got;

	if (!text ||
	    sscanf(text,
		   "binding file %511s [0] to %511s [0]: normal symbol "
		   "`%511[^']' [%255[^]]",
		   from, to, name, version) < 3)
		return false;
	from_index = find_object(scope, from);
	to_index = find_object(scope, to);
	if (from_index == UINT32_MAX || to_index == UINT32_MAX)
		return false;
	ck_assert_msg(ckpt_scope_lookup(scope, from_index, name,
					version[0] ? version : NULL, &got,
					&symbol) == CKPT_OK,
		      "%s from %s", name, from);
	/* The loader looks twice for a variable copied into the program:
	 * where it is copied from, and for everybody else the copy. */
	if (from_index == 0 && got == 0 && symbol->type == STT_OBJECT)
		return false;
	ck_assert_msg(got == to_index, "%s from %s: %s, not %s", name, from,
		      ckpt_scope_object(scope, got)->path, to);
	return true;
}

static size_t check_program(const char *program, const char *arguments)
{
	struct ckpt_scope *scope = NULL;
	struct ckpt_err err = {0};
	char command[512], line[4096];
	size_t count = 0;
	FILE *pipe;

	ck_assert_msg(ckpt_scope_of_program(program, NULL, &scope, &err) ==
			      CKPT_OK,
		      "%s", err.text);
	(void)snprintf(command, sizeof(command),
		       "LD_DEBUG=bindings LD_BIND_NOW=1 %s %s 2>&1 >/dev/null",
		       program, arguments);
	pipe = popen(command, "r");
	ck_assert_ptr_nonnull(pipe);
	while (fgets(line, sizeof(line), pipe))
		count += check_binding(scope, line);
	ck_assert_int_eq(pclose(pipe), 0);
	ckpt_scope_destroy(scope);
	return count;
}

START_TEST(names_mean_what_the_loader_says)
{
	ck_assert_uint_gt(check_program("/bin/sh", "-c :"), 50);
	ck_assert_uint_gt(check_program("/usr/bin/perl", "-e 0"), 100);
	ck_assert_uint_gt(check_program("/usr/bin/as", "--version"), 100);
}
END_TEST

START_TEST(a_list_is_parsed_and_a_replaced_file_is_refused)
{
	struct ckpt_scope *scope = NULL;
	struct ckpt_err err = {0};
	char text[512];
	struct stat st;
	const struct ckpt_symbol *symbol;
	uint32_t object;

	ck_assert_int_eq(stat("/bin/sh", &st), 0);
	(void)snprintf(text, sizeof(text),
		       "%lx %lx g /bin/sh\n%lx %lx l /bin/sh\n"
		       "0 0 g linux-vdso.so.1\n0 0 l /bin/sh\n",
		       (unsigned long)st.st_dev, (unsigned long)st.st_ino,
		       (unsigned long)st.st_dev, (unsigned long)st.st_ino + 1);
	ck_assert_int_eq(ckpt_scope_parse(text, NULL, &scope, &err), CKPT_OK);
	ck_assert_uint_eq(ckpt_scope_count(scope), 4);
	ck_assert(ckpt_scope_object(scope, 0)->is_global);
	ck_assert(!ckpt_scope_object(scope, 0)->is_refused);
	ck_assert_ptr_nonnull(ckpt_scope_image(scope, 0, &err));
	ck_assert(!ckpt_scope_object(scope, 1)->is_global);
	ck_assert(ckpt_scope_object(scope, 1)->is_refused);
	ck_assert_ptr_null(ckpt_scope_image(scope, 1, &err));
	ck_assert(ckpt_scope_object(scope, 2)->is_kernel);
	ck_assert(!ckpt_scope_object(scope, 2)->is_refused);
	ck_assert(ckpt_scope_object(scope, 3)->is_refused);
	ck_assert_int_eq(ckpt_scope_lookup(scope, 0, "no_such_name", NULL,
					   &object, &symbol),
			 CKPT_NOTFOUND);
	ckpt_scope_destroy(scope);
}
END_TEST

START_TEST(a_malformed_list_is_bad_data_with_its_line)
{
	static const char *const texts[] = {
		"",	    "\n",	 "1 2 x /bin/sh\n",
		"1 2 g \n", "/bin/sh\n", "zz 1 g /bin/sh\n",
	};
	struct ckpt_scope *scope = NULL;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct ckpt_err err = {0};

		ck_assert_int_eq(ckpt_scope_parse(texts[i], NULL, &scope, &err),
				 CKPT_BADDATA);
		ck_assert(strncmp(err.text, "object list: ", 13) == 0);
	}
}
END_TEST

START_TEST(a_program_that_is_not_there_is_not_found)
{
	struct ckpt_scope *scope = NULL;
	struct ckpt_err err = {0};

	ck_assert_int_eq(
		ckpt_scope_of_program("/nowhere/x", NULL, &scope, &err),
		CKPT_NOTFOUND);
	ck_assert_ptr_nonnull(strstr(err.text, "/nowhere/x"));
}
END_TEST

UNIT_MAIN("scope", names_mean_what_the_loader_says,
	  a_list_is_parsed_and_a_replaced_file_is_refused,
	  a_malformed_list_is_bad_data_with_its_line,
	  a_program_that_is_not_there_is_not_found)
