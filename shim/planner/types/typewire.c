/* SPDX-License-Identifier: MIT */
#include "shim/planner/types/typewire.h"

#include "shim/common/cleanup.h"

#include <stdlib.h>
#include <string.h>

enum {
	TYPES_MAX = 1 << 20,
	FIELDS_MAX = 1 << 20,
	DEPTH_MAX = 128, /* of types inside types, by value */
	NAME_MAX_SIZE = 4096,
};

static const uint32_t none = UINT32_MAX;

enum {
	IS_SIGNED = 1 << 0,
	IS_ENUM = 1 << 1,
	IS_CONST = 1 << 2,
	IS_REFERENCE = 1 << 3,
	IS_NONTRIVIAL = 1 << 4,
	IS_FLEXIBLE = 1 << 5,
	IS_VARIADIC = 1 << 6,
	FLAGS_ALL = (1 << 7) - 1,
};

/* --- encoding --- */

/* Types in the order they were met, found again through a hash table. */
struct encoder {
	const struct ckpt_type **items;
	uint32_t count, capacity;
	uint32_t *slots; /* index + 1 into items; 0 = free */
	uint32_t slot_count;
};

static uint32_t find_slot(const struct encoder *e, const struct ckpt_type *type)
{
	uint32_t mask = e->slot_count - 1;
	uint32_t slot = (uint32_t)((uintptr_t)type >> 4) * 2654435761u & mask;

	while (e->slots[slot] && e->items[e->slots[slot] - 1] != type)
		slot = (slot + 1) & mask;
	return slot;
}

static enum ckpt_status grow(struct encoder *e)
{
	uint32_t capacity = e->capacity ? 2 * e->capacity : 256;
	const struct ckpt_type **items;

	items = realloc(e->items, capacity * sizeof(*items));
	if (!items)
		return CKPT_NOMEM;
	e->items = items;
	e->capacity = capacity;
	free(e->slots);
	e->slot_count = 4 * capacity;
	e->slots = calloc(e->slot_count, sizeof(*e->slots));
	if (!e->slots)
		return CKPT_NOMEM;
	for (uint32_t i = 0; i < e->count; i++)
		e->slots[find_slot(e, e->items[i])] = i + 1;
	return CKPT_OK;
}

static enum ckpt_status number(struct encoder *e, const struct ckpt_type *type,
			       uint32_t *ret)
{
	enum ckpt_status status = CKPT_OK;
	uint32_t slot;

	*ret = none;
	if (!type)
		return CKPT_OK;
	if (e->count == e->capacity)
		status = grow(e);
	if (status)
		return status;
	if (e->count == TYPES_MAX)
		return CKPT_UNSUPPORTED;
	slot = find_slot(e, type);
	if (!e->slots[slot]) {
		e->items[e->count++] = type;
		e->slots[slot] = e->count;
	}
	*ret = e->slots[slot] - 1;
	return CKPT_OK;
}

static void add_text(struct ckpt_buf *out, const char *text)
{
	ckpt_buf_add_u8(out, text != NULL);
	if (text)
		ckpt_buf_add(out, text, strlen(text) + 1);
}

static uint32_t get_flags(const struct ckpt_type *type)
{
	return (type->is_signed ? IS_SIGNED : 0) |
	       (type->is_enum ? IS_ENUM : 0) | (type->is_const ? IS_CONST : 0) |
	       (type->is_reference ? IS_REFERENCE : 0) |
	       (type->is_nontrivial ? IS_NONTRIVIAL : 0) |
	       (type->is_flexible ? IS_FLEXIBLE : 0) |
	       (type->is_variadic ? IS_VARIADIC : 0);
}

static enum ckpt_status encode_fields(struct encoder *e,
				      const struct ckpt_type *type,
				      struct ckpt_buf *out)
{
	for (size_t i = 0; i < type->field_count; i++) {
		const struct ckpt_type_field *field = &type->fields[i];
		uint32_t index;
		enum ckpt_status status = number(e, field->type, &index);

		if (status)
			return status;
		add_text(out, field->name);
		ckpt_buf_add_u32(out, index);
		ckpt_buf_add_u64(out, field->off);
		ckpt_buf_add_u8(out, field->bit_off);
		ckpt_buf_add_u8(out, field->bit_size);
		ckpt_buf_add_u8(out, field->is_base);
	}
	return CKPT_OK;
}

