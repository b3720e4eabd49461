/* SPDX-License-Identifier: MIT */
#ifndef CKPT_RUNTIME_EFFECT_H
#define CKPT_RUNTIME_EFFECT_H

/* Writing an effects stream (effectstream.h). Hot path of a miss. */

#include "shim/common/effectstream.h"
#include "shim/runtime/marshal/arena.h"

enum ckpt_status ckpt_effect_begin(struct ckpt_arena *out,
				   uint32_t extent_count) CKPT_MUST_CHECK;

/* Append one; for BYTES, *ret_payload is where its bytes go (valid until the
 * next call), else it may be NULL. */
enum ckpt_status ckpt_effect_put(struct ckpt_arena *out,
				 const struct ckpt_effect *effect,
				 uint8_t **ret_payload) CKPT_MUST_CHECK;

#endif
