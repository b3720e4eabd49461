/* SPDX-License-Identifier: MIT */
#include "shim/runtime/calls/slots.h"

#include "shim/common/cleanup.h"
#include "shim/common/sys_x86_64.h"
#include "shim/runtime/guest/heap.h"
#include "shim/runtime/calls/relative.h"
#include "shim/runtime/calls/slots_x86_64.h"
#include "shim/runtime/calls/thunk.h"

#include <stdlib.h>
#include <string.h>

enum {
	PAGE_SIZE = 4096,
	BUCKETS = sizeof(((struct ckpt_slot_wishes *)0)->buckets) /
		  sizeof(uint32_t),
};

/* What is to be written into one object. */
struct batch {
	struct ckpt_slot_patch *items;
	size_t count, capacity;
};

/* One object being searched. */
struct search {
	struct ckpt_slots *slots;
	const struct ckpt_objects *objects;
	const struct ckpt_object *object;
	const struct ckpt_slot_wishes *wishes;
	struct batch batch;
};

static void free_batch(struct batch *batch)
{
	ckpt_heap_free(batch->items);
}

static void free_search(struct search *search)
{
	free_batch(&search->batch);
}

static enum ckpt_status add_patch(struct ckpt_slot_patch **items, size_t *count,
				  size_t *capacity,
				  struct ckpt_slot_patch patch)
{
	if (*count == *capacity) {
		size_t more = *capacity ? 2 * *capacity : 16;
		struct ckpt_slot_patch *grown =
			ckpt_heap_resize(*items, more, sizeof(**items));

		if (!grown)
			return CKPT_NOMEM;
		*items = grown;
		*capacity = more;
	}
	(*items)[(*count)++] = patch;
	return CKPT_OK;
}

/* ---- wishes ---- */

/* Of a name's first two letters: rules out nearly all names unhashed. */
static uint32_t bucket_of(const char *name)
{
	uint32_t first = (unsigned char)name[0];
	uint32_t second = first ? (unsigned char)name[1] : 0;
	uint32_t third = second ? (unsigned char)name[2] : 0;

	return (first * 961 + second * 31 + third) % BUCKETS;
}

void ckpt_slot_wishes_deinit(struct ckpt_slot_wishes *wishes)
{
	ckpt_heap_free(wishes->items);
	ckpt_heap_free(wishes->next);
	memset(wishes, 0, sizeof(*wishes));
}

enum ckpt_status ckpt_slot_wishes_add(struct ckpt_slot_wishes *wishes,
				      struct ckpt_slot_wish wish)
{
	uint32_t bucket = bucket_of(wish.name);

	if (wishes->count == wishes->capacity) {
		size_t capacity = wishes->capacity ? 2 * wishes->capacity : 32;
		struct ckpt_slot_wish *items;
		uint32_t *next;

		items = ckpt_heap_resize(wishes->items, capacity,
					 sizeof(*items));
		if (!items)
			return CKPT_NOMEM;
		wishes->items = items;
		next = ckpt_heap_resize(wishes->next, capacity, sizeof(*next));
		if (!next)
			return CKPT_NOMEM;
		wishes->next = next;
		wishes->capacity = capacity;
	}
	/* Buckets count from 1, so that zeroed ones are empty. */
	wishes->next[wishes->count] = wishes->buckets[bucket];
	wishes->items[wishes->count++] = wish;
	wishes->buckets[bucket] = (uint32_t)wishes->count;
	return CKPT_OK;
}

/* ---- what a slot is bound to ---- */

/* A definition in `object` of what its symbol `index` refers to. */
static enum ckpt_status find_definition(const struct search *search,
					uint32_t index, bool is_plt,
					uintptr_t *ret, bool *ret_is_ifunc)
{
	const struct ckpt_dynamic *dynamic = &search->object->dynamic;
	const struct ckpt_object *object;
	const Elf64_Sym *symbol;
	struct ckpt_wanted wanted;
	enum ckpt_status status;

	ckpt_wanted_init(&wanted, ckpt_dynamic_name(dynamic, index),
			 ckpt_dynamic_version(dynamic, index), is_plt);
	status = ckpt_binding_find(search->objects, search->object, &wanted,
				   &object, &symbol);
	if (status)
		return status;
	*ret = ckpt_binding_address(object, symbol);
	*ret_is_ifunc = ELF64_ST_TYPE(symbol->st_info) == STT_GNU_IFUNC;
	return CKPT_OK;
}

