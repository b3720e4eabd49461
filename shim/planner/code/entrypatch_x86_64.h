/* SPDX-License-Identifier: MIT */
#ifndef CKPT_PLANNER_ENTRYPATCH_X86_64_H
#define CKPT_PLANNER_ENTRYPATCH_X86_64_H

/*
 * Can the first instructions of a function be replaced by a jump, and how does
 * it go on elsewhere? The window is the least number of whole instructions
 * with room for a jump of 5 bytes, behind an endbr64 if there is one. It is
 * proven that nothing but the function's own start leads into it: every branch
 * of the function and of its neighbours, every byte of the object's code that
 * could be a branch from afar, its jump tables, symbols and relocations.
 *
 * What stood in the window goes on at another address with its positions
 * adjusted: rip-relative operands, direct jumps and branches, and a call as a
 * push of the address behind the window and a jump, so that no return address
 * points to where no unwind table is. Pure over the image. Set-up world.
 */

#include "shim/common/buf.h"
#include "shim/plan.h"
#include "shim/planner/code/codeobject.h"

struct ckpt_entrypatch {
	uint64_t function;
	uint64_t vaddr; /* of the window */
	uint32_t window_size;
	uint8_t old[CKPT_ENTRY_WINDOW_MAX];
};

/* UNSUPPORTED: it cannot; err says why. */
enum ckpt_status ckpt_entrypatch_prepare(const struct ckpt_code_object *object,
					 uint64_t vaddr,
					 struct ckpt_entrypatch *ret,
					 struct ckpt_err *err) CKPT_MUST_CHECK;

/* The function's beginning as it was, for another place: code and the
 * distances in it, as plan.h has them, appended to `code` and `fixups`. */
enum ckpt_status ckpt_entrypatch_emit(const struct ckpt_entrypatch *patch,
				      struct ckpt_buf *code,
				      struct ckpt_buf *fixups) CKPT_MUST_CHECK;

#endif
