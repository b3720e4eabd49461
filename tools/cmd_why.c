/* SPDX-License-Identifier: MIT */
/* ckpt why: what made calls miss. */
#include <getopt.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "shim/common/cleanup.h"
#include "shim/planner/codelist.h"
#include "tools/cli.h"
#include "tools/cmd.h"
#include "tools/json.h"
#include "tools/storecli.h"
#include "tools/why.h"

static const char help[] =
	"usage: ckpt why [OPTIONS] [FUNCTION]\n"
	"\n"
	"For the newest results of each function (of FUNCTION): the result\n"
	"recorded before that is nearest to it, and what differs between the\n"
	"two calls. That is why the newer one could not be served.\n"
	"\n"
	"  --count N       the N newest results of a function, instead of 1\n"
	"  --json          one JSON object, for scripts\n"
	"  --config FILE   the store of FILE instead of $CKPT_CONFIG or\n"
	"                  ./ckpt.toml; $CKPT_DIR names a store itself\n"
	"  --help, --version\n";

enum { COUNT_MAX = 100 };

/* A result to be explained. */
struct miss {
	struct ckpt_hash128 key;
	struct ckpt_entry_info info;
	struct ckpt_entry entry; /* held while it is looked at */
	struct ckpt_reader components;
	/* The nearest other one so far. */
	bool has_nearest;
	struct ckpt_hash128 nearest;
	int64_t nearest_created_s;
	size_t difference_count;
};

struct misses {
	struct miss *items;
	size_t count, capacity;
	const char *function; /* NULL: all */
	size_t per_function;
};

static bool is_same_function(const struct ckpt_entry_info *a,
			     const struct ckpt_entry_info *b)
{
	return !strcmp(a->function, b->function) &&
	       !strcmp(a->object, b->object);
}

/* The oldest of the function's misses if it has as many as are wanted. */
static struct miss *find_replaceable(struct misses *misses,
				     const struct ckpt_entry_info *info,
				     size_t *ret_count)
{
	struct miss *oldest = NULL;

	*ret_count = 0;
	for (size_t i = 0; i < misses->count; i++) {
		struct miss *miss = &misses->items[i];

		if (!is_same_function(&miss->info, info))
			continue;
		(*ret_count)++;
		if (!oldest || miss->info.created_s < oldest->info.created_s)
			oldest = miss;
	}
	return oldest;
}

static enum ckpt_status note_miss(struct misses *misses,
				  const struct ckpt_walk_entry *entry)
{
	size_t count;
	struct miss *oldest = find_replaceable(misses, &entry->info, &count);
	struct miss miss = {.key = entry->key, .info = entry->info};
	struct miss *grown;

	if (count >= misses->per_function) {
		if (oldest && entry->info.created_s >= oldest->info.created_s)
			*oldest = miss;
		return CKPT_OK;
	}
	if (misses->count == misses->capacity) {
		misses->capacity = misses->capacity * 2 + 16;
		grown = reallocarray(misses->items, misses->capacity,
				     sizeof(*grown));
		if (!grown)
			return CKPT_NOMEM;
		misses->items = grown;
	}
	misses->items[misses->count++] = miss;
	return CKPT_OK;
}

static enum ckpt_status collect(struct ckpt_store *store, struct misses *misses)
{
	struct ckpt_walk_entry entry;
	struct ckpt_walk walk;
	enum ckpt_status status = CKPT_OK;

	ckpt_walk_open(&walk, store, false);
	while (!status && ckpt_walk_next(&walk, &entry))
		if (!misses->function ||
		    !strcmp(entry.info.function, misses->function))
			status = note_miss(misses, &entry);
	ckpt_walk_close(&walk);
	return status;
}

/* Hold the components of every miss; those that have none stay empty. */
static void hold(struct ckpt_store *store, struct misses *misses)
{
	for (size_t i = 0; i < misses->count; i++) {
		struct miss *miss = &misses->items[i];

		if (ckpt_store_get(store, miss->key, 0, &miss->entry))
			continue;
		if (ckpt_why_components(miss->entry.payload,
					miss->entry.payload_size,
					&miss->components))
			ckpt_reader_init(&miss->components, "", 0);
	}
}

