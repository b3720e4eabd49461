/* SPDX-License-Identifier: MIT */
/* ckpt stats: the counters of a store, summed per function. */
#include <getopt.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "shim/common/cleanup.h"
#include "shim/store/tally.h"
#include "tools/cli.h"
#include "tools/cmd.h"
#include "tools/json.h"
#include "tools/storecli.h"
#include "tools/table.h"

static const char help[] =
	"usage: ckpt stats [OPTIONS]\n"
	"\n"
	"Hits, misses and time saved, per function.\n"
	"\n"
	"  --last-run      only the most recent run: the newest tree of\n"
	"                  processes that looked anything up\n"
	"  --json          one JSON object, for scripts\n"
	"  --config FILE   the store of FILE instead of $CKPT_CONFIG or\n"
	"                  ./ckpt.toml; $CKPT_DIR names a store itself\n"
	"  --help, --version\n";

static double seconds(uint64_t ns)
{
	return (double)ns / 1e9;
}

static void print_json(const char *directory,
		       const struct ckpt_tally_line *lines, size_t count)
{
	struct ckpt_json json = {.file = stdout};

	ckpt_json_begin_object(&json, NULL);
	ckpt_json_string(&json, "directory", directory);
	ckpt_json_begin_array(&json, "functions");
	for (size_t i = 0; i < count; i++) {
		const struct ckpt_counters *c = &lines[i].counters;

		ckpt_json_begin_object(&json, NULL);
		ckpt_json_string(&json, "name", lines[i].name);
		ckpt_json_string(&json, "object", lines[i].object);
		ckpt_json_uint(&json, "hits", c->hits);
		ckpt_json_uint(&json, "misses", c->misses);
		ckpt_json_uint(&json, "stored", c->stored);
		ckpt_json_uint(&json, "bypassed", c->bypassed);
		ckpt_json_uint(&json, "refused", c->refused);
		ckpt_json_uint(&json, "errors", c->errors);
		ckpt_json_real(&json, "saved_seconds", seconds(c->saved_ns));
		ckpt_json_end_object(&json);
	}
	ckpt_json_end_array(&json);
	ckpt_json_end_object(&json);
}

static const struct ckpt_table_column columns[] = {
	{"function", true}, {"hits", false},	 {"misses", false},
	{"stored", false},  {"bypassed", false}, {"refused", false},
	{"errors", false},  {"saved", false},
};

static enum ckpt_status print_table(const struct ckpt_tally_line *lines,
				    size_t count)
{
	struct ckpt_table table = {
		.columns = columns,
		.column_count = sizeof(columns) / sizeof(columns[0]),
	};
	enum ckpt_status status;

	if (!count) {
		puts("nothing has been looked up yet");
		return CKPT_OK;
	}
	for (size_t i = 0; i < count; i++) {
		const struct ckpt_counters *c = &lines[i].counters;
		const uint64_t values[] = {c->hits,	c->misses,  c->stored,
					   c->bypassed, c->refused, c->errors};
		char saved[CKPT_STORECLI_TEXT_SIZE];

		ckpt_table_add(&table, "%s", lines[i].name);
		for (size_t j = 0; j < sizeof(values) / sizeof(values[0]); j++)
			ckpt_table_add(&table, "%" PRIu64, values[j]);
		ckpt_storecli_duration(c->saved_ns, saved);
		ckpt_table_add(&table, "%s", saved);
	}
	status = ckpt_table_print(&table, stdout);
	ckpt_table_deinit(&table);
	return status;
}

/* A configured function that was never called says nothing. */
static size_t drop_unused(struct ckpt_tally_line *lines, size_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++) {
		const struct ckpt_counters *c = &lines[i].counters;

		if (c->hits || c->misses || c->bypassed || c->refused ||
		    c->errors)
			lines[kept++] = lines[i];
	}
	return kept;
}

static int by_saved(const void *left, const void *right)
{
	const struct ckpt_tally_line *a = left, *b = right;

	if (a->counters.saved_ns != b->counters.saved_ns)
		return a->counters.saved_ns < b->counters.saved_ns ? 1 : -1;
	return strcmp(a->name, b->name);
}

static int print_stats(const char *config, bool is_last_run, bool is_json)
{
	_cleanup_free_ char *directory = NULL;
	_cleanup_free_ struct ckpt_tally_line *lines = NULL;
	struct ckpt_err err = {.text = ""};
	enum ckpt_status status;
	size_t count = 0;

	status = ckpt_cli_store_directory(config, &directory, &err);
	if (!status)
		status = ckpt_tally_read(directory, is_last_run, &lines, &count,
					 &err);
	/* A store that nothing has used yet has counted nothing. */
	if (status && !(status == CKPT_NOTFOUND && directory))
		return ckpt_cli_fail("stats", &err);
	count = drop_unused(lines, count);
	if (count)
		qsort(lines, count, sizeof(*lines), by_saved);
	if (is_json) {
		print_json(directory, lines, count);
	} else if (print_table(lines, count)) {
		ckpt_err_set(&err, CKPT_NOMEM, "out of memory");
		return ckpt_cli_fail("stats", &err);
	}
	return ckpt_cli_finish("stats");
}

int ckpt_cmd_stats(int argc, char **argv)
{
	static const struct option table[] = {
		{"last-run", no_argument, NULL, 'l'},
		{"json", no_argument, NULL, 'j'},
		CKPT_CLI_OPTIONS};
	bool is_last_run = false, is_json = false;
	const char *config = NULL;
	int option;

	while ((option = getopt_long(argc, argv, "hV", table, NULL)) != -1) {
		switch (option) {
		case 'l':
			is_last_run = true;
			break;
		case 'j':
			is_json = true;
			break;
		case 'c':
			config = optarg;
			break;
		default:
			return ckpt_cli_common(option, "stats", help);
		}
	}
	if (optind < argc)
		return ckpt_cli_usage("stats", "too many arguments: %s",
				      argv[optind]);
	return print_stats(config, is_last_run, is_json);
}
