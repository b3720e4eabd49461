/* SPDX-License-Identifier: MIT */
#ifndef CKPT_PLANNER_TYPEWIRE_H
#define CKPT_PLANNER_TYPEWIRE_H

/*
 * Type graphs as bytes: how the child that reads debug info hands types to its
 * parent. The parent trusts nothing in them: whatever the bytes are, decoding
 * gives either BADDATA or types that keep the rules of type.h (sizes of arrays
 * and places of fields fit, no type contains itself), so that no reader of
 * types needs to check them again.
 */

#include "shim/common/buf.h"
#include "shim/planner/types/type.h"

/* Append all types that can be reached from `roots`, in an order that starts
 * with them. A root may be NULL and comes back as NULL. */
enum ckpt_status ckpt_typewire_encode(const struct ckpt_type *const *roots,
				      size_t count,
				      struct ckpt_buf *out) CKPT_MUST_CHECK;

/* Read `count` roots into `roots`; everything lives in `types`. All names are
 * defined there (ckpt_types_define), complete types over incomplete ones. */
enum ckpt_status ckpt_typewire_decode(struct ckpt_reader *in,
				      struct ckpt_types *types,
				      struct ckpt_type **roots,
				      size_t count) CKPT_MUST_CHECK;

#endif
