/* SPDX-License-Identifier: MIT */
#include "shim/runtime/marshal/typewrite.h"

#include "shim/common/typecode.h"

#include <string.h>

enum { NAME_MAX_SIZE = 100 };

struct writer {
	const struct ckpt_program *program;
	uint8_t *to;
	size_t size;
	size_t capacity;
	bool is_cut;
};

static void put(struct writer *w, const void *data, size_t size)
{
	if (size > w->capacity - w->size) {
		w->is_cut = true;
		return;
	}
	memcpy(w->to + w->size, data, size);
	w->size += size;
}

static void put_u8(struct writer *w, uint32_t value)
{
	put(w, &value, 1);
}

static void put_name(struct writer *w, uint32_t string)
{
	const char *name =
		string == CKPT_PLAN_NONE ? "" : w->program->strings + string;
	size_t size = strnlen(name, NAME_MAX_SIZE);

	put_u8(w, (uint32_t)size);
	put(w, name, size);
}

static enum ckpt_typecode_kind kind_of(const struct ckpt_plan_node *node)
{
	switch (node->kind) {
	case CKPT_NODE_BYTES:
		return CKPT_TYPECODE_BYTES;
	case CKPT_NODE_BITS:
		return CKPT_TYPECODE_BITS;
	case CKPT_NODE_POINTER:
		return CKPT_TYPECODE_POINTER;
	case CKPT_NODE_ARRAY:
		return CKPT_TYPECODE_ARRAY;
	case CKPT_NODE_STRUCT:
		return CKPT_TYPECODE_STRUCT;
	default:
		return CKPT_TYPECODE_SKIPPED;
	}
}

static void put_type(struct writer *w, uint32_t node, uint32_t depth);

static void put_fields(struct writer *w, const struct ckpt_plan_node *n,
		       uint32_t depth)
{
	put(w, &n->count, 2);
	for (uint32_t i = 0; i < n->count && !w->is_cut; i++) {
		const struct ckpt_plan_field *field =
			&w->program->fields[n->first + i];

		put(w, &field->off, sizeof(field->off));
		put_u8(w, field->condition != CKPT_PLAN_NONE);
		put_name(w, field->name);
		put_type(w, field->node, depth);
	}
}

static void put_type(struct writer *w, uint32_t node, uint32_t depth)
{
	const struct ckpt_plan_node *n = &w->program->nodes[node];
	enum ckpt_typecode_kind kind = kind_of(n);

	if (depth == CKPT_TYPECODE_DEPTH_MAX ||
	    (kind == CKPT_TYPECODE_STRUCT && n->count > UINT16_MAX)) {
		w->is_cut = true;
		return;
	}
	put_u8(w, kind);
	put(w, &n->size, sizeof(n->size));
	put_name(w, n->type_name);
	if (kind == CKPT_TYPECODE_BITS) {
		put_u8(w, n->bit_off);
		put_u8(w, n->bit_size);
	} else if (kind == CKPT_TYPECODE_ARRAY) {
		put(w, &n->count, sizeof(n->count));
		put(w, &w->program->nodes[n->first].stride, sizeof(n->stride));
		put_type(w, n->first, depth + 1);
	} else if (kind == CKPT_TYPECODE_STRUCT) {
		put_fields(w, n, depth + 1);
	}
}

size_t ckpt_typewrite(const struct ckpt_program *program, uint32_t node,
		      uint8_t *to, size_t capacity)
{
	struct writer w = {.program = program, .to = to, .capacity = capacity};

	put_type(&w, node, 0);
	return w.is_cut ? 0 : w.size;
}
