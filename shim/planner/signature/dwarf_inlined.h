/* SPDX-License-Identifier: MIT */
#ifndef CKPT_PLANNER_DWARF_INLINED_H
#define CKPT_PLANNER_DWARF_INLINED_H

/*
 * Where compilers put copies of a function into its callers, by debug info
 * (DW_TAG_inlined_subroutine, DWARF5 3.3.8.2): such copies are no calls, and
 * nothing can intercept them.
 *
 * Reads in a child process, as dwarf.h. Set-up world.
 */

#include "shim/common/status.h"

#include <stddef.h>
#include <stdint.h>

struct ckpt_inlined {
	char *file;	/* where the call is written; "" = not told */
	uint32_t line;	/* 0 = not told */
	uint64_t vaddr; /* of the copy; 0 = not told */
};

struct ckpt_inlined_list {
	struct ckpt_inlined *items;
	size_t count;
};

void ckpt_inlined_deinit(struct ckpt_inlined_list *list);

/* In debug info of file `path` (and its common part `alt_path`, or NULL): the
 * copies of the function that begins at `vaddr` and of external ones of its
 * name `symbol` (in C++ the linkage name), which is NULL where only the address
 * counts; with `vaddr` 0, of any function called `symbol`. None is CKPT_OK.
 * NOTFOUND: the file has no debug info. */
enum ckpt_status ckpt_inlined_find(const char *path, const char *alt_path,
				   const char *symbol, uint64_t vaddr,
				   struct ckpt_inlined_list *ret,
				   struct ckpt_err *err) CKPT_MUST_CHECK;

#endif
