/* SPDX-License-Identifier: MIT */
#ifndef CKPT_PLANNER_ABSENT_H
#define CKPT_PLANNER_ABSENT_H

/*
 * A configured name that no object defines may still be one of the program's
 * functions: compilers make clones of functions with other arguments, and put
 * copies of a function into all its callers until nothing is left of it.
 *
 * Copies are looked for in the program alone, or in the objects that the
 * config names: most names are absent because the process is another program.
 * Set-up world; may fork (dwarf.h).
 */

#include "config/config.h"
#include "shim/planner/elf/scope.h"

/* What became of it and what to do; *ret NULL: it is simply not there. The
 * caller frees. Failures are NOMEM. */
enum ckpt_status ckpt_absent_explain(struct ckpt_scope *scope,
				     const struct ckpt_function_config *config,
				     struct ckpt_deps *deps,
				     char **ret) CKPT_MUST_CHECK;

#endif
