/* SPDX-License-Identifier: MIT */
#include "tools/recorded.h"

#include <stdlib.h>
#include <string.h>

#include "shim/common/effectstream.h"
#include "shim/common/payload.h"
#include "tools/why.h"

void ckpt_recorded_deinit(struct ckpt_recorded *recorded)
{
	for (size_t i = 0; i < recorded->count; i++) {
		free(recorded->values[i].path);
		free(recorded->values[i].bytes);
		free(recorded->values[i].is_known);
	}
	free(recorded->values);
	*recorded = (struct ckpt_recorded){.count = 0};
}

/* ---- names and types ---------------------------------------------------- */
static enum ckpt_status add_value(struct ckpt_recorded *recorded,
				  const struct ckpt_component *c)
{
	struct ckpt_recorded_value *grown, *value;

	grown = reallocarray(recorded->values, recorded->count + 1,
			     sizeof(*grown));
	if (!grown)
		return CKPT_NOMEM;
	recorded->values = grown;
	value = &grown[recorded->count++];
	*value = (struct ckpt_recorded_value){
		.path = strndup(c->path, c->path_size),
		.kind = c->kind,
		.element_size = c->element_size,
		.size = c->size,
		.count = c->form == CKPT_COMPONENT_TYPED ? c->data_size
							 : c->size,
		.type = c->type,
		.type_size = c->type_size,
		.number = c->number,
		.node = c->node,
	};
	if (value->count > CKPT_RECORDED_SIZE_MAX)
		value->count = CKPT_RECORDED_SIZE_MAX;
	value->bytes = calloc(1, value->count + 1);
	if (!value->path || !value->bytes)
		return CKPT_NOMEM;
	if (c->form == CKPT_COMPONENT_TYPED)
		memcpy(value->bytes, c->data, value->count);
	return CKPT_OK;
}

/* A type is told once for each node, with the first value of it. */
static void share_type(struct ckpt_recorded *recorded)
{
	struct ckpt_recorded_value *last =
		&recorded->values[recorded->count - 1];

	for (size_t i = recorded->count - 1; i > 0 && !last->type_size; i--) {
		const struct ckpt_recorded_value *other =
			&recorded->values[i - 1];

		if (other->node != last->node || !other->type_size)
			continue;
		last->type = other->type;
		last->type_size = other->type_size;
	}
}

static enum ckpt_status collect(struct ckpt_reader components,
				enum ckpt_component_form form,
				struct ckpt_recorded *recorded)
{
	struct ckpt_component c;
	enum ckpt_status status;

	while (!(status = ckpt_component_next(&components, &c))) {
		recorded->is_cut |= c.kind == CKPT_COMPONENT_MORE;
		if (c.form != form)
			continue;
		status = add_value(recorded, &c);
		if (status)
			return status;
		if (form == CKPT_COMPONENT_EXTENT &&
		    c.kind == CKPT_COMPONENT_OUTPUT)
			share_type(recorded);
	}
	return status == CKPT_NOTFOUND ? CKPT_OK : status;
}

enum ckpt_status ckpt_recorded_inputs(const void *payload, size_t size,
				      struct ckpt_recorded *ret)
{
	struct ckpt_recorded recorded = {.count = 0};
	struct ckpt_reader reader;
	enum ckpt_status status;
	uint32_t magic = 0;

	ckpt_reader_init(&reader, payload, size);
	if (ckpt_read_u32(&reader, &magic) ||
	    magic != CKPT_PAYLOAD_INPUTS_MAGIC)
		return CKPT_BADDATA;
	ckpt_reader_init(&reader, reader.next, ckpt_reader_left(&reader));
	status = collect(reader, CKPT_COMPONENT_TYPED, &recorded);
	if (status)
		ckpt_recorded_deinit(&recorded);
	else
		*ret = recorded;
	return status;
}

/* ---- outputs ------------------------------------------------------------ */
static struct ckpt_recorded_value *find_value(struct ckpt_recorded *recorded,
					      uint32_t number)
{
	for (size_t i = 0; i < recorded->count; i++)
		if (recorded->values[i].number == number)
			return &recorded->values[i];
	return NULL;
}

