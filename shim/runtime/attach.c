/* SPDX-License-Identifier: MIT */
#include "shim/runtime/attach.h"

#include "shim/common/cleanup.h"
#include "shim/common/runtimelib.h"
#include "shim/runtime/guest/heap.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- what marshalling asks ---- */

static const struct ckpt_attached *attached_of(const struct ckpt_program *p)
{
	return (const struct ckpt_attached *)(const void *)p;
}

_Static_assert(offsetof(struct ckpt_attached, memo.program) == 0,
	       "the program leads back to its function");

static void *find_symbol(const struct ckpt_program *program, const char *name)
{
	const struct ckpt_attached *attached = attached_of(program);

	for (size_t i = 0; i < attached->symbol_count; i++)
		if (!strcmp(attached->symbols[i].name, name))
			return attached->symbols[i].address;
	return NULL;
}

static void *find_tls(const struct ckpt_program *program, uint32_t object)
{
	const struct ckpt_generation *generation =
		attached_of(program)->generation;
	/* tls_index of ELF TLS, 3.4.2. */
	size_t index[2] = {generation->tls_modules[object], 0};

	if (!index[0] || !generation->tls_get_addr)
		return NULL;
	return generation->tls_get_addr(index);
}

/* Code that a pointer leads to counts by its place in its object and by the
 * content of all objects of the process: whatever it calls is in one of them.
 */
static enum ckpt_status identify_code(const struct ckpt_program *program,
				      const void *address,
				      struct ckpt_hash128 *ret)
{
	const struct ckpt_generation *generation =
		attached_of(program)->generation;
	struct ckpt_ranges ranges = {.segments = generation->segments};
	const struct ckpt_segment *segment =
		ckpt_ranges_segment(&ranges, address);
	struct {
		struct ckpt_hash128 object, all;
		uint64_t off;
	} code;

	if (!segment || segment->object == CKPT_PLAN_NONE ||
	    !generation->has_identity)
		return CKPT_UNSUPPORTED;
	code.object = program->objects[segment->object].identity;
	code.all = generation->identity;
	code.off = (uintptr_t)address - generation->bases[segment->object];
	*ret = ckpt_hash(NULL, &code, sizeof(code));
	return CKPT_OK;
}

static bool is_in_closure(const struct ckpt_program *program, uint32_t object)
{
	const struct ckpt_plan_view *plan =
		&attached_of(program)->generation->file.view;
	const struct ckpt_plan_function *function = program->function;
	const char *path = plan->strings + plan->objects[object].path;
	const char *slash = strrchr(path, '/');

	if (object == function->object ||
	    ckpt_runtimelib_stem(slash ? slash + 1 : path))
		return true;
	for (uint32_t i = 0; i < function->text_count; i++)
		if (plan->texts[function->first_text + i].object == object)
			return true;
	return false;
}

static const struct ckpt_program_host host = {
	.symbol = find_symbol,
	.tls = find_tls,
	.code = identify_code,
	.covers = is_in_closure,
};

/* ---- attaching ---- */

static const struct ckpt_object *find_number(const struct ckpt_objects *objects,
					     uint64_t number)
{
	for (size_t i = 0; i < objects->count; i++)
		if (objects->items[i]->number == number)
			return objects->items[i];
	return NULL;
}

/* What a name means, referred to from `from`; NULL: nothing, or unsure. */
static void *resolve(const struct ckpt_objects *objects,
		     const struct ckpt_object *from, const char *name,
		     const char *version)
{
	const struct ckpt_object *object;
	const Elf64_Sym *symbol;
	struct ckpt_wanted wanted;

	ckpt_wanted_init(&wanted, name, version, true);
	wanted.is_newest = true;
	if (ckpt_binding_find(objects, from, &wanted, &object, &symbol))
		return NULL;
	if (ELF64_ST_TYPE(symbol->st_info) == STT_GNU_IFUNC)
		return NULL;
	return (void *)ckpt_binding_address(object, symbol);
}

/* What a reference at the version of the newest definition is bound to: an
 * object in front may define old versions only (libc_malloc_debug.so), which
 * references without a version pass by. */
static void *resolve_as_linked(const struct ckpt_objects *objects,
			       const struct ckpt_object *from, const char *name)
{
	const struct ckpt_object *object;
	const Elf64_Sym *symbol;
	struct ckpt_wanted wanted;
	const char *version;
	void *found = NULL;

	ckpt_wanted_init(&wanted, name, NULL, true);
	wanted.is_newest = true;
	if (ckpt_binding_find(objects, from, &wanted, &object, &symbol))
		return NULL;
	version = ckpt_dynamic_version(
		&object->dynamic, (uint32_t)(symbol - object->dynamic.symbols));
	if (version)
		found = resolve(objects, from, name, version);
	return found ? found : resolve(objects, from, name, NULL);
}