static void release(struct ckpt_store *store, struct misses *misses)
{
	for (size_t i = 0; i < misses->count; i++)
		if (misses->items[i].entry.payload)
			ckpt_store_release(store, &misses->items[i].entry);
	free(misses->items);
}

static void compare_one(struct miss *miss, const struct ckpt_walk_entry *entry,
			const struct ckpt_reader *components)
{
	size_t count;

	if (ckpt_hash_equal(miss->key, entry->key) ||
	    !is_same_function(&miss->info, &entry->info) ||
	    entry->info.created_s > miss->info.created_s ||
	    !ckpt_reader_left(&miss->components) ||
	    ckpt_why_compare(&miss->components, components, NULL, &count))
		return;
	if (miss->has_nearest &&
	    (count > miss->difference_count ||
	     (count == miss->difference_count &&
	      entry->info.created_s <= miss->nearest_created_s)))
		return;
	miss->has_nearest = true;
	miss->nearest = entry->key;
	miss->nearest_created_s = entry->info.created_s;
	miss->difference_count = count;
}

static void find_nearest(struct ckpt_store *store, struct misses *misses)
{
	struct ckpt_walk_entry walked;
	struct ckpt_walk walk;

	ckpt_walk_open(&walk, store, false);
	while (ckpt_walk_next(&walk, &walked)) {
		struct ckpt_reader components;
		struct ckpt_entry entry;

		if (misses->function &&
		    strcmp(walked.info.function, misses->function) != 0)
			continue;
		if (ckpt_store_get(store, walked.key, 0, &entry))
			continue;
		if (!ckpt_why_components(entry.payload, entry.payload_size,
					 &components))
			for (size_t i = 0; i < misses->count; i++)
				compare_one(&misses->items[i], &walked,
					    &components);
		ckpt_store_release(store, &entry);
	}
	ckpt_walk_close(&walk);
}

/* The identity of the code among the components; false: it is not there. */
static bool find_code(struct ckpt_reader components, struct ckpt_hash128 *ret)
{
	struct ckpt_component component;

	while (!ckpt_component_next(&components, &component)) {
		if (component.kind != CKPT_COMPONENT_CODE ||
		    component.data_size != sizeof(*ret))
			continue;
		memcpy(ret, component.data, sizeof(*ret));
		return true;
	}
	return false;
}

/* Which functions and libraries differ, if the code does. */
static void describe_code(const char *directory, const struct miss *miss,
			  const struct ckpt_reader *other, struct ckpt_buf *out)
{
	struct ckpt_hash128 my_code, other_code;
	_cleanup_free_ char *plans = NULL;

	if (!find_code(miss->components, &my_code) ||
	    !find_code(*other, &other_code) ||
	    ckpt_hash_equal(my_code, other_code) ||
	    asprintf(&plans, "%s/v1/plan", directory) < 0)
		return;
	ckpt_codelist_compare(plans, my_code, other_code, out);
}

/* The differences of `miss` and its nearest, lines. */
static void describe(struct ckpt_store *store, const char *directory,
		     const struct miss *miss, struct ckpt_buf *out)
{
	struct ckpt_reader components;
	struct ckpt_entry entry;
	size_t count;

	if (!miss->has_nearest ||
	    ckpt_store_get(store, miss->nearest, 0, &entry))
		return;
	if (ckpt_why_components(entry.payload, entry.payload_size,
				&components) ||
	    ckpt_why_compare(&miss->components, &components, out, &count))
		out->size = 0;
	else
		describe_code(directory, miss, &components, out);
	ckpt_store_release(store, &entry);
}

static void print_text(const struct miss *miss, const char *lines)
{
	char key[CKPT_HASH_TEXT_SIZE], age[CKPT_STORECLI_TEXT_SIZE];

	ckpt_hash_text(miss->key, key);
	ckpt_storecli_age(time(NULL) - miss->info.created_s, age);
	printf("%s in %s, recorded %s ago (%.12s)\n", miss->info.function,
	       miss->info.object, age, key);
	if (!miss->has_nearest) {
		puts("    there was no other result to compare with");
		return;
	}
	ckpt_hash_text(miss->nearest, key);
	printf("    unlike %.12s:\n", key);
	while (*lines) {
		int length = (int)strcspn(lines, "\n");

		printf("    %.*s\n", length, lines);
		lines += length;
		lines += *lines == '\n';
	}
}

