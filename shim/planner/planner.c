/* SPDX-License-Identifier: MIT */
#include "shim/planner/planner.h"

#include "shim/planner/absent.h"
#include "shim/planner/barred.h"
#include "shim/planner/elf/deps.h"
#include "shim/planner/signature/dwarf_batch.h"
#include "shim/planner/contract/globaltype.h"
#include "shim/planner/planmeasure.h"
#include "shim/planner/code/purity.h"
#include "shim/planner/code/reach.h"

#include "shim/common/cleanup.h"

#include <fnmatch.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is handed down while functions are looked at. */
struct work {
	struct ckpt_planning *planning;
	struct ckpt_deps *deps;
	struct ckpt_dwarf_batch batch; /* prototypes of many functions */
};

static const char *file_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* ---- what there is to tell ---- */

static enum ckpt_status CKPT_PRINTF(2, 3)
	refuse(struct ckpt_planned_function *function, const char *format, ...)
{
	va_list values;
	int length;

	va_start(values, format);
	length = vasprintf(&function->refusal, format, values);
	va_end(values);
	if (length < 0)
		function->refusal = NULL;
	return length < 0 ? CKPT_NOMEM : CKPT_OK;
}

static enum ckpt_status CKPT_PRINTF(4, 5)
	add_note(struct ckpt_planning *planning, uint32_t function,
		 bool is_error, const char *format, ...)
{
	struct ckpt_planned_note *notes = realloc(
		planning->notes, (planning->note_count + 1) * sizeof(*notes));
	va_list values;
	char *text;
	int length;

	if (!notes)
		return CKPT_NOMEM;
	planning->notes = notes;
	va_start(values, format);
	length = vasprintf(&text, format, values);
	va_end(values);
	if (length < 0)
		return CKPT_NOMEM;
	notes[planning->note_count++] = (struct ckpt_planned_note){
		.function = function, .is_error = is_error, .text = text};
	return CKPT_OK;
}

/* NOMEM ends planning; anything else is the function's own trouble. */
static enum ckpt_status take_refusal(struct ckpt_planned_function *function,
				     enum ckpt_status status,
				     const struct ckpt_err *err)
{
	if (!status || status == CKPT_NOMEM)
		return status;
	return refuse(function, "%s", err->text);
}

/* ---- one function ---- */

static enum ckpt_status check_name(struct ckpt_planned_function *function)
{
	for (size_t i = 0; i < function->match.name_count; i++) {
		const char *name = function->match.names[i].name;
		const char *reason = ckpt_barred_reason(name);

		if (reason)
			return refuse(function,
				      "cannot be checkpointed: %s; take it out "
				      "of the config",
				      reason);
	}
	return CKPT_OK;
}

static enum ckpt_status check_reach(struct work *work,
				    struct ckpt_planned_function *function)
{
	struct ckpt_scope *scope = work->planning->scope;
	const struct ckpt_match *match = &function->match;
	struct ckpt_err err = {.text = ""};
	struct ckpt_reach reach;
	enum ckpt_status status;

	/* What its resolver gives has an entry that nobody knows now. */
	if (match->is_ifunc)
		return function->config->via == CKPT_VIA_ENTRY
			       ? refuse(function,
					"its code is chosen at run time "
					"(IFUNC), via = \"entry\" cannot "
					"reach it: leave it out")
			       : CKPT_OK;
	status =
		ckpt_reach_choose(scope, match, function->config, &reach, &err);
	if (status)
		return take_refusal(function, status, &err);
	function->has_entry = reach.has_entry;
	function->entry_patch = reach.entry;
	return CKPT_OK;
}

static enum ckpt_status find_signature(struct work *work,
				       struct ckpt_planned_function *function)
{
	const struct ckpt_match *match = &function->match;
	struct ckpt_err err = {.text = ""};
	const struct ckpt_image *image =
		ckpt_scope_image(work->planning->scope, match->object, &err);
	enum ckpt_status status;

	if (!image)
		return refuse(function, "%s", err.text);
	function->types = ckpt_types_create();
	if (!function->types)
		return CKPT_NOMEM;
	status = ckpt_signature_find(function->types, image, match->symbol,
				     match->vaddr, function->config, work->deps,
				     &work->batch, &function->signature, &err);
	if (status)
		return take_refusal(function, status, &err);
	function->has_signature = true;
	if (function->signature.is_variadic)
		return refuse(function,
			      "takes a variable number of arguments, which no "
			      "contract can describe; name a function that "
			      "calls it");
	return CKPT_OK;
}

static enum ckpt_status find_closure(struct work *work,
				     struct ckpt_planned_function *function)
{
	struct ckpt_err err = {.text = ""};
	enum ckpt_status status = ckpt_closure_compute(
		work->planning->scope, function->match.object,
		function->match.vaddr, function->config,
		ckpt_config_passes_code(work->planning->config,
					function->config),
		&function->closure, &err);

