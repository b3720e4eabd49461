/* SPDX-License-Identifier: MIT */
#include "shim/planner/types/cdecl_layout.h"

/* No object is larger; keeps all sums of bits in range. */
static const uint64_t size_limit = (uint64_t)1 << 56;

struct layout {
	struct ckpt_types *types;
	struct ckpt_type *type;
	bool is_packed;
	uint64_t bits; /* used so far */
	uint32_t alignment;
};

static uint64_t round_up(uint64_t value, uint64_t alignment)
{
	return (value + alignment - 1) / alignment * alignment;
}

static void raise_alignment(struct layout *layout, uint32_t alignment)
{
	if (alignment > layout->alignment)
		layout->alignment = alignment;
}

/* Where a bit-field starts. It may not cross a boundary of its type; width 0
 * closes the unit. Unnamed ones do not count for the alignment of the whole. */
static uint64_t place_bits(struct layout *layout,
			   const struct ckpt_cdecl_member *member)
{
	uint64_t unit = member->type->size * 8, start = layout->bits;
	uint64_t alignment = (uint64_t)member->type->alignment * 8;
	bool is_packed = layout->is_packed || member->is_packed;

	if (layout->type->kind == CKPT_TYPE_UNION)
		start = 0;
	if (!member->bit_size)
		return round_up(start, alignment);
	if (!is_packed &&
	    start / alignment * alignment + unit < start + member->bit_size)
		start = round_up(start, alignment);
	if (*member->name)
		raise_alignment(layout,
				is_packed ? 1 : member->type->alignment);
	return start;
}

static uint64_t place_member(struct layout *layout,
			     const struct ckpt_cdecl_member *member)
{
	uint32_t alignment = member->type->alignment;

	if (layout->is_packed || member->is_packed)
		alignment = 1;
	if (member->alignment > alignment)
		alignment = member->alignment;
	raise_alignment(layout, alignment);
	if (layout->type->kind == CKPT_TYPE_UNION)
		return 0;
	return round_up(layout->bits, (uint64_t)alignment * 8);
}

static enum ckpt_status place(struct layout *layout,
			      const struct ckpt_cdecl_member *member,
			      uint64_t *ret_start)
{
	uint64_t size =
		member->is_bits ? member->bit_size : member->type->size * 8;

	if (member->type->size > size_limit / 8)
		return CKPT_BADDATA;
	*ret_start = member->is_bits ? place_bits(layout, member)
				     : place_member(layout, member);
	if (*ret_start > size_limit - size)
		return CKPT_BADDATA;
	if (*ret_start + size > layout->bits)
		layout->bits = *ret_start + size;
	return CKPT_OK;
}

static enum ckpt_status set_field(struct layout *layout,
				  const struct ckpt_cdecl_member *member,
				  uint64_t start)
{
	struct ckpt_type_field *field;

	field = &layout->type->fields[layout->type->field_count++];
	field->name = member->name;
	field->type = member->type;
	field->off = start / 8;
	if (!member->is_bits)
		return CKPT_OK;
	return ckpt_types_place_bits(layout->types, member->type,
				     layout->type->size, start,
				     member->bit_size, field);
}

/* A bare bit-field only takes room. */
static bool is_padding(const struct ckpt_cdecl_member *member)
{
	return member->is_bits && (!member->bit_size || !*member->name);
}

enum ckpt_status ckpt_cdecl_layout(struct ckpt_types *types,
				   struct ckpt_type *type,
				   const struct ckpt_cdecl_member *members,
				   size_t count, bool is_packed,
				   uint32_t alignment)
{
	struct layout layout = {types, type, is_packed, 0, 1};
	enum ckpt_status status = CKPT_OK;
	uint64_t *starts = ckpt_types_alloc(types, count * sizeof(*starts));

	type->fields = ckpt_types_alloc(types, count * sizeof(*type->fields));
	if (!starts || !type->fields)
		return CKPT_NOMEM;
	for (size_t i = 0; !status && i < count; i++)
		status = place(&layout, &members[i], &starts[i]);
	if (status)
		return status;
	raise_alignment(&layout, alignment);
	type->alignment = layout.alignment;
	type->size = round_up(round_up(layout.bits, 8) / 8, layout.alignment);
	type->value_size = (uint32_t)type->size;
	type->field_count = 0;
	for (size_t i = 0; !status && i < count; i++)
		if (!is_padding(&members[i]))
			status = set_field(&layout, &members[i], starts[i]);
	return status;
}
