/* SPDX-License-Identifier: MIT */
#include "shim/runtime/marshal/effect.h"

#include <string.h>

enum { LEB_MAX = 10, NUMBERS_MAX = 12 };

/* The numbers of an effect, in the order they are written. */
struct numbers {
	uint64_t items[NUMBERS_MAX];
	uint32_t count;
};

static void add(struct numbers *numbers, uint64_t number)
{
	numbers->items[numbers->count++] = number;
}

static void add_target(struct numbers *numbers, const struct ckpt_effect *e)
{
	add(numbers, e->target);
	if (e->target == CKPT_TARGET_EXTENT)
		add(numbers, e->target_extent);
	if (e->target == CKPT_TARGET_OBJECT) {
		add(numbers, e->identity.lo);
		add(numbers, e->identity.hi);
	}
	if (e->target != CKPT_TARGET_NULL)
		add(numbers, e->target_off);
}

static struct numbers numbers_of(const struct ckpt_effect *e)
{
	struct numbers n = {.count = 0};

	if (e->op == CKPT_EFFECT_ALLOC || e->op == CKPT_EFFECT_STATIC) {
		add(&n, e->clause);
		add(&n, e->size);
	} else {
		add(&n, e->extent);
	}
	switch (e->op) {
	case CKPT_EFFECT_ALLOC:
		add(&n, e->capacity);
		break;
	case CKPT_EFFECT_STATIC:
		add_target(&n, e);
		break;
	case CKPT_EFFECT_BYTES:
		add(&n, e->off);
		add(&n, e->size);
		add(&n, e->count);
		if (e->count > 1)
			add(&n, e->stride);
		break;
	case CKPT_EFFECT_BITS:
		add(&n, e->off);
		add(&n, e->bit_off);
		add(&n, e->bit_size);
		add(&n, e->value);
		break;
	case CKPT_EFFECT_POINTER:
		add(&n, e->off);
		add_target(&n, e);
		break;
	default:
		break;
	}
	return n;
}

static size_t write_leb(uint8_t *to, uint64_t number)
{
	size_t size = 0;

	do {
		uint8_t byte = number & 0x7f;

		number >>= 7;
		to[size++] = byte | (number ? 0x80 : 0);
	} while (number);
	return size;
}

enum ckpt_status ckpt_effect_begin(struct ckpt_arena *out,
				   uint32_t extent_count)
{
	uint8_t bytes[1 + LEB_MAX] = {CKPT_EFFECT_VERSION};
	size_t size = 1 + write_leb(bytes + 1, extent_count);
	enum ckpt_status status;
	void *to;

	status = ckpt_arena_add(out, size, &to);
	if (status)
		return status;
	memcpy(to, bytes, size);
	return CKPT_OK;
}

enum ckpt_status ckpt_effect_put(struct ckpt_arena *out,
				 const struct ckpt_effect *effect,
				 uint8_t **ret_payload)
{
	struct numbers numbers = numbers_of(effect);
	uint8_t bytes[1 + NUMBERS_MAX * LEB_MAX] = {(uint8_t)effect->op};
	size_t size = 1;
	size_t payload = 0;
	enum ckpt_status status;
	void *to;

	for (uint32_t i = 0; i < numbers.count; i++)
		size += write_leb(bytes + size, numbers.items[i]);
	if (effect->op == CKPT_EFFECT_BYTES)
		payload = effect->size * effect->count;
	status = ckpt_arena_add(out, size + payload, &to);
	if (status)
		return status;
	memcpy(to, bytes, size);
	if (ret_payload)
		*ret_payload = (uint8_t *)to + size;
	return CKPT_OK;
}
