/* SPDX-License-Identifier: MIT */
#include "config/config.h"

#include "config/exprtext.h"
#include "config/owner.h"
#include "shim/common/cleanup.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/ckpt-test-config-XXXXXX";
static char config_path[128];
static const char *const dirs[] = {"/nonexistent", folder, NULL};

/* A file of the test's folder. */
static void write_file(const char *name, const char *text)
{
	char path[128];
	_cleanup_fclose_ FILE *file = NULL;

	(void)snprintf(path, sizeof path, "%s/%s", folder, name);
	file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	ck_assert_int_ge(fputs(text, file), 0);
}

static void remove_folder(void)
{
	static const char *const names[] = {"ckpt.toml", "qlib.toml",
					    "bad.toml"};
	char path[128];

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		(void)snprintf(path, sizeof path, "%s/%s", folder, names[i]);
		(void)unlink(path);
	}
	(void)rmdir(folder);
}

/* Once a process; each test has its own where Check forks. */
static void setup(void)
{
	if (!strstr(folder, "XXXXXX"))
		return;
	ck_assert_ptr_nonnull(mkdtemp(folder));
	(void)atexit(remove_folder);
	(void)snprintf(config_path, sizeof config_path, "%s/ckpt.toml", folder);
}

static struct ckpt_config *load(const char *text)
{
	struct ckpt_config *config = NULL;
	struct ckpt_err err = {0};

	setup();
	write_file("ckpt.toml", text);
	ck_assert_msg(!ckpt_config_load(config_path, dirs, &config, &err), "%s",
		      err.text);
	return config;
}

/* The message without the folder in front of each line. */
static void strip_folder(char *text)
{
	size_t size = strlen(folder) + 1;
	char *at;

	while ((at = strstr(text, folder)))
		memmove(at, at + size, strlen(at + size) + 1);
}

static void check_mistakes(const char *text, const char *expected)
{
	struct ckpt_config *config = NULL;
	struct ckpt_err err = {0};

	setup();
	write_file("ckpt.toml", text);
	ck_assert_int_eq(ckpt_config_load(config_path, dirs, &config, &err),
			 CKPT_INVALID);
	ck_assert_ptr_null(config);
	strip_folder(err.text);
	ck_assert_str_eq(err.text, expected);
}

START_TEST(empty_config_has_the_defaults)
{
	struct ckpt_config *config = load("");
	char expected[160];

	(void)snprintf(expected, sizeof expected, "%s/.ckpt", folder);
	ck_assert_str_eq(config->directory, expected);
	ck_assert_str_eq(config->path, config_path);
	ck_assert_double_eq(config->plan_wait_s, 10);
	ck_assert_int_eq(config->log_level, 1);
	ck_assert_uint_eq(config->function_count, 0);
	ck_assert_uint_eq(config->notes.count, 0);
	/* and where the built-in library could be */
	ck_assert_uint_eq(config->file_count, 3);
	ck_assert_str_eq(config->files[0].path, config_path);
	ck_assert(config->files[0].is_present);
	ckpt_config_destroy(config);
}
END_TEST

START_TEST(directory_is_relative_to_the_file)
{
	struct ckpt_config *config = load("cache.directory = './a/b'\n");
	char expected[160];

	(void)snprintf(expected, sizeof expected, "%s/a/b", folder);
	ck_assert_str_eq(config->directory, expected);
	ckpt_config_destroy(config);
	config = load("[cache]\ndirectory = '/var/x'\n");
	ck_assert_str_eq(config->directory, "/var/x");
	ckpt_config_destroy(config);
}
END_TEST

START_TEST(sizes_and_times_have_units)
{
	struct ckpt_config *config =
		load("plan_wait = '500 ms'\n[cache]\nmax_size = '5 GiB'\n"
		     "max_age = '30 days'\nmax_entries = 7\n[[function]]\n"
		     "name = 'f'\nmin_time = '1.5 ms'\nmax_age = 60\n"
		     "verify = 0.25\nonce_wait = '2 min'\n");

	ck_assert_double_eq(config->plan_wait_s, 0.5);
	ck_assert_uint_eq(config->max_size, 5368709120);
	ck_assert_uint_eq(config->max_age_s, 2592000);
	ck_assert_uint_eq(config->max_entries, 7);
	ck_assert_uint_eq(config->functions[0].min_time_ns, 1500000);
	ck_assert_uint_eq(config->functions[0].max_age_s, 60);
	ck_assert_double_eq(config->functions[0].verify, 0.25);
	ck_assert_double_eq(config->functions[0].once_wait_s, 120);
	ckpt_config_destroy(config);
	config = load("cache.max_size = '500MB'\n");
	ck_assert_uint_eq(config->max_size, 500000000);
	ckpt_config_destroy(config);
}
END_TEST

