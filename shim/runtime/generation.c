/* SPDX-License-Identifier: MIT */
#include "shim/runtime/generation.h"

#include "shim/common/cleanup.h"
#include "shim/runtime/guest/heap.h"

#include <stdlib.h>
#include <string.h>

void ckpt_generation_destroy(struct ckpt_generation *generation)
{
	if (!generation)
		return;
	for (size_t i = 0; i < generation->table_count; i++)
		ckpt_segments_destroy(generation->tables[i]);
	ckpt_planfile_close(&generation->file);
	ckpt_heap_free(generation->tables);
	ckpt_heap_free(generation->bases);
	ckpt_heap_free(generation->numbers);
	ckpt_heap_free(generation->tls_modules);
	ckpt_heap_free(generation->checked_edges);
	ckpt_heap_free(generation);
}

static void cleanup_generation(struct ckpt_generation **generation)
{
	ckpt_generation_destroy(*generation);
}

static void *find_tls_get_addr(const struct ckpt_objects *objects)
{
	struct ckpt_wanted wanted;

	ckpt_wanted_init(&wanted, "__tls_get_addr", NULL, true);
	wanted.is_newest = true;
	for (size_t i = 0; i < objects->count; i++) {
		const struct ckpt_object *object = objects->items[i];
		const Elf64_Sym *symbol;

		if (object->kind != CKPT_OBJECT_LOADER)
			continue;
		symbol = ckpt_dynamic_find(&object->dynamic, &wanted);
		return symbol ? (void *)ckpt_binding_address(object, symbol)
			      : NULL;
	}
	return NULL;
}

static void note_objects(struct ckpt_generation *generation,
			 const struct ckpt_objects *objects)
{
	for (uint32_t i = 0; i < generation->object_count; i++) {
		const struct ckpt_object *object = objects->items[i];

		generation->bases[i] = object->base;
		generation->numbers[i] = object->number;
		generation->tls_modules[i] = object->tls_module;
	}
	generation->tls_get_addr =
		(void *(*)(void *))find_tls_get_addr(objects);
}

/* A table for the objects that are there; the same one if it was made
 * before, so that opening and closing a library for ever takes no memory. */
static enum ckpt_status make_table(struct ckpt_generation *generation,
				   const struct ckpt_objects *objects)
{
	const struct ckpt_segments **tables, *table;
	enum ckpt_status status;

	status = ckpt_segments_create(objects, generation->numbers,
				      generation->object_count, &table);
	if (status)
		return status;
	for (size_t i = 0; i < generation->table_count; i++) {
		if (!ckpt_segments_equal(generation->tables[i], table))
			continue;
		ckpt_segments_destroy(table);
		generation->segments = generation->tables[i];
		return CKPT_OK;
	}
	tables = ckpt_heap_resize(generation->tables,
				  generation->table_count + 1,
				  sizeof(struct ckpt_segments *));
	if (!tables) {
		ckpt_segments_destroy(table);
		return CKPT_NOMEM;
	}
	generation->tables = tables;
	tables[generation->table_count++] = table;
	generation->segments = table;
	return CKPT_OK;
}

static void identify(struct ckpt_generation *generation,
		     const struct ckpt_objects *objects)
{
	const struct ckpt_plan_object *items = generation->file.view.objects;
	struct ckpt_hasher hasher;

	ckpt_hasher_init(&hasher, NULL);
	for (uint32_t i = 0; i < generation->object_count; i++) {
		enum ckpt_object_kind kind = objects->items[i]->kind;

		if (kind == CKPT_OBJECT_OURSELVES || kind == CKPT_OBJECT_VDSO)
			continue;
		if (!items[i].identity.lo && !items[i].identity.hi)
			return;
		ckpt_hasher_update(&hasher, &items[i].identity,
				   sizeof(items[i].identity));
	}
	generation->identity = ckpt_hasher_final(&hasher);
	generation->has_identity = true;
}

enum ckpt_status ckpt_generation_create(struct ckpt_planfile *file,
					const struct ckpt_objects *objects,
					struct ckpt_generation **ret)
{
	_cleanup_(cleanup_generation) struct ckpt_generation *generation =
		ckpt_heap_calloc(1, sizeof(*generation));
	uint32_t count = file->view.counts[CKPT_PLAN_OBJECTS];
	enum ckpt_status status;

	if (!generation)
		return CKPT_NOMEM;
	/* A plan that only tells a mistake in the config has no objects. */
	if (count && count != objects->count)
		return CKPT_BADDATA;
	generation->object_count = count;
	generation->key = file->view.header->key;
	generation->bases = ckpt_heap_calloc(count + 1, sizeof(uintptr_t));
	generation->numbers = ckpt_heap_calloc(count + 1, sizeof(uint64_t));
	generation->tls_modules = ckpt_heap_calloc(count + 1, sizeof(size_t));
	generation->checked_edges = ckpt_heap_calloc(
		file->view.counts[CKPT_PLAN_EDGES] + 1, sizeof(bool));
	if (!generation->checked_edges || !generation->bases ||
	    !generation->numbers || !generation->tls_modules)
		return CKPT_NOMEM;
	note_objects(generation, objects);
	status = make_table(generation, objects);
	if (status)
		return status;
	generation->file = *file;
	file->memory = NULL;
	identify(generation, objects);
	*ret = TAKE(generation);
	return CKPT_OK;
}

bool ckpt_generation_is_equal(const struct ckpt_generation *a,
			      const struct ckpt_generation *b)
{
	return ckpt_hash_equal(a->key, b->key) &&
	       ckpt_hash_equal(a->file.view.header->checksum,
			       b->file.view.header->checksum) &&
	       a->object_count == b->object_count &&
	       !memcmp(a->bases, b->bases, a->object_count * sizeof(*a->bases));
}

enum ckpt_status ckpt_generation_remap(struct ckpt_generation *generation,
				       const struct ckpt_objects *objects)
{
	if (generation->object_count > objects->count)
		return CKPT_BADDATA;
	note_objects(generation, objects);
	return make_table(generation, objects);
}

void ckpt_generation_drop(struct ckpt_generation *generation,
			  const struct ckpt_objects *objects, uint64_t number)
{
	uint32_t i = 0;

	while (i < generation->object_count && generation->numbers[i] != number)
		i++;
	if (i == generation->object_count)
		return;
	generation->numbers[i] = 0;
	/* Without memory there is no table: then the kernel is asked. */
	if (make_table(generation, objects))
		generation->segments = NULL;
}
