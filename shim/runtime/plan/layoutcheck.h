/* SPDX-License-Identifier: MIT */
#ifndef CKPT_RUNTIME_LAYOUTCHECK_H
#define CKPT_RUNTIME_LAYOUTCHECK_H

/*
 * Are the layouts of a plan (its nodes and fields) ones that a walk comes to
 * the end of and never leaves: known kinds, parts inside the whole, clauses
 * that exist, nothing inside itself? References between sections have been
 * checked before. Bytes from outside; set-up world, no malloc.
 */

#include "shim/runtime/plan/plancheck.h"

enum ckpt_status ckpt_layout_check(const struct ckpt_plan_view *view,
				   struct ckpt_err *err) CKPT_MUST_CHECK;

#endif
