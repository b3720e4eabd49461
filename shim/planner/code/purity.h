/* SPDX-License-Identifier: MIT */
#ifndef CKPT_PLANNER_PURITY_H
#define CKPT_PLANNER_PURITY_H

/*
 * What `impure` in a config makes of the impure functions that a closure can
 * reach: which classes spoil a record, and whether the function is refused
 * outright. Instructions that no watching can see (a system call of its own,
 * the time stamp counter, the random number generator of the CPU) refuse it
 * unless waived. Set-up world.
 */

#include "shim/planner/code/codehash.h"

/* The classes (enum ckpt_impure_class) that spoil a record: all but those that
 * are waived, none under impure = "allow". */
uint32_t ckpt_purity_observed(const struct ckpt_function_config *config);

/* What is told at run time when `call` spoils a record. */
void ckpt_purity_text(const struct ckpt_closure_impure *call, uint32_t observed,
		      char *text, size_t size);

/* OK: it may be cached, as far as this goes. UNSUPPORTED: it may not, err has
 * the reason and the remedy. */
enum ckpt_status ckpt_purity_check(const struct ckpt_closure *closure,
				   const struct ckpt_function_config *config,
				   struct ckpt_err *err) CKPT_MUST_CHECK;

#endif
