/* SPDX-License-Identifier: MIT */
#include "shim/planner/code/codelist.h"

#include "tests/unit/codebuild.h"

static struct ckpt_hash128 write_list(const char *text)
{
	struct ckpt_scope *scope;
	struct ckpt_closure closure;
	struct ckpt_hash128 digest;
	char plan[128];

	write_file("text.c", text);
	run("cd %s && gcc -O1 -w -o p text.c%s%s", directory, "", "");
	scope = open_program();
	closure = compute(scope, "f", NULL);
	digest = closure.digest;
	(void)snprintf(plan, sizeof(plan), "%s/c/v1/plan/%032d.plan", directory,
		       0);
	ckpt_codelist_write(plan, scope, &closure);
	ckpt_closure_deinit(&closure);
	ckpt_scope_destroy(scope);
	return digest;
}

static void expect_lines(struct ckpt_hash128 mine, struct ckpt_hash128 other,
			 const char *expected)
{
	struct ckpt_buf lines = {0};
	char plans[128];

	(void)snprintf(plans, sizeof(plans), "%s/c/v1/plan", directory);
	ckpt_codelist_compare(plans, mine, other, &lines);
	ckpt_buf_add_u8(&lines, 0);
	ck_assert_str_eq((const char *)lines.data, expected);
	ckpt_buf_deinit(&lines);
}

START_TEST(functions_constants_and_libraries_are_named)
{
	struct ckpt_hash128 one, logic, constant, more;

	make_directory();
	one = write_list("__attribute__((noipa)) int g(int x) { return x * 3; }"
			 "int f(int x) { return g(x) + 1; }"
			 "int main(void) { return f(1); }\n");
	logic = write_list("__attribute__((noipa)) int g(int x) { return x; }"
			   "int f(int x) { return g(x) + 1; }"
			   "int main(void) { return f(1); }\n");
	constant = write_list("double g(double x) { return x * 3.25; }"
			      "double f(double x) { return x * 3.25; }"
			      "int main(void) { return f(1); }\n");
	more = write_list("double g(double x) { return x * 3.75; }"
			  "double f(double x) { return x * 3.75; }"
			  "int main(void) { return f(1); }\n");
	expect_lines(logic, one, "code: g in p: differs\n");
	expect_lines(more, constant, "code: a constant of f in p: differs\n");
	expect_lines(one, one, "");
	expect_lines(constant, one,
		     "code: f in p: differs\n"
		     "code: a constant of f in p: was not there\n"
		     "code: g in p: is gone\n");
	remove_directory();
}
END_TEST

START_TEST(a_list_that_is_not_there_tells_nothing)
{
	struct ckpt_hash128 one = {1, 2}, other = {3, 4};

	make_directory();
	expect_lines(one, other, "");
	remove_directory();
}
END_TEST

UNIT_MAIN("codelist", functions_constants_and_libraries_are_named,
	  a_list_that_is_not_there_tells_nothing)
