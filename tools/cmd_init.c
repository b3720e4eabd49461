/* SPDX-License-Identifier: MIT */
/* ckpt init: a first ckpt.toml for functions of a program. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shim/common/cleanup.h"
#include "tools/cli.h"
#include "tools/cmd.h"
#include "tools/shelf.h"
#include "tools/suggest.h"
#include "tools/survey.h"

static const char help[] =
	"usage: ckpt init [OPTIONS] PROGRAM [FUNCTION…]\n"
	"\n"
	"Write a commented ckpt.toml for each FUNCTION of PROGRAM, with what\n"
	"contract libraries and debug information know, and suggestions for\n"
	"the rest. Without FUNCTION, list the functions of PROGRAM that\n"
	"contract libraries know. PROGRAM is not run.\n"
	"\n"
	"  --output FILE   instead of ./ckpt.toml; - is standard output\n"
	"  --help, --version\n"
	"\n"
	"A file that is there is not overwritten.\n";

static const char *file_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static const struct ckpt_shelf_library *
find_library(const struct ckpt_shelf *shelf, const struct ckpt_survey *survey,
	     const struct ckpt_planned_function *f)
{
	if (ckpt_survey_is_absent(f))
		return NULL;
	return ckpt_shelf_find(
		shelf, f->match.symbol,
		file_name(ckpt_survey_object(survey, f->match.object)));
}

/* TOML's basic strings (TOML 1.0, "String"). */
static void add_string(struct ckpt_buf *out, const char *text)
{
	ckpt_buf_add_u8(out, '"');
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			ckpt_buf_add_u8(out, '\\');
		ckpt_buf_add_u8(out, (uint8_t)*text);
	}
	ckpt_buf_add_u8(out, '"');
}

static bool is_used_before(const struct ckpt_shelf *shelf,
			   const struct ckpt_survey *survey, size_t index)
{
	const struct ckpt_planned_function *f = survey->planning->functions;
	const struct ckpt_shelf_library *library =
		find_library(shelf, survey, &f[index]);

	for (size_t i = 0; i < index; i++)
		if (find_library(shelf, survey, &f[i]) == library)
			return true;
	return false;
}

static void add_known(const struct ckpt_shelf *shelf,
		      const struct ckpt_survey *survey, struct ckpt_buf *out)
{
	const struct ckpt_planning *planning = survey->planning;
	const char *separator = "use = [";

	for (size_t i = 0; i < planning->function_count; i++) {
		const struct ckpt_shelf_library *library =
			find_library(shelf, survey, &planning->functions[i]);

		if (!library || is_used_before(shelf, survey, i))
			continue;
		ckpt_buf_format(out, "%s\"%s\"", separator, library->name);
		separator = ", ";
	}
	if (*separator == 'u')
		return;
	ckpt_buf_add_text(out, "]\nfunctions = [\n");
	for (size_t i = 0; i < planning->function_count; i++) {
		const struct ckpt_planned_function *f = &planning->functions[i];

		if (!find_library(shelf, survey, f))
			continue;
		ckpt_buf_add_text(out, "  ");
		add_string(out, f->match.symbol);
		ckpt_buf_format(out, ",   # of %s\n",
				ckpt_survey_object(survey, f->match.object));
	}
	ckpt_buf_add_text(out, "]\n");
}

/* `text`, each line as a comment. */
static void add_comment(struct ckpt_buf *out, const char *text)
{
	while (*text) {
		int length = (int)strcspn(text, "\n");

		ckpt_buf_format(out, "# %.*s\n", length, text);
		text += length;
		text += *text == '\n';
	}
}

static void add_block(const struct ckpt_survey *survey,
		      const struct ckpt_planned_function *f,
		      struct ckpt_buf *out)
{
	const char *object = ckpt_survey_object(survey, f->match.object);
	char text[1024];

	ckpt_buf_add_text(out, "\n[[function]]\nname = ");
	add_string(out, f->match.symbol);
	ckpt_buf_add_text(out, "\nobject = ");
	add_string(out, file_name(object));
	ckpt_buf_add_u8(out, '\n');
	if (!f->has_signature) {
		add_comment(out, f->refusal ? f->refusal : "no prototype");
		ckpt_buf_format(out,
				"# signature = \"TYPE %s(TYPE NAME, …)\"\n",
				f->match.symbol);
		return;
	}
	ckpt_signature_text(&f->signature, f->match.symbol, text, sizeof(text));
	add_comment(out, text);
	ckpt_buf_format(out, "# (%s)\n", f->signature.source);
	if (!f->refusal) {
		ckpt_buf_add_text(out, "# nothing to add\n");
		return;
	}
	add_comment(out, f->refusal);
	ckpt_buf_add_text(out, "[function.memory]\n");
	if (ckpt_suggest_memory(&f->signature, out))
		ckpt_buf_add_text(out, "# Guesses: correct them and remove the "
				       "#; see ckpt.toml(5).\n");
}

