/* SPDX-License-Identifier: MIT */
#ifndef CKPT_RUNTIME_EVAL_H
#define CKPT_RUNTIME_EVAL_H

/*
 * The value of a compiled expression for one call, as of now: before the call
 * it reads what the function will read, after it what the function left.
 * Exact integers; memory is checked before it is read.
 *
 * Hot path; a system call only for memory the ranges do not know.
 */

#include "shim/runtime/marshal/call.h"

/* Where `.field` and ELEMENT start from. */
struct ckpt_eval_context {
	const uint8_t *element; /* 0 extents up; may be NULL */
	uint32_t parent;	/* extent 1 up, or NONE */
	const uint8_t *from;	/* the pointer in it that led here */
};

/* Start of the element of `extent` that `address` lies in. */
const uint8_t *ckpt_eval_element(const struct ckpt_call *call,
				 const struct ckpt_extent *extent,
				 const uint8_t *address);

/* UNSUPPORTED: there is no value, call->refusal says why. `expr` is not
 * NONE. */
enum ckpt_status ckpt_eval(struct ckpt_call *call, uint32_t expr,
			   const struct ckpt_eval_context *context,
			   __int128 *ret) CKPT_MUST_CHECK;

/* The same as a truth value; NONE is true. */
enum ckpt_status ckpt_eval_is_true(struct ckpt_call *call, uint32_t expr,
				   const struct ckpt_eval_context *context,
				   bool *ret) CKPT_MUST_CHECK;

#endif