static enum ckpt_status encode_type(struct encoder *e,
				    const struct ckpt_type *type,
				    struct ckpt_buf *out)
{
	uint32_t element;
	enum ckpt_status status = number(e, type->element, &element);

	if (status)
		return status;
	ckpt_buf_add_u8(out, (uint8_t)type->kind);
	ckpt_buf_add_u8(out, (uint8_t)get_flags(type));
	add_text(out, type->name);
	add_text(out, type->alias);
	ckpt_buf_add_u64(out, type->size);
	ckpt_buf_add_u32(out, type->alignment);
	ckpt_buf_add_u32(out, type->value_size);
	ckpt_buf_add_u32(out, element);
	ckpt_buf_add_u64(out, type->count);
	ckpt_buf_add_u32(out, (uint32_t)type->field_count);
	return encode_fields(e, type, out);
}

/* The types follow each other without a count: each of them is preceded by a
 * 1, and a 0 ends the list, because numbering goes on while they are written.
 */
enum ckpt_status ckpt_typewire_encode(const struct ckpt_type *const *roots,
				      size_t count, struct ckpt_buf *out)
{
	struct encoder e = {NULL, 0, 0, NULL, 0};
	enum ckpt_status status = CKPT_OK;
	uint32_t index;

	for (size_t i = 0; !status && i < count; i++) {
		status = number(&e, roots[i], &index);
		ckpt_buf_add_u32(out, index);
	}
	for (uint32_t i = 0; !status && i < e.count; i++) {
		ckpt_buf_add_u8(out, 1);
		status = encode_type(&e, e.items[i], out);
	}
	ckpt_buf_add_u8(out, 0);
	free(e.items);
	free(e.slots);
	return status ? status : ckpt_buf_status(out);
}

/* --- decoding --- */

/* While decoding, pointers to types are kept as indices beside the types. */
struct raw {
	struct ckpt_type *type;
	uint32_t element;
	uint32_t *field_types;
	uint8_t state; /* of the walk: 0 new, 1 inside, 2 done */
};

struct decoder {
	struct ckpt_reader *in;
	struct ckpt_types *types;
	struct raw *items;
	uint32_t count, capacity;
};

static enum ckpt_status read_text(struct decoder *d, const char **ret)
{
	uint8_t is_there;
	const char *text;
	enum ckpt_status status = ckpt_read_u8(d->in, &is_there);

	*ret = NULL;
	if (status || !is_there)
		return status;
	status = ckpt_read_string(d->in, &text);
	if (status)
		return status;
	if (strlen(text) >= NAME_MAX_SIZE)
		return CKPT_BADDATA;
	*ret = ckpt_types_text(d->types, text);
	return *ret ? CKPT_OK : CKPT_NOMEM;
}

static enum ckpt_status
read_field(struct decoder *d, struct ckpt_type_field *field, uint32_t *ret_type)
{
	uint8_t is_base = 0;

	if (read_text(d, &field->name) || !field->name ||
	    ckpt_read_u32(d->in, ret_type) ||
	    ckpt_read_u64(d->in, &field->off) ||
	    ckpt_read_u8(d->in, &field->bit_off) ||
	    ckpt_read_u8(d->in, &field->bit_size) ||
	    ckpt_read_u8(d->in, &is_base) || is_base > 1)
		return CKPT_BADDATA;
	field->is_base = is_base;
	return CKPT_OK;
}

static enum ckpt_status read_fields(struct decoder *d, struct raw *raw)
{
	uint32_t count;
	enum ckpt_status status = ckpt_read_u32(d->in, &count);

	if (status)
		return status;
	/* Each takes at least 17 bytes. */
	if (count > FIELDS_MAX || count > ckpt_reader_left(d->in) / 16)
		return CKPT_BADDATA;
	raw->type->field_count = count;
	raw->type->fields =
		ckpt_types_alloc(d->types, count * sizeof(*raw->type->fields));
	raw->field_types =
		ckpt_types_alloc(d->types, count * sizeof(*raw->field_types));
	if (!raw->type->fields || !raw->field_types)
		return CKPT_NOMEM;
	for (uint32_t i = 0; !status && i < count; i++)
		status = read_field(d, &raw->type->fields[i],
				    &raw->field_types[i]);
	return status;
}