static void write_bytes(struct ckpt_recorded_value *value, uint64_t off,
			const uint8_t *from, uint64_t size)
{
	if (off >= value->count)
		return;
	if (size > value->count - off)
		size = value->count - off;
	memcpy(value->bytes + off, from, size);
	memset(value->is_known + off, 1, size);
}

static void write_bits(struct ckpt_recorded_value *value,
		       const struct ckpt_effect *e)
{
	uint64_t mask = e->bit_size < 64 ? ((uint64_t)1 << e->bit_size) - 1
					 : UINT64_MAX;
	unsigned size = (e->bit_off + e->bit_size + 7) / 8;
	uint64_t word = 0;

	if (e->off >= value->count || size > value->count - e->off)
		return;
	memcpy(&word, value->bytes + e->off, size);
	word = (word & ~(mask << e->bit_off)) | (e->value & mask) << e->bit_off;
	write_bytes(value, e->off, (const uint8_t *)&word, size);
}

/* A pointer is known to be set, or to be NULL: then it is eight zeroes. */
static void write_pointer(struct ckpt_recorded_value *value,
			  const struct ckpt_effect *e)
{
	uint64_t word = e->target == CKPT_TARGET_NULL ? 0 : UINT64_MAX;

	write_bytes(value, e->off, (const uint8_t *)&word, sizeof(word));
}

static void apply(struct ckpt_recorded *recorded, const struct ckpt_effect *e)
{
	struct ckpt_recorded_value *value = find_value(recorded, e->extent);

	if (!value) {
		recorded->is_cut |= e->op == CKPT_EFFECT_BYTES;
		return;
	}
	if (e->op == CKPT_EFFECT_BYTES)
		for (uint64_t i = 0; i < e->count && e->size &&
				     e->off + i * e->stride < value->count;
		     i++)
			write_bytes(value, e->off + i * e->stride,
				    e->payload + i * e->size, e->size);
	else if (e->op == CKPT_EFFECT_BITS)
		write_bits(value, e);
	else if (e->op == CKPT_EFFECT_POINTER)
		write_pointer(value, e);
}

static enum ckpt_status apply_all(struct ckpt_reader reader,
				  struct ckpt_recorded *recorded)
{
	struct ckpt_effect effect = {.op = CKPT_EFFECT_FREE};
	enum ckpt_status status;
	uint32_t count;

	status = ckpt_effect_open(&reader, &count);
	while (!status && effect.op != CKPT_EFFECT_END) {
		status = ckpt_effect_next(&reader, &effect);
		if (!status)
			apply(recorded, &effect);
	}
	return status;
}

static enum ckpt_status make_masks(struct ckpt_recorded *recorded)
{
	for (size_t i = 0; i < recorded->count; i++) {
		struct ckpt_recorded_value *value = &recorded->values[i];

		value->is_known = calloc(1, value->count + 1);
		if (!value->is_known)
			return CKPT_NOMEM;
	}
	return CKPT_OK;
}

enum ckpt_status ckpt_recorded_outputs(const void *payload, size_t size,
				       struct ckpt_recorded *ret)
{
	struct ckpt_recorded recorded = {.count = 0};
	struct ckpt_payload_header header;
	struct ckpt_reader components, effects;
	enum ckpt_status status;

	status = ckpt_why_components(payload, size, &components);
	if (status)
		return status;
	/* Its sizes have just been checked. */
	memcpy(&header, payload, sizeof(header));
	ckpt_reader_init(&effects, (const uint8_t *)payload + sizeof(header),
			 header.effects_size);
	status = collect(components, CKPT_COMPONENT_EXTENT, &recorded);
	if (!status)
		status = make_masks(&recorded);
	if (!status)
		status = apply_all(effects, &recorded);
	if (status)
		ckpt_recorded_deinit(&recorded);
	else
		*ret = recorded;
	return status;
}
