/* SPDX-License-Identifier: MIT */
#ifndef CKPT_RUNTIME_UNTYPED_H
#define CKPT_RUNTIME_UNTYPED_H

/*
 * Globals without type information as inputs: their bytes, except that an
 * aligned word that is an address counts as what it leads to. Addresses of
 * the heap, the stack and of writable memory that is not in the key itself
 * refuse the call.
 *
 * Hot path; asks the kernel about words that could be addresses.
 */

#include "shim/runtime/marshal/sink.h"
#include "shim/runtime/marshal/walk.h"

enum ckpt_status
ckpt_untyped_put(struct ckpt_call *call, struct ckpt_sink *sink,
		 const struct ckpt_extent *extent) CKPT_MUST_CHECK;

#endif