static bool is_lazy(const struct search *search, const Elf64_Rela *rela,
		    uint64_t value)
{
	const struct ckpt_object *object = search->object;
	size_t index = (size_t)(rela - object->dynamic.plt_relas);

	if (index >= object->dynamic.plt_rela_count ||
	    value - object->start >= object->end - object->start ||
	    !(ckpt_object_protection(object, value) & PF_X))
		return false;
	return ckpt_slot_is_lazy_stub((const void *)value, index);
}

/* The address a slot leads to; false if that cannot be told. `definition` is
 * what its symbol was found to mean, 0 if it was not looked up. */
static bool find_target(const struct search *search, const Elf64_Rela *rela,
			uint64_t value, const struct ckpt_slot_wish *wish,
			uint64_t *ret)
{
	uint32_t symbol = ELF64_R_SYM(rela->r_info);
	bool is_unbound = is_lazy(search, rela, value);
	bool is_plt = ELF64_R_TYPE(rela->r_info) == CKPT_RELOC_CALL_SLOT;
	bool is_ifunc = false;
	uintptr_t definition = 0;

	if (!is_unbound && !wish->is_ifunc) {
		*ret = value;
		return value != 0 &&
		       (wish->target == 0 || value == wish->target);
	}
	if (find_definition(search, symbol, is_plt, &definition, &is_ifunc))
		return false;
	if (wish->target && definition != wish->target)
		return false;
	if (!is_unbound)
		*ret = value;
	else if (is_ifunc)
		*ret = ((uint64_t(*)(void))definition)();
	else
		*ret = definition;
	return *ret != 0;
}

/* ---- searching ---- */

static bool is_call_slot(const Elf64_Rela *rela)
{
	switch (ELF64_R_TYPE(rela->r_info)) {
	case CKPT_RELOC_CALL_SLOT:
	case CKPT_RELOC_DATA_SLOT:
		return true;
	case CKPT_RELOC_ADDRESS:
		/* With an addend it does not hold the function's address. */
		return rela->r_addend == 0;
	default:
		return false;
	}
}

/* Let `slot`, which leads to `original`, lead to the stub of `wish`. */
static enum ckpt_status take_slot(struct search *search, uint64_t *slot,
				  uint64_t original,
				  const struct ckpt_slot_wish *wish)
{
	struct ckpt_slot_patch patch = {
		.slot = slot,
		.original = original,
		.object = search->object->number,
	};

	patch.stub = (uint64_t)search->slots->route(
		search->slots->context, wish, (void *)patch.original);
	if (!patch.stub)
		return CKPT_OK;
	return add_patch(&search->batch.items, &search->batch.count,
			 &search->batch.capacity, patch);
}

static enum ckpt_status try_wish(struct search *search, const Elf64_Rela *rela,
				 const struct ckpt_slot_wish *wish)
{
	uint64_t *slot = (uint64_t *)(search->object->base + rela->r_offset);
	uint64_t value = __atomic_load_n(slot, __ATOMIC_ACQUIRE);
	uint64_t original;

	if (ckpt_thunk_is_stub((void *)value) ||
	    !find_target(search, rela, value, wish, &original))
		return CKPT_OK;
	return take_slot(search, slot, original, wish);
}

/* A word of the object that names no symbol and leads to `target`, or was
 * filled by a resolver there. */
