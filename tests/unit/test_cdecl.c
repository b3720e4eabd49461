/* SPDX-License-Identifier: MIT */
#include "shim/planner/signature/cdecl.h"

#include "tests/unit/random_types.h"
#include "tests/unit/unit.h"

static struct ckpt_types *types;
static struct ckpt_err err;

static void set_up(void)
{
	types = ckpt_types_create();
	ck_assert_ptr_nonnull(types);
}

static void tear_down(void)
{
	ckpt_types_destroy(types);
}

static void parse(const char *text, struct ckpt_signature *ret)
{
	const char *name;
	enum ckpt_status status;

	status = ckpt_cdecl_parse(types, text, NULL, ret, &name, &err);
	ck_assert_msg(status == CKPT_OK, "%s: %s", text, err.text);
}

static void check_spelling(const char *text, size_t parameter,
			   const char *expected)
{
	struct ckpt_signature signature;
	char spelling[256];

	parse(text, &signature);
	ck_assert_uint_lt(parameter, signature.parameter_count);
	ckpt_type_text(signature.parameters[parameter].type, spelling,
		       sizeof(spelling));
	ck_assert_str_eq(spelling, expected);
}

START_TEST(parameters_have_their_names_and_types)
{
	struct ckpt_signature signature;
	const char *name;

	ck_assert_int_eq(ckpt_cdecl_parse(types,
					  "extern double nettle_x(const "
					  "char *restrict key, size_t n, "
					  "unsigned long long);",
					  NULL, &signature, &name, &err),
			 CKPT_OK);
	ck_assert_str_eq(name, "nettle_x");
	ck_assert_uint_eq(signature.parameter_count, 3);
	ck_assert_str_eq(signature.parameters[0].name, "key");
	ck_assert_str_eq(signature.parameters[2].name, "arg3");
	ck_assert(signature.parameters[0].type->element->is_const);
	ck_assert_int_eq(signature.result->kind, CKPT_TYPE_FLOAT);
	ck_assert(signature.has_prototype && !signature.is_variadic);
}
END_TEST

START_TEST(void_means_no_parameters_and_nothing_means_no_prototype)
{
	struct ckpt_signature signature;

	parse("void f(void)", &signature);
	ck_assert_uint_eq(signature.parameter_count, 0);
	ck_assert(signature.has_prototype);
	ck_assert_int_eq(signature.result->kind, CKPT_TYPE_VOID);
	parse("int f()", &signature);
	ck_assert(!signature.has_prototype);
	parse("int f(const char *, ...)", &signature);
	ck_assert(signature.is_variadic);
	ck_assert_uint_eq(signature.parameter_count, 1);
}
END_TEST

START_TEST(declarators_are_read_inside_out)
{
	check_spelling("int f(int (*compare)(const void *, const void *))", 0,
		       "int (*)(const void *, const void *)");
	check_spelling("int f(double a[10][3])", 0, "double (*)[3]");
	check_spelling("int f(double (*a)[3])", 0, "double (*)[3]");
	check_spelling("int f(char *argv[])", 0, "char **");
	check_spelling("int f(int n, double a[n])", 1, "double *");
	check_spelling("int f(double a[static 4])", 0, "double *");
	check_spelling("int f(double a[const restrict])", 0, "double *");
	check_spelling("int f(int callback(int))", 0, "int (*)(int)");
	check_spelling("int f(void (*(*get)(int))(char))", 0,
		       "void (*(*)(int))(char)");
	check_spelling("int f(const char *const *names)", 0,
		       "const char *const *");
	check_spelling("int f(int (*table[2])(void))", 0, "int (**)(void)");
	check_spelling("int f(long unsigned int x)", 0, "unsigned long");
	check_spelling("int f(double _Complex *z)", 0, "double _Complex *");
	check_spelling("int f(double complex *z)", 0, "double _Complex *");
	check_spelling("int f(const double &x)", 0, "const double &");
	check_spelling("typedef double vec[3]; int f(const vec v)", 0,
		       "const double *");
	check_spelling("int f(int time_t)", 0, "int");
}
END_TEST

START_TEST(a_function_may_return_a_pointer_to_a_function)
{
	struct ckpt_signature signature;
	char text[100];

	parse("void (*signal(int sig, void (*func)(int)))(int);", &signature);
	ck_assert_uint_eq(signature.parameter_count, 2);
	ckpt_type_text(signature.result, text, sizeof(text));
	ck_assert_str_eq(text, "void (*)(int)");
}
END_TEST

