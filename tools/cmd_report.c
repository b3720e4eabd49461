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
	"output): time saved per function and per day, hit rates, sizes, the\n"
	"largest and the most useful results. The page needs nothing else.\n"
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
	bool is_used;
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

/* Used ones first, then what took longest to compute. */
static bool is_more_useful(const struct top_entry *a, const struct top_entry *b)
{
	if (a->is_used != b->is_used)
		return a->is_used;
	return a->info.duration_ns > b->info.duration_ns;
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
					entry.is_used};

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
		snprintf(text, sizeof(text), "%s in %" PRIu64, size,
			 kept[i].count);
		add_bar(&bars, kept[i].name, text, (double)kept[i].size);
	}
	ckpt_chart_bars(file, "Size of results, by function", NULL, bars.bars,
			bars.count, 0);
}

static void write_days(FILE *file, const struct report *report)
{
	int64_t last =
		report->day_count ? report->days[report->day_count - 1].day : 0;
	int64_t first = report->day_count ? report->days[0].day : 0;
	struct bars bars = {.count = 0};
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
	ckpt_chart_columns(file, "Time saved, by day", NULL, bars.bars,
			   bars.count);
}

static void write_table(FILE *file, const char *title,
			const struct top_entry entries[ROWS_MAX])
{
	fprintf(file,
		"<h2>%s</h2>\n<div class=\"wide\"><table>\n<tr><th>function"
		"<th class=\"number\">size<th class=\"number\">time"
		"<th class=\"number\">age<th>key\n",
		title);
	for (int i = 0; i < ROWS_MAX && entries[i].size; i++) {
		char size[CKPT_STORECLI_TEXT_SIZE];
		char duration[CKPT_STORECLI_TEXT_SIZE];
		char age[CKPT_STORECLI_TEXT_SIZE];
		char key[CKPT_HASH_TEXT_SIZE];

		ckpt_storecli_size(entries[i].size, size);
		ckpt_storecli_duration(entries[i].info.duration_ns, duration);
		ckpt_storecli_age(time(NULL) - entries[i].info.created_s, age);
		ckpt_hash_text(entries[i].key, key);
		fputs("<tr><td>", file);
		ckpt_chart_text(file, entries[i].info.function);
		fprintf(file,
			"<td class=\"number\">%s<td class=\"number\">%s"
			"<td class=\"number\">%s<td><code>%.12s</code>\n",
			size, duration, age, key);
	}
	fputs("</table></div>\n", file);
}

static void write_report(FILE *file, const struct report *report)
{
	ckpt_chart_begin(file, "What ckpt saves");
	fputs("<p>", file);
	ckpt_chart_text(file, report->directory);
	fputs("</p>\n", file);
	write_figures(file, report);
	write_saved(file, report);
	write_days(file, report);
	write_rates(file, report);
	write_sizes(file, report);
	write_table(file, "Most useful results", report->useful);
	write_table(file, "Largest results", report->largest);
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
