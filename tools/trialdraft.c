/* SPDX-License-Identifier: MIT */
#include "tools/trialdraft.h"

#include <stdlib.h>
#include <string.h>

#include "tools/headers.h"
#include "tools/storecli.h"

enum { ACTIVE_MAX = 12, OPEN_MAX = 5 };

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* The first `max` of one kind are taken: the best. */
static bool is_taken(const struct ckpt_trial *trial, size_t index,
		     enum ckpt_trial_kind kind, size_t max)
{
	size_t before = 0;

	if (trial->functions[index].kind != kind)
		return false;
	while (index > 0 && trial->functions[--index].kind == kind)
		before++;
	return before < max;
}

static bool is_active(const struct ckpt_trial *trial, size_t index)
{
	return is_taken(trial, index, CKPT_TRIAL_READY, ACTIVE_MAX);
}

static bool is_used_before(const struct ckpt_trial *trial, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (is_active(trial, i) &&
		    trial->functions[i].library ==
			    trial->functions[index].library)
			return true;
	return false;
}

static void add_use(const struct ckpt_trial *trial, struct ckpt_buf *out)
{
	const char *separator = "use = [";

	for (size_t i = 0; i < trial->function_count; i++) {
		const struct ckpt_trial_function *f = &trial->functions[i];

		if (!is_active(trial, i) || !f->library ||
		    is_used_before(trial, i))
			continue;
		ckpt_buf_format(out, "%s\"%s\"", separator, f->library->name);
		separator = ", ";
	}
	if (*separator == ',')
		ckpt_buf_add_text(out, "]\n");
}

static void add_figures(const struct ckpt_trial_function *f,
			struct ckpt_buf *out)
{
	char time[CKPT_STORECLI_TEXT_SIZE], saves[CKPT_STORECLI_TEXT_SIZE];

	ckpt_storecli_duration((uint64_t)(f->seconds * 1e9), time);
	ckpt_storecli_duration((uint64_t)(f->saves_next * 1e9), saves);
	ckpt_buf_format(out, "%llu call%s, %s: saves %s",
			(unsigned long long)f->row->calls,
			f->row->calls == 1 ? "" : "s", time, saves);
}

static void add_active(const struct ckpt_trial *trial, struct ckpt_buf *out)
{
	if (!trial->function_count || !is_active(trial, 0))
		return;
	add_use(trial, out);
	ckpt_buf_add_text(out, "functions = [\n");
	for (size_t i = 0; i < trial->function_count; i++) {
		const struct ckpt_trial_function *f = &trial->functions[i];

		if (!is_active(trial, i))
			continue;
		ckpt_buf_add_text(out, "  ");
		ckpt_draft_string(out, f->row->name);
		ckpt_buf_format(out,
				",   # of %s: ", last_part(f->row->object));
		add_figures(f, out);
		ckpt_buf_add_u8(out, '\n');
	}
	ckpt_buf_add_text(out, "]\n");
}

/* What the planner knows of the function, all of it as comments. */
static bool add_known(const struct ckpt_survey *survey, const char *name,
		      struct ckpt_buf *out)
{
	struct ckpt_buf block = {.size = 0};
	bool is_known = false;

	for (size_t i = 0; i < survey->planning->function_count; i++) {
		const struct ckpt_planned_function *f =
			&survey->planning->functions[i];

		if (is_known || ckpt_survey_is_absent(f) ||
		    strcmp(f->match.symbol, name) != 0)
			continue;
		ckpt_draft_block(survey, f, &block);
		is_known = true;
	}
	ckpt_buf_add_u8(&block, '\0');
	is_known &= !ckpt_buf_status(&block);
	if (is_known)
		ckpt_draft_comment(out, (const char *)block.data + 1);
	ckpt_buf_deinit(&block);
	return is_known;
}

static void add_unknown(const struct ckpt_trial_function *f,
			struct ckpt_buf *out)
{
	char header[256];

	ckpt_buf_add_text(out, "# [[function]]\n# name = ");
	ckpt_draft_string(out, f->row->name);
	ckpt_buf_add_text(out, "\n# object = ");
	ckpt_draft_string(out, last_part(f->row->object));
	ckpt_buf_add_u8(out, '\n');
	if (ckpt_headers_find(f->row->name, header, sizeof(header)))
		ckpt_buf_format(out, "# headers = [\"%s\"]   # has its name\n",
				header);
	ckpt_buf_format(out, "# signature = \"TYPE %s(TYPE NAME, …)\"\n",
			f->row->name);
}

static void add_open(const struct ckpt_trial *trial,
		     const struct ckpt_survey *survey, struct ckpt_buf *out)
{
	bool is_first = true;

	for (size_t i = 0; i < trial->function_count; i++) {
		const struct ckpt_trial_function *f = &trial->functions[i];

		if (!is_taken(trial, i, CKPT_TRIAL_OPEN, OPEN_MAX))
			continue;
		if (is_first)
			ckpt_buf_add_text(
				out,
				"\n# These took time too. Whether their "
				"results "
				"depend on their arguments\n# alone, you know: "
				"describe the ones you want and remove the "
				"#.\n");
		is_first = false;
		ckpt_buf_add_text(out, "#\n# ");
		add_figures(f, out);
		ckpt_buf_add_text(out, " at most\n");
		if (!survey || !add_known(survey, f->row->name, out))
			add_unknown(f, out);
	}
}

/* Of what is open: prototypes, and guesses at contracts. Functions of objects
 * that the program opens while it runs are not found. */
static enum ckpt_status survey_open(const struct ckpt_trial *trial,
				    const char *program,
				    struct ckpt_config *config,
				    struct ckpt_survey *survey)
{
	config->functions = calloc(OPEN_MAX, sizeof(*config->functions));
	if (!config->functions)
		return CKPT_NOMEM;
	for (size_t i = 0; i < trial->function_count; i++)
		if (is_taken(trial, i, CKPT_TRIAL_OPEN, OPEN_MAX))
			config->functions[config->function_count++].name =
				(char *)trial->functions[i].row->name;
	if (!config->function_count)
		return CKPT_NOTFOUND;
	return ckpt_survey_open(survey, program, config, NULL);
}

static void add_command(char *const *argv, struct ckpt_buf *out)
{
	ckpt_buf_add_text(out, "# Measured with:");
	for (; *argv; argv++) {
		size_t size = strcspn(*argv, "\r\n");

		ckpt_buf_format(out, " %.*s%s", (int)size, *argv,
				(*argv)[size] ? "…" : "");
	}
	ckpt_buf_add_text(out, "\n# What is saved is so in a second run with "
			       "the same inputs.\n");
}

bool ckpt_trialdraft_config(const struct ckpt_trial *trial, char *const *argv,
			    struct ckpt_buf *out)
{
	struct ckpt_config config = {.path = NULL};
	struct ckpt_survey survey;
	bool is_surveyed;

	if (!trial->function_count ||
	    trial->functions[0].kind > CKPT_TRIAL_OPEN)
		return false;
	is_surveyed = !survey_open(trial, argv[0], &config, &survey);
	add_command(argv, out);
	add_active(trial, out);
	add_open(trial, is_surveyed ? &survey : NULL, out);
	if (is_surveyed)
		ckpt_survey_close(&survey);
	free(config.functions);
	return true;
}
