/* SPDX-License-Identifier: MIT */
#ifndef CKPT_PLANNER_CALLSITE_X86_64_H
#define CKPT_PLANNER_CALLSITE_X86_64_H

/*
 * Instructions of one object that refer to an address in it directly: calls,
 * jumps and branches to it, and those that take the address (lea; in code that
 * is not position independent, an immediate operand). What goes through a word
 * of memory is not seen here.
 *
 * Found by the distance or address in their bytes, then by decoding the
 * function around them, so that chance bytes do not count. Where no function
 * is known, calls and jumps with a 32-bit distance are believed. Pure over the
 * image. Set-up world.
 */

#include "shim/planner/code/codeobject.h"

enum ckpt_callsite_kind {
	CKPT_CALLSITE_CALL,
	CKPT_CALLSITE_JUMP,  /* a tail call */
	CKPT_CALLSITE_TAKEN, /* the address is loaded */
};

/* By rising address. `vaddr` is the instruction's. */
typedef enum ckpt_status ckpt_callsite_visit(void *context,
					     enum ckpt_callsite_kind kind,
					     uint64_t vaddr);

/* Visit all that refer to the function at `target`; its own jumps to its start
 * are loops and left out. Ends with the first status that is not OK. */
enum ckpt_status ckpt_callsite_find(const struct ckpt_code_object *object,
				    uint64_t target, ckpt_callsite_visit *visit,
				    void *context) CKPT_MUST_CHECK;

#endif