static void set_flags(struct ckpt_type *type, uint8_t flags)
{
	type->is_signed = flags & IS_SIGNED;
	type->is_enum = flags & IS_ENUM;
	type->is_const = flags & IS_CONST;
	type->is_reference = flags & IS_REFERENCE;
	type->is_nontrivial = flags & IS_NONTRIVIAL;
	type->is_flexible = flags & IS_FLEXIBLE;
	type->is_variadic = flags & IS_VARIADIC;
}

static enum ckpt_status read_type(struct decoder *d, struct raw *raw)
{
	struct ckpt_type *type = ckpt_types_alloc(d->types, sizeof(*type));
	uint8_t kind, flags;

	if (!type)
		return CKPT_NOMEM;
	raw->type = type;
	if (ckpt_read_u8(d->in, &kind) || ckpt_read_u8(d->in, &flags) ||
	    kind > CKPT_TYPE_OTHER || flags > FLAGS_ALL ||
	    read_text(d, &type->name) || read_text(d, &type->alias) ||
	    ckpt_read_u64(d->in, &type->size) ||
	    ckpt_read_u32(d->in, &type->alignment) ||
	    ckpt_read_u32(d->in, &type->value_size) ||
	    ckpt_read_u32(d->in, &raw->element) ||
	    ckpt_read_u64(d->in, &type->count))
		return CKPT_BADDATA;
	type->kind = kind;
	set_flags(type, flags);
	return read_fields(d, raw);
}

static enum ckpt_status read_types(struct decoder *d)
{
	enum ckpt_status status;
	uint8_t is_more;

	for (;;) {
		status = ckpt_read_u8(d->in, &is_more);
		if (status || !is_more)
			return status;
		if (d->count == d->capacity) {
			uint32_t capacity = 2 * d->capacity + 64;
			struct raw *items =
				realloc(d->items, capacity * sizeof(*items));

			if (!items)
				return CKPT_NOMEM;
			d->items = items;
			d->capacity = capacity;
		}
		if (d->count == TYPES_MAX)
			return CKPT_BADDATA;
		memset(&d->items[d->count], 0, sizeof(*d->items));
		status = read_type(d, &d->items[d->count]);
		if (status)
			return status;
		d->count++;
	}
}

static enum ckpt_status link_type(const struct decoder *d, struct raw *raw)
{
	struct ckpt_type *type = raw->type;

	if (raw->element != none && raw->element >= d->count)
		return CKPT_BADDATA;
	if (raw->element != none)
		type->element = d->items[raw->element].type;
	for (size_t i = 0; i < type->field_count; i++) {
		if (raw->field_types[i] >= d->count)
			return CKPT_BADDATA;
		type->fields[i].type = d->items[raw->field_types[i]].type;
	}
	return CKPT_OK;
}

static bool has_power_alignment(const struct ckpt_type *type)
{
	uint32_t a = type->alignment;

	return a && a <= 1u << 28 && !(a & (a - 1));
}

static bool is_scalar_size(const struct ckpt_type *type)
{
	uint64_t size = type->size;

	return size == 1 || size == 2 || size == 4 || size == 8 || size == 16;
}

static bool is_field_inside(const struct ckpt_type *type,
			    const struct ckpt_type_field *field)
{
	const struct ckpt_type *inner = field->type;
	uint64_t size = inner->size;

	if (inner->kind == CKPT_TYPE_VOID ||
	    inner->kind == CKPT_TYPE_FUNCTION ||
	    inner->kind == CKPT_TYPE_INCOMPLETE)
		return false;
	if (size > type->size || field->off > type->size - size)
		return false;
	if (!field->bit_size || inner->kind == CKPT_TYPE_OTHER)
		return true;
	return (inner->kind == CKPT_TYPE_INT ||
		inner->kind == CKPT_TYPE_BOOL) &&
	       size <= 8 &&
	       (uint64_t)field->bit_off + field->bit_size <= size * 8;
}

static bool are_fields_inside(const struct ckpt_type *type)
{
	for (size_t i = 0; i < type->field_count; i++)
		if (!is_field_inside(type, &type->fields[i]))
			return false;
	return true;
}

static bool is_array_sound(const struct ckpt_type *type)
{
	uint64_t size;

	return type->element &&
	       !__builtin_mul_overflow(type->element->size, type->count,
				       &size) &&
	       size == type->size;
}

