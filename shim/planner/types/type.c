/* SPDX-License-Identifier: MIT */
#include "shim/planner/types/type.h"
#include "shim/planner/types/type_base.h"

#include <stdlib.h>
#include <string.h>

enum { CHUNK_SIZE = 64 * 1024 };

struct chunk {
	struct chunk *next;
	size_t used, size;
	_Alignas(16) uint8_t bytes[];
};

struct named {
	const char *name;
	struct ckpt_type *type;
	struct named *next;
};

enum { BUCKET_COUNT = 1024 };

struct ckpt_types {
	struct chunk *chunks;
	struct named *buckets[BUCKET_COUNT];
};

static struct chunk *add_chunk(struct ckpt_types *types, size_t size)
{
	struct chunk *chunk;

	if (size < CHUNK_SIZE)
		size = CHUNK_SIZE;
	chunk = calloc(1, sizeof(*chunk) + size);
	if (!chunk)
		return NULL;
	chunk->size = size;
	chunk->next = types->chunks;
	types->chunks = chunk;
	return chunk;
}

void *ckpt_types_alloc(struct ckpt_types *types, size_t size)
{
	struct chunk *chunk = types->chunks;
	void *p;

	if (size > SIZE_MAX / 2)
		return NULL;
	size = (size + 15) & ~(size_t)15;
	if (!chunk || chunk->size - chunk->used < size)
		chunk = add_chunk(types, size);
	if (!chunk)
		return NULL;
	p = chunk->bytes + chunk->used;
	chunk->used += size;
	return p;
}

struct ckpt_type *ckpt_types_new(struct ckpt_types *types,
				 enum ckpt_type_kind kind, const char *name,
				 uint64_t size, uint32_t alignment)
{
	struct ckpt_type *type = ckpt_types_alloc(types, sizeof(*type));

	if (!type)
		return NULL;
	type->kind = kind;
	type->name = name;
	type->size = size;
	type->value_size = size > UINT32_MAX ? UINT32_MAX : (uint32_t)size;
	type->alignment = alignment;
	return type;
}

const char *ckpt_types_text(struct ckpt_types *types, const char *text)
{
	size_t size = strlen(text) + 1;
	char *copy = ckpt_types_alloc(types, size);

	return copy ? memcpy(copy, text, size) : NULL;
}

/* FNV-1a: only spreads names over buckets. */
static size_t find_bucket(const char *name)
{
	uint32_t hash = 2166136261u;

	for (; *name; name++)
		hash = (hash ^ (uint8_t)*name) * 16777619u;
	return hash % BUCKET_COUNT;
}

static struct named *find_named(const struct ckpt_types *types,
				const char *name)
{
	struct named *named = types->buckets[find_bucket(name)];

	while (named && strcmp(named->name, name) != 0)
		named = named->next;
	return named;
}

enum ckpt_status ckpt_types_define(struct ckpt_types *types, const char *name,
				   struct ckpt_type *type)
{
	struct named *named = find_named(types, name);
	size_t bucket = find_bucket(name);

	if (named) {
		if (named->type->kind == CKPT_TYPE_INCOMPLETE &&
		    type->kind != CKPT_TYPE_INCOMPLETE)
			named->type = type;
		return CKPT_OK;
	}
	named = ckpt_types_alloc(types, sizeof(*named));
	if (!named)
		return CKPT_NOMEM;
	named->name = ckpt_types_text(types, name);
	if (!named->name)
		return CKPT_NOMEM;
	named->type = type;
	named->next = types->buckets[bucket];
	types->buckets[bucket] = named;
	return CKPT_OK;
}

struct ckpt_types *ckpt_types_create(void)
{
	struct ckpt_types *types = calloc(1, sizeof(*types));

	if (!types)
		return NULL;
	if (ckpt_type_base_add(types)) {
		ckpt_types_destroy(types);
		return NULL;
	}
	return types;
}

void ckpt_types_destroy(struct ckpt_types *types)
{
	if (!types)
		return;
	while (types->chunks) {
		struct chunk *next = types->chunks->next;

		free(types->chunks);
		types->chunks = next;
	}
	free(types);
}