START_TEST(short_form_is_a_name_or_object_and_name)
{
	struct ckpt_config *config =
		load("functions = ['crypt', 'libx.so:solve', 'liby.so.2:f', "
		     "'ns::g(int*)', 'libz.so:ns::h', 'd*_']\n");
	const struct ckpt_function_config *f = config->functions;

	ck_assert_uint_eq(config->function_count, 6);
	ck_assert_str_eq(f[0].name, "crypt");
	ck_assert_ptr_null(f[0].object);
	ck_assert_str_eq(f[1].name, "solve");
	ck_assert_str_eq(f[1].object, "libx.so*");
	ck_assert_str_eq(f[2].object, "liby.so.2");
	ck_assert_str_eq(f[3].name, "ns::g(int*)");
	ck_assert(!f[3].is_pattern);
	ck_assert_str_eq(f[4].name, "ns::h");
	ck_assert_str_eq(f[4].object, "libz.so*");
	ck_assert(f[5].is_pattern);
	ck_assert_uint_eq(f[1].place.line, 1);
	ck_assert_uint_eq(f[1].place.column, 23);
	ckpt_config_destroy(config);
}
END_TEST

START_TEST(function_keeps_everything_it_says)
{
	struct ckpt_config *config =
		load("[[function]]\n"
		     "name = 'solve'\n"
		     "object = 'libm.so*'\n"
		     "on_error = 'raise'\n"
		     "signature = 'int solve(const double *x, int n)'\n"
		     "headers = ['m.h', './own.h']\n"
		     "require = 'n > 0'\n"
		     "bypass_if = 'n == 1'\n"
		     "store_if = 'return == 0'\n"
		     "env = ['A', 'B']\n"
		     "files = ['t.dat']\n"
		     "indirect = 'object'\n"
		     "impure = ['rand', 'stdout']\n"
		     "via = 'slot'\n"
		     "nested = true\n"
		     "[function.memory]\n"
		     "\"x\" = \"[n]\"\n"
		     "\"*q\" = [\"[n] if n > 0\", \"null\"]\n");
	const struct ckpt_function_config *f = config->functions;
	char text[160];

	ck_assert_int_eq(f->on_error, 1);
	ck_assert_str_eq(f->signature, "int solve(const double *x, int n)");
	ck_assert_uint_eq(f->signature_place.line, 5);
	ck_assert_uint_eq(f->signature_place.column, 14);
	ck_assert_str_eq(f->headers.items[0], "m.h");
	(void)snprintf(text, sizeof text, "%s/own.h", folder);
	ck_assert_str_eq(f->headers.items[1], text);
	ck_assert_str_eq(f->require_text, "n > 0");
	ck_assert_str_eq(f->bypass_if_text, "n == 1");
	ckpt_expr_text(f->store_if, text, sizeof text);
	ck_assert_str_eq(text, "return == 0");
	ck_assert_uint_eq(f->env.count, 2);
	(void)snprintf(text, sizeof text, "%s/t.dat", folder);
	ck_assert_str_eq(f->files.items[0], text);
	ck_assert(f->is_indirect_object);
	ck_assert_int_eq(f->impure, CKPT_IMPURE_LIST);
	ck_assert_str_eq(f->impure_classes.items[1], "stdout");
	ck_assert_int_eq(f->via, CKPT_VIA_SLOT);
	ck_assert(f->is_nested);
	ck_assert_uint_eq(f->memory_count, 2);
	ck_assert_str_eq(f->memory[0].path->base, "x");
	ck_assert_uint_eq(f->memory[0].path->place.line, 17);
	ck_assert_uint_eq(f->memory[0].path->place.column, 2);
	ck_assert_uint_eq(f->memory[1].clause_count, 2);
	ck_assert_str_eq(f->memory[1].clauses[0].text, "[n] if n > 0");
	ck_assert_uint_eq(f->memory[1].clauses[1].place.column, 26);
	ckpt_config_destroy(config);
}
END_TEST

