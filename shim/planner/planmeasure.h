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

/* Is a function that a pattern matches worth to be timed? Its object must have
 * debug info, which tells how it is called, and its code some length. */
bool ckpt_planmeasure_wants(struct ckpt_scope *scope,
			    const struct ckpt_match *match);

/* The function is refused, but its signature and its entry are known: take the
 * refusal back and plan it without roots, to be timed. Leaves it as it is where
 * its arguments cannot be told. */
void ckpt_planmeasure_time(struct ckpt_planned_function *function);

#endif
