/* SPDX-License-Identifier: MIT */
#include "shim/planner/code/codehash.h"

#include "tests/unit/codebuild.h"

/* Build source `text` as "p" with `compiler`. */
static struct ckpt_scope *build_source(const char *compiler, const char *text)
{
	make_directory();
	write_file("text.c", text);
	run("cd %s && %s -w -o p text.c -lm -ldl -lpthread%s", directory,
	    compiler, "");
	return open_program();
}

static const struct ckpt_closure_global *
find_global(const struct ckpt_closure *closure, const char *name)
{
	for (size_t i = 0; i < closure->global_count; i++)
		if (strcmp(closure->globals[i].name, name) == 0)
			return &closure->globals[i];
	return NULL;
}

START_TEST(globals_have_extent_and_direction)
{
	struct ckpt_scope *scope = build_source(
		"gcc -O2",
		"int in = 3, out; static double both[5]; __thread long own = 4;"
		"const int fixed = 9; int unused = 1;\n"
		"__attribute__((noipa)) int f(int i) { out = in + fixed; "
		"both[i] += 1; return own; }\n"
		"int main(void) { unused = 2; return f(1); }\n");
	struct ckpt_closure closure = compute(scope, "f", NULL);
	const struct ckpt_closure_global *in = find_global(&closure, "in");
	const struct ckpt_closure_global *out = find_global(&closure, "out");
	const struct ckpt_closure_global *both = find_global(&closure, "both");
	const struct ckpt_closure_global *own = find_global(&closure, "own");

	ck_assert_uint_eq(closure.global_count, 4);
	ck_assert(in && out && both && own);
	ck_assert_uint_eq(in->size, 4);
	ck_assert(!in->is_written);
	ck_assert(out->is_written);
	ck_assert_uint_eq(both->size, 40);
	ck_assert(both->is_written);
	ck_assert(own->is_tls);
	ck_assert_uint_eq(own->vaddr, 0);
	ck_assert_uint_eq(own->size, 8);
	ckpt_closure_deinit(&closure);
	ckpt_scope_destroy(scope);
	remove_directory();
}
END_TEST

START_TEST(the_c_runtimes_own_data_is_no_global)
{
	struct ckpt_scope *scope = build_source(
		"gcc -O2 -fstack-protector-all",
		"#include <stdio.h>\n#include <errno.h>\n#include <stdlib.h>\n"
		"extern char **environ;\n"
		"int f(int i) { char b[64]; snprintf(b, 64, \"%d\", i); "
		"fputs(b, stderr); errno = 0; return environ != 0; }\n"
		"int main(void) { return f(1); }\n");
	struct ckpt_closure closure = compute(scope, "f", NULL);

	ck_assert_ptr_null(closure.refusal);
	ck_assert_uint_eq(closure.global_count, 0);
	ck_assert_uint_ne(closure.traits & CKPT_TRAIT_LOCALE, 0);
	ckpt_closure_deinit(&closure);
	ckpt_scope_destroy(scope);
	remove_directory();
}
END_TEST

START_TEST(variables_of_the_c_runtimes_interface_are_globals)
{
	static const char source[] = "#include <unistd.h>\n"
				     "int f(int x) { return x + optind; }\n"
				     "int main(void) { return f(1); }\n";
	static const char *const compilers[] = {"gcc -O2", "gcc -O2 -fPIC",
						"gcc -O2 -no-pie -fno-pie"};

	for (size_t i = 0; i < 3; i++) {
		struct ckpt_scope *scope = build_source(compilers[i], source);
		struct ckpt_closure closure = compute(scope, "f", NULL);

		ck_assert_uint_eq(closure.global_count, 1);
		ck_assert_str_eq(closure.globals[0].name, "optind");
		ck_assert_uint_eq(closure.globals[0].size, 4);
		ckpt_closure_deinit(&closure);
		ckpt_scope_destroy(scope);
		remove_directory();
	}
}
END_TEST

static const char waiver_source[] =
	"static int counter, cache[9]; int other = 4;\n"
	"int f(int (*g)(int)) { counter++; return g(cache[3]) + other; }\n"
	"int main(int c, char **v) { cache[c] = c; return other; }\n";

