/* SPDX-License-Identifier: MIT */
#ifndef CKPT_PLANNER_DRAFT_H
#define CKPT_PLANNER_DRAFT_H

/*
 * One clause being compiled, as clause and clausesize share it: clause decides
 * what the pointer is to the call, clausesize how far it reaches.
 */

#include "shim/planner/contract/compiler.h"

/* A clause being compiled. */
struct ckpt_draft {
	struct ckpt_compiler *compiler;
	const struct ckpt_clause *clause;
	const struct ckpt_type *pointer;
	const struct ckpt_type *element;
	const char *path;
	const struct ckpt_level *level;
	const struct ckpt_terms *terms; /* the clause's */
	const struct ckpt_terms *in_force;
	struct ckpt_level *item; /* what the pointer leads to */
	struct ckpt_plan_clause entry;
	const struct ckpt_path *own_path; /* as the contract writes it */
	bool is_created;
	/* A block of the caller's that the call may move. */
	bool is_moving;
	/* An alias of which no extent is said: never followed. How far it is
	 * from where the other pointer leads counts if it is there before. */
	bool is_alias;
	bool is_distance;
	bool is_post_count;
};

/* "FILE:LINE:COLUMN: `path`: what" */
enum ckpt_status ckpt_draft_fail(const struct ckpt_draft *draft,
				 enum ckpt_status status, const char *what);

/* Is the memory behind the pointer looked at by its type? */
bool ckpt_draft_is_followed(const struct ckpt_draft *draft);

/* Code of an expression of the clause, about the pointer's holder. */
enum ckpt_status ckpt_draft_expr(struct ckpt_draft *draft,
				 const struct ckpt_expr *expr,
				 enum ckpt_moment_rule moment,
				 uint32_t *ret) CKPT_MUST_CHECK;

enum ckpt_status ckpt_draft_alignment(struct ckpt_draft *draft) CKPT_MUST_CHECK;

/* All that says how far: counts, bounds, capacities, the end. */
enum ckpt_status ckpt_draft_sizes(struct ckpt_draft *draft) CKPT_MUST_CHECK;

#endif
