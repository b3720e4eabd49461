/* SPDX-License-Identifier: MIT */
#include "shim/common/typecode.h"

static enum ckpt_status read_name(struct ckpt_reader *reader, const char **ret,
				  uint8_t *ret_size)
{
	enum ckpt_status status = ckpt_read_u8(reader, ret_size);
	const void *name = NULL;

	if (!status)
		status = ckpt_read_bytes(reader, *ret_size, &name);
	*ret = name;
	return status;
}

static enum ckpt_status read_tail(struct ckpt_reader *reader,
				  struct ckpt_typecode *type)
{
	enum ckpt_status status = CKPT_OK;
	uint16_t count = 0;

	switch (type->kind) {
	case CKPT_TYPECODE_BITS:
		status = ckpt_read_u8(reader, &type->bit_off);
		if (!status)
			status = ckpt_read_u8(reader, &type->bit_size);
		if (type->size > 8 || type->bit_off > 63 || !type->bit_size ||
		    type->bit_size > 64 - type->bit_off)
			return CKPT_BADDATA;
		break;
	case CKPT_TYPECODE_ARRAY:
		status = ckpt_read_u32(reader, &type->count);
		if (!status)
			status = ckpt_read_u32(reader, &type->stride);
		break;
	case CKPT_TYPECODE_STRUCT:
		status = ckpt_read_u16(reader, &count);
		type->count = count;
		break;
	default:
		break;
	}
	return status;
}

enum ckpt_status ckpt_typecode_next(struct ckpt_reader *reader,
				    struct ckpt_typecode *ret)
{
	struct ckpt_typecode type = {.size = 0};
	enum ckpt_status status;
	uint8_t kind = 0;

	status = ckpt_read_u8(reader, &kind);
	if (!status)
		status = ckpt_read_u32(reader, &type.size);
	if (!status)
		status = read_name(reader, &type.name, &type.name_size);
	if (status || kind >= CKPT_TYPECODE_KIND_COUNT)
		return CKPT_BADDATA;
	type.kind = (enum ckpt_typecode_kind)kind;
	if (read_tail(reader, &type))
		return CKPT_BADDATA;
	*ret = type;
	return CKPT_OK;
}

enum ckpt_status ckpt_typecode_field(struct ckpt_reader *reader,
				     struct ckpt_typecode_field *ret)
{
	struct ckpt_typecode_field field = {.off = 0};
	enum ckpt_status status;
	uint8_t is_conditional = 0;

	status = ckpt_read_u32(reader, &field.off);
	if (!status)
		status = ckpt_read_u8(reader, &is_conditional);
	if (!status)
		status = read_name(reader, &field.name, &field.name_size);
	if (status)
		return CKPT_BADDATA;
	field.is_conditional = is_conditional;
	*ret = field;
	return CKPT_OK;
}