START_TEST(structs_may_refer_to_themselves_and_come_later)
{
	struct ckpt_signature signature;
	struct ckpt_type *type;

	parse("struct b; struct a { const struct b *b; };"
	      "struct b { struct a a; struct b *next; int n; };"
	      "typedef struct b b_t; int f(const b_t *x)",
	      &signature);
	type = signature.parameters[0].type->element;
	ck_assert(type->is_const);
	ck_assert_uint_eq(type->size, 24);
	ck_assert_str_eq(type->name, "struct b");
	ck_assert_str_eq(type->alias, "b_t");
	type = type->fields[0].type->fields[0].type->element;
	ck_assert_uint_eq(type->size, 24);
	ck_assert(type->is_const);
}
END_TEST

START_TEST(enumerations_are_as_wide_as_they_must_be)
{
	struct ckpt_signature signature;
	struct ckpt_type *type;

	parse("enum small { A, B = 'a' + 2, C = 1 << 4 | 3 };"
	      "enum negative { D = -1, E = 2147483647 };"
	      "enum wide { F = 0x100000000, G };"
	      "int f(int x[C], int (*y)[sizeof(enum wide) * (B == 99 ? 2 : "
	      "1)])",
	      &signature);
	type = ckpt_types_find(types, "enum small");
	ck_assert_uint_eq(type->size, 4);
	ck_assert(!type->is_signed);
	type = ckpt_types_find(types, "enum negative");
	ck_assert_uint_eq(type->size, 4);
	ck_assert(type->is_signed);
	ck_assert_uint_eq(ckpt_types_find(types, "enum wide")->size, 8);
	ck_assert_uint_eq(signature.parameters[1].type->element->count, 16);
}
END_TEST

struct rejection {
	const char *text, *message;
};

static const struct rejection rejections[] = {
	{"", "no prototype"},
	{"int x;", "not a function"},
	{"int f(foo x)", "'foo' is not a type"},
	{"int f(struct s x)", "incomplete"},
	{"int f(int x", "expected"},
	{"int f(int x) int g(int y)", "last"},
	{"int f(int x) { return x; }", "body"},
	{"#define N 3\nint f(int x[N])", "preprocessor"},
	{"struct s { int x : 40; }; int f(void)", "width"},
	{"struct s { int a[]; int b; }; int f(void)", "no length"},
	{"struct s { struct s s; }; int f(void)", "incomplete type"},
	{"struct s { int a; }; struct s { long b; }; int f(void)",
	 "already defined"},
	{"typedef long uint8_t; int f(void)", "already defined"},
	{"int f(int x) __attribute__((ms_abi))", "'ms_abi'"},
	{"int f(double complex)", "_Complex"},
	{"int f(short long x)", "not a C type"},
	{"int f(_Atomic int x)", "'_Atomic'"},
	{"int f(__typeof__(1) x)", "__typeof__"},
	{"int f(int a[3 / 0])", "division"},
	{"int f(double a[2][n])", "'n'"},
	{"int f(int a[-1])", "negative"},
	{"int f(void) [3]", "cannot return"},
	{"int f(int x @)", "'@'"},
	{"typedef int; int f(void)", NULL},
	{"int f(\xff)", "no C"},
};

START_TEST(what_is_not_understood_is_an_error_that_says_what)
{
	const struct rejection *rejection = &rejections[_i];
	struct ckpt_signature signature;
	enum ckpt_status status;

	status = ckpt_cdecl_parse(types, rejection->text, NULL, &signature,
				  NULL, &err);
	if (!rejection->message) {
		ck_assert_int_eq(status, CKPT_OK);
		return;
	}
	ck_assert_msg(status == CKPT_INVALID, "%s", rejection->text);
	ck_assert_msg(strstr(err.text, rejection->message), "%s: %s",
		      rejection->text, err.text);
}
END_TEST

START_TEST(errors_tell_line_and_column)
{
	static const struct ckpt_place place = {"ckpt.toml", 12, 13};
	struct ckpt_signature signature;

	ck_assert_int_eq(ckpt_cdecl_parse(types,
					  "struct s {\n\tint a;\n\tfoo b; };\n"
					  "int f(void)",
					  &place, &signature, NULL, &err),
			 CKPT_INVALID);
	ck_assert_ptr_nonnull(strstr(err.text, "ckpt.toml:12:13: "));
	ck_assert_ptr_nonnull(strstr(err.text, "line 3, column 2"));
}
END_TEST

START_TEST(deep_nesting_ends_in_an_error)
{
	char text[20000];
	struct ckpt_signature signature;
	static const char *const pieces[] = {"(", "*(", "struct {", "int (*)(",
					     "["};

	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		(void)strcpy(text, "int f(int ");
		while (strlen(text) < sizeof(text) - 20)
			(void)strcat(text, pieces[i]);
		ck_assert_int_eq(ckpt_cdecl_parse(types, text, NULL, &signature,
						  NULL, &err),
				 CKPT_INVALID);
	}
}
END_TEST

