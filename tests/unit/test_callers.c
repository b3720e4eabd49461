/* SPDX-License-Identifier: MIT */
/*
 * Callers of functions in programs that real compilers make: where the source
 * puts them is what is expected.
 */
#include "shim/planner/absent.h"
#include "shim/planner/callers.h"
#include "tests/unit/objects.h"

static struct ckpt_scope *scope;
static struct ckpt_matches matches;
static struct ckpt_callers callers;

static const char library_c[] =
	"int f(int x) { int s = 1; while (x--) s = s * 31 + x % 7; return s; "
	"}\n"
	"int own(int x) { return f(x) + 1; }\n"
	"__attribute__((visibility(\"hidden\"), noinline)) int hidden(int x)\n"
	"{ int s = 1; while (x--) s = s * 33 + x % 7; return s; }\n"
	"int calls_hidden(int x) { return hidden(x) + 2; }\n"
	"int jumps_hidden(int x) { return hidden(x + 1); }\n"
	"int (*const table[])(int) = {0, hidden};\n"
	"int (*gives_hidden(void))(int) { return hidden; }\n"
	"static int chosen(int x) { return 7 * x; }\n"
	"static void *pick(void) { return chosen; }\n"
	"static int picked(int) __attribute__((ifunc(\"pick\")));\n"
	"int calls_picked(int x) { return picked(x) + 1; }\n";

static const char main_c[] = "int f(int), own(int);\n"
			     "#line 10 \"copied.c\"\n"
			     "static inline int copied(int x) {\n"
			     "	return x * 3 + 1;\n"
			     "}\n"
			     "static int (*const table[])(int) = {f, own, f};\n"
			     "int main(int count, char **arguments)\n"
			     "{\n"
			     "	(void)arguments;\n"
			     "	int sum = copied(count);\n"
			     "	return f(count) + table[count](sum);\n"
			     "}\n";

static void set_up_program(void)
{
	set_up();
	write_file("f.c", library_c);
	write_file("main.c", main_c);
	run("cc -O2 -g -shared -fPIC -Wl,-soname,libf.so -o libf.so f.c");
	run("cc -O2 -g -fPIE -pie -o main main.c libf.so -Wl,-rpath,$PWD");
	run("cc -O2 -g -fno-pie -no-pie -o fixed main.c libf.so "
	    "-Wl,-rpath,$PWD");
}

static void tear_down_program(void)
{
	ckpt_callers_deinit(&callers);
	ckpt_matches_deinit(&matches);
	ckpt_scope_destroy(scope);
	tear_down();
}

static void open_program(const char *program)
{
	char path[256];

	(void)snprintf(path, sizeof(path), "%s/%s", directory, program);
	ck_assert_msg(!ckpt_scope_of_program(path, &deps, &scope, &err), "%s",
		      err.text);
}

static void find_callers(const char *program, const char *name)
{
	config.name = (char *)name;
	open_program(program);
	ck_assert_int_eq(ckpt_match_find(scope, &config, &matches, &err),
			 CKPT_OK);
	ck_assert_uint_eq(matches.count, 1);
	ck_assert_int_eq(ckpt_callers_find(scope, &matches.items[0], NULL,
					   &deps, &callers),
			 CKPT_OK);
}

/* How many callers of this kind are in object `object`, inside `inside`? */
static size_t count(enum ckpt_caller_kind kind, uint32_t object,
		    const char *inside)
{
	size_t found = 0;

	for (size_t i = 0; i < callers.count; i++) {
		const struct ckpt_caller *caller = &callers.items[i];

		found += caller->kind == kind && caller->object == object &&
			 (!inside ||
			  (caller->inside && !strcmp(caller->inside, inside)));
	}
	return found;
}

/* The library is the object behind the program and, in most, the vdso. */
static uint32_t library(void)
{
	return matches.items[0].object;
}

START_TEST(slots_and_pointers_by_name_are_callers)
{
	find_callers("main", "f");
	ck_assert_uint_eq(count(CKPT_CALLER_SLOT, 0, NULL), 1);
	ck_assert_uint_eq(count(CKPT_CALLER_POINTER, 0, "table"), 2);
	ck_assert_uint_eq(count(CKPT_CALLER_SLOT, library(), NULL), 1);
	ck_assert_uint_eq(callers.count, 4);
}
END_TEST