START_TEST(function_wins_over_defaults_and_defaults_over_nothing)
{
	struct ckpt_config *config =
		load("functions = ['a']\n[defaults]\non_error = 'ignore'\n"
		     "verify = 0.5\n[[function]]\nname = 'b'\n"
		     "on_error = 'raise'\n");

	ck_assert_int_eq(config->functions[0].on_error, 2);
	ck_assert_double_eq(config->functions[0].verify, 0.5);
	ck_assert_int_eq(config->functions[1].on_error, 1);
	ck_assert_double_eq(config->functions[1].verify, 0.5);
	ckpt_config_destroy(config);
}
END_TEST

static const char library[] =
	"description = 'a test'\n"
	"[defaults]\nobject = 'libq.so*'\n"
	"[[function]]\nname = 'q'\nsignature = 'int q(char *s, int n)'\n"
	"store_if = 'return == 0'\n"
	"[function.memory]\n\"s\" = \"[n]\"\n"
	"[[function]]\nname = 'r'\nsignature = 'int r(void)'\n"
	"[[type]]\nname = 'q_vector'\nmemory = { \"data\" = \"[size]\" }\n";

START_TEST(library_describes_what_the_config_names)
{
	struct ckpt_config *config;
	const struct ckpt_function_config *f;

	setup();
	write_file("qlib.toml", library);
	config = load("use = ['qlib']\nfunctions = ['q', 'other']\n");
	f = config->functions;
	ck_assert_uint_eq(config->function_count, 2);
	ck_assert_str_eq(f[0].signature, "int q(char *s, int n)");
	ck_assert_str_eq(f[0].object, "libq.so*");
	ck_assert_str_eq(f[0].library, "qlib");
	ck_assert_uint_eq(f[0].memory_count, 1);
	ck_assert_str_eq(f[0].store_if_text, "return == 0");
	ck_assert_uint_eq(f[0].place.line, 2);
	ck_assert_ptr_null(f[1].signature);
	ck_assert_ptr_null(f[1].library);
	ck_assert_uint_eq(config->type_count, 1);
	ck_assert_str_eq(config->types[0].name, "q_vector");
	ck_assert_uint_eq(config->file_count, 5);
	ck_assert_str_eq(config->files[1].path, "/nonexistent/qlib.toml");
	ck_assert(!config->files[1].is_present);
	ck_assert(config->files[2].is_present);
	ckpt_config_destroy(config);
}
END_TEST

START_TEST(config_wins_over_library_path_by_path)
{
	struct ckpt_config *config;
	const struct ckpt_function_config *f;

	setup();
	write_file("qlib.toml", library);
	config = load("use = ['./qlib.toml']\n[[function]]\nname = 'q'\n"
		      "store_if = '1'\n[function.memory]\n\"s\" = \"string\"\n"
		      "\"errno_out\" = \"one\"\n");
	f = config->functions;
	ck_assert_str_eq(f->store_if_text, "1");
	ck_assert_uint_eq(f->memory_count, 2);
	ck_assert_str_eq(f->memory[0].clauses[0].text, "string");
	ck_assert_str_eq(f->memory[1].path->base, "errno_out");
	ckpt_config_destroy(config);
}
END_TEST

START_TEST(library_memory_is_not_taken_for_another_signature)
{
	struct ckpt_config *config;

	setup();
	write_file("qlib.toml", library);
	config = load("use = ['qlib']\n[[function]]\nname = 'q'\n"
		      "signature = 'int q(char *text)'\n"
		      "memory = { \"text\" = \"string\" }\n");
	ck_assert_uint_eq(config->functions[0].memory_count, 1);
	ck_assert_str_eq(config->functions[0].memory[0].path->base, "text");
	ckpt_config_destroy(config);
}
END_TEST

START_TEST(library_for_another_object_says_nothing)
{
	struct ckpt_config *config;

	setup();
	write_file("qlib.toml", library);
	config = load("use = ['qlib']\nfunctions = ['libother.so:q', "
		      "'libq.so.1:q']\n");
	ck_assert_ptr_null(config->functions[0].signature);
	ck_assert_ptr_nonnull(config->functions[1].signature);
	ckpt_config_destroy(config);
}
END_TEST

