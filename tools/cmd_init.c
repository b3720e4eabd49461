/* SPDX-License-Identifier: MIT */
/* ckpt init: a first ckpt.toml for functions of a program. */
#include <getopt.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "shim/common/cleanup.h"
#include "tools/cli.h"
#include "tools/cmd.h"
#include "tools/draft.h"
#include "tools/probe.h"
#include "tools/shelf.h"
#include "tools/survey.h"
#include "tools/trialdraft.h"
#include "tools/trialtext.h"

struct options {
	const char *output;
	bool is_measure, is_json, is_all;
};

static const char help[] =
	"usage: ckpt init [OPTIONS] PROGRAM [FUNCTION…]\n"
	"       ckpt init --measure [OPTIONS] [--] PROGRAM [ARGUMENTS]\n"
	"\n"
	"Write a commented ckpt.toml for each FUNCTION of PROGRAM, with what\n"
	"contract libraries and debug information know, and suggestions for\n"
	"the rest. Without FUNCTION, list the functions of PROGRAM that\n"
	"contract libraries know, and those with debug info. PROGRAM is not\n"
	"run.\n"
	"\n"
	"With --measure, run PROGRAM once with its functions counted and\n"
	"timed; say on standard error how long each took and what a second\n"
	"run would save; write a ckpt.toml for the best.\n"
	"\n"
	"  --output FILE   instead of ./ckpt.toml; - is standard output\n"
	"  --all           with --measure: all functions that were called\n"
	"  --json          with --measure: one JSON object, for scripts\n"
	"  --help, --version\n"
	"\n"
	"A file that is there is not overwritten.\n";

static int write_draft(const char *path, const struct ckpt_buf *text)
{
	struct ckpt_err err = {.text = ""};

	if (ckpt_draft_write(path, text, &err))
		return ckpt_cli_fail("init", &err);
	if (strcmp(path, "-") != 0)
		printf("%s written; `ckpt check PROGRAM` tells what is "
		       "missing\n",
		       path);
	return ckpt_cli_finish("init");
}

static const char *file_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Does the program itself have a slot for it, or only libraries? */
static bool is_called_by_program(const struct ckpt_survey *survey,
				 const struct ckpt_planned_function *f)
{
	struct ckpt_scope *scope = survey->scope;
	const struct ckpt_image *image = ckpt_scope_image(scope, 0, NULL);
	const struct ckpt_relocation *relocations;
	size_t count = 0;

	if (!image)
		return false;
	relocations = ckpt_image_relocations(image, &count);
	for (size_t i = 0; i < count; i++)
		if (ckpt_match_is_slot(scope, 0, image, &relocations[i],
				       &f->match))
			return true;
	return false;
}

/* Those that contract libraries know, and that the program calls, or only
 * libraries do. */
static size_t list_known(const struct ckpt_shelf *shelf,
			 const struct ckpt_survey *survey, bool is_by_program)
{
	const struct ckpt_planning *planning = survey->planning;
	size_t count = 0;

	for (size_t i = 0; i < planning->function_count; i++) {
		const struct ckpt_planned_function *f = &planning->functions[i];
		const struct ckpt_shelf_library *library =
			ckpt_draft_library(shelf, survey, f);

		if (!library || !f->match.slot_count ||
		    is_called_by_program(survey, f) != is_by_program)
			continue;
		count++;
		printf("%-32s %-24s use = [\"%s\"]%s\n", f->match.symbol,
		       file_name(ckpt_survey_object(survey, f->match.object)),
		       library->name,
		       is_by_program ? "" : "   # called by libraries");
	}
	return count;
}

/* Those whose prototypes are known from debug info, and that can be reached. */
static size_t list_typed(const struct ckpt_shelf *shelf,
			 const struct ckpt_survey *survey)
{
	const struct ckpt_planning *planning = survey->planning;
	size_t count = 0;
	char text[1024];

	for (size_t i = 0; i < planning->function_count; i++) {
		const struct ckpt_planned_function *f = &planning->functions[i];

		if (!f->has_signature || f->refusal ||
		    ckpt_draft_library(shelf, survey, f))
			continue;
		count++;
		ckpt_signature_text(&f->signature,
				    f->match.symbol[0] == '_' ? ""
							      : f->match.symbol,
				    text, sizeof(text));
		printf("%-32s %-24s %s\n", f->match.display,
		       file_name(ckpt_survey_object(survey, f->match.object)),
		       text);
	}
	return count;
}

static int list_functions(const struct ckpt_shelf *shelf,
			  const struct ckpt_survey *survey)
{
	size_t known = list_known(shelf, survey, true);
	size_t typed = list_typed(shelf, survey);

	known += list_known(shelf, survey, false);

	if (!known && !typed)
		printf("no contract library knows a function that %s calls, "
		       "and none has debug info;\n`ckpt init --measure` tells "
		       "which functions take time, and functions may be named "
		       "all the same\n",
		       survey->program);
	return ckpt_cli_finish("init");
}

