/* SPDX-License-Identifier: MIT */
/* ckpt list: the results that are kept. */
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "shim/common/buf.h"
#include "shim/common/cleanup.h"
#include "shim/store/mark.h"
#include "tools/cli.h"
#include "tools/cmd.h"
#include "tools/json.h"
#include "tools/storecli.h"
#include "tools/table.h"

static const char help[] =
	"usage: ckpt list [OPTIONS]\n"
	"\n"
	"The results that are kept: key, size, age, how long the call took "
	"that\n"
	"was recorded, how often it was served from this store, the time that\n"
	"saved, and the function. More than 32 hits are counted roughly, told\n"
	"with a ~; none are counted while the store is used read-only.\n"
	"\n"
	"  --sort ORDER     size (default), age, time, hits or saved; largest\n"
	"                   first\n"
	"  --function NAME  only results of this function\n"
	"  --older-than AGE only older ones: 90, 30s, 5m, 12h, 7d, 2w\n"
	"  --limit N        the first N only\n"
	"  --json           one JSON object, for scripts\n"
	"  --config FILE    the store of FILE instead of $CKPT_CONFIG or\n"
	"                   ./ckpt.toml; $CKPT_DIR names a store itself\n"
	"  --help, --version\n";

struct row {
	struct ckpt_hash128 key;
	struct ckpt_entry_info info;
	uint64_t size;
	uint64_t hit_count;
	bool is_used;
};

static uint64_t saved_ns(const struct row *row)
{
	return row->hit_count * row->info.duration_ns;
}

static int by_size(const void *left, const void *right)
{
	const struct row *a = left, *b = right;

	return (a->size < b->size) - (a->size > b->size);
}

static int by_age(const void *left, const void *right)
{
	const struct row *a = left, *b = right;

	return (a->info.created_s > b->info.created_s) -
	       (a->info.created_s < b->info.created_s);
}

static int by_time(const void *left, const void *right)
{
	const struct row *a = left, *b = right;

	return (a->info.duration_ns < b->info.duration_ns) -
	       (a->info.duration_ns > b->info.duration_ns);
}

static int by_hits(const void *left, const void *right)
{
	const struct row *a = left, *b = right;

	return (a->hit_count < b->hit_count) - (a->hit_count > b->hit_count);
}

static int by_saved(const void *left, const void *right)
{
	uint64_t a = saved_ns(left), b = saved_ns(right);

	return (a < b) - (a > b);
}

struct list_order {
	const char *name;
	int (*compare)(const void *left, const void *right);
};

static const struct list_order orders[] = {{"size", by_size},
					   {"age", by_age},
					   {"time", by_time},
					   {"hits", by_hits},
					   {"saved", by_saved}};

struct list_options {
	const struct list_order *order;
	struct ckpt_storecli_filter filter;
	uint64_t limit;
	bool is_json;
	const char *config;
};

static void print_json(const struct row *rows, size_t count)
{
	struct ckpt_json json = {.file = stdout};

	ckpt_json_begin_object(&json, NULL);
	ckpt_json_begin_array(&json, "entries");
	for (size_t i = 0; i < count; i++) {
		char key[CKPT_HASH_TEXT_SIZE];

		ckpt_hash_text(rows[i].key, key);
		ckpt_json_begin_object(&json, NULL);
		ckpt_json_string(&json, "key", key);
		ckpt_json_string(&json, "function", rows[i].info.function);
		ckpt_json_string(&json, "object", rows[i].info.object);
		ckpt_json_uint(&json, "size", rows[i].size);
		ckpt_json_int(&json, "created", rows[i].info.created_s);
		ckpt_json_real(&json, "seconds",
			       (double)rows[i].info.duration_ns / 1e9);
		ckpt_json_uint(&json, "hits", rows[i].hit_count);
		ckpt_json_real(&json, "saved_seconds",
			       (double)saved_ns(&rows[i]) / 1e9);
		ckpt_json_bool(&json, "used", rows[i].is_used);
		ckpt_json_end_object(&json);
	}
	ckpt_json_end_array(&json);
	ckpt_json_end_object(&json);
}

static const struct ckpt_table_column columns[] = {
	{"key", true},	 {"size", false},  {"age", false},     {"time", false},
	{"hits", false}, {"saved", false}, {"function", true},
};

static void add_row(struct ckpt_table *table, const struct row *row)
{
	char key[CKPT_HASH_TEXT_SIZE], text[CKPT_STORECLI_TEXT_SIZE];

	ckpt_hash_text(row->key, key);
	ckpt_table_add(table, "%s", key);
	ckpt_storecli_size(row->size, text);
	ckpt_table_add(table, "%s", text);
	ckpt_storecli_age(time(NULL) - row->info.created_s, text);
	ckpt_table_add(table, "%s", text);
	ckpt_storecli_duration(row->info.duration_ns, text);
	ckpt_table_add(table, "%s", text);
	ckpt_table_add(table, "%s%" PRIu64,
		       row->hit_count > CKPT_MARK_EXACT ? "~" : "",
		       row->hit_count);
	ckpt_storecli_duration(saved_ns(row), text);
	ckpt_table_add(table, "%s", row->hit_count ? text : "-");
	ckpt_table_add(table, "%s (%s)", row->info.function, row->info.object);
}

