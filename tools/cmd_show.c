/* SPDX-License-Identifier: MIT */
/* ckpt show: one result. */
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "shim/common/cleanup.h"
#include "shim/common/payload.h"
#include "shim/store/mark.h"
#include "tools/cli.h"
#include "tools/cmd.h"
#include "tools/json.h"
#include "tools/recordtext.h"
#include "tools/storecli.h"
#include "tools/why.h"

static const char help[] =
	"usage: ckpt show [OPTIONS] KEY\n"
	"\n"
	"What is kept under a key (as `ckpt list` shows it; the beginning "
	"will\n"
	"do): the call it was recorded from, what its key was made of, its\n"
	"outputs, and its inputs where keep_inputs has kept them.\n"
	"\n"
	"  --raw           the recorded bytes, all of them, to standard "
	"output\n"
	"  --json          one JSON object, for scripts\n"
	"  --config FILE   the store of FILE instead of $CKPT_CONFIG or\n"
	"                  ./ckpt.toml; $CKPT_DIR names a store itself\n"
	"  --help, --version\n";

struct show_options {
	struct ckpt_storecli_filter filter;
	const char *config;
	bool is_raw;
	bool is_json;
};

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

/* ---- what it was recorded from ------------------------------------------ */
/* Of one entry, as far as they were kept. */
struct content {
	struct ckpt_why_list components;
	struct ckpt_recorded outputs;
	struct ckpt_recorded inputs;
	bool has_inputs;
	bool is_inputs; /* it is the entry with another's inputs */
	struct ckpt_entry inputs_entry;
};

static void read_content(struct ckpt_store *store,
			 const struct ckpt_record *record,
			 struct content *content)
{
	struct ckpt_reader reader;

	*content = (struct content){.has_inputs = false};
	content->is_inputs = !ckpt_recorded_inputs(
		record->payload, record->payload_size, &content->inputs);
	content->has_inputs = content->is_inputs;
	if (content->is_inputs)
		return;
	if (!ckpt_why_components(record->payload, record->payload_size,
				 &reader) &&
	    ckpt_why_list_read(&reader, &content->components))
		content->components.count = 0;
	if (ckpt_recorded_outputs(record->payload, record->payload_size,
				  &content->outputs))
		content->outputs.count = 0;
	if (ckpt_store_get(store, ckpt_payload_inputs_key(record->key), 0,
			   &content->inputs_entry))
		return;
	content->has_inputs = !ckpt_recorded_inputs(
		content->inputs_entry.payload,
		content->inputs_entry.payload_size, &content->inputs);
	if (!content->has_inputs)
		ckpt_store_release(store, &content->inputs_entry);
}

static void drop_content(struct ckpt_store *store, struct content *content)
{
	ckpt_why_list_deinit(&content->components);
	ckpt_recorded_deinit(&content->outputs);
	if (content->has_inputs)
		ckpt_recorded_deinit(&content->inputs);
	if (content->has_inputs && !content->is_inputs)
		ckpt_store_release(store, &content->inputs_entry);
}

static void print_components(const struct ckpt_why_list *list)
{
	_cleanup_(ckpt_buf_deinit) struct ckpt_buf text = {.size = 0};

	if (list->count)
		puts("made of");
	for (size_t i = 0; i < list->count; i++) {
		text.size = 0;
		ckpt_why_name(&list->items[i], &text);
		ckpt_buf_add_text(&text, ": ");
		ckpt_why_content(&list->items[i], &text);
		if (!ckpt_buf_status(&text))
			printf("  %.*s\n", (int)text.size,
			       (const char *)text.data);
	}
}

