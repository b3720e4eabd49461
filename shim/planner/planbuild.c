/* SPDX-License-Identifier: MIT */
#include "shim/planner/planbuild.h"

#include "shim/common/cleanup.h"

#include "shim/common/version.h"
#include "shim/planner/code/codebase.h"
#include "shim/planner/code/crt.h"
#include "shim/planner/code/purity.h"
#include "shim/planner/planedge.h"
#include "shim/planner/plantext.h"
#include "shim/planner/plan/planwriter.h"

#include <stdlib.h>
#include <string.h>

#define ADD(tables, section, entry) \
	ckpt_tables_add(tables, CKPT_PLAN_##section, &(entry), sizeof(entry))

/* ---- files and objects ---- */

static void add_files(struct ckpt_tables *tables, const struct ckpt_deps *deps)
{
	for (size_t i = 0; i < deps->count; i++) {
		const struct ckpt_dep *dep = &deps->items[i];
		struct ckpt_plan_file file = {
			.path = ckpt_tables_text(tables, dep->path),
			.is_present = dep->is_present,
			.dev = dep->dev,
			.inode = dep->inode,
			.size = dep->size,
			.mtime_ns = dep->mtime_ns,
			.ctime_ns = dep->ctime_ns,
		};

		ADD(tables, FILES, file);
	}
}

static uint32_t find_file(const struct ckpt_deps *deps, const char *path)
{
	for (size_t i = 0; i < deps->count; i++)
		if (!strcmp(deps->items[i].path, path))
			return (uint32_t)i;
	return CKPT_PLAN_NONE;
}

/* Pointers that a call gives back, and pointers found in globals, are kept as
 * object and offset, which means something only together with the object's
 * content. The former lead into objects of the closure; a function pointer in
 * a global may lead anywhere. */
static bool can_be_led_to(const struct ckpt_planning *planning, uint32_t object)
{
	for (size_t i = 0; i < planning->function_count; i++) {
		const struct ckpt_planned_function *function =
			&planning->functions[i];

		if (function->refusal || !function->has_closure)
			continue;
		if (function->closure.global_count)
			return true;
		for (size_t j = 0; j < function->closure.item_count; j++)
			if (function->closure.items[j].object == object)
				return true;
	}
	return false;
}

static struct ckpt_hash128 identify(const struct ckpt_planning *planning,
				    uint32_t object)
{
	struct ckpt_codebase *base;

	if (!can_be_led_to(planning, object) ||
	    !ckpt_scope_image(planning->scope, object, NULL) ||
	    ckpt_codebase_of(planning->scope, &base))
		return (struct ckpt_hash128){0};
	return ckpt_codebase_identity(base, object);
}

static void add_objects(struct ckpt_planning *planning,
			const struct ckpt_deps *deps)
{
	struct ckpt_tables *tables = &planning->tables;

	for (uint32_t i = 0; i < ckpt_scope_count(planning->scope); i++) {
		const struct ckpt_scope_object *object =
			ckpt_scope_object(planning->scope, i);
		struct ckpt_plan_object entry = {
			.path = ckpt_tables_text(tables, object->path),
			.file = find_file(deps, object->path),
			.dev = object->dev,
			.inode = object->inode,
			.identity = identify(planning, i),
		};

		ADD(tables, OBJECTS, entry);
	}
}

/* ---- the closure ---- */

/* Random state that the contract says is drawn from: an input and an effect
 * instead of an impurity. */
static bool draws_random(const struct ckpt_planned_function *function)
{
	const struct ckpt_closure *closure = &function->closure;

	if (function->config->impure != CKPT_IMPURE_LIST ||
	    (ckpt_purity_observed(function->config) & CKPT_IMPURE_RAND))
		return false;
	for (size_t i = 0; i < closure->impure_count; i++) {
		if (closure->impure[i].classes & CKPT_IMPURE_RAND)
			return true;
	}
	return false;
}

static void add_watches(struct ckpt_tables *tables,
			const struct ckpt_planned_function *function,
			struct ckpt_plan_function *entry)
{
	const struct ckpt_closure *closure = &function->closure;
	uint32_t observed = ckpt_purity_observed(function->config);
	char text[1024];

	entry->impure_classes = observed;
	/* Where the state cannot be seen, drawing from it spoils a record. */
	if (draws_random(function))
		observed |= CKPT_IMPURE_RAND;
	entry->first_watch = ckpt_tables_count(tables, CKPT_PLAN_WATCHES);
	for (size_t i = 0; i < closure->impure_count; i++) {
		const struct ckpt_closure_impure *call = &closure->impure[i];
		struct ckpt_plan_watch watch = {
			.object = call->object,
			.classes = call->classes & observed,
		};

		if (!watch.classes)
			continue;
		ckpt_purity_text(call, observed, text, sizeof(text));
		watch.name = ckpt_tables_text(tables, call->name);
		watch.chain = ckpt_tables_text(tables, text);
		ADD(tables, WATCHES, watch);
		entry->watch_count++;
	}
	entry->first_watch = ckpt_tables_share(tables, CKPT_PLAN_WATCHES,
					       entry->first_watch);
}

static bool keeps_errno(struct ckpt_scope *scope,
			const struct ckpt_closure *closure)
{
	for (size_t i = 0; i < closure->edge_count; i++) {
		const char *path =
			ckpt_scope_object(scope, closure->edges[i].to)->path;
		const char *slash = strrchr(path, '/');

		if (ckpt_crt_is_runtime(slash ? slash + 1 : path) &&
		    !ckpt_crt_keeps_errno(closure->edges[i].name))
			return false;
	}
	/* Without types, thread-local errno of a static C library is not seen.
	 */
	return !(closure->traits & CKPT_TRAIT_SYSCALL);
}

static uint32_t closure_flags(struct ckpt_scope *scope,
			      const struct ckpt_planned_function *function)
{
	const struct ckpt_closure *closure = &function->closure;
	uint32_t flags = draws_random(function) ? CKPT_FUNCTION_RAND : 0;

	if (closure->traits & CKPT_TRAIT_CPU)
		flags |= CKPT_FUNCTION_CPU;
	if (closure->traits & CKPT_TRAIT_THREADS)
		flags |= CKPT_FUNCTION_THREADS;
	if (closure->traits & CKPT_TRAIT_LOCALE)
		flags |= CKPT_FUNCTION_LOCALE;
	if (closure->traits & CKPT_TRAIT_ERRNO)
		flags |= CKPT_FUNCTION_ERRNO;
	if (closure->traits & CKPT_TRAIT_FP_FLAGS)
		flags |= CKPT_FUNCTION_FP_FLAGS;
	if (keeps_errno(scope, closure))
		flags |= CKPT_FUNCTION_KEEPS_ERRNO;
	return flags;
}

/* ---- functions ---- */

static void add_name(struct ckpt_tables *tables,
		     struct ckpt_plan_function *entry, const char *text,
		     const char *version, bool is_default)
{
	struct ckpt_plan_name name = {
		.name = ckpt_tables_text(tables, text),
		.version = ckpt_tables_text(tables, version),
		.is_default = is_default,
	};

	ADD(tables, NAMES, name);
	entry->name_count++;
}

static void add_names(struct ckpt_tables *tables,
		      const struct ckpt_match *match,
		      struct ckpt_plan_function *entry)
{
	entry->first_name = ckpt_tables_count(tables, CKPT_PLAN_NAMES);
	for (size_t i = 0; i < match->name_count; i++)
		if (match->names[i].is_exported)
			add_name(tables, entry, match->names[i].name,
				 match->names[i].version,
				 match->names[i].is_default);
}

/* A name to look for in objects that come later; its version is looked at
 * when it is planned. */
static void add_absent_name(struct ckpt_tables *tables, const char *config_name,
			    struct ckpt_plan_function *entry)
{
	size_t size = strcspn(config_name, "@");
	char *name = strndup(config_name, size);

	entry->first_name = ckpt_tables_count(tables, CKPT_PLAN_NAMES);
	if (name)
		add_name(tables, entry, name, NULL, false);
	free(name);
}

/* Functions that are not exported show in no symbol of a mapped object. */
static uint32_t get_object_pattern(struct ckpt_tables *tables,
				   const struct ckpt_function_config *config)
{
	return ckpt_tables_text(
		tables, config->via == CKPT_VIA_SLOT ? NULL : config->object);
}

static void set_absent(struct ckpt_tables *tables,
		       const struct ckpt_function_config *config,
		       struct ckpt_plan_function *entry)
{
	const char *config_name = config->name;

	entry->flags |= CKPT_FUNCTION_ABSENT;
	if (ckpt_match_is_symbol_pattern(config_name))
		entry->flags |= CKPT_FUNCTION_PATTERN;
	else if (ckpt_match_is_pattern(config_name))
		return; /* CKPT_PLAN_HAS_GLOBS */
	add_absent_name(tables, config_name, entry);
}

static void add_inputs(struct ckpt_tables *tables,
		       const struct ckpt_strings *names,
		       enum ckpt_plan_input_kind kind,
		       struct ckpt_plan_function *entry)
{
	for (size_t i = 0; i < names->count; i++) {
		struct ckpt_plan_input input = {
			.kind = kind,
			.name = ckpt_tables_text(tables, names->items[i]),
		};

		ADD(tables, INPUTS, input);
		entry->input_count++;
	}
}

_Static_assert((int)CKPT_ONCE_PROCESSES == (int)CKPT_PLAN_ONCE_PROCESSES,
	       "config and plan count alike");

enum { ONCE_WAIT_S = 60, ONCE_WAIT_MAX_S = 86400 };

static uint64_t wait_ms(double seconds)
{
	if (seconds <= 0)
		seconds = ONCE_WAIT_S;
	if (seconds > ONCE_WAIT_MAX_S)
		seconds = ONCE_WAIT_MAX_S;
	return (uint64_t)(seconds * 1000);
}

/* What the user said about the function apart from its memory. */
static void set_options(struct ckpt_tables *tables,
			const struct ckpt_function_config *config,
			struct ckpt_plan_function *entry)
{
	entry->on_error = (uint8_t)config->on_error;
	entry->from = ckpt_tables_text(tables, config->from);
	entry->once = (uint8_t)config->once;
	entry->once_wait_ms = wait_ms(config->once_wait_s);
	entry->min_time_ns = config->min_time_ns;
	entry->max_age_s = config->max_age_s;
	entry->verify_rate = config->verify;
	entry->flags |= config->is_nested ? CKPT_FUNCTION_NESTED : 0;
	entry->flags |=
		config->is_address_taken ? CKPT_FUNCTION_ADDRESS_TAKEN : 0;
	entry->flags |= config->is_alignment ? CKPT_FUNCTION_ALIGNMENT : 0;
	entry->flags |= config->is_portable ? CKPT_FUNCTION_PORTABLE : 0;
	entry->flags |= config->keeps_inputs ? CKPT_FUNCTION_KEEP_INPUTS : 0;
	entry->first_input = ckpt_tables_count(tables, CKPT_PLAN_INPUTS);
	entry->input_count = 0;
	add_inputs(tables, &config->env, CKPT_INPUT_ENV, entry);
	add_inputs(tables, &config->files, CKPT_INPUT_FILE, entry);
}

static enum ckpt_status add_entry(struct ckpt_tables *tables,
				  const struct ckpt_planned_function *function,
				  struct ckpt_plan_function *entry)
{
	const struct ckpt_entrypatch *patch = &function->entry_patch;
	struct ckpt_plan_entry out = {
		.function = ckpt_tables_count(tables, CKPT_PLAN_FUNCTIONS),
		.object = function->match.object,
		.vaddr = patch->vaddr,
		.window_size = patch->window_size,
		.first_code = ckpt_tables_count(tables, CKPT_PLAN_CODE),
		.first_fixup = ckpt_tables_count(tables, CKPT_PLAN_FIXUPS),
	};
	enum ckpt_status status;

	status = ckpt_entrypatch_emit(patch, &tables->sections[CKPT_PLAN_CODE],
				      &tables->sections[CKPT_PLAN_FIXUPS]);
	if (status)
		return status;
	out.code_size =
		ckpt_tables_count(tables, CKPT_PLAN_CODE) - out.first_code;
	out.fixup_count =
		ckpt_tables_count(tables, CKPT_PLAN_FIXUPS) - out.first_fixup;
	memcpy(out.old, patch->old, sizeof(out.old));
	entry->flags |= CKPT_FUNCTION_ENTRY;
	entry->entry = ADD(tables, ENTRIES, out);
	return CKPT_OK;
}

static enum ckpt_status set_found(struct ckpt_planning *planning,
				  const struct ckpt_planedges *edges,
				  const struct ckpt_planned_function *function,
				  struct ckpt_plan_function *entry)
{
	struct ckpt_tables *tables = &planning->tables;
	enum ckpt_status status = CKPT_OK;

	entry->object = function->match.object;
	entry->vaddr = function->match.vaddr;
	entry->size = function->match.size;
	entry->flags |= function->match.is_ifunc ? CKPT_FUNCTION_IFUNC : 0;
	add_names(tables, &function->match, entry);
	if (function->refusal) {
		entry->flags |= CKPT_FUNCTION_REFUSED;
		return CKPT_OK;
	}
	entry->code_digest = function->closure.digest;
	entry->flags |= closure_flags(planning->scope, function);
	add_watches(tables, function, entry);
	status = ckpt_planedges_refer(edges, &function->closure, tables, entry);
	if (!status && function->has_entry)
		status = add_entry(tables, function, entry);
	if (status)
		return status;
	return ckpt_plantext_add(planning, &function->closure, entry);
}

static enum ckpt_status
add_function(struct ckpt_planning *planning, const struct ckpt_planedges *edges,
	     const struct ckpt_planned_function *function)
{
	struct ckpt_tables *tables = &planning->tables;
	struct ckpt_plan_function entry = function->entry;
	enum ckpt_status status = CKPT_OK;

	entry.name = ckpt_tables_text(tables, function->match.display);
	entry.config_name = ckpt_tables_text(tables, function->config->name);
	entry.refusal = ckpt_tables_text(tables, function->refusal);
	entry.entry = CKPT_PLAN_NONE;
	entry.object_pattern = get_object_pattern(tables, function->config);
	set_options(tables, function->config, &entry);
	if (function->match.object == CKPT_PLAN_NONE) {
		set_absent(tables, function->config, &entry);
	} else {
		status = set_found(planning, edges, function, &entry);
	}
	ADD(tables, FUNCTIONS, entry);
	return status;
}

/* Patterns go on matching in objects that come later. */
static void add_patterns(struct ckpt_planning *planning)
{
	const struct ckpt_config *config = planning->config;
	struct ckpt_tables *tables = &planning->tables;

	for (size_t i = 0; i < config->function_count; i++) {
		const char *name = config->functions[i].name;
		struct ckpt_plan_function entry = {
			.refusal = CKPT_PLAN_NONE,
			.require = CKPT_PLAN_NONE,
			.bypass_if = CKPT_PLAN_NONE,
			.store_if = CKPT_PLAN_NONE,
			.entry = CKPT_PLAN_NONE,
			.object_pattern = get_object_pattern(
				tables, &config->functions[i]),
			.from = CKPT_PLAN_NONE,
			.stack_alignment = 16,
		};

		if (!ckpt_match_is_symbol_pattern(name))
			continue;
		entry.name = entry.config_name = ckpt_tables_text(tables, name);
		set_absent(tables, &config->functions[i], &entry);
		ADD(tables, FUNCTIONS, entry);
	}
}

static enum ckpt_status add_functions(struct ckpt_planning *planning)
{
	struct ckpt_planedges edges = {0};
	enum ckpt_status status = ckpt_planedges_add(planning, &edges);

	for (size_t i = 0; !status && i < planning->function_count; i++)
		status =
			add_function(planning, &edges, &planning->functions[i]);
	ckpt_planedges_deinit(&edges);
	/* To measure, what comes later is not worth a plan of its own. */
	if (!planning->is_other_program && !planning->config->is_measure)
		add_patterns(planning);
	return status;
}

/* Indented lines say where something was looked for: `ckpt check` tells them,
 * the program's user is spared. */
static uint32_t add_note_text(struct ckpt_tables *tables, const char *text)
{
	_cleanup_(ckpt_buf_deinit) struct ckpt_buf short_text = {0};
	const char *end;

	for (; *text; text = end) {
		end = strchrnul(text, '\n');
		end += *end == '\n';
		if (*text != ' ')
			ckpt_buf_add(&short_text, text, (size_t)(end - text));
	}
	ckpt_buf_add_u8(&short_text, 0);
	if (ckpt_buf_status(&short_text))
		return ckpt_tables_text(tables, "out of memory");
	return ckpt_tables_text(tables, (const char *)short_text.data);
}

static void add_notes(struct ckpt_planning *planning)
{
	struct ckpt_tables *tables = &planning->tables;

	for (size_t i = 0; i < planning->note_count; i++) {
		const struct ckpt_planned_note *note = &planning->notes[i];
		struct ckpt_plan_diag diag = {
			.function = note->function,
			.is_error = note->is_error,
			.text = add_note_text(tables, note->text),
		};

		ADD(tables, DIAGS, diag);
	}
}

/* ---- the whole ---- */

/* As lines; a path with a newline in it cannot be one. */
static uint32_t add_lower(struct ckpt_tables *tables,
			  const struct ckpt_strings *paths)
{
	_cleanup_(ckpt_buf_deinit) struct ckpt_buf text = {0};

	for (size_t i = 0; i < paths->count; i++)
		if (!strchr(paths->items[i], '\n'))
			ckpt_buf_format(&text, "%s\n", paths->items[i]);
	ckpt_buf_add_u8(&text, 0);
	if (ckpt_buf_status(&text))
		return ckpt_tables_text(tables, "");
	return ckpt_tables_text(tables, (const char *)text.data);
}

static uint32_t add_optional(struct ckpt_tables *tables, const char *text)
{
	return text ? ckpt_tables_text(tables, text) : CKPT_PLAN_NONE;
}

static struct ckpt_plan_header make_header(struct ckpt_tables *tables,
					   const struct ckpt_config *config,
					   struct ckpt_hash128 key)
{
	struct ckpt_plan_header header = {
		.key = key,
		.program_version = ckpt_tables_text(tables, CKPT_VERSION),
		.config_path = ckpt_tables_text(tables, config->path),
		.store_directory = ckpt_tables_text(tables, config->directory),
		.log_level = (uint32_t)config->log_level,
		.max_size = config->max_size,
		.max_entries = config->max_entries,
		.max_age_s = config->max_age_s,
		.on_error = (uint32_t)config->on_error,
		.lower = add_lower(tables, &config->lower),
		.secret_file = add_optional(tables, config->secret_file),
		.name_space = add_optional(tables, config->name_space),
	};

	header.flags |= config->is_readonly ? CKPT_PLAN_READONLY : 0;
	header.flags |= config->is_measure ? CKPT_PLAN_MEASURE : 0;
	header.flags |= config->is_shared ? CKPT_PLAN_SHARED : 0;
	for (size_t i = 0; i < config->function_count; i++)
		if (ckpt_match_is_pattern(config->functions[i].name) &&
		    !ckpt_match_is_symbol_pattern(config->functions[i].name))
			header.flags |= CKPT_PLAN_HAS_GLOBS;
	return header;
}

enum ckpt_status ckpt_planbuild(struct ckpt_planning *planning,
				const struct ckpt_deps *deps,
				struct ckpt_hash128 key, struct ckpt_buf *out)
{
	struct ckpt_tables *tables = &planning->tables;
	struct ckpt_plan_header header;
	enum ckpt_status status;

	header = make_header(tables, planning->config, key);
	if (planning->is_other_program)
		header.flags &= ~(uint32_t)CKPT_PLAN_HAS_GLOBS;
	add_files(tables, deps);
	add_objects(planning, deps);
	status = add_functions(planning);
	if (status)
		return status;
	add_notes(planning);
	return ckpt_planwriter_build(tables, &header, out);
}

enum ckpt_status ckpt_planbuild_mistake(const char *config_path,
					const char *text,
					const struct ckpt_deps *deps,
					struct ckpt_hash128 key,
					struct ckpt_buf *out)
{
	struct ckpt_config config = {
		.path = (char *)config_path,
		.directory = (char *)"",
		.log_level = CKPT_LOG_WARN,
	};
	struct ckpt_plan_diag diag = {.function = CKPT_PLAN_NONE,
				      .is_error = 1};
	struct ckpt_plan_header header;
	struct ckpt_tables tables;
	enum ckpt_status status;

	ckpt_tables_init(&tables);
	header = make_header(&tables, &config, key);
	diag.text = ckpt_tables_text(&tables, text);
	ADD(&tables, DIAGS, diag);
	add_files(&tables, deps);
	status = ckpt_planwriter_build(&tables, &header, out);
	ckpt_tables_deinit(&tables);
	return status;
}
