/* SPDX-License-Identifier: MIT */
/* ckpt report: one page with pictures of what a store is worth. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "shim/common/buf.h"
#include "shim/common/cleanup.h"
#include "shim/store/mark.h"
#include "shim/store/tally.h"
#include "tools/chart.h"
#include "tools/cli.h"
#include "tools/cmd.h"
#include "tools/storecli.h"

static const char help[] =
	"usage: ckpt report [OPTIONS] [FILE]\n"
	"\n"
	"Write a page about the store to FILE (ckpt-report.html; - is "
	"standard\n"
	"output): time saved per function and per day, hit rates, calls not\n"
	"served, the most useful and the largest results. It needs nothing\n"
	"else.\n"
	"\n"
	"  --config FILE   the store of FILE instead of $CKPT_CONFIG or\n"
	"                  ./ckpt.toml; $CKPT_DIR names a store itself\n"
	"  --help, --version\n";

enum { BARS_MAX = 20, ROWS_MAX = 10, DAYS_MAX = 120, TEXT_SIZE = 96 };

/* Results kept of one function. */
struct kept {
	char name[96];
	uint64_t count;
	uint64_t size;
};

struct top_entry {
	struct ckpt_hash128 key;
	struct ckpt_entry_info info;
	uint64_t size;
	uint64_t hit_count;
};

struct report {
	char *directory;
	struct ckpt_tally_line *functions;
	size_t function_count;
	struct ckpt_tally_line *days;
	size_t day_count;
	struct ckpt_buf kept; /* struct kept */
	struct top_entry largest[ROWS_MAX];
	struct top_entry useful[ROWS_MAX];
	uint64_t entry_count;
	uint64_t entry_size;
};

/* ---- gathering ---- */

static void add_kept(struct report *report, const struct ckpt_walk_entry *entry)
{
	struct kept *kept = (struct kept *)(void *)report->kept.data;
	size_t count = report->kept.size / sizeof(*kept);
	struct kept added = {.count = 1, .size = entry->size};

	report->entry_count++;
	report->entry_size += entry->size;
	for (size_t i = 0; i < count; i++) {
		if (strcmp(kept[i].name, entry->info.function) != 0)
			continue;
		kept[i].count++;
		kept[i].size += entry->size;
		return;
	}
	memcpy(added.name, entry->info.function, sizeof(added.name));
	ckpt_buf_add(&report->kept, &added, sizeof(added));
}

static bool is_larger(const struct top_entry *a, const struct top_entry *b)
{
	return a->size > b->size;
}

static uint64_t saved_ns(const struct top_entry *entry)
{
	return entry->hit_count * entry->info.duration_ns;
}

static bool is_more_useful(const struct top_entry *a, const struct top_entry *b)
{
	return saved_ns(a) > saved_ns(b);
}

static void
add_top(struct top_entry top[ROWS_MAX], const struct top_entry *entry,
	bool (*is_before)(const struct top_entry *, const struct top_entry *))
{
	int at = ROWS_MAX;

	while (at > 0 && (!top[at - 1].size || is_before(entry, &top[at - 1])))
		at--;
	if (at == ROWS_MAX)
		return;
	memmove(&top[at + 1], &top[at],
		(size_t)(ROWS_MAX - 1 - at) * sizeof(*top));
	top[at] = *entry;
}

static void gather_entries(struct report *report,
			   const struct ckpt_store *store)
{
	struct ckpt_walk_entry entry;
	struct ckpt_walk walk;

	ckpt_walk_open(&walk, store, false);
	while (ckpt_walk_next(&walk, &entry)) {
		struct top_entry top = {entry.key, entry.info, entry.size,
					entry.hit_count};

		add_kept(report, &entry);
		add_top(report->largest, &top, is_larger);
		add_top(report->useful, &top, is_more_useful);
	}
	ckpt_walk_close(&walk);
}

static int by_saved(const void *left, const void *right)
{
	const struct ckpt_tally_line *a = left, *b = right;

	return (a->counters.saved_ns < b->counters.saved_ns) -
	       (a->counters.saved_ns > b->counters.saved_ns);
}

static int by_kept_size(const void *left, const void *right)
{
	const struct kept *a = left, *b = right;

	return (a->size < b->size) - (a->size > b->size);
}

