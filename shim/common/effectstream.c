/* SPDX-License-Identifier: MIT */
#include "shim/common/effectstream.h"

/* Reads on after the first failure, which it remembers. */
struct input {
	struct ckpt_reader *reader;
	enum ckpt_status status;
};

static uint64_t take(struct input *in)
{
	uint64_t number = 0;

	if (!in->status)
		in->status = ckpt_read_uleb(in->reader, &number);
	return number;
}

static uint32_t take_u32(struct input *in)
{
	uint64_t number = take(in);

	if (number > UINT32_MAX)
		in->status = CKPT_BADDATA;
	return (uint32_t)number;
}

static void take_target(struct input *in, struct ckpt_effect *e)
{
	uint64_t target = take(in);

	if (target >= CKPT_TARGET_COUNT) {
		in->status = CKPT_BADDATA;
		return;
	}
	e->target = (enum ckpt_effect_target)target;
	if (target == CKPT_TARGET_EXTENT)
		e->target_extent = take_u32(in);
	if (target == CKPT_TARGET_OBJECT) {
		e->identity.lo = take(in);
		e->identity.hi = take(in);
	}
	if (target != CKPT_TARGET_NULL)
		e->target_off = take(in);
}

static void take_bytes(struct input *in, struct ckpt_effect *e)
{
	uint64_t size;
	const void *payload = NULL;

	e->off = take(in);
	e->size = take(in);
	e->count = take(in);
	if (e->count > 1)
		e->stride = take(in);
	if (in->status)
		return;
	if (__builtin_mul_overflow(e->size, e->count, &size))
		in->status = CKPT_BADDATA;
	else
		in->status = ckpt_read_bytes(in->reader, size, &payload);
	e->payload = payload;
}

static void take_bits(struct input *in, struct ckpt_effect *e)
{
	e->off = take(in);
	e->bit_off = take_u32(in);
	e->bit_size = take_u32(in);
	e->value = take(in);
	if (e->bit_off > 63 || !e->bit_size || e->bit_size > 64 - e->bit_off)
		in->status = CKPT_BADDATA;
}

static void take_effect(struct input *in, struct ckpt_effect *e)
{
	if (e->op == CKPT_EFFECT_ALLOC || e->op == CKPT_EFFECT_STATIC) {
		e->clause = take_u32(in);
		e->size = take(in);
	} else {
		e->extent = take_u32(in);
	}
	if (e->op == CKPT_EFFECT_ALLOC) {
		e->capacity = take(in);
	} else if (e->op == CKPT_EFFECT_STATIC) {
		take_target(in, e);
	} else if (e->op == CKPT_EFFECT_BYTES) {
		take_bytes(in, e);
	} else if (e->op == CKPT_EFFECT_BITS) {
		take_bits(in, e);
	} else if (e->op == CKPT_EFFECT_POINTER) {
		e->off = take(in);
		take_target(in, e);
	}
}

enum ckpt_status ckpt_effect_open(struct ckpt_reader *reader,
				  uint32_t *ret_extent_count)
{
	struct input in = {.reader = reader};
	uint8_t version = 0;
	uint32_t count;

	in.status = ckpt_read_u8(reader, &version);
	count = take_u32(&in);
	if (in.status || version != CKPT_EFFECT_VERSION)
		return CKPT_BADDATA;
	*ret_extent_count = count;
	return CKPT_OK;
}

enum ckpt_status ckpt_effect_next(struct ckpt_reader *reader,
				  struct ckpt_effect *ret)
{
	/* Copied: gcc would make its zeroes by rep stos, at several times the
	 * price. And in place, for a copy of what was just written in smaller
	 * parts has to wait for them. */
	static const struct ckpt_effect nothing;
	struct input in = {.reader = reader};
	uint8_t op = 0;

	if (ckpt_read_u8(reader, &op) || op >= CKPT_EFFECT_OP_COUNT)
		return CKPT_BADDATA;
	*ret = nothing;
	ret->op = (enum ckpt_effect_op)op;
	take_effect(&in, ret);
	if (in.status)
		return CKPT_BADDATA;
	if (ret->op == CKPT_EFFECT_END && ckpt_reader_left(reader))
		return CKPT_BADDATA;
	return CKPT_OK;
}