START_TEST(pattern_is_expanded_with_what_libraries_know)
{
	const struct ckpt_function_config *f = NULL;
	struct ckpt_config *config;

	setup();
	write_file("qlib.toml", library);
	config = load("use = ['qlib']\n[[function]]\nname = '?'\n"
		      "verify = 0.5\n");
	ck_assert(config->functions[0].is_pattern);
	ck_assert(!ckpt_config_expand(config, &config->functions[0], "q", &f,
				      NULL));
	ck_assert_str_eq(f->name, "q");
	ck_assert(!f->is_pattern);
	ck_assert_str_eq(f->signature, "int q(char *s, int n)");
	ck_assert_double_eq(f->verify, 0.5);
	ckpt_config_destroy(config);
}
END_TEST

START_TEST(library_is_shown_by_itself)
{
	struct ckpt_config *config = NULL;
	struct ckpt_err err = {0};

	setup();
	write_file("qlib.toml", library);
	ck_assert(!ckpt_config_load_library("qlib", dirs, &config, &err));
	ck_assert_str_eq(config->description, "a test");
	ck_assert_uint_eq(config->function_count, 2);
	ck_assert_str_eq(config->functions[1].name, "r");
	ck_assert_str_eq(config->functions[1].object, "libq.so*");
	ckpt_config_destroy(config);
	ck_assert_int_eq(ckpt_config_load_library("qlob", dirs, &config, &err),
			 CKPT_NOTFOUND);
	ck_assert_ptr_nonnull(strstr(err.text, "did you mean 'qlib'?"));
}
END_TEST

START_TEST(unknown_keys_name_the_nearest)
{
	check_mistakes("[cache]\nmaxsize = 1\n",
		       "ckpt.toml:2:1: unknown key 'maxsize' in [cache]; did "
		       "you mean 'max_size'?");
	check_mistakes("max_size = '5 GiB'\n",
		       "ckpt.toml:1:1: 'max_size' has no meaning at the top of "
		       "the file; write it in [cache]");
	check_mistakes("[[function]]\nname = 'f'\nsignatur = 'int f(void)'\n",
		       "ckpt.toml:3:1: unknown key 'signatur' in "
		       "[[function]]; did you mean 'signature'?");
	check_mistakes("[[type]]\nname = 'x'\ncolour = 1\n",
		       "ckpt.toml:3:1: unknown key 'colour' in [[type]]; there "
		       "are name, memory");
	check_mistakes("[defualts]\n",
		       "ckpt.toml:1:2: unknown key 'defualts' at the top of "
		       "the file; did you mean 'defaults'?");
}
END_TEST

START_TEST(values_of_the_wrong_kind_say_what_to_write)
{
	check_mistakes("[cache]\nmax_size = true\n",
		       "ckpt.toml:2:12: 'max_size' is a boolean; write a "
		       "size, as \"5 GiB\" or 1000000");
	check_mistakes("[cache]\nmax_size = '5 Gigs'\n",
		       "ckpt.toml:2:12: 'max_size' cannot be '5 Gigs'; write a "
		       "size, as \"5 GiB\" or 1000000");
	check_mistakes("[cache]\nmax_size = -1\n",
		       "ckpt.toml:2:12: 'max_size' is a whole number; write a "
		       "size, as \"5 GiB\" or 1000000");
	check_mistakes("[cache]\ndirectory = '~/x'\n",
		       "ckpt.toml:2:13: 'directory' cannot be '~/x'; write the "
		       "whole path, '~' is not replaced");
	check_mistakes("[defaults]\non_error = 'fail'\n",
		       "ckpt.toml:2:12: 'on_error' cannot be 'fail'; write "
		       "\"warn\", \"raise\" or \"ignore\"");
	check_mistakes("[defaults]\nverify = 2\n",
		       "ckpt.toml:2:10: 'verify' is a whole number; write a "
		       "share from 0 to 1, as 0.01");
	check_mistakes("[defaults]\nnested = 'yes'\n",
		       "ckpt.toml:2:10: 'nested' is a string; write true or "
		       "false");
	check_mistakes("[defaults]\nenv = [1]\n",
		       "ckpt.toml:2:8: 'env' is a whole number; write a string "
		       "in quotes");
	check_mistakes("functions = 'f'\n",
		       "ckpt.toml:1:13: 'functions' is a string; write a list, "
		       "as [\"a\", \"b\"]");
	check_mistakes("[function]\nname = 'f'\n",
		       "ckpt.toml:1:1: 'function' is a table; write "
		       "[[function]], with two brackets");
	check_mistakes("cache = 1\n", "ckpt.toml:1:9: 'cache' is a whole "
				      "number; write it as a [table]");
	check_mistakes("[defaults]\nimpure = ['dice']\n",
		       "ckpt.toml:2:11: 'impure' cannot be 'dice'; write "
		       "\"reads_file\", \"writes_file\", \"stdout\", "
		       "\"terminal\", \"clock\", \"rand\", \"environment\", "
		       "\"locale\", \"signals\", \"process\", \"network\", "
		       "\"memory\" or \"loader\"");
}
END_TEST