	if (status)
		return take_refusal(function, status, &err);
	function->has_closure = true;
	/* The closure is that of its resolver, with all that this can choose
	 * from; it chooses by CPU. */
	if (function->match.is_ifunc)
		function->closure.traits |= CKPT_TRAIT_CPU;
	if (function->closure.refusal)
		return refuse(function, "%s", function->closure.refusal);
	status = ckpt_purity_check(&function->closure, function->config, &err);
	return take_refusal(function, status, &err);
}

/* As in the file of an object that is not linked for a fixed place. */
static const uint8_t *find_initial(struct ckpt_scope *scope,
				   const struct ckpt_closure_global *global)
{
	const struct ckpt_image *image =
		ckpt_scope_image(scope, global->object, NULL);

	if (!image || global->is_tls || ckpt_image_type(image) != ET_DYN)
		return NULL;
	return ckpt_image_bytes(image, global->vaddr, global->size);
}

static struct ckpt_program_global *
list_globals(struct ckpt_scope *scope, const struct ckpt_closure *closure)
{
	struct ckpt_program_global *globals =
		calloc(closure->global_count + 1, sizeof(*globals));

	if (!globals)
		return NULL;
	for (size_t i = 0; i < closure->global_count; i++) {
		const struct ckpt_closure_global *global = &closure->globals[i];

		globals[i] = (struct ckpt_program_global){
			.name = global->name,
			.object = global->object,
			.vaddr = global->vaddr,
			.size = global->size,
			.is_tls = global->is_tls,
			.is_written = global->is_written,
			.is_scratch = global->is_scratch,
			.initial = find_initial(scope, global),
		};
	}
	return globals;
}

static enum ckpt_status compile_program(struct work *work,
					struct ckpt_planned_function *function)
{
	const struct ckpt_config *config = work->planning->config;
	struct ckpt_program_global *globals =
		list_globals(work->planning->scope, &function->closure);
	struct ckpt_program_request request = {
		.signature = &function->signature,
		.config = function->config,
		.type_configs = config->types,
		.type_config_count = config->type_count,
		.globals = globals,
		.global_count = function->closure.global_count,
		.types = function->types,
	};
	struct ckpt_tables *tables = &work->planning->tables;
	struct ckpt_tables_mark mark = ckpt_tables_mark(tables);
	struct ckpt_plan_function blank = function->entry;
	struct ckpt_err err = {.text = ""};
	enum ckpt_status status;

	if (!globals)
		return CKPT_NOMEM;
	status = ckpt_globaltype_find(work->planning->scope, function->config,
				      &function->signature, function->types,
				      work->deps, globals, request.global_count,
				      &err);
	if (!status)
		status = ckpt_program_compile(tables, &request,
					      &function->entry, &err);
	free(globals);
	if (status) {
		/* What was compiled so far may refer to what never came. */
		ckpt_tables_rewind(tables, &mark);
		function->entry = blank;
	}
	return take_refusal(function, status, &err);
}

static enum ckpt_status plan_function(struct work *work,
				      struct ckpt_planned_function *function)
{
	bool is_measure = work->planning->config->is_measure;
	enum ckpt_status status = check_name(function);

	if (!status && !function->refusal)
		status = find_signature(work, function);
	if (!status && !function->refusal)
		status = check_reach(work, function);
	if (!status && !function->refusal && !is_measure)
		status = find_closure(work, function);
	if (!status && !function->refusal)
		status = compile_program(work, function);
	if (!status && function->refusal && is_measure)
		ckpt_planmeasure_time(function);
	return status;
}

/* ---- what the config names ---- */

static bool is_known(const struct ckpt_planning *planning,
		     const struct ckpt_match *match)
{
	for (size_t i = 0; i < planning->function_count; i++)
		if (planning->functions[i].match.object == match->object &&
		    planning->functions[i].match.vaddr == match->vaddr)
			return true;
	return false;
}

/* Takes the match over, also on failure. */
static enum ckpt_status add_function(struct ckpt_planning *planning,
				     const struct ckpt_function_config *config,
				     struct ckpt_match *match)
{
	struct ckpt_planned_function *functions =
		realloc(planning->functions,
			(planning->function_count + 1) * sizeof(*functions));

	if (!functions) {
		ckpt_match_deinit(match);
		return CKPT_NOMEM;
	}
	planning->functions = functions;
	functions[planning->function_count++] = (struct ckpt_planned_function){
		.config = config,
		.match = *match,
		.entry = {.refusal = CKPT_PLAN_NONE,
			  .from = CKPT_PLAN_NONE,
			  .require = CKPT_PLAN_NONE,
			  .bypass_if = CKPT_PLAN_NONE,
			  .store_if = CKPT_PLAN_NONE,
			  .stack_alignment = 16},
	};
	return CKPT_OK;
}

