/* SPDX-License-Identifier: MIT */
/* ckpt inspect: all that is known of functions of a program. */
#include <getopt.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "shim/common/cleanup.h"
#include "tools/cli.h"
#include "tools/cmd.h"
#include "tools/contracts.h"
#include "tools/inspect.h"

static const char help[] =
	"usage: ckpt inspect [OPTIONS] PROGRAM [FUNCTION…]\n"
	"       ckpt inspect --contracts NAME\n"
	"\n"
	"What ckpt knows of each FUNCTION (of those that ckpt.toml names, if\n"
	"none is given): its prototype and where that was found, what its\n"
	"result depends on, each place that can call it and whether calls\n"
	"from there are served, and what stands in the way.\n"
	"PROGRAM is not run; what it loads by dlopen() is not seen.\n"
	"\n"
	"  --all           whole lists, not their first lines\n"
	"  --contracts NAME  show the contract library NAME\n"
	"  --json          one JSON object, for scripts\n"
	"  --config FILE   FILE instead of $CKPT_CONFIG or ./ckpt.toml\n"
	"  --help, --version\n"
	"\n"
	"Exit status: 0 if all can be checkpointed, 1 if not, 2 for wrong\n"
	"options.\n";

static bool is_named(const struct ckpt_function_config *function,
		     char *const *names)
{
	for (; *names; names++)
		if (!strcmp(function->name, *names))
			return true;
	return false;
}

static const struct ckpt_function_config *
find_function(const struct ckpt_config *config, const char *name)
{
	for (size_t i = 0; i < config->function_count; i++)
		if (!strcmp(config->functions[i].name, name))
			return &config->functions[i];
	return NULL;
}

/* Functions of the config that are asked for, then those that it does not
 * name, with nothing said about them. Shallow: frees nothing but itself. */
static struct ckpt_function_config *
choose_functions(const struct ckpt_config *config, char **names, size_t *count)
{
	struct ckpt_function_config *chosen;
	size_t most = config->function_count;

	for (char **name = names; *name; name++)
		most++;
	chosen = calloc(most + 1, sizeof(*chosen));
	*count = 0;
	for (size_t i = 0; chosen && i < config->function_count; i++)
		if (is_named(&config->functions[i], names))
			chosen[(*count)++] = config->functions[i];
	for (; chosen && *names; names++)
		if (!find_function(config, *names))
			chosen[(*count)++].name = *names;
	return chosen;
}

static int inspect(struct ckpt_config *config, const char *program,
		   const struct ckpt_inspect_options *options)
{
	struct ckpt_err err = {.text = ""};
	struct ckpt_survey survey;
	size_t faults;

	if (ckpt_survey_open(&survey, program, config, &err))
		return ckpt_cli_fail("inspect", &err);
	faults = ckpt_inspect_print(&survey, options) +
		 ckpt_survey_print_notes(&survey);
	ckpt_survey_close(&survey);
	if (ckpt_cli_finish("inspect") || faults)
		return CKPT_EXIT_FAILURE;
	return CKPT_EXIT_OK;
}

static int inspect_chosen(const struct ckpt_config *config, char **arguments,
			  const struct ckpt_inspect_options *options)
{
	_cleanup_free_ struct ckpt_function_config *chosen = NULL;
	struct ckpt_config view = *config;

	if (arguments[1]) {
		chosen = choose_functions(config, arguments + 1,
					  &view.function_count);
		if (!chosen)
			return CKPT_EXIT_FAILURE;
		view.functions = chosen;
	}
	return inspect(&view, arguments[0], options);
}

static int load_and_inspect(const char *path, char **arguments,
			    const struct ckpt_inspect_options *options)
{
	static const struct ckpt_config nothing;
	struct ckpt_err err = {.text = ""};
	struct ckpt_config *config;
	enum ckpt_status status;
	int result;

	status = ckpt_cli_config_load(path, &config, &err);
	/* Functions that are named need no config. */
	if (status == CKPT_NOTFOUND && !path && arguments[1])
		return inspect_chosen(&nothing, arguments, options);
	if (status) {
		fprintf(stderr, "%s\n", err.text);
		return CKPT_EXIT_FAILURE;
	}
	result = inspect_chosen(config, arguments, options);
	ckpt_config_destroy(config);
	return result;
}

int ckpt_cmd_inspect(int argc, char **argv)
{
	static const struct option table[] = {
		{"all", no_argument, NULL, 'a'},
		{"contracts", required_argument, NULL, 'l'},
		{"json", no_argument, NULL, 'j'},
		CKPT_CLI_OPTIONS};
	struct ckpt_inspect_options options = {.is_json = false};
	struct ckpt_shelf shelf = {.count = 0};
	const char *path = NULL;
	int option, result;

	while ((option = getopt_long(argc, argv, "hV", table, NULL)) != -1) {
		switch (option) {
		case 'a':
			options.is_all = true;
			break;
		case 'j':
			options.is_json = true;
			break;
		case 'l':
			return ckpt_contracts_print(optarg);
		case 'c':
			path = optarg;
			break;
		default:
			return ckpt_cli_common(option, "inspect", help);
		}
	}
	if (optind == argc)
		return ckpt_cli_usage("inspect", "which program?");
	if (!ckpt_shelf_open(&shelf, NULL))
		options.shelf = &shelf;
	result = load_and_inspect(path, argv + optind, &options);
	ckpt_shelf_close(&shelf);
	return result;
}
