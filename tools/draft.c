/* SPDX-License-Identifier: MIT */
#include "tools/draft.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "shim/common/cleanup.h"
#include "tools/suggest.h"

static const char *file_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

const struct ckpt_shelf_library *
ckpt_draft_library(const struct ckpt_shelf *shelf,
		   const struct ckpt_survey *survey,
		   const struct ckpt_planned_function *f)
{
	if (ckpt_survey_is_absent(f))
		return NULL;
	return ckpt_shelf_find(
		shelf, f->match.symbol,
		file_name(ckpt_survey_object(survey, f->match.object)));
}

/* TOML's basic strings (TOML 1.0, "String"). */
void ckpt_draft_string(struct ckpt_buf *out, const char *text)
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
		ckpt_draft_library(shelf, survey, &f[index]);

	for (size_t i = 0; i < index; i++)
		if (ckpt_draft_library(shelf, survey, &f[i]) == library)
			return true;
	return false;
}

static void add_known(const struct ckpt_shelf *shelf,
		      const struct ckpt_survey *survey, struct ckpt_buf *out)
{
	const struct ckpt_planning *planning = survey->planning;
	const char *separator = "use = [";

	for (size_t i = 0; i < planning->function_count; i++) {
		const struct ckpt_shelf_library *library = ckpt_draft_library(
			shelf, survey, &planning->functions[i]);

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

		if (!ckpt_draft_library(shelf, survey, f))
			continue;
		ckpt_buf_add_text(out, "  ");
		ckpt_draft_string(out, f->match.symbol);
		ckpt_buf_format(out, ",   # of %s\n",
				ckpt_survey_object(survey, f->match.object));
	}
	ckpt_buf_add_text(out, "]\n");
}

void ckpt_draft_comment(struct ckpt_buf *out, const char *text)
{
	while (*text) {
		int length = (int)strcspn(text, "\n");

		ckpt_buf_format(out, "# %.*s\n", length, text);
		text += length;
		text += *text == '\n';
	}
}

void ckpt_draft_block(const struct ckpt_survey *survey,
		      const struct ckpt_planned_function *f,
		      struct ckpt_buf *out)
{
	const char *object = ckpt_survey_object(survey, f->match.object);
	char text[1024];

	ckpt_buf_add_text(out, "\n[[function]]\nname = ");
	ckpt_draft_string(out, f->match.symbol);
	ckpt_buf_add_text(out, "\nobject = ");
	ckpt_draft_string(out, file_name(object));
	ckpt_buf_add_u8(out, '\n');
	if (!f->has_signature) {
		ckpt_draft_comment(out,
				   f->refusal ? f->refusal : "no prototype");
		ckpt_buf_format(out,
				"# signature = \"TYPE %s(TYPE NAME, …)\"\n",
				f->match.symbol);
		return;
	}
	ckpt_signature_text(&f->signature, f->match.symbol, text, sizeof(text));
	ckpt_draft_comment(out, text);
	ckpt_buf_format(out, "# (%s)\n", f->signature.source);
	if (!f->refusal) {
		ckpt_buf_add_text(out, "# nothing to add\n");
		return;
	}
	ckpt_draft_comment(out, f->refusal);
	ckpt_buf_add_text(out, "[function.memory]\n");
	if (ckpt_suggest_memory(&f->signature, out))
		ckpt_buf_add_text(out, "# Guesses: correct them and remove the "
				       "#; see ckpt.toml(5).\n");
}

void ckpt_draft_config(const struct ckpt_shelf *shelf,
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
		if (!ckpt_draft_library(shelf, survey, f))
			ckpt_draft_block(survey, f, out);
	}
}

enum ckpt_status ckpt_draft_write(const char *path, const struct ckpt_buf *text,
				  struct ckpt_err *err)
{
	_cleanup_close_ int fd = -1;

	if (!strcmp(path, "-")) {
		fwrite(text->data, 1, text->size, stdout);
		return CKPT_OK;
	}
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0 || write(fd, text->data, text->size) != (ssize_t)text->size)
		return ckpt_err_set(err, CKPT_IO, "%s: %s", path,
				    strerror(errno));
	return CKPT_OK;
}
