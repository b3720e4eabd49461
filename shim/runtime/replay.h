/* SPDX-License-Identifier: MIT */
#ifndef CKPT_RUNTIME_REPLAY_H
#define CKPT_RUNTIME_REPLAY_H

/*
 * The effects of a call as bytes, and back into memory.
 *
 * An effects stream is decoded against the table of extents that walking the
 * same inputs gives (equal key, hence equal table): BYTES of an extent, a
 * POINTER (null, extent + offset, object + offset), ALLOC of a new extent,
 * FREE. It names extents by number, never by address.
 *
 * Hot path; capture runs after the original returned, with the call's state
 * as the key walk left it.
 */

#include "shim/runtime/call.h"

/* Write the effects of the call that just returned to `out`. UNSUPPORTED: it
 * cannot be recorded, call->refusal says why. Gathers a split result first. */
enum ckpt_status ckpt_capture(struct ckpt_call *call,
			      struct ckpt_arena *out) CKPT_MUST_CHECK;

/* Do to memory and result registers what the stream says. Everything is
 * checked before the first byte is written: on BADDATA, UNSUPPORTED or NOMEM
 * nothing has changed. Scatters a split result. */
enum ckpt_status ckpt_replay(struct ckpt_call *call, const void *effects,
			     size_t size) CKPT_MUST_CHECK;

#endif
