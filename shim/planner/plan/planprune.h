/* SPDX-License-Identifier: MIT */
#ifndef CKPT_PLANNER_PLANPRUNE_H
#define CKPT_PLANNER_PLANPRUNE_H

/*
 * Plans are named by what they were made for, so each new build of a program
 * leaves an old plan behind. Set-up world; a plan that goes is made again.
 */

enum { CKPT_PLANPRUNE_MAX = 512, CKPT_PLANPRUNE_KEPT = 256 };

/* If the directory of the plan at `path` (CACHE/v1/plan/NAME) holds more than
 * MAX plans, remove those not used for longest until KEPT are left. Remains of
 * planners that were killed count as plans. Failures do no harm. */
void ckpt_planprune(const char *path);

#endif