START_TEST(mistakes_in_contracts_have_their_own_place)
{
	check_mistakes("[[function]]\nname = 'f'\n[function.memory]\n"
		       "\"x +\" = \"[n]\"\n\"y\" = \"[n +]\"\n\"z\" = 3\n"
		       "m.rows = \"[n]\"\n\"q\" = [\"in\", \"strng\"]\n",
		       "ckpt.toml:4:4: expected '.', '->', '[' or the end of "
		       "the path, found '+'\n"
		       "ckpt.toml:5:12: expected a value, found ']'\n"
		       "ckpt.toml:6:7: the contract of 'z' is not in quotes; "
		       "write a string or a list of strings\n"
		       "ckpt.toml:7:1: 'm' is a table here; write the whole "
		       "path in quotes, as \"m.rows\" = \"[n]\"\n"
		       "ckpt.toml:8:15: 'strng' is no word of a contract; did "
		       "you mean 'string'?");
	check_mistakes("[[function]]\nname = 'f'\n[function.memory]\n"
		       "\"*p\" = \"one\"\n\"(*p)\" = \"one\"\n",
		       "ckpt.toml:5:2: '(*p)' is the same path as in line 4; "
		       "write its clauses as one list");
	check_mistakes("[[function]]\nname = 'f'\nmemory = '[n]'\n",
		       "ckpt.toml:3:10: 'memory' is a string; write a table, "
		       "as [function.memory] and then \"x\" = \"[n]\"");
	check_mistakes("[[function]]\nname = 'f'\nstore_if = 'return =='\n",
		       "ckpt.toml:3:22: expected a value, found the end");
}
END_TEST

START_TEST(functions_need_one_name)
{
	check_mistakes("[[function]]\non_error = 'warn'\n",
		       "ckpt.toml:1:1: a [[function]] without a name; write "
		       "name = \"…\"");
	check_mistakes("functions = ['f']\n[[function]]\nname = 'f'\n",
		       "ckpt.toml:2:1: 'f' is named in line 1 already; write "
		       "everything in one place");
	check_mistakes("functions = ['libx.so:']\n",
		       "ckpt.toml:1:14: 'libx.so:' names no function; write "
		       "\"libx.so:solve\" or \"solve\"");
	check_mistakes("[defaults]\nname = 'f'\n",
		       "ckpt.toml:2:1: 'name' belongs to one function; write "
		       "it in [[function]]");
}
END_TEST

START_TEST(mistakes_of_libraries_have_the_library_s_place)
{
	setup();
	write_file("bad.toml", "[cache]\n[[function]]\nname = 'g'\n"
			       "on_error = 'warn'\nstore_if = '('\n");
	check_mistakes("use = ['bad']\n",
		       "bad.toml:1:2: 'cache' is for the user to say; a "
		       "contract library only describes\n"
		       "bad.toml:4:1: 'on_error' is for the user to say; a "
		       "contract library only describes\n"
		       "bad.toml:5:14: expected a value, found the end");
	write_file("bad.toml", "x = \n");
	check_mistakes("use = ['bad', 'baad']\n",
		       "bad.toml:1:5: Error while parsing key-value pair: "
		       "expected value, saw '\\n'\n"
		       "ckpt.toml:1:15: no contract library 'baad'; did you "
		       "mean 'bad'?");
}
END_TEST

START_TEST(all_mistakes_are_told_in_one_go_and_each_once)
{
	check_mistakes("use = 3\n[cache]\ndirectory = 1\n[defaults]\n"
		       "via = 'x'\n[[function]]\nname = 'f'\n[[function]]\n"
		       "name = 'g'\nindirect = 1\n",
		       "ckpt.toml:1:7: 'use' is a whole number; write a list, "
		       "as [\"a\", \"b\"]\n"
		       "ckpt.toml:3:13: 'directory' is a whole number; write a "
		       "string in quotes\n"
		       "ckpt.toml:5:7: 'via' cannot be 'x'; write \"auto\", "
		       "\"slot\" or \"entry\"\n"
		       "ckpt.toml:10:12: 'indirect' is a whole number; write "
		       "\"refuse\" or \"object\"");
}
END_TEST

