/* SPDX-License-Identifier: MIT */
#ifndef CKPT_TOOLS_CLOSURETREE_H
#define CKPT_TOOLS_CLOSURETREE_H

/*
 * What a function depends on, as a tree for people, on stdout: each function,
 * constant, object and library below the function that refers to it first,
 * with its size and, if all of it was taken, why.
 */

#include <stdbool.h>

#include "tools/survey.h"

/* `is_all`: every item; else the first lines, and constants without a name
 * summed up. */
void ckpt_closuretree_print(const struct ckpt_survey *survey,
			    const struct ckpt_closure *closure, bool is_all);

#endif