static enum ckpt_status try_local(struct search *search, uint64_t *slot,
				  uint64_t target, bool is_resolved)
{
	const struct ckpt_slot_wishes *wishes = search->wishes;
	uint64_t value = __atomic_load_n(slot, __ATOMIC_ACQUIRE);

	if (ckpt_thunk_is_stub((void *)value) || (uintptr_t)slot % 8 != 0)
		return CKPT_OK;
	for (size_t i = 0; i < wishes->count; i++) {
		const struct ckpt_slot_wish *wish = &wishes->items[i];

		if (wish->local == search->object->number &&
		    wish->target == target && wish->is_ifunc == is_resolved &&
		    ckpt_object_is_named(search->object, wish->from_pattern))
			return take_slot(search, slot, value, wish);
	}
	return CKPT_OK;
}

static enum ckpt_status try_pointer(void *context, uint64_t *word)
{
	/* What it points to is what it holds. */
	return try_local(context, word, __atomic_load_n(word, __ATOMIC_ACQUIRE),
			 false);
}

static enum ckpt_status try_any(struct search *search, const Elf64_Rela *rela,
				const char *name)
{
	struct ckpt_slot_wish wish = search->wishes->any;

	if (!search->wishes->has_any ||
	    ELF64_R_TYPE(rela->r_info) != CKPT_RELOC_CALL_SLOT)
		return CKPT_OK;
	wish.name = name;
	wish.from = search->object->number;
	return try_wish(search, rela, &wish);
}

static enum ckpt_status try_relocation(struct search *search,
				       const Elf64_Rela *rela)
{
	uint32_t symbol = ELF64_R_SYM(rela->r_info);
	const struct ckpt_slot_wishes *wishes = search->wishes;
	const char *name;

	if (symbol == STN_UNDEF &&
	    ELF64_R_TYPE(rela->r_info) == CKPT_RELOC_RESOLVED)
		return try_local(
			search,
			(uint64_t *)(search->object->base + rela->r_offset),
			search->object->base + (uint64_t)rela->r_addend, true);
	if (symbol == STN_UNDEF || !is_call_slot(rela))
		return CKPT_OK;
	name = ckpt_dynamic_name(&search->object->dynamic, symbol);
	for (uint32_t i = wishes->buckets[bucket_of(name)]; i;
	     i = wishes->next[i - 1]) {
		const struct ckpt_slot_wish *wish = &wishes->items[i - 1];
		size_t count = search->batch.count;
		enum ckpt_status status;

		if (strcmp(wish->name, name) != 0 ||
		    (wish->from && wish->from != search->object->number) ||
		    !ckpt_object_is_named(search->object, wish->from_pattern))
			continue;
		status = try_wish(search, rela, wish);
		if (status || search->batch.count > count)
			return status;
	}
	return try_any(search, rela, name);
}

static bool wants_pointers(const struct search *search)
{
	for (size_t i = 0; i < search->wishes->count; i++)
		if (search->wishes->items[i].is_address_taken &&
		    search->wishes->items[i].local == search->object->number)
			return true;
	return false;
}

static enum ckpt_status search_object(struct search *search)
{
	const struct ckpt_dynamic *dynamic = &search->object->dynamic;
	enum ckpt_status status;

	for (size_t i = 0; i < dynamic->plt_rela_count; i++) {
		status = try_relocation(search, &dynamic->plt_relas[i]);
		if (status)
			return status;
	}
	for (size_t i = 0; i < dynamic->rela_count; i++) {
		status = try_relocation(search, &dynamic->relas[i]);
		if (status)
			return status;
	}
	return wants_pointers(search)
		       ? ckpt_relative_each(dynamic, try_pointer, search)
		       : CKPT_OK;
}

/* ---- writing ---- */

/* Pages that must be made writable and back. */
struct pages {
	uintptr_t start, end; /* empty if equal */
};

static enum ckpt_status find_pages(const struct ckpt_object *object,
				   const struct batch *batch,
				   struct pages *pages, struct ckpt_err *err)
{
	for (size_t i = 0; i < batch->count; i++) {
		uintptr_t slot = (uintptr_t)batch->items[i].slot;
		uintptr_t page = slot & -(uintptr_t)PAGE_SIZE;
		unsigned flags = ckpt_object_protection(object, slot);

		if (flags & PF_W)
			continue;
		if (flags != PF_R ||
		    slot - object->relro_start >=
			    object->relro_end - object->relro_start)
			return ckpt_err_set(
				err, CKPT_UNSUPPORTED,
				"%s: the call slot at 0x%lx is in a segment "
				"that is not for data: calls from this object "
				"are not seen",
				object->path,
				(unsigned long)(slot - object->base));
		if (pages->start == pages->end || page < pages->start)
			pages->start = page;
		if (page + PAGE_SIZE > pages->end)
			pages->end = page + PAGE_SIZE;
	}
	return CKPT_OK;
}

