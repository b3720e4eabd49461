/* SPDX-License-Identifier: MIT */
/* ckpt show: one result. */
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "shim/common/cleanup.h"
#include "tools/cli.h"
#include "tools/cmd.h"
#include "tools/json.h"
#include "tools/storecli.h"

static const char help[] =
	"usage: ckpt show [OPTIONS] KEY\n"
	"\n"
	"What is kept under a key (as `ckpt list` shows it; the beginning "
	"will\n"
	"do): the call it was recorded from, where it lies, and its bytes.\n"
	"\n"
	"  --raw           the recorded bytes, all of them, to standard "
	"output\n"
	"  --json          one JSON object, for scripts\n"
	"  --config FILE   the store of FILE instead of $CKPT_CONFIG or\n"
	"                  ./ckpt.toml; $CKPT_DIR names a store itself\n"
	"  --help, --version\n";

enum { DUMP_MAX = 256, LINE = 16 };

struct show_options {
	struct ckpt_storecli_filter filter;
	const char *config;
	bool is_raw;
	bool is_json;
};

static void dump_bytes(const uint8_t *bytes, size_t size)
{
	size_t shown = size < DUMP_MAX ? size : DUMP_MAX;

	for (size_t at = 0; at < shown; at += LINE) {
		size_t count = shown - at < LINE ? shown - at : LINE;

		printf("  %08zx ", at);
		for (size_t i = 0; i < LINE; i++) {
			if (i < count)
				printf(" %02x", bytes[at + i]);
			else
				fputs("   ", stdout);
		}
		fputs("  ", stdout);
		for (size_t i = 0; i < count; i++)
			putchar(bytes[at + i] >= 32 && bytes[at + i] < 127
					? bytes[at + i]
					: '.');
		putchar('\n');
	}
	if (shown < size)
		printf("  … %zu more; --raw writes all\n", size - shown);
}

static void name_place(const struct ckpt_walk_entry *entry, char text[80])
{
	char name[CKPT_LAYOUT_NAME_SIZE];
	char key[CKPT_HASH_TEXT_SIZE];

	ckpt_hash_text(entry->key, key);
	if (entry->is_file) {
		snprintf(text, 80, "big/%c/%s", key[0], key);
		return;
	}
	ckpt_segment_name(ckpt_location_segment(entry->location), name);
	snprintf(text, 80, "%s+0x%" PRIx64, name,
		 ckpt_location_off(entry->location));
}

static void print_json(const struct ckpt_walk_entry *entry)
{
	struct ckpt_json json = {.file = stdout};
	char key[CKPT_HASH_TEXT_SIZE];
	char place[80];

	ckpt_hash_text(entry->key, key);
	name_place(entry, place);
	ckpt_json_begin_object(&json, NULL);
	ckpt_json_string(&json, "key", key);
	ckpt_json_string(&json, "function", entry->info.function);
	ckpt_json_string(&json, "object", entry->info.object);
	ckpt_json_int(&json, "created", entry->info.created_s);
	ckpt_json_real(&json, "seconds", (double)entry->info.duration_ns / 1e9);
	ckpt_json_uint(&json, "size", entry->size);
	ckpt_json_uint(&json, "recorded_bytes", entry->payload_size);
	ckpt_json_string(&json, "place", place);
	ckpt_json_bool(&json, "used", entry->is_used);
	ckpt_json_end_object(&json);
}

static void print_entry(const struct ckpt_walk_entry *entry,
			const struct ckpt_record *record)
{
	char text[CKPT_HASH_TEXT_SIZE];
	char duration[CKPT_STORECLI_TEXT_SIZE];
	char created[40] = "";
	time_t when = entry->info.created_s;
	struct tm parts;
	char place[80];

	ckpt_hash_text(entry->key, text);
	ckpt_storecli_duration(entry->info.duration_ns, duration);
	if (localtime_r(&when, &parts))
		strftime(created, sizeof(created), "%Y-%m-%d %H:%M:%S %z",
			 &parts);
	name_place(entry, place);
	printf("key       %s\n", text);
	printf("function  %s (%s)\n", entry->info.function, entry->info.object);
	printf("recorded  %s, a call of %s\n", created, duration);
	printf("place     %s, %" PRIu64 " bytes, checksum right\n", place,
	       entry->size);
	printf("used      %s\n", entry->is_used ? "yes"
						: "not since it was "
						  "stored or last "
						  "looked at");
	printf("bytes     %zu\n", record->payload_size);
	dump_bytes(record->payload, record->payload_size);
}

static int write_raw(const struct ckpt_record *record)
{
	if (isatty(STDOUT_FILENO))
		return ckpt_cli_usage("show",
				      "--raw: redirect standard output");
	fwrite(record->payload, 1, record->payload_size, stdout);
	return ckpt_cli_finish("show");
}

/* The bytes behind `entry` are good until the walk goes on. */
static int show_entry(const struct show_options *options,
		      const struct ckpt_walk_entry *entry)
{
	struct ckpt_record record;
	struct ckpt_err err;

	if (ckpt_record_parse(entry->bytes, entry->size, &record)) {
		ckpt_err_set(&err, CKPT_BADDATA, "it has just been replaced");
		return ckpt_cli_fail("show", &err);
	}
	if (options->is_raw)
		return write_raw(&record);
	if (options->is_json)
		print_json(entry);
	else
		print_entry(entry, &record);
	return ckpt_cli_finish("show");
}

static int show_key(const struct show_options *options)
{
	_cleanup_free_ char *directory = NULL;
	struct ckpt_store *store = NULL;
	struct ckpt_err err = {.text = ""};
	struct ckpt_walk_entry entry;
	enum ckpt_status status;
	struct ckpt_walk walk;
	int result = -1;

	status = ckpt_storecli_open(options->config, true, &store, &directory,
				    &err);
	if (status)
		return ckpt_cli_fail("show", &err);
	ckpt_walk_open(&walk, store, true);
	while (result < 0 && ckpt_walk_next(&walk, &entry))
		if (ckpt_storecli_matches(&options->filter, &entry))
			result = show_entry(options, &entry);
	ckpt_walk_close(&walk);
	ckpt_store_close(store);
	if (result >= 0)
		return result;
	ckpt_err_set(&err, CKPT_NOTFOUND, "%s: nothing is kept under %s",
		     directory, options->filter.keys[0]);
	return ckpt_cli_fail("show", &err);
}

int ckpt_cmd_show(int argc, char **argv)
{
	static const struct option table[] = {{"raw", no_argument, NULL, 'r'},
					      {"json", no_argument, NULL, 'j'},
					      CKPT_CLI_OPTIONS};
	struct show_options options = {.config = NULL};
	int option;

	while ((option = getopt_long(argc, argv, "hV", table, NULL)) != -1) {
		if (option == 'r')
			options.is_raw = true;
		else if (option == 'j')
			options.is_json = true;
		else if (option == 'c')
			options.config = optarg;
		else
			return ckpt_cli_common(option, "show", help);
	}
	options.filter.keys = argv + optind;
	options.filter.key_count = argc - optind;
	if (options.filter.key_count != 1)
		return ckpt_cli_usage("show", "one key, please");
	if (ckpt_storecli_bad_key(&options.filter))
		return ckpt_cli_usage("show", "not a key: %s", argv[optind]);
	return show_key(&options);
}
