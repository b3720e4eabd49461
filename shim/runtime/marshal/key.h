/* SPDX-License-Identifier: MIT */
#ifndef CKPT_RUNTIME_KEY_H
#define CKPT_RUNTIME_KEY_H

/*
 * Inputs → key. Walks the arguments and globals of a call by its program,
 * filling the call's table of extents, and hashes a prefix-free encoding of
 * what it meets (DESIGN 4): key scheme, program digest, code identity, pre
 * values, scalars, extents by content, back references of graph nodes, which
 * extents overlap where one is written, and machine state.
 *
 * Hot path: no malloc; flat calls make no system call.
 */

#include "shim/runtime/marshal/call.h"

/* UNSUPPORTED: the call cannot be keyed, call->refusal says why. */
enum ckpt_status ckpt_key_compute(struct ckpt_call *call,
				  const struct ckpt_hash_secret *secret,
				  struct ckpt_hash128 *ret) CKPT_MUST_CHECK;

/* Digest of what is in an extent now, by type: of a flat one in the key the
 * same as then if it did not change. Pointers count only by whether they are
 * NULL. `extent` is number `number` of the table, or a part of it. */
enum ckpt_status ckpt_key_digest(struct ckpt_call *call,
				 const struct ckpt_extent *extent,
				 uint32_t number,
				 struct ckpt_hash128 *ret) CKPT_MUST_CHECK;

#endif