static enum ckpt_status add_absent(struct work *work,
				   const struct ckpt_function_config *config)
{
	struct ckpt_match match = {.object = CKPT_PLAN_NONE,
				   .symbol = config->name,
				   .display = strdup(config->name)};
	struct ckpt_scope *scope = work->planning->scope;
	_cleanup_free_ char *cause = NULL;
	uint32_t index;
	enum ckpt_status status;

	if (!match.display)
		return CKPT_NOMEM;
	index = (uint32_t)work->planning->function_count;
	status = add_function(work->planning, config, &match);
	if (!status && !work->planning->config->is_measure)
		status = ckpt_absent_explain(scope, config, work->deps, &cause);
	if (status)
		return status;
	if (cause)
		return add_note(work->planning, index, true, "%s", cause);
	return add_note(work->planning, index, false,
			"not defined in %s or a library it has loaded%s%s",
			ckpt_scope_object(scope, 0)->path,
			config->object ? " as " : "",
			config->object ? config->object : "");
}

/* Nothing is wrong with it, but who should call it? */
static enum ckpt_status note_unreached(struct work *work, uint32_t index)
{
	const struct ckpt_planned_function *function =
		&work->planning->functions[index];
	const struct ckpt_match *match = &function->match;

	if (match->slot_count || function->has_entry || function->refusal ||
	    function->config->is_address_taken)
		return CKPT_OK;
	return add_note(
		work->planning, index, false,
		"no object loaded at start calls it through a slot; "
		"calls may come by dlsym or dlopen; via = \"entry\" "
		"serves those inside %s too",
		ckpt_scope_object(work->planning->scope, match->object)->path);
}

/* A pattern may name functions that cannot be cached: only if it comes to
 * nothing is that worth a warning. */
static enum ckpt_status note_refusals(struct work *work, size_t first,
				      const char *pattern)
{
	struct ckpt_planning *planning = work->planning;
	size_t count = planning->function_count - first, refused = 0;
	bool is_pattern = ckpt_match_is_pattern(pattern);
	enum ckpt_status status = CKPT_OK;

	for (size_t i = first; i < planning->function_count; i++)
		refused += planning->functions[i].refusal != NULL;
	if (is_pattern && count > 1 && refused == count)
		status = add_note(planning, CKPT_PLAN_NONE, true,
				  "%s: none of the functions it names can be "
				  "checkpointed; the first, %s: %s",
				  pattern,
				  planning->functions[first].match.display,
				  planning->functions[first].refusal);
	for (size_t i = first; !status && i < planning->function_count; i++)
		if (planning->functions[i].refusal)
			status = add_note(planning, (uint32_t)i,
					  !is_pattern || count == 1, "%s",
					  planning->functions[i].refusal);
	return status;
}

/* A block that is a pattern means another block for each symbol: what contract
 * libraries know of that one is part of it. */
static enum ckpt_status add_matched(struct work *work,
				    const struct ckpt_function_config *config,
				    struct ckpt_match *match,
				    struct ckpt_err *err)
{
	struct ckpt_planning *planning = work->planning;
	enum ckpt_status status = CKPT_OK;

	if (config->is_pattern)
		status = ckpt_config_expand(planning->config, config,
					    match->symbol, &config, err);
	if (status) {
		ckpt_match_deinit(match);
		return status;
	}
	ckpt_match_count_slots(planning->scope, match);
	return add_function(planning, config, match);
}

/* One child for the debug info of all that a pattern matched. */
static enum ckpt_status prepare_signatures(struct work *work, size_t first)
{
	const struct ckpt_planning *planning = work->planning;
	enum ckpt_status status = CKPT_OK;

	if (planning->function_count - first < 2)
		return CKPT_OK;
	for (size_t i = first; !status && i < planning->function_count; i++) {
		const struct ckpt_planned_function *f = &planning->functions[i];
		const struct ckpt_image *image = ckpt_scope_image(
			planning->scope, f->match.object, NULL);

		if (image)
			status = ckpt_signature_prepare(
				&work->batch, image, f->match.symbol,
				f->match.vaddr, f->config);
	}
	ckpt_dwarf_batch_ask(&work->batch);
	return status;
}

/* Matches that stand in the planning already belong to an earlier block. */
static enum ckpt_status plan_matches(struct work *work,
				     const struct ckpt_function_config *config,
				     struct ckpt_matches *matches,
				     struct ckpt_err *err)
{
	struct ckpt_planning *planning = work->planning;
	size_t first = planning->function_count;
	enum ckpt_status status = CKPT_OK;