static void put_components(struct ckpt_json *json,
			   const struct ckpt_why_list *list)
{
	_cleanup_(ckpt_buf_deinit) struct ckpt_buf name = {.size = 0};
	_cleanup_(ckpt_buf_deinit) struct ckpt_buf content = {.size = 0};

	ckpt_json_begin_array(json, "components");
	for (size_t i = 0; i < list->count; i++) {
		name.size = content.size = 0;
		ckpt_why_name(&list->items[i], &name);
		ckpt_buf_add_u8(&name, '\0');
		ckpt_why_content(&list->items[i], &content);
		ckpt_buf_add_u8(&content, '\0');
		if (ckpt_buf_status(&name) || ckpt_buf_status(&content))
			continue;
		ckpt_json_begin_object(json, NULL);
		ckpt_json_string(json, "what", (const char *)name.data);
		ckpt_json_uint(json, "size", list->items[i].size);
		ckpt_json_string(json, "content", (const char *)content.data);
		ckpt_json_end_object(json);
	}
	ckpt_json_end_array(json);
}

/* ---- the entry ---------------------------------------------------------- */
static void print_json(const struct ckpt_walk_entry *entry,
		       const struct content *content)
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
	ckpt_json_uint(&json, "hits", entry->hit_count);
	ckpt_json_bool(&json, "used", entry->is_used);
	put_components(&json, &content->components);
	ckpt_recordtext_json(&json, "inputs",
			     content->has_inputs ? &content->inputs : NULL);
	ckpt_recordtext_json(&json, "outputs", &content->outputs);
	ckpt_json_end_object(&json);
}

static void print_entry(const struct ckpt_walk_entry *entry,
			const struct content *content)
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
	if (!entry->hit_count)
		puts("served    not yet");
	else
		printf("served    %s%" PRIu64 " times%s\n",
		       entry->hit_count > CKPT_MARK_EXACT ? "about " : "",
		       entry->hit_count,
		       entry->is_used ? ""
				      : ", not since eviction last looked");
	print_components(&content->components);
	if (content->has_inputs)
		ckpt_recordtext_print(stdout, "inputs", &content->inputs);
	ckpt_recordtext_print(stdout, "outputs", &content->outputs);
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
		      struct ckpt_store *store,
		      const struct ckpt_walk_entry *entry)
{
	struct ckpt_record record;
	struct content content;
	struct ckpt_err err;

	if (ckpt_record_parse(entry->bytes, entry->size, &record)) {
		ckpt_err_set(&err, CKPT_BADDATA, "it has just been replaced");
		return ckpt_cli_fail("show", &err);
	}
	if (options->is_raw)
		return write_raw(&record);
	read_content(store, &record, &content);
	if (options->is_json)
		print_json(entry, &content);
	else
		print_entry(entry, &content);
	drop_content(store, &content);
	return ckpt_cli_finish("show");
}

static size_t count_matches(const struct show_options *options,
			    const struct ckpt_store *store)
{
	struct ckpt_walk_entry entry;
	struct ckpt_walk walk;
	size_t count = 0;

	ckpt_walk_open(&walk, store, false);
	while (ckpt_walk_next(&walk, &entry))
		count += ckpt_storecli_matches(&options->filter, &entry);
	ckpt_walk_close(&walk);
	return count;
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
	size_t count;

	status = ckpt_storecli_open(options->config, true, &store, &directory,
				    &err);
	if (status)
		return ckpt_cli_fail("show", &err);
	count = count_matches(options, store);
	ckpt_walk_open(&walk, store, true);
	while (count == 1 && result < 0 && ckpt_walk_next(&walk, &entry))
		if (ckpt_storecli_matches(&options->filter, &entry))
			result = show_entry(options, store, &entry);
	ckpt_walk_close(&walk);
	ckpt_store_close(store);
	if (result >= 0)
		return result;
	if (count > 1)
		ckpt_err_set(&err, CKPT_INVALID,
			     "%zu keys begin with %s: give more of it", count,
			     options->filter.keys[0]);
	else
		ckpt_err_set(&err, CKPT_NOTFOUND,
			     "%s: nothing is kept under %s; `ckpt list` shows "
			     "what is",
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
		return ckpt_cli_usage("show",
				      "which key? (`ckpt list` shows them)");
	if (ckpt_storecli_bad_key(&options.filter))
		return ckpt_cli_usage("show", "not a key: %s", argv[optind]);
	return show_key(&options);
}
