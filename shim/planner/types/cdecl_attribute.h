/* SPDX-License-Identifier: MIT */
#ifndef CKPT_PLANNER_CDECL_ATTRIBUTE_H
#define CKPT_PLANNER_CDECL_ATTRIBUTE_H

/*
 * __attribute__((...)), _Alignas and asm labels: those that change layout are
 * collected, those known to change nothing are skipped, the rest are errors.
 * Part of cdecl.
 */

#include "shim/planner/types/cdecl_token.h"

struct ckpt_cdecl_attributes {
	bool is_packed;
	uint32_t alignment;   /* aligned(N); 0 = none */
	uint32_t vector_size; /* vector_size(N); 0 = none */
};

/* Add to `ret` all that stand at the present token, perhaps none. */
void ckpt_cdecl_read_attributes(
	struct ckpt_cdecl *p, struct ckpt_cdecl_attributes *ret,
	struct ckpt_type *(*read_type)(struct ckpt_cdecl *p));

#endif