static bool protect(const struct pages *pages, int protection)
{
	return pages->start == pages->end ||
	       ckpt_sys_mprotect((void *)pages->start,
				 pages->end - pages->start, protection) == 0;
}

static void write_batch(const struct batch *batch)
{
	for (size_t i = 0; i < batch->count; i++)
		__atomic_store_n(batch->items[i].slot, batch->items[i].stub,
				 __ATOMIC_RELEASE);
}

static enum ckpt_status apply_batch(struct ckpt_slots *slots,
				    const struct ckpt_object *object,
				    const struct batch *batch,
				    struct ckpt_err *err)
{
	struct pages pages = {0};
	size_t count = slots->count;
	enum ckpt_status status;

	status = find_pages(object, batch, &pages, err);
	for (size_t i = 0; i < batch->count && !status; i++)
		status = add_patch(&slots->patches, &slots->count,
				   &slots->capacity, batch->items[i]);
	if (!status && !protect(&pages, PROT_READ | PROT_WRITE))
		status =
			ckpt_err_set(err, CKPT_UNSUPPORTED,
				     "%s: the system does not let its call "
				     "slots be changed: calls from this object "
				     "are not seen",
				     object->path);
	if (status) {
		slots->count = count;
		return status;
	}
	write_batch(batch);
	(void)protect(&pages, PROT_READ);
	return CKPT_OK;
}

enum ckpt_status ckpt_slots_patch(struct ckpt_slots *slots,
				  const struct ckpt_objects *objects,
				  const struct ckpt_object *object,
				  const struct ckpt_slot_wishes *wishes,
				  struct ckpt_err *err)
{
	_cleanup_(free_search) struct search search = {
		.slots = slots,
		.objects = objects,
		.object = object,
		.wishes = wishes,
	};
	enum ckpt_status status;

	if (object->kind != CKPT_OBJECT_PLAIN &&
	    object->kind != CKPT_OBJECT_PROGRAM)
		return CKPT_OK;
	status = search_object(&search);
	if (status)
		return ckpt_err_set(err, status, "%s: %s", object->path,
				    ckpt_status_text(status));
	if (search.batch.count == 0)
		return CKPT_OK;
	return apply_batch(slots, object, &search.batch, err);
}

/* ---- copies ---- */

/* Patches inside [from, from + size) go to the same places behind `to`. */
static enum ckpt_status mirror_range(struct ckpt_slots *slots,
				     const struct ckpt_object *program,
				     uintptr_t from, uintptr_t to, size_t size,
				     struct batch *batch)
{
	for (size_t i = 0; i < slots->count; i++) {
		struct ckpt_slot_patch patch = slots->patches[i];
		uintptr_t off = (uintptr_t)patch.slot - from;
		enum ckpt_status status;

		if (off >= size || size - off < sizeof(*patch.slot))
			continue;
		patch.slot = (uint64_t *)(to + off);
		patch.object = program->number;
		if (*patch.slot != patch.original)
			continue;
		status = add_patch(&batch->items, &batch->count,
				   &batch->capacity, patch);
		if (status)
			return status;
	}
	return CKPT_OK;
}