START_TEST(calls_jumps_and_addresses_in_its_own_object_are_callers)
{
	find_callers("main", "hidden");
	ck_assert_uint_eq(count(CKPT_CALLER_CALL, library(), "calls_hidden"),
			  1);
	ck_assert_uint_eq(count(CKPT_CALLER_JUMP, library(), "jumps_hidden"),
			  1);
	ck_assert_uint_eq(count(CKPT_CALLER_TAKEN, library(), "gives_hidden"),
			  1);
	ck_assert_uint_eq(count(CKPT_CALLER_LOCAL_POINTER, library(), "table"),
			  1);
	ck_assert_uint_eq(callers.count, 4);
}
END_TEST

START_TEST(a_slot_that_a_resolver_fills_is_a_caller)
{
	find_callers("main", "picked");
	ck_assert_uint_eq(count(CKPT_CALLER_RESOLVED, library(), NULL), 1);
	ck_assert_uint_eq(callers.count, 1);
}
END_TEST

START_TEST(a_fixed_program_takes_addresses_by_immediates)
{
	write_file("local.c",
		   "__attribute__((noinline)) int local(int x)\n"
		   "{ int s = 1; while (x--) s = s * 31 + x % 7; return s; }\n"
		   "int (*volatile pointer)(int);\n"
		   "int main(int count, char **arguments)\n"
		   "{ (void)arguments; pointer = local; "
		   "return local(count) + pointer(2); }\n");
	run("cc -O2 -g -fno-pie -no-pie -o local local.c");
	find_callers("local", "local");
	ck_assert_uint_eq(count(CKPT_CALLER_CALL, 0, "main"), 1);
	ck_assert_uint_eq(count(CKPT_CALLER_TAKEN, 0, "main"), 1);
	ck_assert_uint_eq(callers.count, 2);
}
END_TEST

START_TEST(copies_are_told_with_the_place_of_the_call)
{
	static const char *const flags[] = {"-gdwarf-5", "-gdwarf-4",
					    "-gdwarf-5 -gz"};

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		char *cause;

		run("cc -O2 %s -o main main.c libf.so -Wl,-rpath,$PWD",
		    flags[i]);
		config.name = "copied";
		open_program("main");
		ck_assert_int_eq(
			ckpt_absent_explain(scope, &config, &deps, &cause),
			CKPT_OK);
		ck_assert_ptr_nonnull(cause);
		ck_assert_msg(strstr(cause, "copied.c:17)"), "%s", cause);
		free(cause);
		ckpt_scope_destroy(scope);
		scope = NULL;
	}
}
END_TEST

START_TEST(nothing_is_said_of_a_name_that_is_nowhere)
{
	char *cause;

	config.name = "nowhere";
	open_program("main");
	ck_assert_int_eq(ckpt_absent_explain(scope, &config, &deps, &cause),
			 CKPT_OK);
	ck_assert_ptr_null(cause);
}
END_TEST

START_TEST(a_copy_beside_a_call_is_both)
{
	write_file("both.c",
		   "inline __attribute__((always_inline)) int both(int x)\n"
		   "{ return x * 3 + 1 / x; }\n"
		   "extern int both(int x);\n"
		   "int main(int count, char **arguments)\n"
		   "{ (void)arguments;\n"
		   "return both(count)\n"
		   "+ both(count * 2); }\n");
	run("cc -O2 -g -o both both.c");
	find_callers("both", "both");
	ck_assert_uint_eq(count(CKPT_CALLER_INLINED, 0, "main"), 2);
	ck_assert_uint_eq(callers.items[0].line, 6);
	ck_assert_uint_eq(callers.items[1].line, 7);
}
END_TEST

UNIT_MAIN_WITH("callers", set_up_program, tear_down_program,
	       slots_and_pointers_by_name_are_callers,
	       calls_jumps_and_addresses_in_its_own_object_are_callers,
	       a_slot_that_a_resolver_fills_is_a_caller,
	       a_fixed_program_takes_addresses_by_immediates,
	       copies_are_told_with_the_place_of_the_call,
	       nothing_is_said_of_a_name_that_is_nowhere,
	       a_copy_beside_a_call_is_both)
