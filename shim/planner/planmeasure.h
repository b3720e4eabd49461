/* SPDX-License-Identifier: MIT */
#ifndef CKPT_PLANNER_PLANMEASURE_H
#define CKPT_PLANNER_PLANMEASURE_H

/*
 * What is planned otherwise where the config says `measure = true`, as the one
 * of `ckpt init --measure` does: no code identity, which takes by far the most
 * time; of what a pattern matches only what may be worth a look; and functions
 * without a contract are planned too, to be timed. The plan is marked, so that
 * nothing is ever cached by it. Set-up world.
 */

#include "shim/planner/planner.h"

/* Of what a pattern matches, leave what may be worth to be timed: functions of
 * objects with debug info, which tells how they are called, with code of some
 * length; of too many the longest. */
void ckpt_planmeasure_choose(struct ckpt_scope *scope,
			     struct ckpt_matches *matches);

/* The function is refused, but its signature and its entry are known: take the
 * refusal back and plan it without roots, to be timed. Leaves it as it is where
 * its arguments cannot be told. */
void ckpt_planmeasure_time(struct ckpt_planned_function *function);

#endif