static void add_symbol(struct ckpt_attached *attached,
		       const struct ckpt_objects *objects,
		       const struct ckpt_object *definer, const char *name)
{
	struct ckpt_named_address symbol = {
		.name = name,
		.address = resolve_as_linked(objects, definer, name),
	};

	if (symbol.address && !find_symbol(&attached->memo.program, name))
		attached->symbols[attached->symbol_count++] = symbol;
}

/* Does a call of it take or give back memory of the heap? */
static bool allocates(const struct ckpt_program *program)
{
	const struct ckpt_plan_function *function = program->function;

	for (uint32_t i = 0; i < function->clause_count; i++) {
		uint8_t owner =
			program->clauses[function->first_clause + i].owner;

		if (owner != CKPT_OWNER_CALLER && owner != CKPT_OWNER_STATIC &&
		    owner != CKPT_OWNER_ALIAS)
			return true;
	}
	return false;
}

/* All that replaying might call, so that the hot path looks nothing up. */
static enum ckpt_status find_symbols(struct ckpt_attached *attached,
				     const struct ckpt_objects *objects,
				     const struct ckpt_object *definer)
{
	static const char *const names[] = {
		"malloc",
		"free",
		"aligned_alloc",
		"_ZnwmRKSt9nothrow_t",
		"_ZnamRKSt9nothrow_t",
		"_ZnwmSt11align_val_tRKSt9nothrow_t",
		"_ZnamSt11align_val_tRKSt9nothrow_t",
		"_ZdlPv",
		"_ZdaPv",
		"_ZdlPvSt11align_val_t",
		"_ZdaPvSt11align_val_t",
	};
	const struct ckpt_program *program = &attached->memo.program;
	const struct ckpt_plan_function *function = program->function;
	size_t count = sizeof(names) / sizeof(names[0]);

	attached->symbols = ckpt_heap_calloc(count + function->clause_count,
					     sizeof(*attached->symbols));
	if (!attached->symbols)
		return CKPT_NOMEM;
	for (size_t i = 0; i < count && allocates(program); i++)
		add_symbol(attached, objects, definer, names[i]);
	for (uint32_t i = 0; i < function->clause_count; i++) {
		const struct ckpt_plan_clause *clause =
			&program->clauses[function->first_clause + i];

		if (clause->allocator != CKPT_PLAN_NONE)
			add_symbol(attached, objects, definer,
				   program->strings + clause->allocator);
	}
	return CKPT_OK;
}

/* Is all of [start, start + size) in one readable segment? */
static bool is_inside(const struct ckpt_generation *generation, uintptr_t start,
		      uint64_t size)
{
	struct ckpt_ranges ranges = {.segments = generation->segments};
	const struct ckpt_segment *segment =
		ckpt_ranges_segment(&ranges, (const void *)start);

	return segment && size <= segment->end - start;
}

/* Does the word of the reference hold what was planned? Then it is bound so. */
static bool is_bound(const struct ckpt_generation *generation,
		     const struct ckpt_plan_edge *edge)
{
	uintptr_t word = generation->bases[edge->from] + edge->slot_vaddr;

	return is_inside(generation, word, sizeof(uint64_t)) &&
	       __atomic_load_n((const uint64_t *)word, __ATOMIC_RELAXED) ==
		       generation->bases[edge->to] + edge->vaddr;
}

/* One name that the closure relies on. */
static bool edge_holds(const struct ckpt_generation *generation,
		       const struct ckpt_objects *objects,
		       const struct ckpt_plan_edge *edge)
{
	const struct ckpt_plan_view *plan = &generation->file.view;
	const struct ckpt_object *from =
		find_number(objects, generation->numbers[edge->from]);
	const struct ckpt_object *object;
	const Elf64_Sym *symbol;
	struct ckpt_wanted wanted;

	if (!from)
		return false;
	if (is_bound(generation, edge))
		return true;
	ckpt_wanted_init(&wanted, plan->strings + edge->name,
			 ckpt_plan_text(plan, edge->version), true);
	if (ckpt_binding_find(objects, from, &wanted, &object, &symbol))
		return false;
	return object->number == generation->numbers[edge->to] &&
	       (ELF64_ST_TYPE(symbol->st_info) == STT_TLS ||
		ckpt_binding_address(object, symbol) ==
			generation->bases[edge->to] + edge->vaddr);
}

