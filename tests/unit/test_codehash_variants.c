/* SPDX-License-Identifier: MIT */
/*
 * Two versions of one source, compiled, linked and compared: which functions
 * keep their identity and which do not. What has to be is what the C text says
 * (a changed callee changes its callers), never what the code under test says.
 */
#include "shim/planner/code/codehash.h"

#include "tests/unit/codebuild.h"

/* Every function of this source is looked at in each variant. A variant is a
 * macro; FUNCTIONS that its text does not reach must keep their identity. */
static const char base_source[] =
	"#include <math.h>\n"
	"#include <stdio.h>\n"
	"#include <string.h>\n"
	"#ifdef RENAME\n"
	"#define tolerance allowed\n"
	"#define count_calls number_of_calls\n"
	"#define table numbers\n"
	"#define low lowest\n"
	"#define middle between\n"
	"#define words phrases\n"
	"#define plus_one add_one\n"
	"#define operations actions\n"
	"#define argument parameter\n"
	"#define slot thread_slot\n"
	"#define vector direction\n"
	"#endif\n"
	"#ifdef ADD_BEFORE\n"
	"int extra_global = 77; static char extra_buffer[300];\n"
	"const double extra_table[9] = {1.5, 2.5};\n"
	"const char *extra(int i) { extra_buffer[i]++; return i ? \"an extra "
	"string\" : \"another extra one\"; }\n"
	"int extra_square(int x) { return x * x + extra_global; }\n"
	"double extra_real(double x) { return x * 11.25 + extra_table[3]; }\n"
	"__thread int extra_thread; int extra_tls(void) { return "
	"extra_thread++; }\n"
	"#endif\n"
	"#ifndef TOLERANCE\n#define TOLERANCE 5\n#endif\n"
	"#ifndef TABLE2\n#define TABLE2 3\n#endif\n"
	"#ifndef FACTOR\n#define FACTOR 3.25\n#endif\n"
	"#ifndef LOW\n#define LOW 7\n#endif\n"
	"#ifndef TEXT\n#define TEXT \"beta\"\n#endif\n"
	"#ifndef WORD\n#define WORD \"zwei\"\n#endif\n"
	"#ifndef ONE\n#define ONE 1\n#endif\n"
	"#ifndef PICK\n#define PICK plus_one\n#endif\n"
	"#ifndef CASE3\n#define CASE3 x * 5\n#endif\n"
	"#ifndef SINE\n#define SINE sin\n#endif\n"
	"#ifndef LAST\n#define LAST 39\n#endif\n"
	"#ifndef LOGIC\n#define LOGIC argument + 2\n#endif\n"
	"int tolerance = TOLERANCE;\n"
	"static int count_calls;\n"
	"static const int table[5] = {1, 2, TABLE2, 4, 5};\n"
	"__attribute__((noipa)) static int low(int x) { return x * LOW; }\n"
	"__attribute__((noipa)) static int middle(int x) { return low(x) + 1; "
	"}\n"
	"static int plus_one(int x) { return x + ONE; }\n"
	"static int plus_two(int x) { return x * 9; }\n"
	"static int (*const operations[])(int) = {PICK, plus_two};\n"
	"static const char *const words[] = {\"eins\", WORD, \"drei\"};\n"
	"__thread int slot = 3;\n"
	"typedef struct { double x, y; } pair;\n"
	"static const pair vector = {1.0, FACTOR};\n"
	"int f_logic(int argument) { return LOGIC; }\n"
	"int f_global(int x) { return x + tolerance; }\n"
	"int f_counter(void) { return ++count_calls; }\n"
	"int f_table(int i) { return table[i % 5]; }\n"
	"int f_deep(int x) { return middle(x) * 2; }\n"
	"double f_constant(double x) { return x * FACTOR; }\n"
	"const char *f_string(int i) { return i ? \"alpha\" : TEXT; }\n"
	"int f_length(void) { return (int)strlen(f_string(0)); }\n"
	"const char *f_words(int i) { return words[i % 3]; }\n"
	"int f_pointer(int i, int x) { return operations[i & 1](x); }\n"
	"int f_switch(int i, int x) { switch (i) { case 0: return x + 11; case "
	"1: return x * 3; case 2: return x - 9; case 3: return CASE3; case 4: "
	"return x ^ 77; case 5: return x << 3; case 6: return f_logic(x); } "
	"return -1; }\n"
	"double f_sine(double x) { return SINE(x); }\n"
	"int f_odd(int n);\n"
	"int f_even(int n) { return n == 0 ? ONE : f_odd(n - 1); }\n"
	"int f_odd(int n) { return n == 0 ? 0 : f_even(n - 1); }\n"
	"int f_thread(int x) { return slot += x; }\n"
	"double f_struct(double x) { return vector.y + x; }\n"
	"int f_sum(const int *p) { int a[40] = {[3] = 5, [20] = 8, [39] = "
	"LAST};"
	" int s = 0; for (int i = 0; i < 40; i++) s = s * 31 + a[i] * p[i]; "
	"return s; }\n"
	"void f_print(int x) { printf(\"%d of %d\\n\", x, tolerance); }\n"
	"#ifdef ADD_BEHIND\n"
	"static const int more_table[7] = {9, 8, 7};\n"
	"int more(int i) { printf(\"more %s\\n\", \"of that\"); return "
	"more_table[i]; }\n"
	"int more_switch(int i) { switch (i) { case 0: return 4; case 1: "
	"return "
	"9; case 2: return more(3); case 3: return 1; case 4: return more(1); "
	"case 5: return 19; } return 0; }\n"
	"#endif\n";

