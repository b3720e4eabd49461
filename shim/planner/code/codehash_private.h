/* SPDX-License-Identifier: MIT */
#ifndef CKPT_PLANNER_CODEHASH_PRIVATE_H
#define CKPT_PLANNER_CODEHASH_PRIVATE_H

/*
 * A graph on its way to a closure, shared by codehash.c, codehash_global.c
 * and codehash_waived.c. Nobody else includes it.
 */

#include "shim/planner/code/codegraph.h"
#include "shim/planner/code/codehash.h"

struct ckpt_report {
	struct ckpt_graph *graph;
	const struct ckpt_function_config *config;
	struct ckpt_pool *pool;
	struct ckpt_closure *closure;
	uint32_t *numbers; /* of each node, from 1 */
	uint32_t *order;   /* nodes by number */
	uint32_t *items;   /* of each node; or that of its nearest parent */
};

/* File name of an object. */
const char *ckpt_report_file(const struct ckpt_report *report, uint32_t object);

/* Symbol, ".section" if it is all of it, or ".section+0xoff". */
const char *ckpt_report_place(struct ckpt_report *report, uint32_t object,
			      uint64_t vaddr, uint64_t size);

/* Fill closure->globals. Needs order and items. */
enum ckpt_status
ckpt_report_globals(struct ckpt_report *report) CKPT_MUST_CHECK;

/* What waived globals were built to hold becomes part of the digest. */
void ckpt_report_hash_waived(struct ckpt_report *report);

#endif
