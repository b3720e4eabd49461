/* SPDX-License-Identifier: MIT */
/* What indirect jumps and calls are recognised as; the C text says what they
 * are. */
#include "shim/planner/code/codefunc_x86_64.h"

#include "tests/unit/codebuild.h"

static const char source[] =
	"int g1(int); int g2(int); int (*hook)(int) = g1;\n"
	"static int (*const table[])(int) = {g1, g2};\n"
	"int dense(int x) { switch (x) { case 0: return g1(1); case 1: return "
	"77; case 2: return g2(9); case 3: return x - 5; case 4: return g1(3); "
	"case 5: return 2; } return 0; }\n"
	"int by_table(int i, int x) { return table[i & 1](x) + 1; }\n"
	"int by_hook(int x) { return hook(x) + 1; }\n"
	"int by_argument(int (*f)(int), int x) { return f(x) + 1; }\n"
	"int direct(int x) { return g1(x) + 1; }\n"
	"int g1(int x) { return x * 3; }\n"
	"int g2(int x) { return x * 5; }\n"
	"int main(void) { return dense(1); }\n";

struct counts {
	size_t call, pointer, open_switch, unknown;
};

static struct counts count_refs(const char *name)
{
	struct ckpt_scope *scope = open_program();
	const struct ckpt_image *image = ckpt_scope_image(scope, 0, NULL);
	struct ckpt_code_object *object = NULL;
	struct ckpt_code_function function = {0};
	struct ckpt_code_extent extent;
	struct ckpt_pool pool = {0};
	struct counts counts = {0};
	size_t count;
	const struct ckpt_symbol *symbols =
		ckpt_image_static_symbols(image, &count);

	ck_assert_int_eq(
		ckpt_code_object_create(image, symbols, count, &object),
		CKPT_OK);
	for (size_t i = 0; i < count; i++) {
		if (strcmp(symbols[i].name, name) != 0)
			continue;
		ck_assert(ckpt_code_object_function(object, symbols[i].vaddr,
						    &extent));
		ck_assert_uint_eq(extent.vaddr, symbols[i].vaddr);
		ck_assert_uint_eq(extent.size, symbols[i].size);
		ck_assert_int_eq(ckpt_code_function_read(object, extent, &pool,
							 &function),
				 CKPT_OK);
	}
	ck_assert_uint_eq(function.facts & CKPT_CODE_UNDECODED, 0);
	for (size_t i = 0; i < function.ref_count; i++) {
		counts.call += function.refs[i].kind == CKPT_REF_CALL ||
			       function.refs[i].kind == CKPT_REF_JUMP;
		counts.pointer += function.refs[i].kind == CKPT_REF_POINTER;
		counts.open_switch += function.refs[i].kind == CKPT_REF_SWITCH;
		counts.unknown += function.refs[i].kind == CKPT_REF_UNKNOWN;
	}
	ckpt_pool_deinit(&pool);
	ckpt_code_object_destroy(object);
	ckpt_scope_destroy(scope);
	return counts;
}

static void check(const char *name, struct counts expected)
{
	struct counts got = count_refs(name);

	ck_assert_msg(got.pointer == expected.pointer &&
			      got.open_switch == expected.open_switch &&
			      got.unknown == expected.unknown,
		      "%s: %zu pointers, %zu switches, %zu unknown", name,
		      got.pointer, got.open_switch, got.unknown);
	ck_assert_uint_ge(got.call, expected.call);
}

static void check_compiler(const char *compiler)
{
	make_directory();
	write_file("text.c", source);
	run("cd %s && %s -fno-inline -o p text.c%s", directory, compiler, "");
	check("direct", (struct counts){.call = 1});
	check("dense", (struct counts){.call = 2});
	check("by_table", (struct counts){.pointer = 1});
	check("by_hook", (struct counts){.pointer = 1});
	check("by_argument", (struct counts){.unknown = 1});
	remove_directory();
}

START_TEST(targets_are_recognised_in_gcc_code)
{
	check_compiler("gcc -O2 -fcf-protection");
	check_compiler("gcc -O1");
}
END_TEST

START_TEST(targets_are_recognised_in_clang_code)
{
	check_compiler("clang -O2");
	check_compiler("clang -O1 -fno-pie -no-pie");
}
END_TEST

UNIT_MAIN("codefunc", targets_are_recognised_in_gcc_code,
	  targets_are_recognised_in_clang_code)
