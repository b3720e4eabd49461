/* SPDX-License-Identifier: MIT */
#ifndef CKPT_RUNTIME_CAPTURE_H
#define CKPT_RUNTIME_CAPTURE_H

/*
 * What a call did to memory, as an effects stream (effect.h): the result, the
 * out and inout extents, globals that changed, blocks the call made and what
 * they reach, where the pointers it set lead. Runs after the original
 * returned, with the call's state as the key walk left it. Only reads.
 *
 * Hot path of a miss: no malloc, the call's arena.
 */

#include "shim/runtime/marshal/call.h"

/* Append the effects of the call that just returned to `out`. UNSUPPORTED: it
 * cannot be recorded, call->refusal says why. Gathers a split result first. */
enum ckpt_status ckpt_capture(struct ckpt_call *call,
			      struct ckpt_arena *out) CKPT_MUST_CHECK;

#endif
