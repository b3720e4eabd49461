/* SPDX-License-Identifier: MIT */
#ifndef CKPT_PLANNER_IMPURE_H
#define CKPT_PLANNER_IMPURE_H

/*
 * Which functions of the C runtime have inputs or effects besides their
 * arguments and the caller's memory: one table. Allocation, locks and starting
 * threads are not among them; variables cannot be watched and are traits of a
 * closure (crt.h). Set-up world.
 */

#include <stdint.h>

/* enum ckpt_impure_class (plan.h) of `symbol`; 0: none. */
uint32_t ckpt_impure_classes(const char *symbol);

#endif