START_TEST(a_type_name_may_follow_its_definitions)
{
	struct ckpt_type *type;
	char text[100];

	ck_assert_int_eq(ckpt_cdecl_type(types,
					 "struct s { int a, b; }; typedef "
					 "struct s *sp; const sp *[4]",
					 NULL, &type, &err),
			 CKPT_OK);
	ckpt_type_text(type, text, sizeof(text));
	ck_assert_str_eq(text, "const sp *[4]");
	ck_assert_uint_eq(type->size, 32);
	ck_assert_int_eq(
		ckpt_cdecl_type(types, "unsigned char", NULL, &type, &err),
		CKPT_OK);
	ck_assert_uint_eq(type->size, 1);
	/* C++ names that another source of types has defined */
	ck_assert_int_eq(
		ckpt_types_define(types, "std::vector<a::b<int>>", type),
		CKPT_OK);
	ck_assert_int_eq(ckpt_cdecl_type(types,
					 "const std::vector<a::b<int>> *", NULL,
					 &type, &err),
			 CKPT_OK);
	ck_assert_int_eq(type->kind, CKPT_TYPE_POINTER);
	ck_assert_int_eq(
		ckpt_cdecl_type(types, "std::map<int> *", NULL, &type, &err),
		CKPT_INVALID);
	ck_assert_ptr_nonnull(strstr(err.text, "'std::map<int>'"));
	ck_assert_int_eq(ckpt_cdecl_type(types, "int x", NULL, &type, &err),
			 CKPT_INVALID);
	ck_assert_int_eq(ckpt_cdecl_type(types, "", NULL, &type, &err),
			 CKPT_INVALID);
}
END_TEST

/* --- layouts, against the compiler --- */

#define COMPILER "cc -Wno-packed-bitfield-compat"

static const char written[] =
	"struct w0 { char a; int b; char c; double d; };\n"
	"struct w1 { char a; long double b; char c; };\n"
	"struct w2 { int a : 3; int b : 30; int c : 5; char d; };\n"
	"struct w3 { char a; int b : 3; int : 0; int c : 2; short d; };\n"
	"struct __attribute__((packed)) w4 { char a; int b; long c : 33; "
	"long d : 31; int e : 31; int f : 31; };\n"
	"struct w5 { char a; struct { int b; union { char c; double d; }; }; "
	"short e[3]; };\n"
	"struct w6 { char a; int b __attribute__((aligned(32))); char c; };\n"
	"struct w7 { char a; int b __attribute__((packed)); } "
	"__attribute__((aligned(8)));\n"
	"struct w8 { int n; double values[]; };\n"
	"struct w9 { char a; __int128 b; _Bool c; };\n"
	"struct w10 { float _Complex a; char b; double _Complex c; };\n"
	"union w11 { char a[13]; int b; long c : 5; };\n"
	"struct w12 { _Bool a : 1; _Bool b : 1; unsigned c : 31; };\n"
	"struct w13 { char a; long b : 40; long c : 40; };\n"
	"struct w14 { int : 5; int a : 3; };\n"
	"struct w15 { char a; long : 40; char b; };\n"
	"struct w16 { };\n"
	"struct w17 { char a; struct w16 e; char b; struct w4 p; };\n"
	"struct w18 { enum { X, Y = 300 } a; enum __attribute__((packed)) { Z "
	"} b; };\n"
	"struct w19 { char *a; int (*b)(int); char c[3][5]; _Float16 d; "
	"_Float128 e; };\n"
	"struct w20 { float a __attribute__((vector_size(16))); char b; };\n"
	"struct w21 { unsigned a : 7, b : 9, c : 16; unsigned short d : 9; "
	"unsigned char e : 7; };\n"
	"struct w22 { char a; _Alignas(16) char b; unsigned long c : 64; };\n"
	"union __attribute__((packed)) w23 { char a; long b; int c[3]; };\n";

/* A program that prints what the compiler made of type `name`. */
static void add_member_report(struct text *program, const char *name,
			      const struct ckpt_type_field *field,
			      const char *path)
{
	if (field->type->is_flexible && !field->type->count)
		add(program, "printf(\"%%zu\\n\", offsetof(%s, %s));\n", name,
		    path);
	else if (field->bit_size)
		add(program,
		    "{ union { %s s; unsigned char b[sizeof(%s)]; } u;"
		    " memset(&u, 0, sizeof u); u.s.%s = -1; "
		    "bits(u.b, sizeof u.b); }\n",
		    name, name, path);
	else
		add(program,
		    "printf(\"%%zu %%zu\\n\", offsetof(%s, %s), "
		    "sizeof(((%s *)0)->%s));\n",
		    name, path, name, path);
}

