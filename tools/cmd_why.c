/* SPDX-License-Identifier: MIT */
/* ckpt why: what made the calls of the last run miss. */
#include <getopt.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "shim/common/cleanup.h"
#include "shim/store/tally.h"
#include "tools/cli.h"
#include "tools/cmd.h"
#include "tools/json.h"
#include "tools/missed.h"
#include "tools/storecli.h"
#include "tools/sumup.h"

static const char help[] =
	"usage: ckpt why [OPTIONS] [FUNCTION]\n"
	"\n"
	"For each call of the last run that missed (of FUNCTION): the result\n"
	"recorded before it that is nearest to it, and what differs between\n"
	"the two calls; or why it was run all the same, or not recorded.\n"
	"\n"
	"  --count N       tell the N newest misses of a function, instead of\n"
	"                  3; what differs is summed up over all\n"
	"  --json          one JSON object, for scripts\n"
	"  --config FILE   the store of FILE instead of $CKPT_CONFIG or\n"
	"                  ./ckpt.toml; $CKPT_DIR names a store itself\n"
	"  --help, --version\n";

enum { LINES_MAX = 12, NS_PER_S = 1000000000 };

static const char *const cause_texts[CKPT_MISS_CAUSE_COUNT] = {
	[CKPT_MISS_NO_ENTRY] = "no result was recorded for it",
	[CKPT_MISS_RERUN] = "it was to be run (CKPT_RERUN, --rerun)",
	[CKPT_MISS_EXPIRED] = "its result was older than max_age",
	[CKPT_MISS_OUTCOME] =
		"its result is from a call with other errno or FP flags",
	[CKPT_MISS_DAMAGED] = "its result could not be read",
};

/* For scripts. */
static const char *const cause_words[CKPT_MISS_CAUSE_COUNT] = {
	[CKPT_MISS_NO_ENTRY] = "no-entry", [CKPT_MISS_RERUN] = "rerun",
	[CKPT_MISS_EXPIRED] = "expired",   [CKPT_MISS_OUTCOME] = "outcome",
	[CKPT_MISS_DAMAGED] = "damaged",
};

struct why {
	struct ckpt_store *store;
	char *directory;
	const char *function; /* NULL: all */
	size_t count;	      /* to tell, of each function */
	struct ckpt_misses misses;
	struct ckpt_missed_list missed;
	struct ckpt_tally_line *lines; /* counters of the run */
	size_t line_count;
};

static bool is_of(const struct ckpt_tally_line *line, const char *name,
		  const char *object)
{
	return !strcmp(line->name, name) && !strcmp(line->object, object);
}

/* ---- text --------------------------------------------------------------- */
static void print_lines(const char *lines)
{
	int printed = 0;

	for (; *lines && printed < LINES_MAX; printed++) {
		int length = (int)strcspn(lines, "\n");

		printf("      %.*s\n", length, lines);
		lines += length;
		lines += *lines == '\n';
	}
	for (printed = 0; *lines; lines++)
		printed += *lines == '\n';
	if (printed)
		printf("      and %d more\n", printed);
}

static void print_nearest(const struct ckpt_missed *missed, const char *lines)
{
	char key[CKPT_HASH_TEXT_SIZE], age[CKPT_STORECLI_TEXT_SIZE];

	if (!missed->is_kept) {
		puts("      its result has been removed since");
	} else if (!missed->has_nearest) {
		puts("      there was no other result to compare with");
	} else {
		int64_t before = missed->miss->time_ns / NS_PER_S -
				 missed->nearest_created_s;

		ckpt_hash_text(missed->nearest, key);
		ckpt_storecli_age(before, age);
		printf("      unlike %.12s, recorded %s before:\n", key,
		       before > 0 ? age : "just");
		print_lines(lines);
	}
}

