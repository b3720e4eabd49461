/* SPDX-License-Identifier: MIT */
#include "tools/inspect.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tools/callers.h"
#include "tools/cli.h"
#include "tools/closuretree.h"
#include "tools/json.h"

static const char *file_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static const char *kind_text(enum ckpt_closure_item_kind kind)
{
	static const char *const texts[] = {
		[CKPT_CLOSURE_CODE] = "code",
		[CKPT_CLOSURE_DATA] = "data",
		[CKPT_CLOSURE_OBJECT] = "whole object",
		[CKPT_CLOSURE_RUNTIME] = "C runtime",
	};

	return (size_t)kind < sizeof(texts) / sizeof(*texts) ? texts[kind]
							     : "?";
}

/* Lines of `text`, each behind the same margin. */
static void print_lines(const char *label, const char *text)
{
	while (*text) {
		int length = (int)strcspn(text, "\n");

		printf("  %-10s %.*s\n", label, length, text);
		text += length;
		text += *text == '\n';
		label = "";
	}
}

static void print_globals(const struct ckpt_survey *survey,
			  const struct ckpt_closure *closure)
{
	for (size_t i = 0; i < closure->global_count; i++) {
		const struct ckpt_closure_global *g = &closure->globals[i];

		printf("  %-10s %s in %s, %" PRIu64 " bytes%s%s%s\n",
		       i ? "" : "globals", g->name,
		       file_name(ckpt_survey_object(survey, g->object)),
		       g->size, g->is_tls ? ", per thread" : "",
		       g->is_written ? ", written" : "",
		       g->is_scratch ? ", waived" : "");
	}
}

struct trait {
	uint32_t trait;
	const char *text;
};

static void print_traits(const struct ckpt_closure *closure)
{
	static const struct trait traits[] = {
		{CKPT_TRAIT_CPU, "the processor's features"},
		{CKPT_TRAIT_THREADS, "how many processors it may use"},
		{CKPT_TRAIT_LOCALE, "the locale"},
		{CKPT_TRAIT_ERRNO, "errno as the call finds it"},
		{CKPT_TRAIT_FP_FLAGS, "floating-point exception flags"},
		{CKPT_TRAIT_INDIRECT, "calls through unknown pointers"},
		{CKPT_TRAIT_SYSCALL, "system calls of its own"},
		{CKPT_TRAIT_CLOCK, "the processor's clock"},
		{CKPT_TRAIT_RANDOM, "the processor's random numbers"},
	};
	const char *label = "also on";

	for (size_t i = 0; i < sizeof(traits) / sizeof(*traits); i++) {
		if (!(closure->traits & traits[i].trait))
			continue;
		printf("  %-10s %s\n", label, traits[i].text);
		label = "";
	}
	label = "impure";
	for (size_t i = 0; i < closure->impure_count; i++) {
		printf("  %-10s %s\n", label, closure->impure[i].chain);
		label = "";
	}
}

static void print_reach(const struct ckpt_planned_function *f)
{
	if (f->refusal && !f->has_entry)
		return;
	if (f->has_entry)
		printf("  %-10s by its entry: its first %u bytes lead to the "
		       "cache\n",
		       "reached", f->entry_patch.window_size);
	else
		printf("  %-10s by the words that calls go through\n",
		       "reached");
}

static void print_names(const struct ckpt_match *match)
{
	printf("  %-10s", "symbols");
	for (size_t i = 0; i < match->name_count; i++)
		printf("%s %s%s%s", i ? "," : "", match->names[i].name,
		       !match->names[i].version	    ? ""
		       : match->names[i].is_default ? "@@"
						    : "@",
		       match->names[i].version ? match->names[i].version : "");
	putchar('\n');
}

/* Where contracts for it are, if its config does not have them. */
static void print_library(const struct ckpt_survey *survey,
			  const struct ckpt_planned_function *f,
			  const struct ckpt_shelf *shelf)
{
	const char *object = ckpt_survey_object(survey, f->match.object);
	const struct ckpt_shelf_library *library = NULL;

	if (shelf)
		library = ckpt_shelf_find(shelf, f->match.symbol,
					  file_name(object));
	if (f->config->library)
		printf("  %-10s of the library \"%s\"\n", "contracts",
		       f->config->library);
	else if (library)
		printf("  %-10s use = [\"%s\"] has them\n", "contracts",
		       library->name);
}

static void print_function(struct ckpt_survey *survey,
			   const struct ckpt_planned_function *f,
			   const struct ckpt_inspect_options *options)
{
	bool is_coloured = ckpt_cli_is_coloured(stdout);
	char text[1024];

	printf("%s%s%s in %s, at 0x%" PRIx64 ", %" PRIu64 " bytes\n",
	       is_coloured ? "\033[1m" : "", f->match.display,
	       is_coloured ? "\033[0m" : "",
	       ckpt_survey_object(survey, f->match.object), f->match.vaddr,
	       f->match.size);
	print_names(&f->match);
	print_reach(f);
	ckpt_callers_print(survey, f, options->is_all);
	if (f->has_signature) {
		ckpt_signature_text(&f->signature, f->match.symbol, text,
				    sizeof(text));
		print_lines("signature", text);
		print_lines("", f->signature.source);
	}
	if (f->has_closure) {
		ckpt_closuretree_print(survey, &f->closure, options->is_all);
		print_globals(survey, &f->closure);
		print_traits(&f->closure);
	}
	print_library(survey, f, options->shelf);
	print_lines(f->refusal ? "refused" : "verdict",
		    f->refusal ? f->refusal : "can be checkpointed");
}