static struct ckpt_type *find_tagged(const struct ckpt_types *types,
				     const char *name)
{
	static const char *const tags[] = {"struct ", "union ", "enum "};
	char text[256];
	struct named *named;

	if (strlen(name) > sizeof(text) - 8)
		return NULL;
	for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++) {
		(void)strcpy(text, tags[i]);
		(void)strcat(text, name);
		named = find_named(types, text);
		if (named)
			return named->type;
	}
	return NULL;
}

struct ckpt_type *ckpt_types_find(const struct ckpt_types *types,
				  const char *name)
{
	struct named *named = find_named(types, name);
	const char *canonical;

	if (named)
		return named->type;
	canonical = ckpt_type_base_canonical(name);
	named = canonical ? find_named(types, canonical) : NULL;
	return named ? named->type : find_tagged(types, name);
}

struct ckpt_type *ckpt_types_const(struct ckpt_types *types,
				   struct ckpt_type *type)
{
	if (type->is_const)
		return type;
	if (!type->const_twin) {
		struct ckpt_type *twin = ckpt_types_alloc(types, sizeof(*twin));

		if (!twin)
			return NULL;
		type->const_twin = twin;
		ckpt_types_sync(type);
		/* C11 6.7.3: the qualifier of an array is its elements'. */
		if (type->kind == CKPT_TYPE_ARRAY)
			twin->element = ckpt_types_const(types, type->element);
		if (type->kind == CKPT_TYPE_ARRAY && !twin->element)
			twin->element = type->element;
	}
	return type->const_twin;
}

void ckpt_types_sync(struct ckpt_type *type)
{
	struct ckpt_type *twin = type->const_twin;

	if (!twin)
		return;
	*twin = *type;
	twin->is_const = true;
	twin->const_twin = NULL;
}

struct ckpt_type *ckpt_types_pointer(struct ckpt_types *types,
				     struct ckpt_type *element)
{
	struct ckpt_type *type;

	type = ckpt_types_new(types, CKPT_TYPE_POINTER, NULL, 8, 8);
	if (type)
		type->element = element;
	return type;
}

struct ckpt_type *ckpt_types_array(struct ckpt_types *types,
				   struct ckpt_type *element, uint64_t count)
{
	struct ckpt_type *type;
	uint64_t size;

	if (__builtin_mul_overflow(element->size, count, &size))
		return NULL;
	type = ckpt_types_new(types, CKPT_TYPE_ARRAY, NULL, size,
			      element->alignment);
	if (!type)
		return NULL;
	type->element = element;
	type->count = count;
	return type;
}

/* A unit of `size` bytes in place of `declared`, which has another size. */
static struct ckpt_type *make_unit(struct ckpt_types *types,
				   const struct ckpt_type *declared,
				   uint32_t size)
{
	struct ckpt_type *unit = ckpt_types_alloc(types, sizeof(*unit));

	if (!unit)
		return NULL;
	*unit = *declared;
	unit->kind = size ? CKPT_TYPE_INT : CKPT_TYPE_OTHER;
	if (!size)
		unit->name = "bit-field wider than any load";
	unit->size = size;
	unit->value_size = size;
	unit->alignment = 1;
	unit->const_twin = NULL;
	return unit;
}

/* The lowest place of a unit of `unit_size` bytes inside the struct that
 * holds the bits; false if there is none. */
static bool fit_bits(uint64_t struct_size, uint64_t bit_start,
		     uint64_t bit_size, uint64_t unit_size, uint64_t *ret_off)
{
	uint64_t off = bit_start / 8;

	if (unit_size > struct_size)
		return false;
	if (off > struct_size - unit_size)
		off = struct_size - unit_size;
	if (bit_start + bit_size > (off + unit_size) * 8)
		return false;
	*ret_off = off;
	return true;
}

enum ckpt_status ckpt_types_place_bits(struct ckpt_types *types,
				       struct ckpt_type *declared,
				       uint64_t struct_size, uint64_t bit_start,
				       uint64_t bit_size,
				       struct ckpt_type_field *ret)
{
	uint64_t unit = declared->size, off = 0, size = 0;

