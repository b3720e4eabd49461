/* SPDX-License-Identifier: MIT */
/*
 * Prototypes from debug info, headers and declarations, of objects that real
 * compilers make in a directory of the test's own.
 */
#include "tests/unit/objects.h"

#include <signal.h>

/* Was a path that ends so looked at? */
static const struct ckpt_dep *find_dep(const char *end)
{
	for (size_t i = 0; i < deps.count; i++) {
		size_t size = strlen(deps.items[i].path);

		if (size >= strlen(end) &&
		    strcmp(deps.items[i].path + size - strlen(end), end) == 0)
			return &deps.items[i];
	}
	return NULL;
}

static const char solve_c[] =
	"#include <stddef.h>\n"
	"struct item { int key; struct item *next; };\n"
	"typedef struct { size_t n; const double *x; struct item *first; "
	"unsigned a : 3, b : 7; } model;\n"
	"int solve(const model *m, double out[], long double scale, "
	"int (*less)(const void *, const void *))\n"
	"{ out[0] = m->x[0] * scale; return less(m, out) + m->b; }\n"
	"int unused(int a, int b) { (void)a; return b; }\n"
	"const char *text(void) { return \"t\"; }\n"
	"double sum(int n, ...) { return n; }\n"
	"int old() { return 1; }\n";

static const char solve_text[] =
	"int solve(const model *m, double *out, long double scale, "
	"int (*)(const void *, const void *) less)";

static void expect_solve(const char *file)
{
	const struct ckpt_type *model;

	expect(file, "solve", solve_text);
	model = signature.parameters[0].type->element;
	ck_assert(model->is_const);
	ck_assert_uint_eq(model->size, 32);
	ck_assert_uint_eq(model->field_count, 5);
	ck_assert(model->fields[1].type->element->is_const);
	ck_assert_uint_eq(model->fields[2].type->element->size, 16);
	/* a list: the node's pointer leads to the node's type */
	ck_assert_ptr_eq(
		model->fields[2].type->element->fields[1].type->element,
		model->fields[2].type->element);
	ck_assert_uint_eq(model->fields[4].bit_off, 3);
	ck_assert_uint_eq(model->fields[4].bit_size, 7);
	expect(file, "unused", "int unused(int a, int b)");
	expect(file, "text", "const char *text(void)");
	expect(file, "sum", "double sum(int n, ...)");
	expect_refusal(file, "old", CKPT_UNSUPPORTED, "without a prototype");
}

static const char *const debug_flags[] = {
	"gcc -O2 -g",
	"gcc -O0 -g -gdwarf-4",
	"gcc -O2 -g -gz=zlib",
	"gcc -O2 -g -gz=zlib-gnu -gdwarf-4",
	"gcc -Og -g -gdwarf-3 -gstrict-dwarf",
	"gcc -O2 -g -fdebug-types-section",
	"gcc -O2 -g -flto",
	"clang -O2 -g",
	"clang -O0 -g -gdwarf-4",
	"clang -O2 -g -gdwarf-5 -ffunction-sections",
};

START_TEST(debug_info_of_compilers_gives_the_prototype)
{
	if (strncmp(debug_flags[_i], "clang", 5) == 0 && !has_program("clang"))
		return;
	write_file("solve.c", solve_c);
	run("%s -fPIC -shared -o libsolve.so solve.c", debug_flags[_i]);
	expect_solve("libsolve.so");
	ck_assert_ptr_nonnull(strstr(signature.source, "libsolve.so")
				      ? signature.source
				      : strstr(err.text, "solve"));
}
END_TEST

START_TEST(a_separate_debug_file_is_found_by_its_link)
{
	write_file("solve.c", solve_c);
	run("gcc -O2 -g -fPIC -shared -Wl,--build-id=none -o libsolve.so "
	    "solve.c && objcopy --only-keep-debug libsolve.so solve.debug && "
	    "strip libsolve.so && "
	    "objcopy --add-gnu-debuglink=solve.debug libsolve.so");
	expect_solve("libsolve.so");
	ck_assert_ptr_nonnull(strstr(deps.items[0].path, directory));
	run("mkdir .debug && mv solve.debug .debug");
	ckpt_deps_deinit(&deps);
	expect_solve("libsolve.so");
	ck_assert(find_dep("/.debug/solve.debug")->is_present);
	/* a file of that name that does not belong to it */
	run("gcc -O1 -g -fPIC -shared -Wl,--build-id=none -o "
	    ".debug/solve.debug "
	    "solve.c");
	expect_refusal("libsolve.so", "solve", CKPT_NOTFOUND,
		       "another checksum");
}
END_TEST