static void json_closure(struct ckpt_json *json,
			 const struct ckpt_survey *survey,
			 const struct ckpt_closure *closure)
{
	ckpt_json_begin_array(json, "depends_on");
	for (size_t i = 0; i < closure->item_count; i++) {
		const struct ckpt_closure_item *item = &closure->items[i];

		ckpt_json_begin_object(json, NULL);
		ckpt_json_string(json, "kind", kind_text(item->kind));
		ckpt_json_string(json, "name", item->name);
		ckpt_json_string(json, "object",
				 ckpt_survey_object(survey, item->object));
		ckpt_json_uint(json, "bytes", item->size);
		ckpt_json_uint(json, "parent", item->parent);
		ckpt_json_string(json, "reason", item->reason);
		ckpt_json_end_object(json);
	}
	ckpt_json_end_array(json);
	ckpt_json_begin_array(json, "globals");
	for (size_t i = 0; i < closure->global_count; i++) {
		const struct ckpt_closure_global *g = &closure->globals[i];

		ckpt_json_begin_object(json, NULL);
		ckpt_json_string(json, "name", g->name);
		ckpt_json_string(json, "object",
				 ckpt_survey_object(survey, g->object));
		ckpt_json_uint(json, "bytes", g->size);
		ckpt_json_bool(json, "written", g->is_written);
		ckpt_json_bool(json, "waived", g->is_scratch);
		ckpt_json_end_object(json);
	}
	ckpt_json_end_array(json);
	ckpt_json_begin_array(json, "impure");
	for (size_t i = 0; i < closure->impure_count; i++)
		ckpt_json_string(json, NULL, closure->impure[i].chain);
	ckpt_json_end_array(json);
}

static void json_function(struct ckpt_json *json, struct ckpt_survey *survey,
			  const struct ckpt_planned_function *f)
{
	char text[1024];

	ckpt_json_begin_object(json, NULL);
	ckpt_json_string(json, "name", f->match.display);
	ckpt_json_string(json, "object",
			 ckpt_survey_object(survey, f->match.object));
	ckpt_json_uint(json, "bytes", f->match.size);
	ckpt_json_uint(json, "slots", f->match.slot_count);
	ckpt_json_bool(json, "entry", f->has_entry);
	ckpt_callers_json(survey, f, json);
	if (f->has_signature) {
		ckpt_signature_text(&f->signature, f->match.symbol, text,
				    sizeof(text));
		ckpt_json_string(json, "signature", text);
		ckpt_json_string(json, "signature_source", f->signature.source);
	}
	if (f->has_closure)
		json_closure(json, survey, &f->closure);
	ckpt_json_bool(json, "ok", !f->refusal);
	ckpt_json_string(json, "refusal", f->refusal);
	ckpt_json_end_object(json);
}

static void print_absent(const struct ckpt_survey *survey,
			 const struct ckpt_planned_function *f,
			 struct ckpt_json *json)
{
	const char *cause = ckpt_survey_absence(survey, f);

	if (json)
		ckpt_json_string(json, NULL, f->config->name);
	else if (cause)
		printf("%s: %s\n", f->config->name, cause);
	else
		printf("%s: neither %s nor a library it is linked against "
		       "defines it\n",
		       f->config->name, survey->program);
}

/* Configured functions that no object of the program defines. */
static size_t print_all_absent(const struct ckpt_survey *survey,
			       struct ckpt_json *json)
{
	const struct ckpt_planning *planning = survey->planning;
	size_t count = 0;

	for (size_t i = 0; i < planning->function_count; i++) {
		const struct ckpt_planned_function *f = &planning->functions[i];

		if (!ckpt_survey_is_absent(f))
			continue;
		count++;
		print_absent(survey, f, json);
	}
	return count;
}

size_t ckpt_inspect_print(struct ckpt_survey *survey,
			  const struct ckpt_inspect_options *options)
{
	const struct ckpt_planning *planning = survey->planning;
	struct ckpt_json json = {.file = stdout};
	size_t faults = 0;

	if (options->is_json) {
		ckpt_json_begin_object(&json, NULL);
		ckpt_json_string(&json, "program", survey->program);
		ckpt_json_begin_array(&json, "functions");
	}
	for (size_t i = 0; i < planning->function_count; i++) {
		const struct ckpt_planned_function *f = &planning->functions[i];

		if (ckpt_survey_is_absent(f))
			continue;
		faults += f->refusal != NULL;
		if (options->is_json)
			json_function(&json, survey, f);
		else
			print_function(survey, f, options);
	}
	if (options->is_json) {
		ckpt_json_end_array(&json);
		ckpt_json_begin_array(&json, "absent");
	}
	faults += print_all_absent(survey, options->is_json ? &json : NULL);
	if (options->is_json) {
		ckpt_json_end_array(&json);
		ckpt_json_end_object(&json);
	}
	return faults;
}