START_TEST(more_mistakes_than_fit_are_counted)
{
	struct ckpt_config *config = NULL;
	struct ckpt_err err = {0};
	char text[4000] = "";

	setup();
	for (int i = 0; i < 100; i++)
		(void)snprintf(text + strlen(text), sizeof text - strlen(text),
			       "wrong_key_%d = 1\n", i);
	write_file("ckpt.toml", text);
	ck_assert_int_eq(ckpt_config_load(config_path, dirs, &config, &err),
			 CKPT_INVALID);
	ck_assert_ptr_nonnull(strstr(err.text, "ckpt.toml:1:1: "));
	ck_assert_ptr_nonnull(strstr(err.text, "\n… and "));
	ck_assert_ptr_nonnull(strstr(err.text, " more mistakes"));
}
END_TEST

START_TEST(malformed_toml_has_its_place)
{
	check_mistakes("[cache\n", "ckpt.toml:1:7: Error while parsing table "
				   "header: expected ']', saw '\\n'");
}
END_TEST

START_TEST(missing_file_is_notfound_and_a_folder_is_an_error)
{
	struct ckpt_config *config = NULL;

	setup();
	ck_assert_int_eq(
		ckpt_config_load("/nonexistent/ckpt.toml", dirs, &config, NULL),
		CKPT_NOTFOUND);
	ck_assert_int_eq(ckpt_config_load(folder, dirs, &config, NULL),
			 CKPT_IO);
}
END_TEST

START_TEST(keys_that_do_nothing_yet_are_noted)
{
	struct ckpt_config *config = load("[cache]\nremote = 'x'\n");

	ck_assert_uint_eq(config->notes.count, 1);
	strip_folder(config->notes.items[0]);
	ck_assert_str_eq(config->notes.items[0],
			 "ckpt.toml:2:1: 'remote' is understood, but this "
			 "version of ckpt does not act on it yet");
	ckpt_config_destroy(config);
}
END_TEST

START_TEST(config_that_others_can_write_is_refused)
{
	struct ckpt_err err = {0};

	setup();
	write_file("ckpt.toml", "");
	ck_assert_int_eq(chmod(config_path, 0644), 0);
	ck_assert(!ckpt_config_check_owner(config_path, &err));
	ck_assert_int_eq(chmod(config_path, 0646), 0);
	ck_assert_int_eq(ckpt_config_check_owner(config_path, &err),
			 CKPT_INVALID);
	strip_folder(err.text);
	ck_assert_str_eq(err.text,
			 "ckpt.toml can be written by others (mode 0646): not "
			 "used; chmod go-w it, or name it with --config or "
			 "CKPT_CONFIG");
	ck_assert_int_eq(chmod(config_path, 0664), 0);
	ck_assert_int_eq(ckpt_config_check_owner(config_path, &err),
			 CKPT_INVALID);
}
END_TEST

UNIT_MAIN("config", empty_config_has_the_defaults,
	  directory_is_relative_to_the_file, sizes_and_times_have_units,
	  short_form_is_a_name_or_object_and_name,
	  function_keeps_everything_it_says,
	  function_wins_over_defaults_and_defaults_over_nothing,
	  library_describes_what_the_config_names,
	  config_wins_over_library_path_by_path,
	  library_memory_is_not_taken_for_another_signature,
	  library_for_another_object_says_nothing,
	  pattern_is_expanded_with_what_libraries_know,
	  library_is_shown_by_itself, unknown_keys_name_the_nearest,
	  values_of_the_wrong_kind_say_what_to_write,
	  mistakes_in_contracts_have_their_own_place, functions_need_one_name,
	  mistakes_of_libraries_have_the_library_s_place,
	  all_mistakes_are_told_in_one_go_and_each_once,
	  more_mistakes_than_fit_are_counted, malformed_toml_has_its_place,
	  missing_file_is_notfound_and_a_folder_is_an_error,
	  keys_that_do_nothing_yet_are_noted,
	  config_that_others_can_write_is_refused)