START_TEST(a_debug_file_is_taken_for_the_same_code_only)
{
	char name[] = "other.so";

	write_file("solve.c", solve_c);
	run("gcc -O2 -fPIC -shared -Wl,--build-id -o libsolve.so solve.c && "
	    "strip libsolve.so");
	config.debug_file = name;
	run("gcc -O2 -g -fPIC -shared -Wl,--build-id -o other.so solve.c");
	expect("libsolve.so", "text", "const char *text(void)");
	run("gcc -O0 -g -fPIC -shared -Wl,--build-id -o other.so solve.c");
	expect_refusal("libsolve.so", "solve", CKPT_UNSUPPORTED,
		       "does not belong");
	run("gcc -O2 -g -fPIC -shared -Wl,--build-id -o other.so solve.c && "
	    "objcopy --only-keep-debug other.so");
	expect_refusal("libsolve.so", "solve", CKPT_UNSUPPORTED,
		       "does not belong");
}
END_TEST

START_TEST(dwz_and_split_debug_info_are_read_or_named)
{
	write_file("solve.c", solve_c);
	run("gcc -O2 -g -gsplit-dwarf -fPIC -shared -o libsolve.so solve.c");
	expect_refusal("libsolve.so", "solve", CKPT_NOTFOUND, "split DWARF");
	if (!has_program("dwz"))
		return;
	run("gcc -O2 -g -gdwarf-4 -fPIC -shared -o libsolve.so solve.c && "
	    "dwz libsolve.so");
	expect_solve("libsolve.so");
	/* a common part in a file of its own: gone, then there */
	run("gcc -O2 -g -gdwarf-4 -fPIC -shared -o libsolve.so solve.c && "
	    "cp libsolve.so copy.so && dwz -m common.debug libsolve.so copy.so "
	    "&& mv common.debug away");
	ck_assert_int_eq(find("libsolve.so", "solve"), CKPT_NOTFOUND);
	ck_assert_ptr_nonnull(strstr(err.text, "common.debug"));
	run("mv away common.debug");
	expect_solve("libsolve.so");
}
END_TEST

START_TEST(a_prototype_the_compiler_changed_is_refused)
{
	static const char *const marks[] = {"isra", "constprop"};
	char path[256], line[300], symbol[200] = "";
	FILE *names;

	write_file("isra.c",
		   "struct s { int a, b; };\n"
		   "static __attribute__((noinline)) int callee(struct s *s, "
		   "int unused, int k) { return s->a * k + (s->a >> k); }\n"
		   "int f(struct s *s, int i, int k) "
		   "{ return callee(s, i, k) + callee(s, 3, k + 1); }\n"
		   "int main(int argc, char **argv) "
		   "{ struct s s = {argc, 2}; (void)argv; "
		   "return f(&s, argc, argc) + f(&s, 2, 3); }\n");
	run("gcc -O2 -g -o isra isra.c && nm isra >names");
	(void)snprintf(path, sizeof(path), "%s/names", directory);
	names = fopen(path, "r");
	ck_assert_ptr_nonnull(names);
	while (fgets(line, sizeof(line), names))
		if (strstr(line, marks[0]) || strstr(line, marks[1]))
			(void)sscanf(line, "%*s %*s %199s", symbol);
	(void)fclose(names);
	ck_assert_str_ne(symbol, "");
	expect_refusal("isra", symbol, CKPT_UNSUPPORTED,
		       "the compiler has changed its prototype");
}
END_TEST

/* The same without a name that tells: the entry says that the parameters are
 * elsewhere than the ABI puts them. */