static enum ckpt_status print_table(const struct row *rows, size_t count,
				    size_t total)
{
	struct ckpt_table table = {
		.columns = columns,
		.column_count = sizeof(columns) / sizeof(columns[0]),
	};
	enum ckpt_status status;

	if (!total) {
		puts("no results");
		return CKPT_OK;
	}
	for (size_t i = 0; i < count; i++)
		add_row(&table, &rows[i]);
	status = ckpt_table_print(&table, stdout);
	ckpt_table_deinit(&table);
	if (count < total)
		printf("and %zu more\n", total - count);
	return status;
}

static enum ckpt_status collect_rows(const struct ckpt_store *store,
				     const struct ckpt_storecli_filter *filter,
				     struct ckpt_buf *rows)
{
	struct ckpt_walk_entry entry;
	struct ckpt_walk walk;

	ckpt_walk_open(&walk, store, false);
	while (ckpt_walk_next(&walk, &entry)) {
		const struct row row = {
			.key = entry.key,
			.info = entry.info,
			.size = entry.size,
			.hit_count = entry.hit_count,
			.is_used = entry.is_used,
		};

		if (ckpt_storecli_matches(filter, &entry))
			ckpt_buf_add(rows, &row, sizeof(row));
	}
	ckpt_walk_close(&walk);
	return ckpt_buf_status(rows);
}

static int list_store(const struct list_options *options)
{
	_cleanup_free_ char *directory = NULL;
	struct ckpt_buf buf = {0};
	struct ckpt_store *store = NULL;
	struct ckpt_err err = {.text = "out of memory"};
	struct row *rows;
	enum ckpt_status status;
	size_t count, shown;

	status = ckpt_storecli_open(options->config, true, &store, &directory,
				    &err);
	if (!status)
		status = collect_rows(store, &options->filter, &buf);
	ckpt_store_close(store);
	if (status && !(status == CKPT_NOTFOUND && directory))
		return ckpt_cli_fail("list", &err);
	rows = (struct row *)(void *)buf.data;
	count = buf.size / sizeof(*rows);
	shown = options->limit && options->limit < count ? options->limit
							 : count;
	if (count)
		qsort(rows, count, sizeof(*rows), options->order->compare);
	if (options->is_json)
		print_json(rows, shown);
	else
		status = print_table(rows, shown, count);
	ckpt_buf_deinit(&buf);
	return status == CKPT_NOMEM ? ckpt_cli_fail("list", &err)
				    : ckpt_cli_finish("list");
}

static const struct list_order *find_order(const char *name)
{
	for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++)
		if (!strcmp(name, orders[i].name))
			return &orders[i];
	return NULL;
}

/* 0, or the exit status of a mistake. */
static int take_option(struct list_options *options, int option)
{
	char *end;

	switch (option) {
	case 's':
		options->order = find_order(optarg);
		if (!options->order)
			return ckpt_cli_usage(
				"list",
				"--sort: size, age, time, hits or "
				"saved, not '%s'",
				optarg);
		return 0;
	case 'f':
		options->filter.function = optarg;
		return 0;
	case 'o':
		if (!ckpt_storecli_parse_age(optarg, &options->filter.older_s))
			return ckpt_cli_usage("list", "not an age: %s", optarg);
		return 0;
	case 'n':
		options->limit = strtoull(optarg, &end, 10);
		if (*end || !options->limit)
			return ckpt_cli_usage("list", "not a number: %s",
					      optarg);
		return 0;
	case 'j':
		options->is_json = true;
		return 0;
	default:
		options->config = optarg;
		return 0;
	}
}

int ckpt_cmd_list(int argc, char **argv)
{
	static const struct option table[] = {
		{"sort", required_argument, NULL, 's'},
		{"function", required_argument, NULL, 'f'},
		{"older-than", required_argument, NULL, 'o'},
		{"limit", required_argument, NULL, 'n'},
		{"json", no_argument, NULL, 'j'},
		CKPT_CLI_OPTIONS};
	struct list_options options = {.order = &orders[0]};
	int option;

	while ((option = getopt_long(argc, argv, "hV", table, NULL)) != -1) {
		int status;

		if (!strchr("sfonjc", option))
			return ckpt_cli_common(option, "list", help);
		status = take_option(&options, option);
		if (status)
			return status;
	}
	if (optind < argc)
		return ckpt_cli_usage("list", "too many arguments: %s",
				      argv[optind]);
	return list_store(&options);
}