/* Where a COPY relocation of the program copied from. */
static bool find_source(const struct ckpt_objects *objects,
			const struct ckpt_object *program, uint32_t symbol,
			uintptr_t *ret)
{
	const struct ckpt_dynamic *dynamic = &program->dynamic;
	struct ckpt_wanted wanted;

	ckpt_wanted_init(&wanted, ckpt_dynamic_name(dynamic, symbol),
			 ckpt_dynamic_version(dynamic, symbol), false);
	for (size_t i = 0; i < objects->count; i++) {
		const struct ckpt_object *object = objects->items[i];
		const Elf64_Sym *found;

		if (object == program || !object->is_global)
			continue;
		found = ckpt_dynamic_find(&object->dynamic, &wanted);
		if (found) {
			*ret = ckpt_binding_address(object, found);
			return true;
		}
	}
	return false;
}

enum ckpt_status ckpt_slots_mirror(struct ckpt_slots *slots,
				   const struct ckpt_objects *objects,
				   struct ckpt_err *err)
{
	const struct ckpt_object *program;
	_cleanup_(free_batch) struct batch batch = {0};
	uintptr_t source;

	if (objects->count == 0 || slots->count == 0)
		return CKPT_OK;
	program = objects->items[0];
	for (size_t i = 0; i < program->dynamic.rela_count; i++) {
		const Elf64_Rela *rela = &program->dynamic.relas[i];
		uint32_t symbol = ELF64_R_SYM(rela->r_info);
		enum ckpt_status status;

		if (ELF64_R_TYPE(rela->r_info) != CKPT_RELOC_COPY ||
		    !find_source(objects, program, symbol, &source))
			continue;
		status = mirror_range(
			slots, program, source, program->base + rela->r_offset,
			program->dynamic.symbols[symbol].st_size, &batch);
		if (status)
			return ckpt_err_set(err, status, "%s: %s",
					    program->path,
					    ckpt_status_text(status));
	}
	if (batch.count == 0)
		return CKPT_OK;
	return apply_batch(slots, program, &batch, err);
}

/* ---- later ---- */

static const struct ckpt_object *find_number(const struct ckpt_objects *objects,
					     uint64_t number)
{
	for (size_t i = 0; i < objects->count; i++)
		if (objects->items[i]->number == number)
			return objects->items[i];
	return NULL;
}

/* One word, whatever page it is on. False if it cannot be written. */
static bool write_slot(const struct ckpt_object *object, uint64_t *slot,
		       uint64_t value)
{
	uintptr_t page = (uintptr_t)slot & -(uintptr_t)PAGE_SIZE;
	struct pages pages = {page, page + PAGE_SIZE};
	bool is_writable =
		ckpt_object_protection(object, (uintptr_t)slot) & PF_W;

	if (!is_writable && !protect(&pages, PROT_READ | PROT_WRITE))
		return false;
	__atomic_store_n(slot, value, __ATOMIC_RELEASE);
	if (!is_writable)
		(void)protect(&pages, PROT_READ);
	return true;
}

void ckpt_slots_renew(struct ckpt_slots *slots,
		      const struct ckpt_objects *objects)
{
	for (size_t i = 0; i < slots->count; i++) {
		const struct ckpt_slot_patch *patch = &slots->patches[i];
		const struct ckpt_object *object;

		if (__atomic_load_n(patch->slot, __ATOMIC_ACQUIRE) !=
		    patch->original)
			continue;
		object = find_number(objects, patch->object);
		if (object)
			(void)write_slot(object, patch->slot, patch->stub);
	}
}

void ckpt_slots_forget(struct ckpt_slots *slots, uint64_t object)
{
	size_t kept = 0;

	for (size_t i = 0; i < slots->count; i++)
		if (slots->patches[i].object != object)
			slots->patches[kept++] = slots->patches[i];
	slots->count = kept;
}

void ckpt_slots_undo(struct ckpt_slots *slots,
		     const struct ckpt_objects *objects)
{
	while (slots->count > 0) {
		const struct ckpt_slot_patch *patch =
			&slots->patches[--slots->count];
		const struct ckpt_object *object =
			find_number(objects, patch->object);

		if (object && *patch->slot == patch->stub)
			(void)write_slot(object, patch->slot, patch->original);
	}
}

void ckpt_slots_deinit(struct ckpt_slots *slots)
{
	ckpt_heap_free(slots->patches);
	slots->patches = NULL;
	slots->count = slots->capacity = 0;
}
