/* SPDX-License-Identifier: MIT */
#ifndef CKPT_PLANNER_CODELIST_H
#define CKPT_PLANNER_CODELIST_H

/*
 * What a code identity was made of, kept beside the plans as DIGITS.code (the
 * digits of the identity), so that `ckpt why` can name the function or library
 * that changed: a line each, "DIGITS NAME in FILE". For people; nothing else
 * depends on it. Set-up world.
 */

#include "shim/common/buf.h"
#include "shim/planner/code/codehash.h"

/* Write the list of `closure` into the directory of the plan at `plan_path`,
 * unless it is there. Failures do no harm. */
void ckpt_codelist_write(const char *plan_path, const struct ckpt_scope *scope,
			 const struct ckpt_closure *closure);

/* Add lines about how the list of identity `mine` in `directory` differs from
 * that of `other`: "code: solve in libx.so: differs", "library: libm.so.6:
 * differs". Nothing if one of the lists is not there. */
void ckpt_codelist_compare(const char *directory, struct ckpt_hash128 mine,
			   struct ckpt_hash128 other, struct ckpt_buf *out);

#endif