START_TEST(an_unknown_target_is_refused_with_the_line_to_write)
{
	struct ckpt_scope *scope = build_source("gcc -O1", waiver_source);
	struct ckpt_function_config config = {.is_indirect_object = true};
	struct ckpt_closure closure = compute(scope, "f", NULL);

	ck_assert_ptr_nonnull(closure.refusal);
	ck_assert_ptr_nonnull(strstr(closure.refusal, "indirect = \"object\""));
	ck_assert_int_eq(strncmp(closure.refusal, "f+0x", 4), 0);
	ckpt_closure_deinit(&closure);
	closure = compute(scope, "f", &config);
	ck_assert_ptr_null(closure.refusal);
	ck_assert_uint_ne(closure.traits & CKPT_TRAIT_INDIRECT, 0);
	ckpt_closure_deinit(&closure);
	ckpt_scope_destroy(scope);
	remove_directory();
}
END_TEST

/* Is [vaddr, vaddr + size) of `name` in a global that counts? */
static bool is_counted(struct ckpt_scope *scope,
		       const struct ckpt_closure *closure, const char *name)
{
	size_t count;
	const struct ckpt_symbol *symbols = ckpt_image_static_symbols(
		ckpt_scope_image(scope, 0, NULL), &count);
	const struct ckpt_symbol *symbol = NULL;

	for (size_t i = 0; i < count; i++)
		if (strcmp(symbols[i].name, name) == 0)
			symbol = &symbols[i];
	ck_assert_ptr_nonnull(symbol);
	for (size_t i = 0; i < closure->global_count; i++) {
		const struct ckpt_closure_global *global = &closure->globals[i];

		if (!global->is_scratch && global->vaddr <= symbol->vaddr &&
		    symbol->vaddr + symbol->size <=
			    global->vaddr + global->size)
			return true;
	}
	return false;
}

static void check_waivers(struct ckpt_scope *scope, char **waivers,
			  size_t count, bool has_counter, bool has_cache)
{
	struct ckpt_function_config config = {
		.is_indirect_object = true,
		.ignore_globals = {waivers, count},
	};
	struct ckpt_closure closure = compute(scope, "f", &config);

	ck_assert_int_eq(is_counted(scope, &closure, "counter"), has_counter);
	ck_assert_int_eq(is_counted(scope, &closure, "cache"), has_cache);
	ck_assert(is_counted(scope, &closure, "other"));
	ckpt_closure_deinit(&closure);
}

START_TEST(waivers_name_variables_sections_and_exceptions)
{
	struct ckpt_scope *scope = build_source("gcc -O1", waiver_source);
	char *name[] = {"counter"}, *section[] = {".bss"};
	char *foreign[] = {"libx*:counter", "q:.bss"};
	char *exception[] = {"p:.bss", "!cache"};

	check_waivers(scope, NULL, 0, true, true);
	check_waivers(scope, name, 1, false, true);
	check_waivers(scope, section, 1, false, false);
	check_waivers(scope, foreign, 2, true, true);
	check_waivers(scope, exception, 2, false, true);
	ckpt_scope_destroy(scope);
	remove_directory();
}
END_TEST

START_TEST(impure_calls_come_with_their_chain)
{
	struct ckpt_scope *scope = build_source(
		"gcc -O0", "#include <stdlib.h>\n"
			   "static int solve(int x) { return x + rand(); }\n"
			   "int train(int x) { return solve(x) * 2; }\n"
			   "int main(void) { return train(1); }\n");
	struct ckpt_closure closure = compute(scope, "train", NULL);

	ck_assert_uint_eq(closure.impure_count, 1);
	ck_assert_str_eq(closure.impure[0].name, "rand");
	ck_assert_str_eq(closure.impure[0].chain, "train -> solve -> rand");
	ckpt_closure_deinit(&closure);
	ckpt_scope_destroy(scope);
	remove_directory();
}
END_TEST

START_TEST(what_is_watched_is_not_looked_into)
{
	static const char source[] =
		"int (*handler)(int);\n"
		"int wrong(int x) { return handler(x); }\n"
		"int f(int x) { return x < 0 ? wrong(x) : x + 1; }\n";
	char *names[] = {"wrong"};
	struct ckpt_function_config config = {.watch = {names, 1}};
	struct ckpt_closure closure;
	struct ckpt_scope *scope;

	make_directory();
	write_file("lib.c", source);
	write_file("main.c", "int f(int); int main(void) { return f(1); }\n");
	run("cd %s && gcc -O1 -fPIC -shared -o libw.so lib.c && gcc -o p "
	    "main.c -L. -lw -Wl,-rpath,%s%s",
	    directory, directory, "");
	scope = open_program();
	closure = compute(scope, "f", NULL);
	ck_assert_uint_gt(closure.global_count, 0);
	ckpt_closure_deinit(&closure);
	closure = compute(scope, "f", &config);
	ck_assert_ptr_null(closure.refusal);
	ck_assert_uint_eq(closure.global_count, 0);
	ck_assert_uint_eq(closure.item_count, 1);
	ck_assert_uint_eq(closure.impure_count, 1);
	ck_assert_str_eq(closure.impure[0].chain, "f -> wrong");
	ckpt_closure_deinit(&closure);
	ckpt_scope_destroy(scope);
	remove_directory();
}
END_TEST

