/* SPDX-License-Identifier: MIT */
#ifndef CKPT_RUNTIME_ENTRY_X86_64_H
#define CKPT_RUNTIME_ENTRY_X86_64_H

/*
 * Functions that are called directly: a jump over their first instructions
 * leads to an island, a page near their object with a jump to a stub (thunk.h)
 * and the instructions that were replaced, to go on from (plan.h, struct
 * ckpt_plan_entry).
 *
 * The island is a sealed memory file, mapped read-execute. The page of the
 * function is writable only while it is not executable, so nobody may be
 * running in it: only while the process has one thread, and signals wait. What
 * a system refuses (executable memory files, changed code) is found out before
 * any code is touched. Never undone.
 *
 * Set-up world; no malloc.
 */

#include "shim/common/status.h"
#include "shim/plan.h"
#include "shim/runtime/plan/plancheck.h"

struct ckpt_entry_place {
	const struct ckpt_plan_view *plan;
	const struct ckpt_plan_entry *entry;
	uintptr_t base;	      /* load address of the object */
	uintptr_t start, end; /* of the object in memory */
};

/* The stub for calls of the function whose rest is at `original`; NULL: there
 * is none. */
typedef void *ckpt_entry_stub(void *context, void *original);

/* UNSUPPORTED: the function is as it was, err says why. Else its island is in
 * *ret_island. */
enum ckpt_status ckpt_entry_patch(const struct ckpt_entry_place *place,
				  ckpt_entry_stub *get_stub, void *context,
				  void **ret_island,
				  struct ckpt_err *err) CKPT_MUST_CHECK;

/* The object was unmapped and is back in the same place: the island it had
 * fits again. */
enum ckpt_status ckpt_entry_patch_again(const struct ckpt_entry_place *place,
					void *island,
					struct ckpt_err *err) CKPT_MUST_CHECK;

#endif
