/* SPDX-License-Identifier: MIT */
#include "shim/planner/code/codebase.h"

#include "tests/unit/codebuild.h"

static const char source[] =
	"#include <math.h>\n"
	"const int table[6] = {1, 2, 3};\n"
	"int twice(int x) { return 2 * x; }\n"
	"int (*const pointers[])(int) = {twice};\n"
	"double (*volatile function)(double) = sin;\n"
	"int main(void) { return table[twice(1)] + (function != 0); }\n";

static struct ckpt_codebase *open_base(struct ckpt_scope **ret_scope)
{
	struct ckpt_codebase *base = NULL;

	make_directory();
	write_file("text.c", source);
	run("cd %s && gcc -O1 -w -fPIE -pie -o p "
	    "text.c -lm%s%s",
	    directory, "", "");
	*ret_scope = open_program();
	ck_assert_int_eq(ckpt_codebase_of(*ret_scope, &base), CKPT_OK);
	return base;
}

static uint64_t address_of(struct ckpt_scope *scope, const char *name)
{
	size_t count;
	const struct ckpt_symbol *symbols = ckpt_image_static_symbols(
		ckpt_scope_image(scope, 0, NULL), &count);

	for (size_t i = 0; i < count; i++)
		if (!strcmp(symbols[i].name, name))
			return symbols[i].vaddr;
	ck_abort_msg("no symbol %s", name);
	return 0;
}

START_TEST(a_function_is_read_once_for_all_its_addresses)
{
	struct ckpt_scope *scope;
	struct ckpt_codebase *base = open_base(&scope), *again = NULL;
	const struct ckpt_code_function *one, *two;
	uint64_t vaddr = address_of(scope, "twice");

	ck_assert_int_eq(ckpt_codebase_of(scope, &again), CKPT_OK);
	ck_assert_ptr_eq(base, again);
	ck_assert_int_eq(ckpt_codebase_function(base, 0, vaddr, &one), CKPT_OK);
	ck_assert_int_eq(ckpt_codebase_function(base, 0, vaddr + 2, &two),
			 CKPT_OK);
	ck_assert_ptr_eq(one, two);
	ck_assert_int_eq(ckpt_codebase_function(
				 base, 0, address_of(scope, "table"), &one),
			 CKPT_NOTFOUND);
	ckpt_scope_destroy(scope);
	remove_directory();
}
END_TEST

START_TEST(words_are_what_the_loader_puts_there)
{
	struct ckpt_scope *scope;
	struct ckpt_codebase *base = open_base(&scope);
	struct ckpt_word word;

	ck_assert_int_eq(ckpt_codebase_word(base, 0,
					    address_of(scope, "pointers"),
					    &word, NULL),
			 CKPT_OK);
	ck_assert_int_eq(word.kind, CKPT_WORD_ADDRESS);
	ck_assert_uint_eq(word.object, 0);
	ck_assert_uint_eq(word.vaddr, address_of(scope, "twice"));
	ck_assert_int_eq(ckpt_codebase_word(base, 0,
					    address_of(scope, "function"),
					    &word, NULL),
			 CKPT_OK);
	ck_assert_int_eq(word.kind, CKPT_WORD_ADDRESS);
	ck_assert(ckpt_codebase_is_runtime(base, word.object));
	ck_assert_str_eq(word.symbol->name, "sin");
	ck_assert_int_eq(ckpt_codebase_word(base, 0, address_of(scope, "table"),
					    &word, NULL),
			 CKPT_OK);
	ck_assert_int_eq(word.kind, CKPT_WORD_PLAIN);
	ck_assert(!ckpt_codebase_is_runtime(base, 0));
	ckpt_scope_destroy(scope);
	remove_directory();
}
END_TEST

START_TEST(a_constant_reaches_as_far_as_its_variable)
{
	struct ckpt_scope *scope;
	struct ckpt_codebase *base = open_base(&scope);
	uint64_t vaddr = address_of(scope, "table");
	struct ckpt_extent extent;
	bool is_whole = true;

	ck_assert_int_eq(
		ckpt_codebase_constant(base, 0, vaddr + 9, &extent, &is_whole),
		CKPT_OK);
	ck_assert(!is_whole);
	ck_assert_uint_eq(extent.vaddr, vaddr);
	ck_assert_uint_eq(extent.size, 24);
	ckpt_scope_destroy(scope);
	remove_directory();
}
END_TEST

UNIT_MAIN("codebase", a_function_is_read_once_for_all_its_addresses,
	  words_are_what_the_loader_puts_there,
	  a_constant_reaches_as_far_as_its_variable)