static void add_report(struct text *program, const char *name,
		       const struct ckpt_type *type)
{
	add(program, "printf(\"%%zu %%zu\\n\", sizeof(%s), _Alignof(%s));\n",
	    name, name);
	for (size_t i = 0; i < type->field_count; i++)
		if (*type->fields[i].name)
			add_member_report(program, name, &type->fields[i],
					  type->fields[i].name);
}

static void add_expected(struct text *expected, const struct ckpt_type *type)
{
	add(expected, "%llu %u\n", (unsigned long long)type->size,
	    type->alignment);
	for (size_t i = 0; i < type->field_count; i++) {
		const struct ckpt_type_field *field = &type->fields[i];
		unsigned long long off = field->off;

		if (!*field->name)
			continue;
		if (field->type->is_flexible && !field->type->count)
			add(expected, "%llu\n", off);
		else if (field->bit_size)
			add(expected, "bits %llu %u\n",
			    off * 8 + field->bit_off, field->bit_size);
		else
			add(expected, "%llu %llu\n", off,
			    (unsigned long long)field->type->size);
		if (field->bit_size && field->type->kind == CKPT_TYPE_INT)
			ck_assert_msg(off + field->type->size <= type->size &&
					      field->bit_off +
							      field->bit_size <=
						      field->type->size * 8,
				      "%s.%s", type->name, field->name);
	}
}

static const char head[] =
	"#include <stddef.h>\n#include <stdio.h>\n#include <string.h>\n"
	"static void bits(const unsigned char *b, size_t n)\n"
	"{ size_t first = 0, count = 0;\n"
	"for (size_t i = 0; i < n * 8; i++) if (b[i / 8] >> i % 8 & 1)\n"
	"{ if (!count++) first = i; }\n"
	"printf(\"bits %zu %zu\\n\", first, count); }\n";

static void compare_lines(const struct text *expected,
			  const struct text *actual)
{
	const char *a = expected->bytes, *b = actual->bytes;

	while (*a && *a == *b) {
		a++;
		b++;
	}
	ck_assert_msg(*a == *b, "layout differs: ours %.60s; compiler's %.60s",
		      a, b);
}

static void check_layouts(const char *prefix, const char *compiler,
			  const char *definitions)
{
	static struct text program, expected, actual;
	static char source[sizeof(expected.bytes) + 100];
	struct ckpt_signature signature;
	char name[32];

	(void)snprintf(source, sizeof(source), "%s\nint f(void);", definitions);
	parse(source, &signature);
	program.size = expected.size = 0;
	add(&program, "%s%s int main(void) {\n", head, definitions);
	for (unsigned int i = 0; i < 10000; i++) {
		struct ckpt_type *type;

		(void)snprintf(name, sizeof(name), "struct %s%u", prefix, i);
		type = ckpt_types_find(types, name);
		if (!type) {
			(void)snprintf(name, sizeof(name), "union %s%u", prefix,
				       i);
			type = ckpt_types_find(types, name);
		}
		if (!type)
			break;
		add(&program, "puts(\"%s\");\n", name);
		add(&expected, "%s\n", name);
		add_report(&program, name, type);
		add_expected(&expected, type);
	}
	add(&program, "return 0; }\n");
	ck_assert_uint_gt(expected.size, 100);
	run_compiled(&program, compiler, &actual);
	compare_lines(&expected, &actual);
}

START_TEST(layouts_agree_with_the_compiler)
{
	check_layouts("w", COMPILER, written);
}
END_TEST

START_TEST(random_layouts_agree_with_the_compiler)
{
	static struct text definitions;
	unsigned int seed = choose_seed();

	definitions.size = 0;
	add_random_structs(&definitions, &seed, 400, 7);
	check_layouts("r", COMPILER, definitions.bytes);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("cdecl");
	TCase *cases = tcase_create("cdecl");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(cases, set_up, tear_down);
	tcase_set_timeout(cases, 120);
	tcase_add_test(cases, parameters_have_their_names_and_types);
	tcase_add_test(cases,
		       void_means_no_parameters_and_nothing_means_no_prototype);
	tcase_add_test(cases, declarators_are_read_inside_out);
	tcase_add_test(cases, a_function_may_return_a_pointer_to_a_function);
	tcase_add_test(cases, structs_may_refer_to_themselves_and_come_later);
	tcase_add_test(cases, enumerations_are_as_wide_as_they_must_be);
	tcase_add_loop_test(cases,
			    what_is_not_understood_is_an_error_that_says_what,
			    0, sizeof(rejections) / sizeof(rejections[0]));
	tcase_add_test(cases, errors_tell_line_and_column);
	tcase_add_test(cases, deep_nesting_ends_in_an_error);
	tcase_add_test(cases, a_type_name_may_follow_its_definitions);
	tcase_add_test(cases, layouts_agree_with_the_compiler);
	tcase_add_test(cases, random_layouts_agree_with_the_compiler);
	suite_add_tcase(suite, cases);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
