/* SPDX-License-Identifier: MIT */
#include "shim/planner/callers.h"

#include "shim/planner/code/callsite_x86_64.h"
#include "shim/planner/code/codebase.h"
#include "shim/planner/signature/dwarf_file.h"
#include "shim/planner/signature/dwarf_inlined.h"

#include "shim/common/cleanup.h"

#include <stdlib.h>
#include <string.h>

/* One object being searched. */
struct search {
	struct ckpt_scope *scope;
	const struct ckpt_match *match;
	struct ckpt_callers *callers;
	uint32_t index;
	const struct ckpt_image *image;
	const struct ckpt_code_object *code; /* NULL: it cannot be analysed */
};

static enum ckpt_status add(struct search *search, struct ckpt_caller caller)
{
	struct ckpt_callers *callers = search->callers;

	caller.object = search->index;
	if (callers->count == callers->capacity) {
		size_t capacity = callers->capacity * 2 + 16;
		void *items = realloc(callers->items,
				      capacity * sizeof(*callers->items));

		if (!items)
			return CKPT_NOMEM;
		callers->items = items;
		callers->capacity = capacity;
	}
	callers->items[callers->count++] = caller;
	return CKPT_OK;
}

static void name_place(const struct search *search, struct ckpt_caller *caller)
{
	struct ckpt_code_extent function;
	struct ckpt_extent variable;
	uint64_t start;

	if (!search->code || !caller->vaddr)
		return;
	if (ckpt_code_object_function(search->code, caller->vaddr, &function))
		start = function.vaddr;
	else if (ckpt_code_object_variable(search->code, caller->vaddr,
					   &variable))
		start = variable.vaddr;
	else
		return;
	caller->inside = ckpt_code_object_name(search->code, start);
	caller->off = caller->vaddr - start;
}

/* ---- words ---- */

/* Does the relocation point to the function of its own object, without naming
 * it? */
static bool is_local_pointer(const struct search *search,
			     const struct ckpt_relocation *relocation)
{
	return search->index == search->match->object &&
	       (uint64_t)relocation->addend == search->match->vaddr;
}

static bool classify_word(const struct search *search,
			  const struct ckpt_relocation *relocation,
			  enum ckpt_caller_kind *ret)
{
	switch (relocation->type) {
	case R_X86_64_JUMP_SLOT:
		*ret = CKPT_CALLER_SLOT;
		break;
	case R_X86_64_GLOB_DAT:
		*ret = CKPT_CALLER_WORD;
		break;
	case R_X86_64_64:
		*ret = CKPT_CALLER_POINTER;
		break;
	case R_X86_64_IRELATIVE:
		*ret = CKPT_CALLER_RESOLVED;
		break;
	case R_X86_64_RELATIVE:
		*ret = CKPT_CALLER_LOCAL_POINTER;
		return is_local_pointer(search, relocation);
	default:
		return false;
	}
	return ckpt_match_is_slot(search->scope, search->index, search->image,
				  relocation, search->match);
}

static enum ckpt_status find_words(struct search *search)
{
	size_t count;
	const struct ckpt_relocation *relocations =
		ckpt_image_relocations(search->image, &count);
	enum ckpt_status status = CKPT_OK;

	for (size_t i = 0; i < count && !status; i++) {
		struct ckpt_caller caller = {.vaddr = relocations[i].vaddr};

		if (!classify_word(search, &relocations[i], &caller.kind))
			continue;
		name_place(search, &caller);
		status = add(search, caller);
	}
	return status;
}

/* ---- instructions ---- */

static enum ckpt_status add_site(void *context, enum ckpt_callsite_kind kind,
				 uint64_t vaddr)
{
	static const enum ckpt_caller_kind kinds[] = {
		[CKPT_CALLSITE_CALL] = CKPT_CALLER_CALL,
		[CKPT_CALLSITE_JUMP] = CKPT_CALLER_JUMP,
		[CKPT_CALLSITE_TAKEN] = CKPT_CALLER_TAKEN,
	};
	struct ckpt_caller caller = {.kind = kinds[kind], .vaddr = vaddr};
	struct search *search = context;

	name_place(search, &caller);
	return add(search, caller);
}

