/* SPDX-License-Identifier: MIT */
/* Objects that come and go while the process runs. */
#include "shim/runtime/session_private.h"

#include <errno.h>
#include <string.h>

/* ---- gone ---- */

/* Tables of segments without the object that is gone. */
static void drop_segments(struct ckpt_generation *generation, uint64_t number)
{
	ckpt_generation_drop(generation, &ckpt_session->objects, number);
	for (size_t i = 0; i < ckpt_session->function_count; i++) {
		struct ckpt_attached *f = ckpt_session->functions[i];

		if (f->generation == generation)
			__atomic_store_n(&f->memo.program.segments,
					 generation->segments,
					 __ATOMIC_RELEASE);
	}
}

/* Numbers of objects that a refresh found gone. */
struct gone {
	uint64_t numbers[64];
	size_t count;
	bool is_full;
};

static void note_gone(void *context, const struct ckpt_object *object)
{
	struct gone *gone = context;

	ckpt_slots_forget(&ckpt_session->slots, object->number);
	for (size_t i = 0; i < ckpt_session->function_count; i++) {
		struct ckpt_attached *f = ckpt_session->functions[i];

		if (f->object != object->number)
			continue;
		f->is_gone = true;
		ckpt_routes_bypass(&ckpt_session->routes, &f->memo, true);
	}
	if (gone->count == sizeof(gone->numbers) / sizeof(gone->numbers[0]))
		gone->is_full = true;
	else
		gone->numbers[gone->count++] = object->number;
}

static void drop_all_segments(const struct gone *gone)
{
	struct ckpt_generation *generation = ckpt_session->generations;

	for (; generation; generation = generation->next)
		for (size_t i = 0; i < gone->count; i++)
			drop_segments(generation, gone->numbers[i]);
	/* Rather none of its functions than a table that may be wrong. */
	if (gone->is_full)
		ckpt_thunk_disabled = 1;
}

/* ---- new ---- */

static bool defines(const struct ckpt_object *object, const char *name)
{
	struct ckpt_wanted wanted;

	ckpt_wanted_init(&wanted, name, NULL, true);
	wanted.is_newest = true;
	return ckpt_dynamic_find(&object->dynamic, &wanted) != NULL;
}

static bool defines_one(const struct ckpt_plan_view *plan,
			const struct ckpt_plan_function *function,
			const struct ckpt_object *object)
{
	bool is_pattern = function->flags & CKPT_FUNCTION_PATTERN;
	const char *object_name =
		ckpt_plan_text(plan, function->object_pattern);

	if (object_name && ckpt_object_is_named(object, object_name))
		return true;
	for (uint32_t k = 0; k < function->name_count; k++) {
		const char *name = plan->strings +
				   plan->names[function->first_name + k].name;

		if (is_pattern ? ckpt_dynamic_matches(&object->dynamic, name)
			       : defines(object, name))
			return true;
	}
	return false;
}

static bool defines_any(const struct ckpt_plan_view *plan,
			const struct ckpt_object *object)
{
	for (uint32_t i = 0; i < plan->counts[CKPT_PLAN_FUNCTIONS]; i++)
		if (defines_one(plan, &plan->functions[i], object))
			return true;
	return false;
}

/* Could one of the objects above `above` bring a configured function? */
static bool brings_functions(uint64_t above)
{
	const struct ckpt_plan_view *plan =
		&ckpt_session->generations->file.view;

	for (size_t i = 0; i < ckpt_session->objects.count; i++) {
		const struct ckpt_object *object =
			ckpt_session->objects.items[i];

		if (object->number <= above)
			continue;
		if (plan->header->flags & CKPT_PLAN_HAS_GLOBS ||
		    defines_any(plan, object))
			return true;
	}
	return false;
}

/* Bring all up to date. The lock is held. */
static void catch_up(void)
{
	uint64_t searched = ckpt_session->searched;
	size_t function_count = ckpt_session->function_count;
	struct ckpt_err err = {0};

	if (searched == ckpt_session->objects.last_number)
		return;
	if (brings_functions(searched) && ckpt_session_plan(&err) &&
	    err.text[0])
		ckpt_session_tell(err.text, &err);
	/* New functions may be called from old objects, too. */
	if (ckpt_session->function_count > function_count)
		searched = 0;
	ckpt_slots_renew(&ckpt_session->slots, &ckpt_session->objects);
	ckpt_session_patch(searched);
}

/* The lock is held. */
static bool refresh(void)
{
	struct gone gone = {.count = 0};

	if (!ckpt_objects_is_stale(&ckpt_session->objects))
		return false;
	if (ckpt_objects_refresh(&ckpt_session->objects, note_gone, &gone))
		return false;
	drop_all_segments(&gone);
	return true;
}

uint64_t ckpt_session_last_object(void)
{
	uint64_t number;

	if (!ckpt_session || !ckpt_lock_take(&ckpt_session->lock))
		return UINT64_MAX;
	/* What came unseen is not of the dlopen that starts now. */
	if (refresh())
		catch_up();
	number = ckpt_session->objects.last_number;
	ckpt_lock_give(&ckpt_session->lock);
	return number;
}

void ckpt_session_note_open(const void *entries, uint64_t objects_before,
			    bool is_global, bool is_deepbind)
{
	const struct ckpt_object *root;
	int saved_errno = errno;

	if (!ckpt_session || !ckpt_lock_take(&ckpt_session->lock))
		return;
	(void)refresh();
	root = ckpt_objects_by_dynamic(&ckpt_session->objects, entries);
	if (root)
		ckpt_binding_note_open(&ckpt_session->objects, root,
				       objects_before, is_global, is_deepbind);
	catch_up();
	ckpt_lock_give(&ckpt_session->lock);
	errno = saved_errno;
}

