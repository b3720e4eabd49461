/* SPDX-License-Identifier: MIT */
#ifndef CKPT_RUNTIME_EMIT_H
#define CKPT_RUNTIME_EMIT_H

/*
 * The content of one extent as effects: what counts by type, in as few runs as
 * the type allows; of what the call could have changed, only what it did.
 * Pointers are left to the caller.
 *
 * Hot path of a miss.
 */

#include "shim/runtime/marshal/effect.h"
#include "shim/runtime/marshal/walk.h"

struct ckpt_emit {
	struct ckpt_call *call;
	struct ckpt_arena *out;
	/* For an address found in data without types, at `off` of `extent`. */
	enum ckpt_status (*address)(void *argument, uint32_t extent,
				    uint64_t off, const uint8_t *value);
	void *argument;
};

/* Append the effects of everything in extent `number` but its pointers. */
enum ckpt_status ckpt_emit_content(struct ckpt_emit *emit,
				   uint32_t number) CKPT_MUST_CHECK;

/* ckpt_effect_put() without payload; NOMEM is noted as the refusal. */
enum ckpt_status ckpt_emit_effect(struct ckpt_emit *emit,
				  const struct ckpt_effect *e) CKPT_MUST_CHECK;

/* Call `visit` for every live pointer in extent `number`, with its node. The
 * table of extents may grow meanwhile. Stops at the first status that is not
 * OK. */
enum ckpt_status ckpt_emit_pointers(
	struct ckpt_call *call, uint32_t number,
	enum ckpt_status (*visit)(void *argument, uint32_t node,
				  const struct ckpt_walk_pointer *pointer),
	void *argument) CKPT_MUST_CHECK;

#endif
