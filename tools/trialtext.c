/* SPDX-License-Identifier: MIT */
#include "tools/trialtext.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "shim/common/impure.h"
#include "tools/json.h"
#include "tools/storecli.h"

enum { TEXT_SIZE = 512 };

static const struct {
	uint32_t class;
	const char *text;
} class_texts[] = {
	{CKPT_IMPURE_STDOUT, "prints"},
	{CKPT_IMPURE_WRITES_FILE, "writes files"},
	{CKPT_IMPURE_READS_FILE, "reads files"},
	{CKPT_IMPURE_NETWORK, "uses the network"},
	{CKPT_IMPURE_CLOCK, "asks the clock"},
	{CKPT_IMPURE_RAND, "draws random numbers"},
	{CKPT_IMPURE_ENVIRONMENT, "asks the environment"},
	{CKPT_IMPURE_PROCESS, "asks for or changes the process"},
	{CKPT_IMPURE_TERMINAL, "asks the terminal"},
	{CKPT_IMPURE_SIGNALS, "handles signals"},
	{CKPT_IMPURE_MEMORY, "maps memory"},
	{CKPT_IMPURE_LOADER, "loads libraries"},
	{CKPT_IMPURE_LOCALE, "sets the locale"},
};

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* "prints" of what it did besides; more than three are not worth a line. */
static void describe_classes(const struct ckpt_measure_row *row, char *text,
			     size_t size)
{
	size_t used = 0, count = 0;

	text[0] = '\0';
	for (size_t i = 0; i < sizeof(class_texts) / sizeof(class_texts[0]);
	     i++) {
		if (!(row->classes & class_texts[i].class))
			continue;
		if (count++ == 3)
			break;
		used += (size_t)snprintf(text + used, size - used, "%s%s",
					 used ? ", " : "", class_texts[i].text);
	}
}

static const char *describe_knowledge(const struct ckpt_trial_function *f)
{
	if (f->library)
		return f->library->name;
	if (f->row->flags & CKPT_MEASURE_CONTRACT)
		return "its prototype says all";
	return f->row->flags & CKPT_MEASURE_TYPED ? "a contract"
						  : "a prototype, a contract";
}

void ckpt_trialtext_note(const struct ckpt_trial_function *f, char *text,
			 size_t size)
{
	const struct ckpt_measure_row *row = f->row;
	char classes[160];

	text[0] = '\0';
	describe_classes(row, classes, sizeof(classes));
	if (row->impure)
		snprintf(text, size, "%s (%s)%s", classes, row->impure_name,
			 row->impure < row->timed ? " in some calls" : "");
	else if (row->refused)
		snprintf(text, size, "%s", row->reason);
	else if (!row->timed)
		snprintf(text, size, "did not return, or only inside others");
}

static void format_seconds(double seconds, char text[CKPT_STORECLI_TEXT_SIZE])
{
	ckpt_storecli_duration((uint64_t)(seconds * 1e9), text);
}

/* "1.3e6" of a count that would not fit. */
static void format_count(uint64_t count, char text[CKPT_STORECLI_TEXT_SIZE])
{
	if (count < 10000000)
		snprintf(text, CKPT_STORECLI_TEXT_SIZE, "%llu",
			 (unsigned long long)count);
	else
		snprintf(text, CKPT_STORECLI_TEXT_SIZE, "%.2g", (double)count);
}

/* Names of C++ can be longer than any line. */
static void format_name(const struct ckpt_trial_function *f, char *text,
			size_t size)
{
	enum { NAME_MAX_SHOWN = 60 };
	bool is_long = strlen(f->display) > NAME_MAX_SHOWN;

	snprintf(text, size, "%.*s%s in %s", NAME_MAX_SHOWN, f->display,
		 is_long ? "…" : "", last_part(f->row->object));
}

static void format_saving(double seconds, char text[CKPT_STORECLI_TEXT_SIZE])
{
	if (seconds > 0)
		format_seconds(seconds, text);
	else
		memcpy(text, "-", 2);
}

