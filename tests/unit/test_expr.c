/* SPDX-License-Identifier: MIT */
#include "config/exprtext.h"

#include "tests/unit/unit.h"

#include <string.h>

static const struct ckpt_place place = {"ckpt.toml", 12, 8};

/* Left: as written. Right: with every grouping spelled out. */
static const char *const spellings[][2] = {
	{"n", "n"},
	{" n ", "n"},
	{"*n", "*n"},
	{"**p", "**p"},
	{"(*p).m", "p->m"},
	{"p->m", "p->m"},
	{"*p->m", "*p->m"},
	{"(*p->m).x", "p->m->x"},
	{"*p[]", "*p[]"},
	{"(*p)[]", "(*p)[]"},
	{"(**p)[2].x", "(**p)[2].x"},
	{"xs[*n]", "xs[*n]"},
	{"xs[i + 1]->len", "xs[i + 1]->len"},
	{"m->rows[]", "m->rows[]"},
	{"a.b.c[1][2]", "a.b.c[1][2]"},
	{".index", ".index"},
	{".value->next", ".value->next"},
	{"return", "return"},
	{"return->sv", "return->sv"},
	{"*return", "*return"},
	{"ns::limit", "ns::limit"},
	{"min", "min"},
	{"pre", "pre"},
	/* C11 6.5: precedence and associativity */
	{"a + b * c", "a + (b * c)"},
	{"a * b + c", "(a * b) + c"},
	{"a - b - c", "(a - b) - c"},
	{"a / b % c", "(a / b) % c"},
	{"a << b + c", "a << (b + c)"},
	{"a < b << c", "a < (b << c)"},
	{"a == b < c", "a == (b < c)"},
	{"a & b == c", "a & (b == c)"},
	{"a ^ b & c", "a ^ (b & c)"},
	{"a | b ^ c", "a | (b ^ c)"},
	{"a && b | c", "a && (b | c)"},
	{"a || b && c", "a || (b && c)"},
	{"a && b || c && d", "(a && b) || (c && d)"},
	{"a ? b : c ? d : e", "a ? b : (c ? d : e)"},
	{"a || b ? c : d", "(a || b) ? c : d"},
	{"a ? b ? c : d : e", "a ? (b ? c : d) : e"},
	{"(a + b) * c", "(a + b) * c"},
	{"a >> 1 >= b", "(a >> 1) >= b"},
	{"a <= b != c > d", "(a <= b) != (c > d)"},
	{"2 * *n", "2 * *n"},
	{"2**n", "2 * *n"},
	{"-x * y", "-x * y"},
	{"!x == y", "!x == y"},
	{"~x & 7", "~x & 7"},
	{"- -x", "--x"},
	{"+x", "x"},
	{"-(a + b)", "-(a + b)"},
	{"a-*b", "a - *b"},
	{"a&&*b", "a && *b"},
	{"x < 0 ? strlen(s) : x", "(x < 0) ? strlen(s) : x"},
	{"strlen(p->name)", "strlen(p->name)"},
	{"strlen(*argv)", "strlen(*argv)"},
	{"min(a, b)", "min(a, b)"},
	{"min(a, b + 1, c)", "min(min(a, b + 1), c)"},
	{"max(*m,*n)", "max(*m, *n)"},
	{"abs(x) + pow2(n)", "abs(x) + pow2(n)"},
	{"sizeof(int) * n", "sizeof(int) * n"},
	{"sizeof( struct  svm_node * )", "sizeof(struct svm_node *)"},
	{"sizeof(unsigned long)", "sizeof(unsigned long)"},
	{"sizeof( * p->items )", "sizeof(*p->items)"},
	{"sizeof(std::vector<std::pair<int, long>>)",
	 "sizeof(std::vector<std::pair<int, long>>)"},
	{"pre(*n)", "pre(*n)"},
	{"post(*n) - pre(*pos)", "post(*n) - pre(*pos)"},
	{"pre(min(*m, *n))", "pre(min(*m, *n))"},
	/* numbers */
	{"0", "0"},
	{"010", "8"},
	{"0x1F", "31"},
	{"0b101", "5"},
	{"1024UL", "1024"},
	{"18446744073709551615", "18446744073709551615"},
	{"'N'", "78"},
	{"'\\0'", "0"},
	{"'\\n'", "10"},
	{"'\\''", "39"},
	{"'\\\\'", "92"},
	{"'\"'", "34"},
	{"'\\x41'", "65"},
	{"'\\101'", "65"},
	{"'\\xff'", "-1"},
	{"' '", "32"},
	{"p == NULL", "p == 0"},
	{"true + false", "1 + 0"},
	{"INT_MAX", "2147483647"},
	{"INT_MIN", "-2147483648"},
	{"UINT64_MAX", "18446744073709551615"},
	{"SIZE_MAX", "18446744073709551615"},
	{"LONG_MIN", "-9223372036854775808"},
	{"UCHAR_MAX", "255"},
	{".id == UINT64_MAX", ".id == 18446744073709551615"},
	{"f[].id == 0x21", "f[].id == 33"},
	{"*jobz == 'N' ? 1 : *n", "(*jobz == 78) ? 1 : *n"},
	{"n_classes * (n_classes - 1) / 2",
	 "(n_classes * (n_classes - 1)) / 2"},
	{"a +\n b", "a + b"},
};