static void print_json(struct ckpt_json *json, const struct miss *miss,
		       const char *lines)
{
	char key[CKPT_HASH_TEXT_SIZE];

	ckpt_json_begin_object(json, NULL);
	ckpt_json_string(json, "name", miss->info.function);
	ckpt_json_string(json, "object", miss->info.object);
	ckpt_hash_text(miss->key, key);
	ckpt_json_string(json, "key", key);
	ckpt_hash_text(miss->nearest, key);
	ckpt_json_string(json, "nearest", miss->has_nearest ? key : NULL);
	ckpt_json_begin_array(json, "differences");
	while (*lines) {
		size_t length = strcspn(lines, "\n");
		_cleanup_free_ char *line = strndup(lines, length);

		ckpt_json_string(json, NULL, line);
		lines += length;
		lines += *lines == '\n';
	}
	ckpt_json_end_array(json);
	ckpt_json_end_object(json);
}

static void print_all(struct ckpt_store *store, const char *directory,
		      const struct misses *misses, bool is_json)
{
	struct ckpt_json json = {.file = stdout};

	if (is_json) {
		ckpt_json_begin_object(&json, NULL);
		ckpt_json_begin_array(&json, "results");
	} else if (!misses->count) {
		puts("nothing has been recorded");
	}
	for (size_t i = 0; i < misses->count; i++) {
		struct ckpt_buf lines = {.size = 0};

		describe(store, directory, &misses->items[i], &lines);
		ckpt_buf_add_u8(&lines, '\0');
		if (!ckpt_buf_status(&lines) && is_json)
			print_json(&json, &misses->items[i],
				   (const char *)lines.data);
		else if (!ckpt_buf_status(&lines))
			print_text(&misses->items[i], (const char *)lines.data);
		ckpt_buf_deinit(&lines);
	}
	if (is_json) {
		ckpt_json_end_array(&json);
		ckpt_json_end_object(&json);
	}
}

static int explain(const char *config, struct misses *misses, bool is_json)
{
	_cleanup_free_ char *directory = NULL;
	struct ckpt_store *store = NULL;
	struct ckpt_err err = {.text = ""};
	enum ckpt_status status;

	status = ckpt_storecli_open(config, true, &store, &directory, &err);
	/* A store that nothing has used yet has nothing to explain. */
	if (status && !(status == CKPT_NOTFOUND && directory))
		return ckpt_cli_fail("why", &err);
	if (!status)
		status = collect(store, misses);
	if (status == CKPT_NOMEM) {
		ckpt_err_set(&err, status, "out of memory");
		return ckpt_cli_fail("why", &err);
	}
	if (store) {
		hold(store, misses);
		find_nearest(store, misses);
	}
	print_all(store, directory, misses, is_json);
	if (store)
		release(store, misses);
	ckpt_store_close(store);
	return ckpt_cli_finish("why");
}

int ckpt_cmd_why(int argc, char **argv)
{
	static const struct option table[] = {
		{"count", required_argument, NULL, 'n'},
		{"json", no_argument, NULL, 'j'},
		CKPT_CLI_OPTIONS};
	struct misses misses = {.per_function = 1};
	const char *config = NULL;
	bool is_json = false;
	int option;

	while ((option = getopt_long(argc, argv, "hV", table, NULL)) != -1) {
		switch (option) {
		case 'n':
			misses.per_function = strtoul(optarg, NULL, 10);
			break;
		case 'j':
			is_json = true;
			break;
		case 'c':
			config = optarg;
			break;
		default:
			return ckpt_cli_common(option, "why", help);
		}
	}
	if (!misses.per_function || misses.per_function > COUNT_MAX)
		return ckpt_cli_usage("why", "--count is 1 to %d", COUNT_MAX);
	if (argc - optind > 1)
		return ckpt_cli_usage("why", "one function at a time");
	misses.function = argv[optind];
	return explain(config, &misses, is_json);
}
