/* SPDX-License-Identifier: MIT */
#ifndef CKPT_PLANNER_PARAMETER_NAMES_H
#define CKPT_PLANNER_PARAMETER_NAMES_H

/*
 * Names of parameters from the text of a header after preprocessing. Only
 * names: types come from the compiler. Set-up world.
 */

#include "shim/planner/signature/signature.h"

/* Find the declaration of `function` in `text` and put the names it gives its
 * parameters into `signature`. Nothing changes where the declaration is not
 * found, or has another number of parameters. */
void ckpt_parameter_names_read(struct ckpt_types *types, const char *text,
			       const char *function,
			       struct ckpt_signature *signature);

#endif