static void print_miss(const struct ckpt_missed *missed, const char *lines)
{
	const struct ckpt_miss *miss = missed->miss;
	time_t when = miss->time_ns / NS_PER_S;
	char key[CKPT_HASH_TEXT_SIZE], took[CKPT_STORECLI_TEXT_SIZE];
	char clock[16] = "";
	struct tm parts;

	if (localtime_r(&when, &parts))
		strftime(clock, sizeof(clock), "%H:%M:%S", &parts);
	ckpt_hash_text(miss->key, key);
	ckpt_storecli_duration(miss->duration_ns, took);
	printf("  %s %.12s", clock, key);
	if (miss->end == CKPT_MISS_OPEN)
		puts(": has not returned (an exception, a jump or the end of "
		     "the process), so nothing was recorded");
	else if (miss->end == CKPT_MISS_NOT_STORED)
		printf(": not recorded: %s\n",
		       miss->reason[0] ? miss->reason : "for another reason");
	else
		printf(" took %s\n", took);
	if (miss->cause != CKPT_MISS_NO_ENTRY)
		printf("      %s\n", cause_texts[miss->cause]);
	else if (miss->end == CKPT_MISS_STORED)
		print_nearest(missed, lines);
}

static void print_sum(const struct ckpt_sumup *sum)
{
	for (size_t i = 0; i < sum->count && sum->compared > 1; i++)
		printf("  %zu of %zu differ in %s\n", sum->items[i].count,
		       sum->compared, sum->items[i].what);
	for (size_t i = 0; i < sum->count; i++) {
		const char *global = ckpt_sumup_global(&sum->items[i]);

		if (global && sum->items[i].count == sum->compared)
			printf("  if the result does not depend on it: "
			       "ignore_globals = [\"%s\"]\n",
			       global);
	}
}

static void print_reasons(const struct why *why,
			  const struct ckpt_tally_line *line)
{
	for (size_t i = 0; i < why->misses.reason_count; i++) {
		const struct ckpt_miss_reason *reason = &why->misses.reasons[i];

		if (!is_of(line, reason->name, reason->object))
			continue;
		if (reason->count)
			printf("  %" PRIu64 " not recorded: %s\n",
			       reason->count, reason->text);
		else
			printf("  passed by: %s\n", reason->text);
	}
}