static enum ckpt_status gather(struct report *report, const char *config,
			       struct ckpt_err *err)
{
	struct ckpt_store *store = NULL;
	enum ckpt_status status;

	status = ckpt_storecli_open(config, true, &store, &report->directory,
				    err);
	if (status)
		return status;
	gather_entries(report, store);
	ckpt_store_close(store);
	status = ckpt_tally_read(report->directory, 0, &report->functions,
				 &report->function_count, err);
	if (!status)
		status = ckpt_tally_read_days(report->directory, &report->days,
					      &report->day_count, err);
	if (report->function_count)
		qsort(report->functions, report->function_count,
		      sizeof(*report->functions), by_saved);
	if (report->kept.size)
		qsort(report->kept.data,
		      report->kept.size / sizeof(struct kept),
		      sizeof(struct kept), by_kept_size);
	return status;
}

/* ---- writing ---- */

/* Text for bars, as many as there may be. */
struct bars {
	struct ckpt_chart_bar bars[DAYS_MAX];
	char labels[DAYS_MAX][TEXT_SIZE];
	char texts[DAYS_MAX][TEXT_SIZE];
	size_t count;
};

static void add_bar(struct bars *bars, const char *label, const char *text,
		    double value)
{
	size_t i = bars->count++;

	snprintf(bars->labels[i], TEXT_SIZE, "%s", label);
	snprintf(bars->texts[i], TEXT_SIZE, "%s", text);
	bars->bars[i] =
		(struct ckpt_chart_bar){bars->labels[i], bars->texts[i], value};
}

static void write_figures(FILE *file, const struct report *report)
{
	struct ckpt_counters sum = {0};
	char text[CKPT_STORECLI_TEXT_SIZE];
	char number[TEXT_SIZE];

	for (size_t i = 0; i < report->function_count; i++) {
		sum.hits += report->functions[i].counters.hits;
		sum.misses += report->functions[i].counters.misses;
		sum.saved_ns += report->functions[i].counters.saved_ns;
	}
	fputs("<div class=\"figures\">\n", file);
	ckpt_storecli_duration(sum.saved_ns, text);
	ckpt_chart_figure(file, text, "saved");
	snprintf(number, sizeof(number), "%.1f %%",
		 sum.hits + sum.misses ? (double)sum.hits * 100 /
						 (double)(sum.hits + sum.misses)
				       : 0.0);
	ckpt_chart_figure(file, number, "of look-ups were hits");
	snprintf(number, sizeof(number), "%" PRIu64, report->entry_count);
	ckpt_chart_figure(file, number, "results kept");
	ckpt_storecli_size(report->entry_size, text);
	ckpt_chart_figure(file, text, "on disk");
	fputs("</div>\n", file);
}

static void write_saved(FILE *file, const struct report *report)
{
	struct bars bars = {.count = 0};

	for (size_t i = 0; i < report->function_count && i < BARS_MAX; i++) {
		const struct ckpt_tally_line *line = &report->functions[i];
		char text[CKPT_STORECLI_TEXT_SIZE];

		ckpt_storecli_duration(line->counters.saved_ns, text);
		add_bar(&bars, line->name, text,
			(double)line->counters.saved_ns);
	}
	ckpt_chart_bars(file, "Time saved, by function",
			"What the hits would have taken to compute, less what "
			"they took.",
			bars.bars, bars.count, 0);
}

static void write_rates(FILE *file, const struct report *report)
{
	struct bars bars = {.count = 0};

	for (size_t i = 0; i < report->function_count && i < BARS_MAX; i++) {
		const struct ckpt_counters *c = &report->functions[i].counters;
		uint64_t asked = c->hits + c->misses;
		char text[TEXT_SIZE];

		if (!asked)
			continue;
		snprintf(text, sizeof(text), "%.0f %% of %" PRIu64,
			 (double)c->hits * 100 / (double)asked, asked);
		add_bar(&bars, report->functions[i].name, text,
			(double)c->hits / (double)asked);
	}
	ckpt_chart_bars(file, "Hit rate, by function", NULL, bars.bars,
			bars.count, 1);
}

