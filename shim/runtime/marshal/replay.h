/* SPDX-License-Identifier: MIT */
#ifndef CKPT_RUNTIME_REPLAY_H
#define CKPT_RUNTIME_REPLAY_H

/*
 * A recorded effects stream (effect.h) back into memory. It is decoded against
 * the table of extents that walking the same inputs gives: equal key, hence
 * equal table. The stream is bytes from outside: everything in it is checked
 * before the first byte is written.
 *
 * Hot path: allocates only what the recorded call allocated, with the
 * allocator of the function's object.
 */

#include "shim/runtime/marshal/capture.h"

/* Do to memory and result registers what the stream says; scatters a split
 * result. BADDATA: not a stream for this call. UNSUPPORTED: true of another
 * process, not of this one (call->refusal says why). NOMEM. Whenever it is not
 * OK, nothing has changed. */
enum ckpt_status ckpt_replay(struct ckpt_call *call, const void *effects,
			     size_t size) CKPT_MUST_CHECK;

#endif
