/* SPDX-License-Identifier: MIT */
#include "shim/planner/code/codeobject.h"

#include "tests/unit/codebuild.h"

static const char source[] =
	"const int constants[3] = {1, 2, 3}; int numbers[4] = {4}; int zero;\n"
	"__thread int own[2] = {1};\n"
	"int (*const pointers[])(int);\n"
	"int twice(int x) { return 2 * x; }\n"
	"int (*const pointers[])(int) = {twice};\n"
	"int main(void) { return numbers[zero] + own[0]; }\n";

struct opened {
	struct ckpt_image *image;
	struct ckpt_code_object *object;
};

static struct opened open_object(const char *name)
{
	struct opened opened = {0};
	struct ckpt_err err = {0};
	const struct ckpt_symbol *symbols;
	char path[128];
	size_t count;

	(void)snprintf(path, sizeof(path), "%s/%s", directory, name);
	ck_assert_msg(ckpt_image_open(path, &opened.image, &err) == CKPT_OK,
		      "%s", err.text);
	symbols = ckpt_image_static_symbols(opened.image, &count);
	ck_assert_int_eq(ckpt_code_object_create(opened.image, symbols, count,
						 &opened.object),
			 CKPT_OK);
	return opened;
}

static void close_object(struct opened opened)
{
	ckpt_code_object_destroy(opened.object);
	ckpt_image_close(opened.image);
}

static struct ckpt_symbol find(const struct ckpt_image *image, const char *name)
{
	size_t count;
	const struct ckpt_symbol *symbols =
		ckpt_image_static_symbols(image, &count);

	for (size_t i = 0; i < count; i++)
		if (!strcmp(symbols[i].name, name))
			return symbols[i];
	ck_abort_msg("no symbol %s", name);
	return (struct ckpt_symbol){0};
}

START_TEST(places_and_extents_are_those_of_the_source)
{
	static const struct {
		const char *name;
		enum ckpt_code_place place;
		uint64_t size;
	} expected[] = {
		{"constants", CKPT_AT_CONST, 12},
		{"numbers", CKPT_AT_WRITABLE, 16},
		{"zero", CKPT_AT_WRITABLE, 4},
		{"pointers", CKPT_AT_CONST, 8}, /* RELRO */
	};
	struct opened opened;

	make_directory();
	write_file("text.c", source);
	run("cd %s && gcc -O1 -w -fPIE -pie -o p text.c%s%s", directory, "",
	    "");
	opened = open_object("p");
	for (size_t i = 0; i < 4; i++) {
		struct ckpt_symbol symbol =
			find(opened.image, expected[i].name);
		struct ckpt_extent extent;

		ck_assert_int_eq(
			ckpt_code_object_place(opened.object, symbol.vaddr),
			expected[i].place);
		ck_assert(ckpt_code_object_variable(opened.object,
						    symbol.vaddr + 3, &extent));
		ck_assert_uint_eq(extent.vaddr, symbol.vaddr);
		ck_assert_uint_eq(extent.size, expected[i].size);
		ck_assert_str_eq(
			ckpt_code_object_name(opened.object, symbol.vaddr),
			expected[i].name);
		ck_assert(ckpt_code_object_variable_before(
			opened.object, symbol.vaddr + symbol.size, &extent));
		ck_assert_uint_eq(extent.vaddr, symbol.vaddr);
	}
	ck_assert_int_eq(
		ckpt_code_object_place(opened.object,
				       find(opened.image, "twice").vaddr),
		CKPT_AT_CODE);
	ck_assert_int_eq(ckpt_code_object_place(opened.object, UINT64_MAX),
			 CKPT_AT_OUTSIDE);
	close_object(opened);
	remove_directory();
}
END_TEST

START_TEST(functions_of_a_stripped_object_keep_their_extent)
{
	struct opened full, bare;
	struct ckpt_code_extent extent;
	struct ckpt_symbol twice;

	make_directory();
	write_file("text.c", source);
	run("cd %s && gcc -O1 -w -fPIE -pie -o p text.c && cp p bare && strip "
	    "bare%s%s",
	    directory, "", "");
	full = open_object("p");
	bare = open_object("bare");
	twice = find(full.image, "twice");
	ck_assert(ckpt_code_object_is_labelled(full.object));
	ck_assert(!ckpt_code_object_is_labelled(bare.object));
	ck_assert(ckpt_code_object_function(bare.object, twice.vaddr + 1,
					    &extent));
	ck_assert_uint_eq(extent.vaddr, twice.vaddr);
	ck_assert_uint_eq(extent.size, twice.size);
	ck_assert(!extent.is_guessed);
	ck_assert_ptr_null(ckpt_code_object_name(bare.object, twice.vaddr));
	close_object(full);
	close_object(bare);
	remove_directory();
}
END_TEST

/* Static variables have no symbol then, though others have. */
START_TEST(objects_without_local_symbols_are_not_labelled)
{
	struct opened opened;

	make_directory();
	write_file("text.c", source);
	run("cd %s && gcc -O1 -w -fPIE -pie -Wl,-x -o linked text.c && gcc -O1 "
	    "-w -fPIE -pie -o bare text.c && strip -x bare%s%s",
	    directory, "", "");
	opened = open_object("linked");
	ck_assert(find(opened.image, "numbers").size > 0);
	ck_assert(!ckpt_code_object_is_labelled(opened.object));
	close_object(opened);
	opened = open_object("bare");
	ck_assert(find(opened.image, "numbers").size > 0);
	ck_assert(!ckpt_code_object_is_labelled(opened.object));
	close_object(opened);
	remove_directory();
}
END_TEST

/* Linkers put markers (__TMC_END__, __bss_start) where variables begin. */
START_TEST(a_variable_is_called_by_its_own_name_not_by_a_marker)
{
	struct opened opened;

	make_directory();
	write_file("text.s", ".bss\n.globl a_marker, value, b_marker\n"
			     ".type a_marker, @object\na_marker:\n"
			     ".type value, @object\n.size value, 4\n"
			     "value:\nb_marker: .zero 4\n.text\n.globl main\n"
			     "main: ret\n"
			     ".section .note.GNU-stack,\"\",@progbits\n");
	run("cd %s && gcc -o p text.s%s%s", directory, "", "");
	opened = open_object("p");
	ck_assert_str_eq(
		ckpt_code_object_name(opened.object,
				      find(opened.image, "value").vaddr),
		"value");
	close_object(opened);
	remove_directory();
}
END_TEST

START_TEST(thread_local_variables_are_found_by_offset)
{
	struct opened opened;
	struct ckpt_extent extent;

	make_directory();
	write_file("text.c", source);
	run("cd %s && gcc -O1 -w -o p text.c%s%s", directory, "", "");
	opened = open_object("p");
	ck_assert(ckpt_code_object_tls_variable(opened.object, 5, &extent));
	ck_assert_uint_eq(extent.vaddr, 0);
	ck_assert_uint_eq(extent.size, 8);
	ck_assert_str_eq(ckpt_code_object_tls_name(opened.object, 0), "own");
	ck_assert(!ckpt_code_object_tls_variable(opened.object, 8, &extent));
	close_object(opened);
	remove_directory();
}
END_TEST

UNIT_MAIN("codeobject", places_and_extents_are_those_of_the_source,
	  functions_of_a_stripped_object_keep_their_extent,
	  objects_without_local_symbols_are_not_labelled,
	  a_variable_is_called_by_its_own_name_not_by_a_marker,
	  thread_local_variables_are_found_by_offset)
