/* SPDX-License-Identifier: MIT */
#ifndef CKPT_PLANNER_PLANEDGE_H
#define CKPT_PLANNER_PLANEDGE_H

/*
 * The edges of all closures of a plan, each once: functions that reach the same
 * libraries rely on the same thousands of bindings. A function refers to them
 * by runs, of which it needs few, since all are in one order. Set-up world.
 */

#include "shim/planner/planner.h"

struct ckpt_planedges {
	const struct ckpt_closure_edge **items;
	size_t count;
};

void ckpt_planedges_deinit(struct ckpt_planedges *edges);

/* Collect those of all functions that are not refused, and append them to the
 * planning's tables. Once per planning, before the functions. */
enum ckpt_status ckpt_planedges_add(struct ckpt_planning *planning,
				    struct ckpt_planedges *ret) CKPT_MUST_CHECK;

/* Append the runs of `closure`; sets first_edge_run and edge_run_count. */
enum ckpt_status
ckpt_planedges_refer(const struct ckpt_planedges *edges,
		     const struct ckpt_closure *closure,
		     struct ckpt_tables *tables,
		     struct ckpt_plan_function *entry) CKPT_MUST_CHECK;

#endif
