/* SPDX-License-Identifier: MIT */
#ifndef CKPT_RUNTIME_ROOTS_H
#define CKPT_RUNTIME_ROOTS_H

/*
 * Where marshalling starts: parameters in the frame, globals in the loaded
 * objects, the result.
 *
 * Hot path; no memory of its own.
 */

#include "shim/runtime/marshal/call.h"

/* Where a parameter or the result is in this call. */
uint8_t *ckpt_roots_place(const struct ckpt_call *call,
			  const struct ckpt_plan_root *root);

/* Add the global of root `index` to the table of extents. */
enum ckpt_status ckpt_roots_add_global(struct ckpt_call *call,
				       uint32_t index) CKPT_MUST_CHECK;

/* The bytes of an untyped global as its object's file has them, for
 * ckpt_ranges_find_address(); NULL if they are not known. */
const uint8_t *ckpt_roots_initial(const struct ckpt_call *call,
				  const struct ckpt_extent *extent);

/* The global among the extents that `address` lies in. */
bool ckpt_roots_find_global(const struct ckpt_call *call,
			    const uint8_t *address, uint32_t *ret);

/* Add the result as extent 0; empty if the function has none. */
enum ckpt_status ckpt_roots_add_result(struct ckpt_call *call) CKPT_MUST_CHECK;

#endif