static void print_line(const struct ckpt_trial_function *f, FILE *file)
{
	const struct ckpt_measure_row *row = f->row;
	char calls[CKPT_STORECLI_TEXT_SIZE], total[CKPT_STORECLI_TEXT_SIZE];
	char own[CKPT_STORECLI_TEXT_SIZE], first[CKPT_STORECLI_TEXT_SIZE];
	char next[CKPT_STORECLI_TEXT_SIZE];
	char repeated[16] = "-", text[TEXT_SIZE];

	format_count(row->calls, calls);
	format_seconds(f->seconds, total);
	format_seconds(f->own_seconds, own);
	format_saving(f->saves_within, first);
	format_saving(f->saves_next, next);
	if (row->keyed)
		snprintf(repeated, sizeof(repeated), "%.0f %%",
			 100 * f->repeated);
	format_name(f, text, sizeof(text));
	fprintf(file, "%8s %s%7s %7s %8s %8s %8s  %s", calls,
		row->flags & CKPT_MEASURE_SAMPLED ? "~" : " ", total, own,
		repeated, first, next, text);
	ckpt_trialtext_note(f, text, sizeof(text));
	if (text[0])
		fprintf(file, ": %s", text);
	else if (f->kind == CKPT_TRIAL_READY || f->kind == CKPT_TRIAL_OPEN)
		fprintf(file, " (%s)", describe_knowledge(f));
	fputc('\n', file);
}

static void print_status(int status, FILE *file)
{
	if (WIFSIGNALED(status))
		fprintf(file, "was ended by signal %d (%s)", WTERMSIG(status),
			strsignal(WTERMSIG(status)));
	else
		fprintf(file, "exited with status %d", WEXITSTATUS(status));
}

static const struct {
	const char *title;
	size_t shown; /* without --all */
} sections[CKPT_TRIAL_KIND_COUNT] = {
	[CKPT_TRIAL_READY] = {"Worth it; a contract library or their "
			      "prototypes describe them",
			      15},
	[CKPT_TRIAL_OPEN] = {"Would save so much at most, if results depend on "
			     "arguments alone, and wanted",
			     8},
	[CKPT_TRIAL_INSIDE] = {"Spend most of their time inside those above",
			       3},
	[CKPT_TRIAL_VAIN] = {"Take time and save little or nothing", 5},
	[CKPT_TRIAL_SMALL] = {"Hardly take time", 0},
};

/* Functions are ordered by kind: returns where the next one begins. */
static size_t print_section(const struct ckpt_trial *trial, size_t first,
			    bool is_all, FILE *file)
{
	enum ckpt_trial_kind kind = trial->functions[first].kind;
	size_t end = first, shown = first;

	while (end < trial->function_count &&
	       trial->functions[end].kind == kind)
		end++;
	if (is_all || sections[kind].shown)
		fprintf(file, "%s:\n", sections[kind].title);
	for (; shown < end && (is_all || shown - first < sections[kind].shown);
	     shown++)
		print_line(&trial->functions[shown], file);
	if (shown > first && shown < end)
		fprintf(file, "%8s %zu more\n", "and", end - shown);
	return end;
}

static void print_head(const struct ckpt_trial *trial, const char *program,
		       FILE *file)
{
	const struct ckpt_measure_header *header = trial->table.header;
	char took[CKPT_STORECLI_TEXT_SIZE];

	format_seconds(trial->seconds, took);
	fprintf(file, "\n%s ", program);
	print_status(trial->status, file);
	fprintf(file, " after %s, measuring included", took);
	if (header->processes > 1)
		fprintf(file, " (%llu processes)",
			(unsigned long long)header->processes);
	fprintf(file,
		".\nOf the functions that can be reached %zu %s "
		"called.\n\n",
		trial->function_count,
		trial->function_count == 1 ? "was" : "were");
}