	if (bit_size < 1 || bit_size > 128 || bit_start > UINT64_MAX / 16 ||
	    struct_size > UINT64_MAX / 16)
		return CKPT_BADDATA;
	ret->type = declared;
	if (unit && unit <= 8)
		off = bit_start / (unit * 8) * unit;
	if (unit && unit <= 8 && off + unit <= struct_size &&
	    bit_start + bit_size <= (off + unit) * 8) {
		size = unit;
	} else {
		for (size = 1; size <= 8; size *= 2)
			if (fit_bits(struct_size, bit_start, bit_size, size,
				     &off))
				break;
		if (size > 8) {
			size = 0;
			off = bit_start / 8;
		}
		ret->type = make_unit(types, declared, (uint32_t)size);
		if (!ret->type)
			return CKPT_NOMEM;
	}
	ret->off = off;
	ret->bit_off = (uint8_t)(bit_start - off * 8);
	ret->bit_size = (uint8_t)bit_size;
	return CKPT_OK;
}

static const struct ckpt_type_field *find_field(const struct ckpt_type *type,
						const char *name,
						uint64_t *ret_off, int depth)
{
	const struct ckpt_type_field *field, *found;

	if (depth > 32 ||
	    (type->kind != CKPT_TYPE_STRUCT && type->kind != CKPT_TYPE_UNION))
		return NULL;
	for (size_t i = 0; i < type->field_count; i++) {
		field = &type->fields[i];
		if (strcmp(field->name, name) == 0) {
			*ret_off = field->off;
			return field;
		}
	}
	for (size_t i = 0; i < type->field_count; i++) {
		field = &type->fields[i];
		if (*field->name && !field->is_base)
			continue;
		found = find_field(field->type, name, ret_off, depth + 1);
		if (!found)
			continue;
		*ret_off += field->off;
		return found;
	}
	return NULL;
}

const struct ckpt_type_field *ckpt_type_field(const struct ckpt_type *type,
					      const char *name,
					      uint64_t *ret_off)
{
	if (!*name)
		return NULL;
	return find_field(type, name, ret_off, 0);
}

/* Pairs that are equal unless the comparison in progress says otherwise. */
struct pair {
	const struct ckpt_type *a, *b;
};

struct pairs {
	struct pair *items;
	size_t count, capacity;
};

/* 1: was there; 0: added; -1: no memory, or an absurd graph. */
static int add_pair(struct pairs *pairs, const struct ckpt_type *a,
		    const struct ckpt_type *b)
{
	struct pair *items;

	for (size_t i = 0; i < pairs->count; i++)
		if (pairs->items[i].a == a && pairs->items[i].b == b)
			return 1;
	if (pairs->count == pairs->capacity) {
		if (pairs->capacity > 16384)
			return -1;
		pairs->capacity = 2 * pairs->capacity + 16;
		items = realloc(pairs->items, pairs->capacity * sizeof(*items));
		if (!items)
			return -1;
		pairs->items = items;
	}
	pairs->items[pairs->count++] = (struct pair){a, b};
	return 0;
}

static bool are_members_equal(const struct ckpt_type *a,
			      const struct ckpt_type *b)
{
	return a->kind == b->kind && a->size == b->size &&
	       a->alignment == b->alignment && a->value_size == b->value_size &&
	       a->is_signed == b->is_signed && a->count == b->count &&
	       a->is_reference == b->is_reference &&
	       a->is_nontrivial == b->is_nontrivial &&
	       a->is_flexible == b->is_flexible &&
	       a->field_count == b->field_count && !a->element == !b->element;
}

static bool is_equal(struct pairs *pairs, const struct ckpt_type *a,
		     const struct ckpt_type *b, int depth)
{
	int seen;

	if (a == b)
		return true;
	if (depth > 500 || !are_members_equal(a, b))
		return false;
	seen = add_pair(pairs, a, b);
	if (seen)
		return seen > 0;
	if (a->element && !is_equal(pairs, a->element, b->element, depth + 1))
		return false;
	for (size_t i = 0; i < a->field_count; i++) {
		const struct ckpt_type_field *x = &a->fields[i];
		const struct ckpt_type_field *y = &b->fields[i];

		if (x->off != y->off || x->bit_off != y->bit_off ||
		    x->bit_size != y->bit_size ||
		    !is_equal(pairs, x->type, y->type, depth + 1))
			return false;
	}
	return true;
}

bool ckpt_type_equal(const struct ckpt_type *a, const struct ckpt_type *b)
{
	struct pairs pairs = {NULL, 0, 0};
	bool result = is_equal(&pairs, a, b, 0);

	free(pairs.items);
	return result;
}