START_TEST(threads_cpu_and_system_calls_are_traits)
{
	static const char source[] =
		"#include <pthread.h>\n#include <math.h>\n"
		"static void *run(void *p) { return p; }\n"
		"int start(void) { pthread_t t; return pthread_create(&t, 0, "
		"run, 0); }\n"
		"unsigned cpu(void) { unsigned a = 0, b, c, d; "
		"__asm__ volatile(\"cpuid\" : \"+a\"(a), \"=b\"(b), "
		"\"=c\"(c), \"=d\"(d)); return b; }\n"
		"double sine(double x) { return sin(x); }\n"
		"long call(void) { long n = 39; __asm__ volatile(\"syscall\" : "
		"\"+a\"(n) :: \"rcx\", \"r11\"); return n; }\n"
		"unsigned tick(void) { return __builtin_ia32_rdtsc(); }\n"
		"extern char **environ;\n"
		"int variables(void) { return environ[0] != 0; }\n"
		"#include <errno.h>\n#include <fenv.h>\n"
		"int old_error(int x) { return x + errno; }\n"
		"int set_error(int x) { errno = x; return -1; }\n"
		"int kept(int x) { int *e = &errno; if (x) *e = 0; return *e; }"
		"\nint flags(void) { return fetestexcept(FE_ALL_EXCEPT) != 0; "
		"}\n"
		"int register_flags(void) { return __builtin_ia32_stmxcsr() & "
		"1; }\n"
		"int none(int x) { return x; }\n"
		"int main(void) { return 0; }\n";
	static const struct {
		const char *name;
		uint32_t traits;
	} expected[] = {
		{"start", CKPT_TRAIT_THREADS},
		{"cpu", CKPT_TRAIT_CPU},
		{"sine", CKPT_TRAIT_CPU},
		{"call", CKPT_TRAIT_SYSCALL},
		{"tick", CKPT_TRAIT_CLOCK},
		{"variables", CKPT_TRAIT_ENVIRONMENT},
		{"old_error", CKPT_TRAIT_ERRNO},
		{"set_error", 0},
		{"kept", CKPT_TRAIT_ERRNO},
		{"flags", CKPT_TRAIT_FP_FLAGS | CKPT_TRAIT_CPU},
		{"register_flags", CKPT_TRAIT_FP_FLAGS},
		{"none", 0},
	};
	struct ckpt_scope *scope = build_source("gcc -O2", source);

	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		struct ckpt_closure closure =
			compute(scope, expected[i].name, NULL);

		/* A variable is no call: there is nothing to watch. */
		ck_assert_uint_eq(closure.impure_count, 0);
		ck_assert_msg(closure.traits == expected[i].traits, "%s: %x",
			      expected[i].name, closure.traits);
		ckpt_closure_deinit(&closure);
	}
	ckpt_scope_destroy(scope);
	remove_directory();
}
END_TEST

static struct ckpt_hash128 identity_of(const char *compiler, const char *text,
				       const char *name)
{
	struct ckpt_scope *scope = build_source(compiler, text);
	struct ckpt_function_config config = {.is_indirect_object = true};
	struct ckpt_closure closure = compute(scope, name, &config);
	struct ckpt_hash128 digest = closure.digest;

	ckpt_closure_deinit(&closure);
	ckpt_scope_destroy(scope);
	remove_directory();
	return digest;
}

/* Loops as GCC compiles `for (i = n; i > 0; i--) s += t[i - 1]`, from an
 * address in front of the table, where another variable stands. */