static void check_spelling(const char *written, const char *expected)
{
	struct ckpt_expr *expr = NULL;
	struct ckpt_err err = {0};
	char text[256];

	ck_assert_msg(!ckpt_expr_parse(written, &place, &expr, &err), "%s: %s",
		      written, err.text);
	ckpt_expr_text(expr, text, sizeof text);
	ck_assert_str_eq(text, expected);
	ckpt_expr_destroy(expr);
}

START_TEST(expression_parses_with_the_precedence_of_c)
{
	for (size_t i = 0; i < sizeof spellings / sizeof *spellings; i++)
		check_spelling(spellings[i][0], spellings[i][1]);
}
END_TEST

START_TEST(canonical_text_parses_to_itself)
{
	for (size_t i = 0; i < sizeof spellings / sizeof *spellings; i++)
		check_spelling(spellings[i][1], spellings[i][1]);
}
END_TEST

static const char *const mistakes[][2] = {
	{"", "ckpt.toml:12:8: expected a value, found the end"},
	{"n +", "ckpt.toml:12:11: expected a value, found the end"},
	{"n n", "ckpt.toml:12:10: expected an operator or the end, "
		"found 'n'"},
	{"(n", "ckpt.toml:12:10: expected ')', found the end"},
	{"n)", "ckpt.toml:12:9: expected an operator or the end, found ')'"},
	{"xs[n", "ckpt.toml:12:12: expected ']', found the end"},
	{"p->", "ckpt.toml:12:11: expected the name of a field, found the "
		"end"},
	{"p->3", "ckpt.toml:12:11: expected the name of a field, found "
		 "'3'"},
	{"*3", "ckpt.toml:12:9: '*' in front needs the path of a pointer"},
	{"a ? b", "ckpt.toml:12:13: expected ':' and the other value, found "
		  "the end"},
	{"min(a)", "ckpt.toml:12:13: expected ',' and a second value, found "
		   "')'"},
	{"abs(a, b)", "ckpt.toml:12:13: expected ')', found ','"},
	{"strlen(a + b)", "ckpt.toml:12:17: expected ')', found '+'"},
	{"strlen(3)", "ckpt.toml:12:15: expected a path, as x, *x, "
		      "x->field, x[] or return"},
	{"sizeof(3)", "ckpt.toml:12:15: expected the name of a type, found "
		      "'3'"},
	{"foo(3)", "ckpt.toml:12:8: 'foo' is no function here; there are "
		   "sizeof, strlen, min, max, abs, pow2, pre and post"},
	{"pre(post(x))",
	 "ckpt.toml:12:12: pre() and post() cannot stand inside one another; "
	 "each value is read at one time"},
	{"1.5", "ckpt.toml:12:9: only whole numbers can be written here"},
	{"1e5", "ckpt.toml:12:9: 'e' cannot stand in a whole number"},
	{"089", "ckpt.toml:12:9: '8' cannot stand in a whole number"},
	{"0x", "ckpt.toml:12:10: expected digits after '0x'"},
	{"18446744073709551616",
	 "ckpt.toml:12:8: number does not fit in 64 bits"},
	{"''", "ckpt.toml:12:8: expected one ASCII character between single "
	       "quotes, as 'N' or '\\0'"},
	{"'ab'", "ckpt.toml:12:8: expected one ASCII character between "
		 "single quotes, as 'N' or '\\0'"},
	{"n = 3", "ckpt.toml:12:10: expected an operator or the end, found "
		  "'='"},
	{"n # 3", "ckpt.toml:12:10: '#' has no meaning here"},
	{"größe", "ckpt.toml:12:10: 'ö' has no meaning here"},
	{"&x", "ckpt.toml:12:8: expected a value, found '&'"},
	{"a +\n  )", "ckpt.toml:13:3: expected a value, found ')'"},
	{"\"text", "ckpt.toml:12:8: this '\"' has no partner"},
};

static void check_mistake(const char *written, const char *expected)
{
	struct ckpt_expr *expr = NULL;
	struct ckpt_err err = {0};

	ck_assert_int_eq(ckpt_expr_parse(written, &place, &expr, &err),
			 CKPT_INVALID);
	ck_assert_ptr_null(expr);
	ck_assert_str_eq(err.text, expected);
}

