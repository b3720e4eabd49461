/* SPDX-License-Identifier: MIT */
/* ckpt check: the config, and the config against programs. */
#include <getopt.h>
#include <stdbool.h>
#include <string.h>

#include "shim/common/cleanup.h"
#include "tools/cli.h"
#include "tools/cmd.h"
#include "tools/json.h"
#include "tools/survey.h"

static const char help[] =
	"usage: ckpt check [OPTIONS] [PROGRAM…]\n"
	"\n"
	"Say what is wrong with ckpt.toml, and with PROGRAM, which of its\n"
	"functions can be checkpointed there and why others cannot. Programs\n"
	"are not run; what they load by dlopen() is not seen.\n"
	"\n"
	"  --json          one JSON object, for scripts\n"
	"  --config FILE   FILE instead of $CKPT_CONFIG or ./ckpt.toml\n"
	"  --help, --version\n"
	"\n"
	"Exit status: 0 if all is well, 1 if not, 2 for wrong options.\n";

static const char absent[] =
	"neither the program nor a library it is linked against defines it; "
	"check the spelling, or try it if it comes by dlopen()";

struct report {
	struct ckpt_json json;
	bool is_json;
	bool is_coloured;
	size_t fault_count;
};

static void print_verdict(const struct report *report, const char *name,
			  const char *object, const char *refusal)
{
	const char *colour = refusal ? "\033[31m" : "\033[32m";

	printf("  %s%s%s %s", report->is_coloured ? colour : "",
	       refusal ? "no" : "ok", report->is_coloured ? "\033[0m" : "",
	       name);
	if (object)
		printf(" in %s", object);
	if (!refusal) {
		putchar('\n');
		return;
	}
	fputs(": ", stdout);
	for (; *refusal; refusal++) {
		putchar(*refusal);
		if (*refusal == '\n' && refusal[1])
			fputs("     ", stdout);
	}
	if (refusal[-1] != '\n')
		putchar('\n');
}

static void report_function(struct report *report, const char *name,
			    const char *object, const char *refusal)
{
	report->fault_count += refusal != NULL;
	if (!report->is_json) {
		print_verdict(report, name, object, refusal);
		return;
	}
	ckpt_json_begin_object(&report->json, NULL);
	ckpt_json_string(&report->json, "name", name);
	ckpt_json_string(&report->json, "object", object);
	ckpt_json_bool(&report->json, "ok", !refusal);
	ckpt_json_string(&report->json, "refusal", refusal);
	ckpt_json_end_object(&report->json);
}

static void report_planned(struct report *report,
			   const struct ckpt_survey *survey,
			   const struct ckpt_planned_function *f)
{
	const char *cause = ckpt_survey_absence(survey, f);

	if (ckpt_survey_is_absent(f))
		report_function(report, f->config->name, NULL,
				cause ? cause : absent);
	else
		report_function(report, f->match.display,
				ckpt_survey_object(survey, f->match.object),
				f->refusal);
}

static void report_survey(struct report *report,
			  const struct ckpt_survey *survey)
{
	const struct ckpt_planning *planning = survey->planning;

	if (report->is_json) {
		ckpt_json_begin_object(&report->json, NULL);
		ckpt_json_string(&report->json, "program", survey->program);
		ckpt_json_begin_array(&report->json, "functions");
	} else {
		printf("%s:\n", survey->program);
	}
	for (size_t i = 0; i < planning->function_count; i++)
		report_planned(report, survey, &planning->functions[i]);
	if (report->is_json) {
		ckpt_json_end_array(&report->json);
		ckpt_json_end_object(&report->json);
	}
}

static int check_programs(struct ckpt_config *config, bool is_json,
			  char **programs)
{
	struct report report = {.json = {.file = stdout},
				.is_json = is_json,
				.is_coloured = ckpt_cli_is_coloured(stdout)};
	int status = CKPT_EXIT_OK;

	if (is_json) {
		ckpt_json_begin_object(&report.json, NULL);
		ckpt_json_string(&report.json, "config", config->path);
		ckpt_json_begin_array(&report.json, "programs");
	} else {
		printf("%s: no mistakes, %zu function%s\n", config->path,
		       config->function_count,
		       config->function_count == 1 ? "" : "s");
	}
	for (; *programs; programs++) {
		struct ckpt_err err = {.text = ""};
		struct ckpt_survey survey;

		if (ckpt_survey_open(&survey, *programs, config, &err)) {
			status = ckpt_cli_fail("check", &err);
			continue;
		}
		report_survey(&report, &survey);
		report.fault_count += ckpt_survey_print_notes(&survey);
		ckpt_survey_close(&survey);
	}
	if (is_json) {
		ckpt_json_end_array(&report.json);
		ckpt_json_end_object(&report.json);
	}
	if (ckpt_cli_finish("check") || report.fault_count)
		return CKPT_EXIT_FAILURE;
	return status;
}

int ckpt_cmd_check(int argc, char **argv)
{
	static const struct option table[] = {{"json", no_argument, NULL, 'j'},
					      CKPT_CLI_OPTIONS};
	struct ckpt_config *config;
	struct ckpt_err err = {.text = ""};
	const char *path = NULL;
	bool is_json = false;
	int option, status;

	while ((option = getopt_long(argc, argv, "hV", table, NULL)) != -1) {
		switch (option) {
		case 'j':
			is_json = true;
			break;
		case 'c':
			path = optarg;
			break;
		default:
			return ckpt_cli_common(option, "check", help);
		}
	}
	if (ckpt_cli_config_load(path, &config, &err)) {
		/* Each line names its own place. */
		fprintf(stderr, "%s\n", err.text);
		return CKPT_EXIT_FAILURE;
	}
	status = check_programs(config, is_json, argv + optind);
	ckpt_config_destroy(config);
	return status;
}
