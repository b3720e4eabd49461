/* SPDX-License-Identifier: MIT */
#ifndef CKPT_PLANNER_BARRED_H
#define CKPT_PLANNER_BARRED_H

/*
 * Functions that no contract can make into values: those that return twice or
 * never, replace the process, start or end threads, unwind, or belong to the
 * loader and the allocator. By symbol name. Pure.
 */

/* Why `symbol` cannot be checkpointed, or NULL. */
const char *ckpt_barred_reason(const char *symbol);

#endif