void ckpt_trialtext_print(const struct ckpt_trial *trial, const char *program,
			  bool is_all, FILE *file)
{
	size_t next = 0;

	print_head(trial, program, file);
	if (!trial->function_count)
		return;
	fprintf(file, "%8s %8s %7s %8s %8s %8s  %s\n", "calls", "time", "own",
		"repeated", "this run", "next run", "function");
	while (next < trial->function_count)
		next = print_section(trial, next, is_all, file);
	if (trial->table.header->left_out)
		fprintf(file,
			"%llu functions were not measured: there are too "
			"many.\n",
			(unsigned long long)trial->table.header->left_out);
	fputs("\ntime: of all calls, in all threads together, ~ from samples; "
	      "own: outside of\nother functions measured; repeated: calls "
	      "that an earlier one would have served;\nthis run, next run: "
	      "what a cache would save, empty at first, and of the same run\n"
	      "again.\n",
	      file);
}

static void write_classes(const struct ckpt_measure_row *row,
			  struct ckpt_json *json)
{
	ckpt_json_begin_array(json, "impure");
	for (size_t i = 0; i < sizeof(class_texts) / sizeof(class_texts[0]);
	     i++)
		if (row->classes & class_texts[i].class)
			ckpt_json_string(json, NULL, class_texts[i].text);
	ckpt_json_end_array(json);
}

static void write_function(const struct ckpt_trial_function *f,
			   struct ckpt_json *json)
{
	const struct ckpt_measure_row *row = f->row;

	ckpt_json_begin_object(json, NULL);
	ckpt_json_string(json, "name", f->display);
	ckpt_json_string(json, "object", row->object);
	ckpt_json_string(json, "library", f->library ? f->library->name : NULL);
	ckpt_json_bool(json, "contract", row->flags & CKPT_MEASURE_CONTRACT);
	ckpt_json_bool(json, "sampled", row->flags & CKPT_MEASURE_SAMPLED);
	ckpt_json_uint(json, "calls", row->calls);
	ckpt_json_uint(json, "timed", row->timed);
	ckpt_json_real(json, "seconds", f->seconds);
	ckpt_json_real(json, "own_seconds", f->own_seconds);
	ckpt_json_uint(json, "keyed", row->keyed);
	ckpt_json_uint(json, "repeated", row->repeated);
	ckpt_json_uint(json, "bypassed", row->bypassed);
	ckpt_json_uint(json, "refused", row->refused);
	ckpt_json_string(json, "refusal", row->refused ? row->reason : NULL);
	ckpt_json_uint(json, "impure_calls", row->impure);
	write_classes(row, json);
	ckpt_json_real(json, "hit_seconds", f->hit_seconds);
	ckpt_json_real(json, "saves_within", f->saves_within);
	ckpt_json_real(json, "saves_next", f->saves_next);
	ckpt_json_real(json, "covered", f->covered);
	ckpt_json_end_object(json);
}

void ckpt_trialtext_json(const struct ckpt_trial *trial, const char *program,
			 FILE *file)
{
	struct ckpt_json json = {.file = file};
	int status = trial->status;

	ckpt_json_begin_object(&json, NULL);
	ckpt_json_string(&json, "program", program);
	ckpt_json_real(&json, "seconds", trial->seconds);
	ckpt_json_int(&json, "exit_status",
		      WIFEXITED(status) ? WEXITSTATUS(status) : -1);
	ckpt_json_int(&json, "signal",
		      WIFSIGNALED(status) ? WTERMSIG(status) : 0);
	ckpt_json_uint(&json, "processes", trial->table.header->processes);
	ckpt_json_uint(&json, "left_out", trial->table.header->left_out);
	ckpt_json_begin_array(&json, "functions");
	for (size_t i = 0; i < trial->function_count; i++)
		write_function(&trial->functions[i], &json);
	ckpt_json_end_array(&json);
	ckpt_json_end_object(&json);
}