static const char *const functions[] = {
	"f_logic",    "f_global", "f_counter", "f_table", "f_deep",
	"f_constant", "f_string", "f_length",  "f_words", "f_pointer",
	"f_switch",   "f_sine",	  "f_odd",     "f_even",  "f_thread",
	"f_struct",   "f_sum",	  "f_print",
};

enum { FUNCTION_COUNT = sizeof(functions) / sizeof(functions[0]) };

/* `changed`: functions with another meaning, blanks around each. All others
 * mean the same as before. */
struct variant {
	const char *flags;
	const char *changed;
};

static const struct variant variants[] = {
	{"", " "},
	{"-DRENAME", " "},
	{"-DADD_BEFORE", " "},
	{"-DADD_BEHIND", " "},
	{"-DADD_BEFORE -DADD_BEHIND -g", " "},
	{"-DTOLERANCE=6", " "},
	{"-DLOGIC='argument+3'", " f_logic f_switch "},
	{"-DTABLE2=33", " f_table "},
	{"-DLOW=8", " f_deep "},
	{"-DFACTOR=3.75", " f_constant f_struct "},
	{"-DTEXT='\"gamma\"'", " f_string f_length "},
	{"-DWORD='\"deux\"'", " f_words "},
	{"-DONE=2", " f_pointer f_even f_odd "},
	{"-DPICK=plus_two", " f_pointer "},
	{"-DCASE3='x*6'", " f_switch "},
	{"-DSINE=cos", " f_sine "},
	{"-DLAST=40", " f_sum "},
};

struct build {
	const char *compiler, *level;
	bool is_library;
};

static const struct build builds[] = {
	{"gcc", "-O2", true},
	{"gcc", "-O0", false},
	{"clang", "-O2", false},
	{"clang", "-O0", true},
};

struct identities {
	struct ckpt_hash128 digests[FUNCTION_COUNT];
};

/* Program "p", alone or with library "libv.so". */
static void build_variant(const struct build *build, const char *flags)
{
	char command[1024];

	(void)snprintf(
		command, sizeof(command),
		build->is_library
			? "cd %s && %s -w %s %s -fPIC -shared -o libv.so "
			  "base.c "
			  "-lm && %s -w -o p main.c -L. -lv -Wl,-rpath,%s"
			: "cd %s && %s -w %s %s -fPIE -pie -o p base.c main.c "
			  "-lm",
		directory, build->compiler, build->level, flags,
		build->compiler, directory);
	ck_assert_msg(system(command) == 0, "%s", command);
}

static void identify(struct identities *identities)
{
	struct ckpt_scope *scope = open_program();

	for (size_t i = 0; i < FUNCTION_COUNT; i++) {
		struct ckpt_closure closure =
			compute(scope, functions[i], NULL);

		ck_assert_msg(!closure.refusal, "%s", closure.refusal);
		identities->digests[i] = closure.digest;
		ckpt_closure_deinit(&closure);
	}
	ckpt_scope_destroy(scope);
}

static bool is_listed(const char *list, const char *name)
{
	const char *at = strstr(list, name);

	return at && at[-1] == ' ' && at[strlen(name)] == ' ';
}

/* Compare with the base; how many functions are not as they have to be. */
static size_t compare(const struct build *build, const struct variant *variant,
		      const struct identities *base,
		      const struct identities *changed)
{
	size_t wrong = 0;

	for (size_t i = 0; i < FUNCTION_COUNT; i++) {
		bool is_same =
			ckpt_hash_equal(base->digests[i], changed->digests[i]);

		if (is_same != is_listed(variant->changed, functions[i]))
			continue;
		(void)fprintf(stderr, "%s %s %s: %s with %s is %s\n",
			      build->compiler, build->level,
			      build->is_library ? "library" : "program",
			      functions[i], variant->flags,
			      is_same ? "the same" : "another");
		wrong++;
	}
	return wrong;
}

static void check_build(const struct build *build)
{
	struct identities base = {0}, changed = {0};
	size_t wrong = 0;

	make_directory();
	write_file("base.c", base_source);
	write_file("main.c",
		   "int f_logic(int); int main(void) { return f_logic(1); }\n");
	for (size_t v = 0; v < sizeof(variants) / sizeof(variants[0]); v++) {
		build_variant(build, variants[v].flags);
		identify(v == 0 ? &base : &changed);
		if (v > 0)
			wrong += compare(build, &variants[v], &base, &changed);
	}
	remove_directory();
	ck_assert_uint_eq(wrong, 0);
}

START_TEST(identity_follows_meaning_gcc_optimised_library)
{
	check_build(&builds[0]);
}
END_TEST

START_TEST(identity_follows_meaning_gcc_plain_program)
{
	check_build(&builds[1]);
}
END_TEST

START_TEST(identity_follows_meaning_clang_optimised_program)
{
	check_build(&builds[2]);
}
END_TEST

START_TEST(identity_follows_meaning_clang_plain_library)
{
	check_build(&builds[3]);
}
END_TEST

UNIT_MAIN("codehash variants", identity_follows_meaning_gcc_optimised_library,
	  identity_follows_meaning_gcc_plain_program,
	  identity_follows_meaning_clang_optimised_program,
	  identity_follows_meaning_clang_plain_library)