static const char walk_source[] =
	"__asm__(\".section .rodata\\n .type u, @object\\n .size u, 16\\n\"\n"
	"\"u: .long 1, 2, 3, %d\\n .type t, @object\\n .size t, 16\\n\"\n"
	"\"t: .long 4, 5, 6, %d\\n .type v, @object\\n .size v, 16\\n\"\n"
	"\"v: .long 7, 8, 9, %d\\n .text\\n\");\n"
	"#define FUNCTION(name, text) int name(long); __asm__(\".globl \" "
	"#name \"\\n .type \" #name \", @function\\n\" #name \": "
	".cfi_startproc\\n\" text \"\\n ret\\n .cfi_endproc\\n .size \" #name "
	"\", .-\" #name);\n"
	"FUNCTION(before, \"lea t-4(%%rip), %%rdx\\n xor %%eax, %%eax\\n 1: "
	"add "
	"(%%rdx,%%rdi,4), %%eax\\n sub $1, %%edi\\n jnz 1b\")\n"
	"FUNCTION(behind, \"lea v+4(%%rip), %%rdx\\n neg %%rdi\\n mov "
	"-8(%%rdx,%%rdi,4), %%eax\")\n"
	"FUNCTION(bounded, \"and $3, %%edi\\n lea t(%%rip), %%rdx\\n mov "
	"(%%rdx,%%rdi,4), %%eax\")\n"
	"FUNCTION(plain, \"lea t(%%rip), %%rdx\\n mov (%%rdx,%%rdi,4), "
	"%%eax\")\n"
	"int main(void) { return before(1) + behind(1) + bounded(1) + "
	"plain(1); }\n";

static struct ckpt_hash128 walk_identity(const char *name, int u, int t, int v)
{
	char text[2048];

	(void)snprintf(text, sizeof(text), walk_source, u, t, v);
	return identity_of("gcc -O1 -fPIE -pie", text, name);
}

START_TEST(a_table_counts_that_code_reaches_from_beside_it)
{
	static const struct {
		const char *name;
		bool is_near; /* neighbours count too */
	} cases[] = {
		{"before", true},
		{"behind", true},
		{"bounded", false},
		{"plain", false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *name = cases[i].name;
		struct ckpt_hash128 base = walk_identity(name, 1, 1, 1);

		ck_assert_msg(
			!ckpt_hash_equal(base, walk_identity(name, 1, 2, 1)),
			"%s", name);
		ck_assert_msg(
			cases[i].is_near ||
				ckpt_hash_equal(base,
						walk_identity(name, 2, 1, 2)),
			"%s", name);
	}
}
END_TEST

START_TEST(the_type_a_handler_catches_counts)
{
	static const char format[] =
		"extern void g(int);\n"
		"struct a {}; struct b {};\n"
		"extern \"C\" int f(int x) { try { g(x); } catch (%s &) { "
		"return 1; } return 0; }\n"
		"__attribute__((noipa)) void g(int x) { if (x) throw a(); "
		"throw b(); }\n"
		"int main() { return f(1); }\n";
	char one[512], other[512];

	(void)snprintf(one, sizeof(one), format, "a");
	(void)snprintf(other, sizeof(other), format, "b");
	ck_assert(!ckpt_hash_equal(identity_of("g++ -O2 -x c++", one, "f"),
				   identity_of("g++ -O2 -x c++", other, "f")));
	ck_assert(ckpt_hash_equal(identity_of("g++ -O2 -x c++", one, "f"),
				  identity_of("g++ -O2 -x c++", one, "f")));
}
END_TEST

START_TEST(a_method_reached_through_a_table_counts)
{
	static const char format[] =
		"struct shape { virtual int area(int) const; };\n"
		"int shape::area(int x) const { return x * %d; }\n"
		"extern \"C\" __attribute__((noinline)) int use(const shape "
		"*s, "
		"int x) { return s->area(x) + 1; }\n"
		"extern \"C\" int f(int x) { shape s; return use(&s, x); }\n"
		"int main() { return f(1); }\n";
	char one[512], other[512];

	(void)snprintf(one, sizeof(one), format, 3);
	(void)snprintf(other, sizeof(other), format, 4);
	ck_assert(!ckpt_hash_equal(identity_of("g++ -O2 -x c++", one, "f"),
				   identity_of("g++ -O2 -x c++", other, "f")));
}
END_TEST

UNIT_MAIN("codehash", globals_have_extent_and_direction,
	  the_c_runtimes_own_data_is_no_global,
	  variables_of_the_c_runtimes_interface_are_globals,
	  an_unknown_target_is_refused_with_the_line_to_write,
	  waivers_name_variables_sections_and_exceptions,
	  impure_calls_come_with_their_chain,
	  what_is_watched_is_not_looked_into,
	  threads_cpu_and_system_calls_are_traits,
	  a_table_counts_that_code_reaches_from_beside_it,
	  the_type_a_handler_catches_counts,
	  a_method_reached_through_a_table_counts)