/* "3 misses, 2 hits" */
static void print_head(const struct ckpt_tally_line *line)
{
	const struct {
		uint64_t count;
		const char *one, *many;
	} parts[] = {
		{line->counters.misses, "miss", "misses"},
		{line->counters.hits, "hit", "hits"},
		{line->counters.refused, "refused", "refused"},
		{line->counters.bypassed, "passed by", "passed by"},
	};
	bool is_coloured = ckpt_cli_is_coloured(stdout);

	printf("%s%s%s in %s:", is_coloured ? "\033[1m" : "", line->name,
	       is_coloured ? "\033[0m" : "", line->object);
	for (size_t i = 0, said = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (parts[i].count || i < 2)
			printf("%s %" PRIu64 " %s", said++ ? "," : "",
			       parts[i].count,
			       parts[i].count == 1 ? parts[i].one
						   : parts[i].many);
	putchar('\n');
}

static void describe(const struct why *why, const struct ckpt_missed *missed,
		     struct ckpt_buf *out)
{
	out->size = 0;
	ckpt_missed_describe(why->store, why->directory, missed, out);
	ckpt_buf_add_u8(out, '\0');
}

static enum ckpt_status sum_up(const struct why *why,
			       const struct ckpt_tally_line *line,
			       struct ckpt_sumup *ret)
{
	_cleanup_(ckpt_buf_deinit) struct ckpt_buf text = {.size = 0};

	for (size_t i = 0; i < why->missed.count; i++) {
		const struct ckpt_missed *missed = &why->missed.items[i];

		if (!missed->has_nearest ||
		    !is_of(line, missed->miss->name, missed->miss->object))
			continue;
		describe(why, missed, &text);
		if (ckpt_buf_status(&text) ||
		    ckpt_sumup_add(ret, (const char *)text.data))
			return CKPT_NOMEM;
	}
	return CKPT_OK;
}

/* The newest misses of the function; the oldest of them first. */
static enum ckpt_status print_misses(const struct why *why,
				     const struct ckpt_tally_line *line)
{
	_cleanup_(ckpt_buf_deinit) struct ckpt_buf text = {.size = 0};
	size_t left = 0;

	for (size_t i = 0; i < why->missed.count; i++)
		left += is_of(line, why->missed.items[i].miss->name,
			      why->missed.items[i].miss->object);
	if (line->counters.misses && !left)
		puts("  none of them is remembered: too many processes have "
		     "counted since `ckpt gc` last summed them");
	if (line->counters.misses > why->count && left > why->count)
		printf("  the newest %zu of them:\n", why->count);
	for (size_t i = 0; i < why->missed.count; i++) {
		const struct ckpt_missed *missed = &why->missed.items[i];

		if (!is_of(line, missed->miss->name, missed->miss->object) ||
		    left-- > why->count)
			continue;
		describe(why, missed, &text);
		if (ckpt_buf_status(&text))
			return CKPT_NOMEM;
		print_miss(missed, (const char *)text.data);
	}
	return CKPT_OK;
}

static enum ckpt_status print_function(const struct why *why,
				       const struct ckpt_tally_line *line)
{
	_cleanup_(ckpt_sumup_deinit) struct ckpt_sumup sum = {.count = 0};
	enum ckpt_status status = sum_up(why, line, &sum);

	if (status)
		return status;
	print_head(line);
	print_reasons(why, line);
	print_sum(&sum);
	return print_misses(why, line);
}

static bool is_worth_telling(const struct ckpt_counters *c)
{
	return c->misses || c->refused || c->bypassed;
}

static enum ckpt_status print_text(const struct why *why)
{
	enum ckpt_status status = CKPT_OK;
	uint64_t hits = 0;
	bool is_first = true;

	for (size_t i = 0; i < why->line_count && !status; i++) {
		const struct ckpt_tally_line *line = &why->lines[i];

		hits += line->counters.hits;
		if (!is_worth_telling(&line->counters))
			continue;
		if (!is_first)
			putchar('\n');
		is_first = false;
		status = print_function(why, line);
	}
	if (is_first && !why->misses.started_ns)
		puts("nothing has been looked up yet, or only read-only");
	else if (is_first && !why->line_count && why->function)
		printf("%s was not called in the last run; `ckpt check "
		       "PROGRAM` tells whether it can be served\n",
		       why->function);
	else if (is_first)
		printf("no call missed in the last run; %" PRIu64 " %s\n", hits,
		       hits == 1 ? "hit" : "hits");
	if (why->misses.forgotten_count)
		printf("\nonly the newest misses of each process are "
		       "remembered; there were %" PRIu64 " more\n",
		       why->misses.forgotten_count);
	return status;
}

/* ---- JSON --------------------------------------------------------------- */
static void print_json_lines(struct ckpt_json *json, const char *lines)
{
	ckpt_json_begin_array(json, "differences");
	while (*lines) {
		size_t length = strcspn(lines, "\n");
		_cleanup_free_ char *line = strndup(lines, length);

		ckpt_json_string(json, NULL, line);
		lines += length;
		lines += *lines == '\n';
	}
	ckpt_json_end_array(json);
}

static void print_json_miss(struct ckpt_json *json,
			    const struct ckpt_missed *missed, const char *lines)
{
	const struct ckpt_miss *miss = missed->miss;
	char key[CKPT_HASH_TEXT_SIZE];

	ckpt_json_begin_object(json, NULL);
	ckpt_json_string(json, "name", miss->name);
	ckpt_json_string(json, "object", miss->object);
	ckpt_hash_text(miss->key, key);
	ckpt_json_string(json, "key", key);
	ckpt_json_int(json, "time", miss->time_ns / NS_PER_S);
	ckpt_json_real(json, "seconds", (double)miss->duration_ns / NS_PER_S);
	ckpt_json_string(json, "cause", cause_words[miss->cause]);
	ckpt_json_bool(json, "returned", miss->end != CKPT_MISS_OPEN);
	ckpt_json_bool(json, "recorded", miss->end == CKPT_MISS_STORED);
	ckpt_json_string(json, "reason", miss->reason[0] ? miss->reason : NULL);
	ckpt_hash_text(missed->nearest, key);
	ckpt_json_string(json, "nearest", missed->has_nearest ? key : NULL);
	print_json_lines(json, lines);
	ckpt_json_end_object(json);
}

static void print_json_functions(struct ckpt_json *json, const struct why *why)
{
	ckpt_json_begin_array(json, "functions");
	for (size_t i = 0; i < why->line_count; i++) {
		const struct ckpt_tally_line *line = &why->lines[i];

		ckpt_json_begin_object(json, NULL);
		ckpt_json_string(json, "name", line->name);
		ckpt_json_string(json, "object", line->object);
		ckpt_json_uint(json, "hits", line->counters.hits);
		ckpt_json_uint(json, "misses", line->counters.misses);
		ckpt_json_uint(json, "refused", line->counters.refused);
		ckpt_json_uint(json, "bypassed", line->counters.bypassed);
		ckpt_json_begin_array(json, "not_recorded");
		for (size_t j = 0; j < why->misses.reason_count; j++) {
			const struct ckpt_miss_reason *reason =
				&why->misses.reasons[j];

			if (!is_of(line, reason->name, reason->object))
				continue;
			ckpt_json_begin_object(json, NULL);
			ckpt_json_string(json, "reason", reason->text);
			ckpt_json_uint(json, "count", reason->count);
			ckpt_json_end_object(json);
		}
		ckpt_json_end_array(json);
		ckpt_json_end_object(json);
	}
	ckpt_json_end_array(json);
}

static enum ckpt_status print_json(const struct why *why)
{
	_cleanup_(ckpt_buf_deinit) struct ckpt_buf text = {.size = 0};
	struct ckpt_json json = {.file = stdout};

	ckpt_json_begin_object(&json, NULL);
	ckpt_json_string(&json, "directory", why->directory);
	ckpt_json_int(&json, "started", why->misses.started_ns / NS_PER_S);
	ckpt_json_uint(&json, "forgotten", why->misses.forgotten_count);
	print_json_functions(&json, why);
	ckpt_json_begin_array(&json, "misses");
	for (size_t i = 0; i < why->missed.count; i++) {
		describe(why, &why->missed.items[i], &text);
		if (ckpt_buf_status(&text))
			return CKPT_NOMEM;
		print_json_miss(&json, &why->missed.items[i],
				(const char *)text.data);
	}
	ckpt_json_end_array(&json);
	ckpt_json_end_object(&json);
	return CKPT_OK;
}

/* ---- the command -------------------------------------------------------- */
static size_t keep_function(struct ckpt_tally_line *lines, size_t count,
			    const char *function)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++)
		if (!function || !strcmp(lines[i].name, function))
			lines[kept++] = lines[i];
	return kept;
}