START_TEST(a_location_that_contradicts_the_abi_is_refused)
{
	write_file(
		"lie.s",
		"	.text\n	.globl lie\n	.type lie, @function\n"
		"lie:	lea (%rdi,%rcx), %eax\n	ret\n"
		".Lend:	.size lie, .-lie\n"
		"	.section .debug_info,\"\",@progbits\n"
		"	.long .Le-.Lb\n.Lb:	.value 4\n	.long "
		".Labbrev\n"
		"	.byte 8\n"
		"	.byte 1\n	.value 12\n	.quad lie\n	.quad "
		".Lend-lie\n" /* unit, C99 */
		"	.byte 2\n	.string \"lie\"\n	.quad lie\n"
		"	.quad .Lend-lie\n	.long .Lint-.Lb+4\n"
		"	.byte 3\n	.string \"a\"\n	.long .Lint-.Lb+4\n"
		"	.byte 1, 0x55\n" /* reg5: rdi */
		"	.byte 3\n	.string \"b\"\n	.long .Lint-.Lb+4\n"
		"	.byte 1, 0x52\n" /* reg2: rcx */
		"	.byte 0\n"
		".Lint:	.byte 4, 4, 5\n	.string \"int\"\n	.byte 0\n"
		".Le:\n"
		"	.section .debug_abbrev,\"\",@progbits\n.Labbrev:\n"
		"	.byte 1,0x11,1, 0x13,5, 0x11,1, 0x12,7, 0,0\n"
		"	.byte 2,0x2e,1, 0x3f,0x19, 0x27,0x19, 3,8, 0x11,1, "
		"0x12,7, 0x49,0x13, 0,0\n"
		"	.byte 3,0x05,0, 3,8, 0x49,0x13, 2,0x18, 0,0\n"
		"	.byte 4,0x24,0, 0xb,0xb, 0x3e,0xb, 3,8, 0,0\n"
		"	.byte 0\n");
	run("gcc -shared -o liblie.so lie.s");
	expect_refusal("liblie.so", "lie", CKPT_UNSUPPORTED,
		       "parameter 'b' belongs in rsi, but debug info says it "
		       "is in rcx");
}
END_TEST

START_TEST(a_function_that_was_folded_into_another_has_its_prototype)
{
	write_file("folded.c",
		   "int f(int *a, int n) { return a[n] * 31 + a[0]; }\n"
		   "int g(int *b, int k) { return b[k] * 31 + b[0]; }\n");
	run("gcc -O2 -g -fPIC -shared -o libfolded.so folded.c");
	expect("libfolded.so", "f", "int f(int *a, int n)");
	expect("libfolded.so", "g", "int g(int *b, int k)");
}
END_TEST

START_TEST(headers_are_read_through_the_compiler)
{
	char header[] = "solve.h", flag[] = "-DDEEP=3";

	write_file("solve.c", solve_c);
	write_file("inner.h", "struct deep { int level[DEEP]; };\n");
	write_file("solve.h", "#include \"inner.h\"\n"
			      "typedef struct model model;\n"
			      "int solve(const model *m, double *out, "
			      "struct deep *d, char);\n");
	run("gcc -O2 -fPIC -shared -o libsolve.so solve.c && "
	    "strip libsolve.so");
	headers[0] = header;
	headers[1] = flag;
	config.headers.count = 2;
	expect("libsolve.so", "solve",
	       "int solve(const struct model *m, double *out, struct deep *d, "
	       "char arg4)");
	ck_assert_int_eq(signature.parameters[0].type->element->kind,
			 CKPT_TYPE_INCOMPLETE);
	ck_assert_uint_eq(signature.parameters[2].type->element->size, 12);
	ck_assert(find_dep("/solve.h")->is_present);
	ck_assert(find_dep("/inner.h")->is_present);
	expect_refusal("libsolve.so", "unused", CKPT_NOTFOUND, "unused");
	expect_refusal("libsolve.so", "unused", CKPT_NOTFOUND, "undeclared");
}
END_TEST

START_TEST(without_a_compiler_the_package_is_named)
{
	char header[] = "<stdlib.h>";

	write_file("solve.c", solve_c);
	run("gcc -O2 -fPIC -shared -o libsolve.so solve.c");
	headers[0] = header;
	config.headers.count = 1;
	ck_assert_int_eq(setenv("PATH", "/nonexistent", 1), 0);
	ck_assert_int_eq(find("libsolve.so", "solve"), CKPT_NOTFOUND);
	ck_assert_int_eq(setenv("PATH", "/usr/bin:/bin", 1), 0);
	ck_assert_ptr_nonnull(strstr(err.text, "package gcc"));
}
END_TEST

/* The planner has what the program had when it was started from it. */
START_TEST(ignored_child_signals_and_closed_files_do_no_harm)
{
	char header[] = "solve.h";

	write_file("solve.c", solve_c);
	write_file("solve.h", "int solve(void *model);\n");
	run("gcc -O2 -g -fPIC -shared -o libsolve.so solve.c && "
	    "cp libsolve.so bare.so && strip bare.so");
	headers[0] = header;
	config.headers.count = 1;
	ck_assert(signal(SIGCHLD, SIG_IGN) != SIG_ERR);
	ck_assert_int_eq(close(0), 0);
	ck_assert_int_eq(close(2), 0);
	expect_solve("libsolve.so");
	expect("bare.so", "solve", "int solve(void *model)");
	ck_assert(signal(SIGCHLD, SIG_DFL) == SIG_IGN);
}
END_TEST