	if (planning->config->is_measure && config->is_pattern)
		ckpt_planmeasure_choose(planning->scope, matches);
	for (size_t i = 0; i < matches->count; i++) {
		struct ckpt_match match = matches->items[i];

		matches->items[i] = (struct ckpt_match){0};
		if (status || is_known(planning, &match))
			ckpt_match_deinit(&match);
		else
			status = add_matched(work, config, &match, err);
	}
	if (!status)
		status = prepare_signatures(work, first);
	for (size_t i = first; !status && i < planning->function_count; i++)
		status = plan_function(work, &planning->functions[i]);
	if (!status)
		status = note_refusals(work, first, config->name);
	for (size_t i = first; !status && i < planning->function_count; i++)
		status = note_unreached(work, (uint32_t)i);
	return status;
}

static enum ckpt_status plan_config(struct work *work,
				    const struct ckpt_function_config *config,
				    struct ckpt_err *err)
{
	struct ckpt_matches matches = {0};
	enum ckpt_status status =
		ckpt_match_find(work->planning->scope, config, &matches, err);

	if (!status && matches.count)
		status = plan_matches(work, config, &matches, err);
	else if (!status)
		status = add_absent(work, config);
	ckpt_matches_deinit(&matches);
	return status;
}

/* Names before patterns: what is said of one function by its name holds. */
static enum ckpt_status plan_all(struct work *work, struct ckpt_err *err)
{
	const struct ckpt_config *config = work->planning->config;
	enum ckpt_status status;

	for (int pass = 0; pass < 2; pass++)
		for (size_t i = 0; i < config->function_count; i++) {
			const struct ckpt_function_config *function =
				&config->functions[i];

			if (ckpt_match_is_pattern(function->name) != pass)
				continue;
			status = plan_config(work, function, err);
			if (status)
				return status;
		}
	return CKPT_OK;
}

/* ---- objects ---- */

static enum ckpt_status note_objects(struct work *work, struct ckpt_err *err)
{
	struct ckpt_planning *planning = work->planning;
	enum ckpt_status status;

	for (uint32_t i = 0; i < ckpt_scope_count(planning->scope); i++) {
		const struct ckpt_scope_object *object =
			ckpt_scope_object(planning->scope, i);

		if (object->path[0] != '/')
			continue; /* the vdso */
		status = ckpt_deps_add(work->deps, object->path, NULL);
		if (!status && object->is_refused)
			status = add_note(planning, CKPT_PLAN_NONE, false,
					  "%s was replaced after the program "
					  "had mapped it; its functions are "
					  "left alone",
					  object->path);
		if (status)
			return ckpt_err_set(err, status, "%s: %s", object->path,
					    ckpt_status_text(status));
	}
	return CKPT_OK;
}

static bool is_other_program(const struct ckpt_planning *planning)
{
	const char *pattern = planning->config->program;
	const char *path = ckpt_scope_object(planning->scope, 0)->path;

	return pattern && fnmatch(pattern, path, 0) != 0 &&
	       fnmatch(pattern, file_name(path), 0) != 0;
}

enum ckpt_status ckpt_planner_run(struct ckpt_config *config,
				  struct ckpt_scope *scope,
				  struct ckpt_deps *deps,
				  struct ckpt_planning **ret,
				  struct ckpt_err *err)
{
	struct ckpt_planning *planning = calloc(1, sizeof(*planning));
	struct work work = {.planning = planning, .deps = deps};
	enum ckpt_status status;

	if (!planning)
		return ckpt_err_set(err, CKPT_NOMEM, "out of memory");
	planning->config = config;
	planning->scope = scope;
	ckpt_tables_init(&planning->tables);
	status = note_objects(&work, err);
	for (size_t i = 0; !status && i < config->notes.count; i++)
		status = add_note(planning, CKPT_PLAN_NONE, false, "%s",
				  config->notes.items[i]);
	planning->is_other_program = is_other_program(planning);
	if (!status && !planning->is_other_program)
		status = plan_all(&work, err);
	ckpt_dwarf_batch_deinit(&work.batch);
	if (status) {
		ckpt_planning_destroy(planning);
		return status;
	}
	*ret = planning;
	return CKPT_OK;
}

static void deinit_function(struct ckpt_planned_function *function)
{
	if (function->has_closure)
		ckpt_closure_deinit(&function->closure);
	ckpt_types_destroy(function->types);
	ckpt_match_deinit(&function->match);
	free(function->refusal);
}

void ckpt_planning_destroy(struct ckpt_planning *planning)
{
	if (!planning)
		return;
	for (size_t i = 0; i < planning->function_count; i++)
		deinit_function(&planning->functions[i]);
	for (size_t i = 0; i < planning->note_count; i++)
		free(planning->notes[i].text);
	free(planning->functions);
	free(planning->notes);
	ckpt_tables_deinit(&planning->tables);
	free(planning);
}