/* What type.h says of a type, apart from its containing itself. */
static bool is_sound(const struct ckpt_type *type)
{
	if (type->size > (uint64_t)1 << 56 || !has_power_alignment(type) ||
	    type->value_size > type->size)
		return false;
	switch (type->kind) {
	case CKPT_TYPE_VOID:
	case CKPT_TYPE_INCOMPLETE:
	case CKPT_TYPE_FUNCTION:
		return type->size == 0;
	case CKPT_TYPE_BOOL:
	case CKPT_TYPE_INT:
	case CKPT_TYPE_FLOAT:
		return is_scalar_size(type) && !type->element;
	case CKPT_TYPE_COMPLEX:
		return type->count == 2 && is_array_sound(type) &&
		       type->element->kind == CKPT_TYPE_FLOAT;
	case CKPT_TYPE_POINTER:
		return type->size == 8 && type->element;
	case CKPT_TYPE_ARRAY:
		return is_array_sound(type) &&
		       type->element->kind != CKPT_TYPE_FUNCTION;
	case CKPT_TYPE_VECTOR:
		return is_array_sound(type) &&
		       (type->element->kind == CKPT_TYPE_INT ||
			type->element->kind == CKPT_TYPE_FLOAT);
	case CKPT_TYPE_STRUCT:
	case CKPT_TYPE_UNION:
		return are_fields_inside(type) && !type->element;
	default:
		return !type->element && !type->field_count;
	}
}

/* Does the type at `raw` contain itself by value, or absurdly many others? */
static bool is_finite(struct decoder *d, struct raw *raw, int depth)
{
	bool is_record = raw->type->kind == CKPT_TYPE_STRUCT ||
			 raw->type->kind == CKPT_TYPE_UNION;

	if (raw->state == 2)
		return true;
	if (raw->state == 1 || depth > DEPTH_MAX)
		return false;
	raw->state = 1;
	if (raw->type->kind == CKPT_TYPE_ARRAY &&
	    !is_finite(d, &d->items[raw->element], depth + 1))
		return false;
	for (size_t i = 0; is_record && i < raw->type->field_count; i++)
		if (!is_finite(d, &d->items[raw->field_types[i]], depth + 1))
			return false;
	raw->state = 2;
	return true;
}

static enum ckpt_status define_names(const struct decoder *d)
{
	enum ckpt_status status = CKPT_OK;

	for (uint32_t i = 0; !status && i < d->count; i++) {
		struct ckpt_type *type = d->items[i].type;

		if (type->is_const || type->kind == CKPT_TYPE_OTHER)
			continue;
		if (type->name)
			status = ckpt_types_define(d->types, type->name, type);
		if (!status && type->alias)
			status = ckpt_types_define(d->types, type->alias, type);
	}
	return status;
}

static enum ckpt_status decode(struct decoder *d, const uint32_t *numbers,
			       struct ckpt_type **roots, size_t count)
{
	enum ckpt_status status = read_types(d);

	for (uint32_t i = 0; !status && i < d->count; i++)
		status = link_type(d, &d->items[i]);
	for (uint32_t i = 0; !status && i < d->count; i++)
		if (!is_sound(d->items[i].type))
			status = CKPT_BADDATA;
	for (uint32_t i = 0; !status && i < d->count; i++)
		if (!is_finite(d, &d->items[i], 0))
			status = CKPT_BADDATA;
	for (size_t i = 0; !status && i < count; i++)
		if (numbers[i] != none && numbers[i] >= d->count)
			status = CKPT_BADDATA;
	if (!status)
		status = define_names(d);
	for (size_t i = 0; !status && i < count; i++)
		roots[i] =
			numbers[i] == none ? NULL : d->items[numbers[i]].type;
	return status;
}

enum ckpt_status ckpt_typewire_decode(struct ckpt_reader *in,
				      struct ckpt_types *types,
				      struct ckpt_type **roots, size_t count)
{
	struct decoder d = {in, types, NULL, 0, 0};
	_cleanup_free_ uint32_t *numbers = calloc(count + 1, sizeof(*numbers));
	enum ckpt_status status = numbers ? CKPT_OK : CKPT_NOMEM;

	for (size_t i = 0; !status && i < count; i++)
		status = ckpt_read_u32(in, &numbers[i]);
	if (!status)
		status = decode(&d, numbers, roots, count);
	free(d.items);
	return status;
}
