/* SPDX-License-Identifier: MIT */
#include "tools/draft.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "shim/common/cleanup.h"
#include "tools/headers.h"
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

/* Is the type, or one inside it or behind its pointers, called `name`? */
static bool has_type(const struct ckpt_type *type, const char *name, int depth)
{
	enum { DEPTH_MAX = 6 };

	if (!type || depth > DEPTH_MAX)
		return false;
	if (ckpt_suggest_is_type(type, name) ||
	    has_type(type->element, name, depth + 1))
		return true;
	for (size_t i = 0; i < type->field_count; i++)
		if (has_type(type->fields[i].type, name, depth + 1))
			return true;
	return false;
}

static bool describes_types(const struct ckpt_config *library,
			    const struct ckpt_signature *signature)
{
	for (size_t i = 0; i < library->type_count; i++) {
		const char *name = library->types[i].name;

		if (has_type(signature->result, name, 0))
			return true;
		for (size_t j = 0; j < signature->parameter_count; j++)
			if (has_type(signature->parameters[j].type, name, 0))
				return true;
	}
	return false;
}

/* Does the library describe one of the functions, or a type of one that no
 * library describes? */
static bool is_used(const struct ckpt_shelf *shelf,
		    const struct ckpt_survey *survey,
		    const struct ckpt_shelf_library *library)
{
	for (size_t i = 0; i < survey->planning->function_count; i++) {
		const struct ckpt_planned_function *f =
			&survey->planning->functions[i];
		const struct ckpt_shelf_library *own =
			ckpt_draft_library(shelf, survey, f);

		if (own == library ||
		    (!own && f->has_signature &&
		     describes_types(library->config, &f->signature)))
			return true;
	}
	return false;
}

static void add_use(const struct ckpt_shelf *shelf,
		    const struct ckpt_survey *survey, struct ckpt_buf *out)
{
	const char *separator = "use = [";

	for (size_t i = 0; i < shelf->count; i++) {
		if (!is_used(shelf, survey, &shelf->libraries[i]))
			continue;
		ckpt_buf_format(out, "%s\"%s\"", separator,
				shelf->libraries[i].name);
		separator = ", ";
	}
	if (*separator == ',')
		ckpt_buf_add_text(out, "]\n");
}

/* What is known, but not enough: `ckpt check` would say the same. */
static void add_refused(const struct ckpt_planned_function *f,
			struct ckpt_buf *out)
{
	ckpt_buf_add_text(out, "\n# ");
	ckpt_buf_add_text(out, f->match.symbol);
	ckpt_buf_add_text(out, ":\n");
	ckpt_draft_comment(out, f->refusal);
}

static void add_known(const struct ckpt_shelf *shelf,
		      const struct ckpt_survey *survey, struct ckpt_buf *out)
{
	const struct ckpt_planning *planning = survey->planning;
	bool is_first = true;

	add_use(shelf, survey, out);
	for (size_t i = 0; i < planning->function_count; i++) {
		const struct ckpt_planned_function *f = &planning->functions[i];

		if (!ckpt_draft_library(shelf, survey, f))
			continue;
		if (is_first)
			ckpt_buf_add_text(out, "functions = [\n");
		is_first = false;
		ckpt_buf_add_text(out, "  ");
		ckpt_draft_string(out, f->match.symbol);
		ckpt_buf_format(out, ",   # of %s\n",
				ckpt_survey_object(survey, f->match.object));
	}
	if (!is_first)
		ckpt_buf_add_text(out, "]\n");
	for (size_t i = 0; i < planning->function_count; i++) {
		const struct ckpt_planned_function *f = &planning->functions[i];

		if (ckpt_draft_library(shelf, survey, f) && f->refusal)
			add_refused(f, out);
	}
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

/* Without the places where a prototype was looked for. */
static void comment_first(struct ckpt_buf *out, const char *text)
{
	int length = (int)strcspn(text, "\n");

	ckpt_buf_format(out, "# %.*s\n", length, text);
}

/* Nobody told its prototype: where could it be? */
static void add_unknown(const struct ckpt_planned_function *f,
			struct ckpt_buf *out)
{
	char header[256];

	comment_first(out, f->refusal ? f->refusal : "no prototype");
	if (ckpt_headers_find(f->match.symbol, header, sizeof(header)))
		ckpt_buf_format(out, "# headers = [\"%s\"]   # has its name\n",
				header);
	ckpt_buf_format(out, "# signature = \"TYPE %s(TYPE NAME, …)\"\n",
			f->match.symbol);
}

void ckpt_draft_block(const struct ckpt_survey *survey,
		      const struct ckpt_planned_function *f,
		      struct ckpt_buf *out)
{
	const struct ckpt_config *config = survey->planning->config;
	const char *object = ckpt_survey_object(survey, f->match.object);
	char text[1024];

	ckpt_buf_add_text(out, "\n[[function]]\nname = ");
	ckpt_draft_string(out, f->match.symbol);
	ckpt_buf_add_text(out, "\nobject = ");
	ckpt_draft_string(out, file_name(object));
	ckpt_buf_add_u8(out, '\n');
	if (!f->has_signature) {
		add_unknown(f, out);
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
	if (strstr(f->refusal, "write indirect = \"object\""))
		ckpt_buf_add_text(out, "# indirect = \"object\"\n");
	ckpt_buf_add_text(out, "[function.memory]\n");
	if (ckpt_suggest_missing(&f->signature, config, f->refusal, out) ||
	    ckpt_suggest_memory(&f->signature, config, out))
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
					"it\n# (functions of C++ are named "
					"with their parameters: `ckpt init "
					"PROGRAM` lists them)\n",
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