/* ---- copies ---- */

static enum ckpt_status add_copies(struct search *search,
				   struct ckpt_inlined_list *list)
{
	enum ckpt_status status = CKPT_OK;

	for (size_t i = 0; i < list->count && !status; i++) {
		struct ckpt_inlined *copy = &list->items[i];
		struct ckpt_caller caller = {.kind = CKPT_CALLER_INLINED,
					     .vaddr = copy->vaddr,
					     .line = copy->line};

		name_place(search, &caller);
		caller.file = copy->file;
		status = add(search, caller);
		if (!status)
			copy->file = NULL; /* the caller's now */
	}
	return status;
}

/* The first file that can be read tells. */
static enum ckpt_status find_copies(struct search *search,
				    const char *debug_file,
				    struct ckpt_deps *deps)
{
	_cleanup_(ckpt_debug_files_deinit) struct ckpt_debug_files files = {
		.count = 0};
	_cleanup_(ckpt_inlined_deinit) struct ckpt_inlined_list list = {
		.items = NULL};
	const struct ckpt_match *match = search->match;
	struct ckpt_err *err = &search->callers->inlined_err;
	enum ckpt_status status;

	status = ckpt_debug_files_find(search->image, match->symbol,
				       match->vaddr, debug_file, deps, &files,
				       err);
	if (status)
		return status == CKPT_NOMEM ? status : CKPT_OK;
	if (!files.count)
		(void)ckpt_err_set(err, CKPT_NOTFOUND, "%s: no debug info",
				   ckpt_image_path(search->image));
	for (size_t i = 0; i < files.count; i++) {
		status = ckpt_inlined_find(
			files.items[i].path, files.items[i].alt_path,
			match->symbol, files.items[i].vaddr, &list, err);
		if (status == CKPT_NOMEM)
			return status;
		if (status)
			continue;
		err->text[0] = '\0';
		return add_copies(search, &list);
	}
	return CKPT_OK;
}

/* ---- objects ---- */

static enum ckpt_status search_object(struct search *search,
				      struct ckpt_codebase *base)
{
	search->image =
		ckpt_match_image(search->scope, search->index, NULL, NULL);
	if (!search->image)
		return CKPT_OK;
	if (ckpt_codebase_object(base, search->index, &search->code, NULL))
		search->code = NULL;
	return find_words(search);
}

static enum ckpt_status search_all(struct ckpt_scope *scope,
				   const struct ckpt_match *match,
				   const char *debug_file,
				   struct ckpt_deps *deps,
				   struct ckpt_callers *callers)
{
	struct ckpt_codebase *base;
	enum ckpt_status status = ckpt_codebase_of(scope, &base);

	for (uint32_t i = 0; i < ckpt_scope_count(scope) && !status; i++) {
		struct search search = {.scope = scope,
					.match = match,
					.callers = callers,
					.index = i};

		status = search_object(&search, base);
		if (status || i != match->object || !search.image)
			continue;
		if (search.code)
			status = ckpt_callsite_find(search.code, match->vaddr,
						    add_site, &search);
		if (!status)
			status = find_copies(&search, debug_file, deps);
	}
	return status;
}

enum ckpt_status ckpt_callers_find(struct ckpt_scope *scope,
				   const struct ckpt_match *match,
				   const char *debug_file,
				   struct ckpt_deps *deps,
				   struct ckpt_callers *ret)
{
	struct ckpt_callers callers = {.items = NULL};
	enum ckpt_status status =
		search_all(scope, match, debug_file, deps, &callers);

	if (status)
		ckpt_callers_deinit(&callers);
	else
		*ret = callers;
	return status;
}

void ckpt_callers_deinit(struct ckpt_callers *callers)
{
	for (size_t i = 0; i < callers->count; i++)
		free(callers->items[i].file);
	free(callers->items);
	*callers = (struct ckpt_callers){.items = NULL};
}