START_TEST(mistake_is_named_with_its_place)
{
	for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++)
		check_mistake(mistakes[i][0], mistakes[i][1]);
}
END_TEST

START_TEST(nesting_beyond_the_limit_is_an_error)
{
	char text[2 * 4000 + 2];
	struct ckpt_expr *expr = NULL;
	struct ckpt_err err = {0};

	memset(text, '(', 4000);
	text[4000] = '\0';
	ck_assert_int_eq(ckpt_expr_parse(text, &place, &expr, &err),
			 CKPT_INVALID);
	ck_assert_ptr_nonnull(strstr(err.text, "nested deeper than 64 levels"));
	memset(text, '*', 4000);
	ck_assert_int_eq(ckpt_expr_parse(text, &place, &expr, &err),
			 CKPT_INVALID);
}
END_TEST

START_TEST(twenty_levels_of_parentheses_are_fine)
{
	struct ckpt_expr *expr = NULL;

	ck_assert(!ckpt_expr_parse("((((((((((((((((((((n))))))))))))))))))))",
				   &place, &expr, NULL));
	ckpt_expr_destroy(expr);
}
END_TEST

START_TEST(text_beyond_the_limit_is_an_error)
{
	char text[CKPT_EXPR_TEXT_MAX + 2];
	struct ckpt_expr *expr = NULL;
	struct ckpt_err err = {0};

	memset(text, '1', sizeof text);
	text[sizeof text - 1] = '\0';
	ck_assert_int_eq(ckpt_expr_parse(text, &place, &expr, &err),
			 CKPT_INVALID);
	ck_assert_str_eq(err.text, "ckpt.toml:12:8: longer than 4096 "
				   "characters; write less");
}
END_TEST

START_TEST(longest_sum_parses)
{
	char text[CKPT_EXPR_TEXT_MAX + 1];
	struct ckpt_expr *expr = NULL;

	for (size_t i = 0; i < sizeof text - 1; i++)
		text[i] = i % 2 ? '+' : 'n';
	text[sizeof text - 2] = '\0';
	ck_assert(!ckpt_expr_parse(text, &place, &expr, NULL));
	ckpt_expr_destroy(expr);
}
END_TEST

START_TEST(steps_of_a_path_come_in_the_order_they_are_applied)
{
	static const enum ckpt_step_kind kinds[] = {
		CKPT_STEP_DEREF, CKPT_STEP_FIELD, CKPT_STEP_EACH,
		CKPT_STEP_INDEX, CKPT_STEP_DEREF,
	};
	struct ckpt_path *path = NULL;

	ck_assert(!ckpt_path_parse("*m->rows[][3]", &place, &path, NULL));
	ck_assert_str_eq(path->base, "m");
	ck_assert_uint_eq(path->step_count, 5);
	for (size_t i = 0; i < 5; i++)
		ck_assert_int_eq(path->steps[i].kind, kinds[i]);
	ck_assert_str_eq(path->steps[1].name, "rows");
	ck_assert_uint_eq(path->steps[3].index->integer, 3);
	ck_assert_uint_eq(path->place.line, 12);
	ck_assert_uint_eq(path->place.column, 9);
	ckpt_path_destroy(path);
}
END_TEST

START_TEST(path_is_only_a_path)
{
	struct ckpt_path *path = NULL;
	struct ckpt_err err = {0};

	ck_assert_int_eq(ckpt_path_parse("x + 1", &place, &path, &err),
			 CKPT_INVALID);
	ck_assert_str_eq(err.text, "ckpt.toml:12:10: expected '.', '->', '[' "
				   "or the end of the path, found '+'");
	ck_assert_int_eq(ckpt_path_parse("3", &place, &path, &err),
			 CKPT_INVALID);
	ck_assert_ptr_null(path);
}
END_TEST

START_TEST(text_that_does_not_fit_is_cut)
{
	struct ckpt_path *path = NULL;
	char text[6];

	ck_assert(!ckpt_path_parse("matrix->rows[]", &place, &path, NULL));
	ckpt_path_text(path, text, sizeof text);
	ck_assert_str_eq(text, "matri");
	ckpt_path_destroy(path);
}
END_TEST

UNIT_MAIN("expr", expression_parses_with_the_precedence_of_c,
	  canonical_text_parses_to_itself, mistake_is_named_with_its_place,
	  nesting_beyond_the_limit_is_an_error,
	  twenty_levels_of_parentheses_are_fine,
	  text_beyond_the_limit_is_an_error, longest_sum_parses,
	  steps_of_a_path_come_in_the_order_they_are_applied,
	  path_is_only_a_path, text_that_does_not_fit_is_cut)