/* "49756 missed, 1248667 passed by" */
static void describe_unserved(const struct ckpt_counters *c, char *text,
			      size_t size)
{
	const struct {
		uint64_t count;
		const char *name;
	} parts[] = {{c->misses, "missed"},
		     {c->refused, "refused"},
		     {c->bypassed, "passed by"}};
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (parts[i].count && used < size)
			used += (size_t)snprintf(text + used, size - used,
						 "%s%" PRIu64 " %s",
						 used ? ", " : "",
						 parts[i].count, parts[i].name);
}

static void write_unserved(FILE *file, const struct report *report)
{
	struct bars bars = {.count = 0};

	for (size_t i = 0; i < report->function_count && i < BARS_MAX; i++) {
		const struct ckpt_counters *c = &report->functions[i].counters;
		char text[TEXT_SIZE];

		describe_unserved(c, text, sizeof(text));
		if (*text)
			add_bar(&bars, report->functions[i].name, text,
				(double)(c->misses + c->refused + c->bypassed));
	}
	if (bars.count)
		ckpt_chart_bars(file, "Calls that were not served",
				"ckpt why tells the reasons.", bars.bars,
				bars.count, 0);
}

static void write_sizes(FILE *file, const struct report *report)
{
	const struct kept *kept =
		(const struct kept *)(const void *)report->kept.data;
	struct bars bars = {.count = 0};

	for (size_t i = 0;
	     i < report->kept.size / sizeof(*kept) && i < BARS_MAX; i++) {
		char size[CKPT_STORECLI_TEXT_SIZE];
		char text[TEXT_SIZE];

		ckpt_storecli_size(kept[i].size, size);
		snprintf(text, sizeof(text), "%s, %" PRIu64 " %s", size,
			 kept[i].count,
			 kept[i].count == 1 ? "result" : "results");
		add_bar(&bars, kept[i].name, text, (double)kept[i].size);
	}
	ckpt_chart_bars(file, "Size of results, by function", NULL, bars.bars,
			bars.count, 0);
}

/* What the highest column stands for. */
static void describe_best(const struct bars *bars, char note[2 * TEXT_SIZE])
{
	size_t best = 0;

	for (size_t i = 1; i < bars->count; i++)
		if (bars->bars[i].value > bars->bars[best].value)
			best = i;
	snprintf(note, 2 * TEXT_SIZE, "Most on %s: %s. Days are those of UTC.",
		 bars->labels[best], bars->texts[best]);
}

static void write_days(FILE *file, const struct report *report)
{
	int64_t last =
		report->day_count ? report->days[report->day_count - 1].day : 0;
	int64_t first = report->day_count ? report->days[0].day : 0;
	struct bars bars = {.count = 0};
	char note[2 * TEXT_SIZE];
	size_t at = 0;

	if (!report->day_count)
		return;
	if (first < last - DAYS_MAX + 1)
		first = last - DAYS_MAX + 1;
	while (at < report->day_count && report->days[at].day < first)
		at++;
	/* Days without a run are columns too, empty ones. */
	for (int64_t day = first; day <= last; day++) {
		time_t when = day * 86400;
		char label[TEXT_SIZE] = "";
		char text[CKPT_STORECLI_TEXT_SIZE];
		struct tm parts;
		uint64_t saved = 0;

		for (; at < report->day_count && report->days[at].day == day;
		     at++)
			saved += report->days[at].counters.saved_ns;
		if (gmtime_r(&when, &parts))
			strftime(label, sizeof(label), "%Y-%m-%d", &parts);
		ckpt_storecli_duration(saved, text);
		add_bar(&bars, label, text, (double)saved);
	}
	describe_best(&bars, note);
	ckpt_chart_columns(file, "Time saved, by day", note, bars.bars,
			   bars.count);
}

/* "dgesdd_ 5bc159c8" */
static void name_entry(const struct top_entry *entry, char text[TEXT_SIZE])
{
	char key[CKPT_HASH_TEXT_SIZE];

	ckpt_hash_text(entry->key, key);
	snprintf(text, TEXT_SIZE, "%.8s  %.80s", key, entry->info.function);
}