static int write_functions(const struct ckpt_shelf *shelf,
			   const struct ckpt_survey *survey, const char *output)
{
	_cleanup_(ckpt_buf_deinit) struct ckpt_buf text = {.size = 0};
	struct ckpt_err err = {.text = "out of memory"};

	ckpt_draft_config(shelf, survey, &text);
	if (ckpt_buf_status(&text))
		return ckpt_cli_fail("init", &err);
	return write_draft(output, &text);
}

/* ---- measuring ---- */

/* What it found is told on standard error: standard output is the program's. */
static void tell_trial(const struct ckpt_trial *trial, const char *program,
		       const struct options *options)
{
	if (options->is_json)
		ckpt_trialtext_json(trial, program, stderr);
	else
		ckpt_trialtext_print(trial, program, options->is_all, stderr);
}

static int write_trial(const struct ckpt_trial *trial, char **argv,
		       const struct options *options)
{
	struct ckpt_buf text = {.size = 0};
	struct ckpt_err err = {.text = "out of memory"};
	bool is_worth = ckpt_trialdraft_config(trial, argv, &text);
	enum ckpt_status status = ckpt_buf_status(&text);

	if (!status && is_worth)
		status = ckpt_draft_write(options->output, &text, &err);
	ckpt_buf_deinit(&text);
	if (status)
		return ckpt_cli_fail("init", &err);
	if (!options->is_json && !is_worth)
		fprintf(stderr, "\nNo config was written: nothing in this run "
				"is worth it.\n");
	else if (!options->is_json && strcmp(options->output, "-") != 0)
		fprintf(stderr, "\n%s was written; `ckpt run` uses it.\n",
			options->output);
	return ckpt_cli_finish("init");
}

static int measure(char **argv, const struct options *options)
{
	struct ckpt_shelf shelf = {.count = 0};
	struct ckpt_trial trial;
	struct ckpt_err err = {.text = "out of memory"};
	enum ckpt_status status = ckpt_shelf_open(&shelf, &err);
	int result;

	if (!status)
		status = ckpt_trial_run(argv, &shelf, &trial, &err);
	if (status) {
		ckpt_shelf_close(&shelf);
		return ckpt_cli_fail("init", &err);
	}
	tell_trial(&trial, argv[0], options);
	result = write_trial(&trial, argv, options);
	ckpt_trial_deinit(&trial);
	ckpt_shelf_close(&shelf);
	return result;
}

/* ---- without running it ---- */

static enum ckpt_status look_at(const char *program, char **names,
				const struct ckpt_shelf *shelf,
				struct ckpt_config **ret_config,
				struct ckpt_survey *ret, struct ckpt_err *err)
{
	_cleanup_(ckpt_buf_deinit) struct ckpt_buf text = {.size = 0};
	enum ckpt_status status;

	if (*names)
		ckpt_probe_names(shelf, names, &text);
	else
		ckpt_probe_all(shelf, &text);
	status = ckpt_buf_status(&text);
	if (!status)
		status = ckpt_probe_load(&text, ret_config, err);
	return status ? status
		      : ckpt_survey_open(ret, program, *ret_config, err);
}

static int init(const char *program, char **names, const char *output)
{
	struct ckpt_config *config = NULL;
	struct ckpt_shelf shelf = {.count = 0};
	struct ckpt_survey survey;
	struct ckpt_err err = {.text = "out of memory"};
	enum ckpt_status status = ckpt_shelf_open(&shelf, &err);
	int result;

	if (!status)
		status =
			look_at(program, names, &shelf, &config, &survey, &err);
	if (status) {
		result = ckpt_cli_fail("init", &err);
	} else {
		result = *names ? write_functions(&shelf, &survey, output)
				: list_functions(&shelf, &survey);
		ckpt_survey_close(&survey);
	}
	ckpt_config_destroy(config);
	ckpt_shelf_close(&shelf);
	return result;
}

int ckpt_cmd_init(int argc, char **argv)
{
	static const struct option table[] = {
		{"output", required_argument, NULL, 'o'},
		{"measure", no_argument, NULL, 'm'},
		{"json", no_argument, NULL, 'j'},
		{"all", no_argument, NULL, 'a'},
		CKPT_CLI_OPTIONS};
	struct options options = {.output = "ckpt.toml"};
	int option;

	/* "+": what follows PROGRAM is PROGRAM's. */
	while ((option = getopt_long(argc, argv, "+hVo:", table, NULL)) != -1) {
		switch (option) {
		case 'o':
			options.output = optarg;
			break;
		case 'm':
			options.is_measure = true;
			break;
		case 'j':
			options.is_json = true;
			break;
		case 'a':
			options.is_all = true;
			break;
		default:
			return ckpt_cli_common(option, "init", help);
		}
	}
	if (optind == argc)
		return ckpt_cli_usage("init", "which program?");
	if (options.is_measure)
		return measure(argv + optind, &options);
	return init(argv[optind], argv + optind + 1, options.output);
}
