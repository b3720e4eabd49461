/* SPDX-License-Identifier: MIT */
#include "tools/callers.h"

#include <fnmatch.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "shim/common/cleanup.h"
#include "shim/planner/callers.h"
#include "shim/planner/code/codebase.h"

enum { PLACES_SHOWN = 20 }; /* without --all */

static const char *kind_text(enum ckpt_caller_kind kind)
{
	static const char *const texts[CKPT_CALLER_KIND_COUNT] = {
		[CKPT_CALLER_SLOT] = "call slot",
		[CKPT_CALLER_WORD] = "address slot",
		[CKPT_CALLER_POINTER] = "pointer",
		[CKPT_CALLER_LOCAL_POINTER] = "local pointer",
		[CKPT_CALLER_RESOLVED] = "resolved slot",
		[CKPT_CALLER_CALL] = "direct call",
		[CKPT_CALLER_JUMP] = "direct jump",
		[CKPT_CALLER_TAKEN] = "address taken",
		[CKPT_CALLER_INLINED] = "inlined copy",
	};

	return texts[kind];
}

static const char *file_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Of `from = "PATTERN"`, by which the library goes too. */
static bool may_call(struct ckpt_survey *survey, const char *from,
		     uint32_t object)
{
	const struct ckpt_image *image =
		ckpt_scope_image(survey->scope, object, NULL);
	const char *soname = image ? ckpt_image_soname(image) : NULL;

	return !from ||
	       !fnmatch(from, file_name(ckpt_survey_object(survey, object)),
			0) ||
	       (soname && !fnmatch(from, soname, 0));
}

static bool is_runtime(struct ckpt_survey *survey, uint32_t object)
{
	struct ckpt_codebase *base;

	return !ckpt_codebase_of(survey->scope, &base) &&
	       ckpt_codebase_is_runtime(base, object);
}

/* Is it one of the words that are changed? */
static bool is_slot(const struct ckpt_function_config *config,
		    enum ckpt_caller_kind kind)
{
	return kind == CKPT_CALLER_SLOT || kind == CKPT_CALLER_WORD ||
	       kind == CKPT_CALLER_POINTER || kind == CKPT_CALLER_RESOLVED ||
	       (kind == CKPT_CALLER_LOCAL_POINTER && config->is_address_taken);
}

/* Why calls from there are not served; NULL: they are. */
static const char *find_obstacle(struct ckpt_survey *survey,
				 const struct ckpt_planned_function *f,
				 const struct ckpt_caller *caller)
{
	const struct ckpt_function_config *config = f->config;

	if (f->refusal)
		return "the function is refused";
	if (caller->kind == CKPT_CALLER_INLINED)
		return "no call: a copy of its code stands there";
	if (f->has_entry)
		return NULL;
	if (is_slot(config, caller->kind))
		return may_call(survey, config->from, caller->object)
			       ? NULL
			       : "\"from\" leaves this object out";
	if (caller->kind == CKPT_CALLER_LOCAL_POINTER)
		return "it names no symbol: via = \"entry\" serves it where "
		       "it can, address_taken = true too";
	if (is_runtime(survey, caller->object))
		return "direct, in the C runtime, whose code is not patched";
	return "direct: via = \"entry\" serves it where it can";
}

static void format_inside(const struct ckpt_caller *caller, char *text,
			  size_t size)
{
	*text = '\0';
	if (caller->inside && caller->off)
		(void)snprintf(text, size, "%s+0x%" PRIx64, caller->inside,
			       caller->off);
	else if (caller->inside)
		(void)snprintf(text, size, "%s", caller->inside);
}

static void print_place(struct ckpt_survey *survey,
			const struct ckpt_planned_function *f,
			const struct ckpt_caller *caller)
{
	const char *obstacle = find_obstacle(survey, f, caller);
	char inside[256];

	format_inside(caller, inside, sizeof(inside));
	printf("  %-10s %-13s %s", "", kind_text(caller->kind),
	       file_name(ckpt_survey_object(survey, caller->object)));
	if (caller->vaddr)
		printf(" at 0x%" PRIx64, caller->vaddr);
	if (*inside)
		printf(" (%s)", inside);
	if (caller->file)
		printf(", %s:%u", caller->file, caller->line);
	if (obstacle && !f->refusal)
		printf(": not served, %s", obstacle);
	putchar('\n');
}

static size_t count_served(struct ckpt_survey *survey,
			   const struct ckpt_planned_function *f,
			   const struct ckpt_callers *callers)
{
	size_t served = 0;

	for (size_t i = 0; i < callers->count; i++)
		served += !find_obstacle(survey, f, &callers->items[i]);
	return served;
}

static enum ckpt_status find(struct ckpt_survey *survey,
			     const struct ckpt_planned_function *f,
			     struct ckpt_callers *ret)
{
	return ckpt_callers_find(survey->scope, &f->match,
				 f->config->debug_file, &survey->deps, ret);
}

static void print_list(struct ckpt_survey *survey,
		       const struct ckpt_planned_function *f,
		       const struct ckpt_callers *callers, bool is_all)
{
	size_t shown = callers->count;

	if (!is_all && shown > PLACES_SHOWN)
		shown = PLACES_SHOWN;
	printf("  %-10s from %zu place%s, %zu of them served\n", "called",
	       callers->count, callers->count == 1 ? "" : "s",
	       count_served(survey, f, callers));
	for (size_t i = 0; i < shown; i++)
		print_place(survey, f, &callers->items[i]);
	if (shown < callers->count)
		printf("  %-10s … and %zu more (--all)\n", "",
		       callers->count - shown);
	if (callers->inlined_err.text[0])
		printf("  %-10s copies in its callers: not known (%s)\n", "",
		       callers->inlined_err.text);
}

void ckpt_callers_print(struct ckpt_survey *survey,
			const struct ckpt_planned_function *function,
			bool is_all)
{
	_cleanup_(ckpt_callers_deinit) struct ckpt_callers callers = {
		.items = NULL};

	if (!find(survey, function, &callers))
		print_list(survey, function, &callers, is_all);
}

static void json_place(struct ckpt_survey *survey,
		       const struct ckpt_planned_function *f,
		       const struct ckpt_caller *caller, struct ckpt_json *json)
{
	const char *obstacle = find_obstacle(survey, f, caller);
	char inside[256];

	format_inside(caller, inside, sizeof(inside));
	ckpt_json_begin_object(json, NULL);
	ckpt_json_string(json, "kind", kind_text(caller->kind));
	ckpt_json_string(json, "object",
			 ckpt_survey_object(survey, caller->object));
	ckpt_json_uint(json, "address", caller->vaddr);
	ckpt_json_string(json, "inside", *inside ? inside : NULL);
	ckpt_json_string(json, "file", caller->file);
	ckpt_json_uint(json, "line", caller->line);
	ckpt_json_bool(json, "served", !obstacle);
	ckpt_json_string(json, "reason", obstacle);
	ckpt_json_end_object(json);
}

void ckpt_callers_json(struct ckpt_survey *survey,
		       const struct ckpt_planned_function *function,
		       struct ckpt_json *json)
{
	_cleanup_(ckpt_callers_deinit) struct ckpt_callers callers = {
		.items = NULL};

	ckpt_json_begin_array(json, "callers");
	if (!find(survey, function, &callers))
		for (size_t i = 0; i < callers.count; i++)
			json_place(survey, function, &callers.items[i], json);
	ckpt_json_end_array(json);
}