/* Edges that several functions rely on are looked up once. */
static enum ckpt_status check_edge(const struct ckpt_generation *generation,
				   const struct ckpt_plan_function *function,
				   const struct ckpt_objects *objects,
				   uint32_t index, struct ckpt_err *err)
{
	const struct ckpt_plan_view *plan = &generation->file.view;
	const struct ckpt_plan_edge *edge = &plan->edges[index];

	if (generation->checked_edges[index])
		return CKPT_OK;
	if (edge_holds(generation, objects, edge)) {
		generation->checked_edges[index] = true;
		return CKPT_OK;
	}
	return ckpt_err_set(err, CKPT_NOTFOUND,
			    "%s: \"%s\" called from %s is not bound as "
			    "planned",
			    plan->strings + function->name,
			    plan->strings + edge->name,
			    plan->strings + plan->objects[edge->from].path);
}

static enum ckpt_status check_edges(const struct ckpt_generation *generation,
				    const struct ckpt_plan_function *function,
				    const struct ckpt_objects *objects,
				    struct ckpt_err *err)
{
	const struct ckpt_plan_view *plan = &generation->file.view;
	enum ckpt_status status = CKPT_OK;

	for (uint32_t i = 0; i < function->edge_run_count && !status; i++) {
		const struct ckpt_plan_run *run =
			&plan->runs[function->first_edge_run + i];

		for (uint32_t j = 0; j < run->count && !status; j++)
			status = check_edge(generation, function, objects,
					    run->first + j, err);
	}
	return status;
}

static enum ckpt_status check_texts(const struct ckpt_generation *generation,
				    const struct ckpt_plan_function *function,
				    struct ckpt_err *err)
{
	const struct ckpt_plan_view *plan = &generation->file.view;

	for (uint32_t i = 0; i < function->text_count; i++) {
		const struct ckpt_plan_text *text =
			&plan->texts[function->first_text + i];

		if (!is_inside(generation,
			       generation->bases[text->object] + text->vaddr,
			       text->size))
			return ckpt_err_set(
				err, CKPT_NOTFOUND,
				"%s: its code is not mapped as planned",
				plan->strings + function->name);
	}
	return CKPT_OK;
}

/* Where in its period the share of verified hits starts: anywhere, or processes
 * with few hits would never verify one. Not 0: a share of 1 adds all but one
 * and passes over whatever it starts from. */
static uint32_t verify_phase(void)
{
	struct timespec now = {0};

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint32_t)now.tv_nsec * 2654435761u | 1;
}

static const char *file_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static void destroy_attached(struct ckpt_attached **attached)
{
	if (!*attached)
		return;
	ckpt_heap_free((*attached)->symbols);
	ckpt_heap_free(*attached);
}

enum ckpt_status ckpt_attach(struct ckpt_generation *generation, uint32_t index,
			     const struct ckpt_objects *objects,
			     struct ckpt_attached **ret, struct ckpt_err *err)
{
	const struct ckpt_plan_view *plan = &generation->file.view;
	const struct ckpt_plan_function *function = &plan->functions[index];
	_cleanup_(destroy_attached) struct ckpt_attached *attached =
		ckpt_heap_calloc(1, sizeof(*attached));
	const struct ckpt_object *definer =
		find_number(objects, generation->numbers[function->object]);
	enum ckpt_status status;

	if (!attached)
		return ckpt_err_set(err, CKPT_NOMEM, "out of memory");
	if (!definer)
		return ckpt_err_set(err, CKPT_NOTFOUND, "%s: object is gone",
				    plan->strings + function->name);
	attached->generation = generation;
	attached->index = index;
	attached->object = definer->number;
	attached->definition = definer->base + function->vaddr;
	attached->is_ifunc = function->flags & CKPT_FUNCTION_IFUNC;
	attached->memo.name = plan->strings + function->name;
	attached->memo.object = file_name(definer->path);
	ckpt_planfile_program(plan, index, generation->bases,
			      &attached->memo.program);
	attached->memo.program.host = &host;
	attached->memo.program.segments = generation->segments;
	attached->memo.verify_share =
		(uint32_t)(function->verify_rate * UINT32_MAX);
	attached->memo.verify_sum = verify_phase();
	status = check_texts(generation, function, err);
	if (!status)
		status = check_edges(generation, function, objects, err);
	if (status)
		return status;
	status = find_symbols(attached, objects, definer);
	if (status)
		return ckpt_err_set(err, status, "out of memory");
	*ret = TAKE(attached);
	return CKPT_OK;
}

void ckpt_attach_again(struct ckpt_attached *attached)
{
	const struct ckpt_plan_function *function =
		attached->memo.program.function;

	attached->object = attached->generation->numbers[function->object];
	attached->is_gone = false;
	__atomic_store_n(&attached->memo.program.segments,
			 attached->generation->segments, __ATOMIC_RELEASE);
}

enum ckpt_status ckpt_attach_compare(const struct ckpt_attached *attached,
				     struct ckpt_err *err)
{
	return ckpt_planfile_compare_text(&attached->generation->file.view,
					  attached->index,
					  attached->generation->bases, err);
}