static void write_useful(FILE *file, const struct report *report)
{
	struct bars bars = {.count = 0};

	for (int i = 0; i < ROWS_MAX && report->useful[i].hit_count; i++) {
		const struct top_entry *entry = &report->useful[i];
		char label[TEXT_SIZE], text[TEXT_SIZE];
		char saved[CKPT_STORECLI_TEXT_SIZE];

		name_entry(entry, label);
		ckpt_storecli_duration(saved_ns(entry), saved);
		snprintf(text, sizeof(text), "%s in %s%" PRIu64 " %s", saved,
			 entry->hit_count > CKPT_MARK_EXACT ? "~" : "",
			 entry->hit_count,
			 entry->hit_count == 1 ? "hit" : "hits");
		add_bar(&bars, label, text, (double)saved_ns(entry));
	}
	if (bars.count)
		ckpt_chart_bars(file, "Most useful results",
				"What the hits of each took to compute once, "
				"times the hits.",
				bars.bars, bars.count, 0);
}

static void write_largest(FILE *file, const struct report *report)
{
	struct bars bars = {.count = 0};

	for (int i = 0; i < ROWS_MAX && report->largest[i].size; i++) {
		const struct top_entry *entry = &report->largest[i];
		char label[TEXT_SIZE], text[TEXT_SIZE];
		char size[CKPT_STORECLI_TEXT_SIZE];
		char age[CKPT_STORECLI_TEXT_SIZE];

		name_entry(entry, label);
		ckpt_storecli_size(entry->size, size);
		ckpt_storecli_age(time(NULL) - entry->info.created_s, age);
		snprintf(text, sizeof(text), "%s, %s old", size, age);
		add_bar(&bars, label, text, (double)entry->size);
	}
	if (bars.count)
		ckpt_chart_bars(file, "Largest results", NULL, bars.bars,
				bars.count, 0);
}

static void write_head(FILE *file, const struct report *report)
{
	time_t now = time(NULL);
	char text[40] = "";
	struct tm parts;

	if (localtime_r(&now, &parts))
		strftime(text, sizeof(text), "%Y-%m-%d %H:%M %z", &parts);
	ckpt_chart_begin(file, "What ckpt saves");
	fputs("<p>", file);
	ckpt_chart_text(file, report->directory);
	fprintf(file, ", %s</p>\n", text);
}

static void write_report(FILE *file, const struct report *report)
{
	write_head(file, report);
	write_figures(file, report);
	write_saved(file, report);
	write_days(file, report);
	write_rates(file, report);
	write_unserved(file, report);
	write_useful(file, report);
	write_sizes(file, report);
	write_largest(file, report);
	ckpt_chart_end(file);
}

static enum ckpt_status write_to(const char *path, const struct report *report,
				 struct ckpt_err *err)
{
	FILE *file = strcmp(path, "-") != 0 ? fopen(path, "we") : stdout;
	bool is_failed;

	if (!file)
		return ckpt_err_set(err, CKPT_IO, "%s: %s", path,
				    strerror(errno));
	write_report(file, report);
	is_failed = fflush(file) || ferror(file);
	if (file != stdout && fclose(file))
		is_failed = true;
	if (is_failed)
		return ckpt_err_set(err, CKPT_IO, "%s: %s", path,
				    strerror(errno));
	return CKPT_OK;
}

static int report_store(const char *config, const char *path)
{
	struct report report = {.directory = NULL};
	struct ckpt_err err = {.text = ""};
	enum ckpt_status status = gather(&report, config, &err);

	if (!status)
		status = write_to(path, &report, &err);
	ckpt_buf_deinit(&report.kept);
	free(report.functions);
	free(report.days);
	free(report.directory);
	if (status)
		return ckpt_cli_fail("report", &err);
	if (strcmp(path, "-") != 0)
		printf("written to %s\n", path);
	return ckpt_cli_finish("report");
}

int ckpt_cmd_report(int argc, char **argv)
{
	static const struct option table[] = {CKPT_CLI_OPTIONS};
	const char *config = NULL;
	int option;

	while ((option = getopt_long(argc, argv, "hV", table, NULL)) != -1) {
		if (option != 'c')
			return ckpt_cli_common(option, "report", help);
		config = optarg;
	}
	if (argc - optind > 1)
		return ckpt_cli_usage("report", "one file, please");
	return report_store(config,
			    optind < argc ? argv[optind] : "ckpt-report.html");
}