START_TEST(the_users_declaration_wins_over_debug_info)
{
	char text[] = "long solve(void *x)";

	write_file("solve.c", solve_c);
	run("gcc -O2 -g -fPIC -shared -o libsolve.so solve.c");
	config.signature = text;
	expect("libsolve.so", "solve", "long solve(void *x)");
	ck_assert_ptr_nonnull(strstr(signature.source, "ckpt.toml"));
}
END_TEST

/* Its memory lines count in the types of its own declaration. */
START_TEST(a_librarys_declaration_wins_over_debug_info)
{
	char text[] = "struct extra { int n; }; int solve(const void *model, "
		      "double *result, long double by, void *order)";

	write_file("solve.c", solve_c);
	config.signature = text;
	config.library = "solver";
	config.signature_place.file = "/usr/share/ckpt/contracts/solver.toml";
	run("gcc -O2 -g -fPIC -shared -o libsolve.so solve.c");
	expect("libsolve.so", "solve",
	       "int solve(const void *model, double *result, long double by, "
	       "void *order)");
	ck_assert_ptr_nonnull(ckpt_types_find(types, "struct extra"));
	ck_assert_ptr_nonnull(strstr(signature.source, "solver.toml"));
}
END_TEST

START_TEST(without_any_source_the_message_says_what_to_write)
{
	write_file("solve.c", solve_c);
	run("gcc -O2 -fPIC -shared -o libsolve.so solve.c && "
	    "strip libsolve.so");
	expect_refusal("libsolve.so", "solve", CKPT_NOTFOUND,
		       "write signature = \"TYPE solve(");
	ck_assert_ptr_nonnull(strstr(err.text, "libsolve.so: no debug info"));
	ck_assert_ptr_nonnull(find_dep(".debug"));
	ck_assert(!find_dep(".debug")->is_present);
}
END_TEST

START_TEST(malformed_debug_info_is_named_and_survived)
{
	char path[256];
	FILE *file;

	write_file("solve.c", solve_c);
	run("gcc -O2 -g -fPIC -shared -o libsolve.so solve.c && "
	    "objcopy --dump-section .debug_info=info "
	    "--dump-section .debug_abbrev=abbrev libsolve.so");
	(void)snprintf(path, sizeof(path), "%s/info", directory);
	for (int i = 0; i < 40; i++) {
		file = fopen(path, "r+");
		ck_assert_ptr_nonnull(file);
		ck_assert_int_eq(fseek(file, i * 7, SEEK_SET), 0);
		(void)fputc(0xff, file);
		(void)fclose(file);
		run("objcopy --update-section .debug_info=info libsolve.so");
		(void)find("libsolve.so", "solve");
	}
	ck_assert_int_eq(find("libsolve.so", "solve"), CKPT_NOTFOUND);
	ck_assert_ptr_nonnull(strstr(err.text, "libsolve.so"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("signature");
	TCase *cases = tcase_create("signature");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(cases, set_up, tear_down);
	tcase_set_timeout(cases, 120);
	tcase_add_loop_test(cases, debug_info_of_compilers_gives_the_prototype,
			    0, sizeof(debug_flags) / sizeof(debug_flags[0]));
	tcase_add_test(cases, a_separate_debug_file_is_found_by_its_link);
	tcase_add_test(cases, a_debug_file_is_taken_for_the_same_code_only);
	tcase_add_test(cases, dwz_and_split_debug_info_are_read_or_named);
	tcase_add_test(cases, a_prototype_the_compiler_changed_is_refused);
	tcase_add_test(cases, a_location_that_contradicts_the_abi_is_refused);
	tcase_add_test(
		cases,
		a_function_that_was_folded_into_another_has_its_prototype);
	tcase_add_test(cases, headers_are_read_through_the_compiler);
	tcase_add_test(cases, without_a_compiler_the_package_is_named);
	tcase_add_test(cases,
		       ignored_child_signals_and_closed_files_do_no_harm);
	tcase_add_test(cases, the_users_declaration_wins_over_debug_info);
	tcase_add_test(cases, a_librarys_declaration_wins_over_debug_info);
	tcase_add_test(cases,
		       without_any_source_the_message_says_what_to_write);
	tcase_add_test(cases, malformed_debug_info_is_named_and_survived);
	suite_add_tcase(suite, cases);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