static enum ckpt_status gather(const char *config, struct why *why,
			       struct ckpt_err *err)
{
	enum ckpt_status status;

	status = ckpt_storecli_open_family(config, &why->store, &why->directory,
					   err);
	/* A store that nothing has used yet has nothing to explain. */
	if (status == CKPT_NOTFOUND && why->directory)
		return CKPT_OK;
	if (!status)
		status = ckpt_tally_read(why->directory, true, &why->lines,
					 &why->line_count, err);
	if (!status)
		status = ckpt_misses_read(why->directory, &why->misses, err);
	if (status)
		return status;
	why->line_count =
		keep_function(why->lines, why->line_count, why->function);
	return ckpt_missed_find(why->store, &why->misses, why->function,
				&why->missed);
}

static int explain(const char *config, struct why *why, bool is_json)
{
	struct ckpt_err err = {.text = "out of memory"};
	enum ckpt_status status = gather(config, why, &err);

	if (!status)
		status = is_json ? print_json(why) : print_text(why);
	ckpt_missed_deinit(&why->missed);
	ckpt_misses_deinit(&why->misses);
	ckpt_store_close(why->store);
	free(why->lines);
	free(why->directory);
	return status ? ckpt_cli_fail("why", &err) : ckpt_cli_finish("why");
}

int ckpt_cmd_why(int argc, char **argv)
{
	static const struct option table[] = {
		{"count", required_argument, NULL, 'n'},
		{"json", no_argument, NULL, 'j'},
		CKPT_CLI_OPTIONS};
	struct why why = {.count = 3};
	const char *config = NULL;
	bool is_json = false;
	char *end = NULL;
	int option;

	while ((option = getopt_long(argc, argv, "hV", table, NULL)) != -1) {
		switch (option) {
		case 'n':
			why.count = strtoul(optarg, &end, 10);
			if (*end || !why.count)
				return ckpt_cli_usage(
					"why", "--count: 1 or more, not '%s'",
					optarg);
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
	if (argc - optind > 1)
		return ckpt_cli_usage("why", "one function at a time");
	why.function = argv[optind];
	return explain(config, &why, is_json);
}
