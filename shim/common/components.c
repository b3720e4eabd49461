/* SPDX-License-Identifier: MIT */
#include "shim/common/components.h"

#include <string.h>

static enum ckpt_status read_head(struct ckpt_reader *reader,
				  struct ckpt_component *c)
{
	enum ckpt_status status;
	uint8_t kind = 0;
	uint8_t form = 0;

	status = ckpt_read_u8(reader, &kind);
	if (!status)
		status = ckpt_read_u8(reader, &form);
	if (!status)
		status = ckpt_read_u16(reader, &c->path_size);
	if (!status)
		status = ckpt_read_u32(reader, &c->element_size);
	if (!status)
		status = ckpt_read_u64(reader, &c->size);
	if (status || kind >= CKPT_COMPONENT_KIND_COUNT ||
	    form >= CKPT_COMPONENT_FORM_COUNT)
		return CKPT_BADDATA;
	c->kind = (enum ckpt_component_kind)kind;
	c->form = (enum ckpt_component_form)form;
	return CKPT_OK;
}

static enum ckpt_status read_blocks(struct ckpt_reader *reader,
				    struct ckpt_component *c)
{
	enum ckpt_status status;

	status = ckpt_read_u64(reader, &c->block_size);
	if (!status)
		status = ckpt_read_u32(reader, &c->block_count);
	if (status || !c->block_size ||
	    c->block_count > CKPT_COMPONENT_BLOCKS_MAX)
		return CKPT_BADDATA;
	c->data_size = c->block_count * 8;
	return CKPT_OK;
}

static enum ckpt_status read_type(struct ckpt_reader *reader,
				  struct ckpt_component *c)
{
	enum ckpt_status status = CKPT_OK;
	const void *type = NULL;

	c->data_size = 0;
	if (c->form == CKPT_COMPONENT_TYPED) {
		status = ckpt_read_u32(reader, &c->data_size);
	} else {
		status = ckpt_read_u32(reader, &c->number);
		if (!status)
			status = ckpt_read_u32(reader, &c->node);
	}
	if (!status)
		status = ckpt_read_u16(reader, &c->type_size);
	if (!status)
		status = ckpt_read_bytes(reader, c->type_size, &type);
	if (status || c->data_size > c->size)
		return CKPT_BADDATA;
	c->type = type;
	return CKPT_OK;
}

enum ckpt_status ckpt_component_next(struct ckpt_reader *reader,
				     struct ckpt_component *ret)
{
	struct ckpt_component c = {.kind = CKPT_COMPONENT_MORE};
	enum ckpt_status status;
	const void *data = NULL;

	if (!ckpt_reader_left(reader))
		return CKPT_NOTFOUND;
	status = read_head(reader, &c);
	if (!status)
		status = ckpt_read_bytes(reader, c.path_size, &data);
	if (status)
		return CKPT_BADDATA;
	c.path = data;
	c.data_size = 16;
	if (c.form == CKPT_COMPONENT_INLINE) {
		if (c.size > CKPT_COMPONENT_INLINE_MAX)
			return CKPT_BADDATA;
		c.data_size = (uint32_t)c.size;
	}
	if (c.form == CKPT_COMPONENT_BLOCKS)
		status = read_blocks(reader, &c);
	if (c.form >= CKPT_COMPONENT_TYPED)
		status = read_type(reader, &c);
	if (!status)
		status = ckpt_read_bytes(reader, c.data_size, &data);
	if (status)
		return CKPT_BADDATA;
	c.data = data;
	*ret = c;
	return CKPT_OK;
}

void ckpt_component_head(const struct ckpt_component *component,
			 uint8_t ret[CKPT_COMPONENT_HEAD_SIZE])
{
	ret[0] = (uint8_t)component->kind;
	ret[1] = (uint8_t)component->form;
	memcpy(ret + 2, &component->path_size, 2);
	memcpy(ret + 4, &component->element_size, 4);
	memcpy(ret + 8, &component->size, 8);
}
