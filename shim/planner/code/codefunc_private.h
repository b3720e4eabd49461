/* SPDX-License-Identifier: MIT */
#ifndef CKPT_PLANNER_CODEFUNC_PRIVATE_H
#define CKPT_PLANNER_CODEFUNC_PRIVATE_H

/*
 * The inside of codefunc: what an operand that carries a position refers to.
 * Nobody else includes it.
 */

#include "shim/planner/code/codefunc_x86_64.h"
#include "shim/planner/code/track_x86_64.h"

/* Kind, size and walk of `ref`, whose address the memory operand of the
 * instruction at `index` has. */
void ckpt_ref_of_memory(const struct ckpt_code *code, size_t index,
			struct ckpt_ref *ref);
/* The same for an address that the instruction loads into a register: what is
 * done with it may tell how far it is one of a table. */
void ckpt_ref_of_loaded(const struct ckpt_code *code, size_t index,
			struct ckpt_ref *ref);

/* Is the descriptor at `word` of a variable of the object itself, or of its
 * thread-local block? Then where in the block the address is that it gives. */
bool ckpt_ref_own_block(const struct ckpt_code_object *object, uint64_t word,
			uint64_t *ret);

#endif