void ckpt_session_note_change(void)
{
	int saved_errno = errno;

	if (!ckpt_session || !ckpt_lock_take(&ckpt_session->lock))
		return;
	if (refresh())
		catch_up();
	ckpt_lock_give(&ckpt_session->lock);
	errno = saved_errno;
}

/* ---- names ---- */

enum ckpt_search ckpt_session_search_of(const void *caller)
{
	enum ckpt_search search = CKPT_SEARCH_INHERITED;
	const struct ckpt_object *object;

	if (!ckpt_session || !ckpt_lock_take(&ckpt_session->lock))
		return search;
	object = ckpt_objects_at(&ckpt_session->objects, (uintptr_t)caller);
	if (!object)
		search = CKPT_SEARCH_COMMON;
	else if (object->dynamic.has_runpath)
		search = CKPT_SEARCH_OWN;
	else if (!object->dynamic.has_rpath ||
		 object->kind == CKPT_OBJECT_PROGRAM)
		search = CKPT_SEARCH_COMMON;
	ckpt_lock_give(&ckpt_session->lock);
	return search;
}

static bool has_name(const struct ckpt_attached *f, const char *name)
{
	const struct ckpt_plan_view *plan = &f->generation->file.view;
	const struct ckpt_plan_function *function = f->memo.program.function;

	for (uint32_t i = 0; i < function->name_count; i++) {
		uint32_t own = plan->names[function->first_name + i].name;

		if (!strcmp(plan->strings + own, name))
			return true;
	}
	return false;
}

static bool is_wanted(const char *name)
{
	for (size_t i = 0; i < ckpt_session->function_count; i++)
		if (!ckpt_session->functions[i]->is_gone &&
		    has_name(ckpt_session->functions[i], name))
			return true;
	return false;
}

bool ckpt_session_wants(const char *name)
{
	bool ret;

	if (!ckpt_session || !ckpt_lock_take(&ckpt_session->lock))
		return false;
	if (refresh())
		catch_up();
	ret = is_wanted(name);
	ckpt_lock_give(&ckpt_session->lock);
	return ret;
}

/* Of `from = "PATTERN"`. */
static bool may_call(const struct ckpt_attached *f,
		     const struct ckpt_object *from)
{
	const char *pattern = ckpt_plan_text(&f->generation->file.view,
					     f->memo.program.function->from);

	return !pattern || (from && ckpt_object_is_named(from, pattern));
}

/* The stub for what a name was found to be: `definition`, and for an IFUNC
 * `address`, what its resolver gave. */
static void *stub_for(const char *name, uintptr_t definition, void *address,
		      const struct ckpt_object *from)
{
	for (size_t i = 0; i < ckpt_session->function_count; i++) {
		struct ckpt_attached *f = ckpt_session->functions[i];

		if (!f->is_gone && f->definition == definition &&
		    has_name(f, name) && may_call(f, from))
			return ckpt_routes_function(&ckpt_session->routes,
						    address, &f->memo);
	}
	return NULL;
}

/* The same by what dlsym gave alone. */
static void *stub_by_address(const char *name, void *address,
			     const struct ckpt_object *from)
{
	for (size_t i = 0; i < ckpt_session->function_count; i++) {
		const struct ckpt_attached *f = ckpt_session->functions[i];
		void *target = (void *)f->definition;

		if (f->is_gone || !has_name(f, name))
			continue;
		if (f->is_ifunc)
			target = ((void *(*)(void))f->definition)();
		if (target == address)
			return stub_for(name, f->definition, address, from);
	}
	return NULL;
}

void *ckpt_session_stub_of(const char *name, void *address, const void *caller)
{
	void *stub = NULL;

	if (!address || !ckpt_session || !ckpt_lock_take(&ckpt_session->lock))
		return address;
	stub = stub_by_address(
		name, address,
		ckpt_objects_at(&ckpt_session->objects, (uintptr_t)caller));
	ckpt_lock_give(&ckpt_session->lock);
	return stub ? stub : address;
}

/* The lock is held. */
static void *look_up(const struct ckpt_wanted *wanted, const void *caller,
		     bool is_next)
{
	const struct ckpt_object *from =
		ckpt_objects_at(&ckpt_session->objects, (uintptr_t)caller);
	const struct ckpt_object *object;
	const Elf64_Sym *symbol;
	enum ckpt_status status;
	uintptr_t definition;

	if (!from)
		return NULL;
	status = is_next ? ckpt_binding_next(&ckpt_session->objects, from,
					     wanted, &object, &symbol)
			 : ckpt_binding_find(&ckpt_session->objects, from,
					     wanted, &object, &symbol);
	if (status)
		return NULL;
	definition = ckpt_binding_address(object, symbol);
	if (ELF64_ST_TYPE(symbol->st_info) == STT_GNU_IFUNC)
		return stub_for(wanted->name, definition,
				((void *(*)(void))definition)(), from);
	return stub_for(wanted->name, definition, (void *)definition, from);
}

void *ckpt_session_look_up(const char *name, const char *version,
			   const void *caller, bool is_next)
{
	struct ckpt_wanted wanted;
	void *stub;

	if (!ckpt_session || !ckpt_lock_take(&ckpt_session->lock))
		return NULL;
	/* Not for a linkage table: to dlsym the own entry of a program that is
	 * not position independent is the function, as it is for all others.
	 * That is no definition, so it is dlsym that answers. */
	ckpt_wanted_init(&wanted, name, version, false);
	wanted.is_newest = true;
	stub = look_up(&wanted, caller, is_next);
	ckpt_lock_give(&ckpt_session->lock);
	return stub;
}