static void add_config(const struct ckpt_shelf *shelf,
		       const struct ckpt_survey *survey, struct ckpt_buf *out)
{
	const struct ckpt_planning *planning = survey->planning;

	ckpt_buf_format(out,
			"# For %s. `ckpt check %s` tells what is still\n"
			"# missing; ckpt.toml(5) what can be written.\n",
			survey->program, survey->program);
	add_known(shelf, survey, out);
	for (size_t i = 0; i < planning->function_count; i++) {
		const struct ckpt_planned_function *f = &planning->functions[i];

		if (ckpt_survey_is_absent(f)) {
			ckpt_buf_format(out,
					"\n# %s: neither the program nor a "
					"library it is linked against defines "
					"it\n",
					f->config->name);
			continue;
		}
		if (!find_library(shelf, survey, f))
			add_block(survey, f, out);
	}
}

static int write_output(const char *path, const struct ckpt_buf *text)
{
	struct ckpt_err err;
	_cleanup_close_ int fd = -1;

	if (!strcmp(path, "-")) {
		fwrite(text->data, 1, text->size, stdout);
		return ckpt_cli_finish("init");
	}
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0 ||
	    write(fd, text->data, text->size) != (ssize_t)text->size) {
		ckpt_err_set(&err, CKPT_IO, "%s: %s", path, strerror(errno));
		return ckpt_cli_fail("init", &err);
	}
	printf("%s written; `ckpt check PROGRAM` tells what is missing\n",
	       path);
	return ckpt_cli_finish("init");
}

/* A config that names the functions and says nothing of them. */
static enum ckpt_status name_functions(char **names, struct ckpt_config *config)
{
	size_t count = 0;

	while (names[count])
		count++;
	config->functions = calloc(count + 1, sizeof(*config->functions));
	if (!config->functions)
		return CKPT_NOMEM;
	for (size_t i = 0; i < count; i++)
		config->functions[i].name = names[i];
	config->function_count = count;
	return CKPT_OK;
}

/* Every function of every contract library, by name alone. */
static enum ckpt_status name_all(const struct ckpt_shelf *shelf,
				 struct ckpt_config *config)
{
	size_t count = 0;

	for (size_t i = 0; i < shelf->count; i++)
		count += shelf->libraries[i].config->function_count;
	config->functions = calloc(count + 1, sizeof(*config->functions));
	if (!config->functions)
		return CKPT_NOMEM;
	for (size_t i = 0; i < shelf->count; i++) {
		const struct ckpt_config *library = shelf->libraries[i].config;

		for (size_t j = 0; j < library->function_count; j++) {
			struct ckpt_function_config *f =
				&config->functions[config->function_count++];

			f->name = library->functions[j].name;
			f->object = library->functions[j].object;
		}
	}
	return CKPT_OK;
}

static int list_known(const struct ckpt_shelf *shelf,
		      const struct ckpt_survey *survey)
{
	const struct ckpt_planning *planning = survey->planning;
	size_t count = 0;

	for (size_t i = 0; i < planning->function_count; i++) {
		const struct ckpt_planned_function *f = &planning->functions[i];
		const struct ckpt_shelf_library *library =
			find_library(shelf, survey, f);

		if (!library || !f->match.slot_count)
			continue;
		count++;
		printf("%-32s %-24s use = [\"%s\"]\n", f->match.symbol,
		       file_name(ckpt_survey_object(survey, f->match.object)),
		       library->name);
	}
	if (!count)
		printf("no contract library knows a function that %s calls; "
		       "name functions to start from their prototypes\n",
		       survey->program);
	return ckpt_cli_finish("init");
}

static int init(const char *program, char **names, const char *output)
{
	struct ckpt_config config = {.path = NULL};
	struct ckpt_shelf shelf = {.count = 0};
	struct ckpt_survey survey;
	struct ckpt_err err = {.text = "out of memory"};
	enum ckpt_status status;
	int result = CKPT_EXIT_FAILURE;

	status = ckpt_shelf_open(&shelf, &err);
	if (!status)
		status = *names ? name_functions(names, &config)
				: name_all(&shelf, &config);
	if (!status)
		status = ckpt_survey_open(&survey, program, &config, &err);
	if (status) {
		ckpt_cli_fail("init", &err);
	} else {
		struct ckpt_buf text = {.size = 0};

		add_config(&shelf, &survey, &text);
		if (!*names)
			result = list_known(&shelf, &survey);
		else if (!ckpt_buf_status(&text))
			result = write_output(output, &text);
		ckpt_buf_deinit(&text);
		ckpt_survey_close(&survey);
	}
	free(config.functions);
	ckpt_shelf_close(&shelf);
	return result;
}

int ckpt_cmd_init(int argc, char **argv)
{
	static const struct option table[] = {
		{"output", required_argument, NULL, 'o'}, CKPT_CLI_OPTIONS};
	const char *output = "ckpt.toml";
	int option;

	while ((option = getopt_long(argc, argv, "hVo:", table, NULL)) != -1) {
		if (option != 'o')
			return ckpt_cli_common(option, "init", help);
		output = optarg;
	}
	if (optind == argc)
		return ckpt_cli_usage("init", "which program?");
	return init(argv[optind], argv + optind + 1, output);
}
