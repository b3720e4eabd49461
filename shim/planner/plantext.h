/* SPDX-License-Identifier: MIT */
#ifndef CKPT_PLANNER_PLANTEXT_H
#define CKPT_PLANNER_PLANTEXT_H

/*
 * The code and read-only data of a closure as stretches with their digests, for
 * the runtime to compare with what is mapped. Set-up world.
 */

#include "shim/planner/planner.h"

/* Append those of `closure` to the planning's tables; sets first_text and
 * text_count of `entry`. */
enum ckpt_status
ckpt_plantext_add(struct ckpt_planning *planning,
		  const struct ckpt_closure *closure,
		  struct ckpt_plan_function *entry) CKPT_MUST_CHECK;

#endif
