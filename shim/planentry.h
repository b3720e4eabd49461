/* SPDX-License-Identifier: MIT */
#ifndef CKPT_PLANENTRY_H
#define CKPT_PLANENTRY_H

/*
 * The sizes of a plan's entries, for the half that writes them and the half
 * that checks them. A constant table.
 */

#include "shim/plan.h"

/* How many bytes an entry of `section` has. */
static inline uint32_t ckpt_plan_entry_size(enum ckpt_plan_section_id section)
{
	static const uint32_t sizes[CKPT_PLAN_SECTION_COUNT] = {
		[CKPT_PLAN_STRINGS] = 1,
		[CKPT_PLAN_FILES] = sizeof(struct ckpt_plan_file),
		[CKPT_PLAN_OBJECTS] = sizeof(struct ckpt_plan_object),
		[CKPT_PLAN_FUNCTIONS] = sizeof(struct ckpt_plan_function),
		[CKPT_PLAN_NAMES] = sizeof(struct ckpt_plan_name),
		[CKPT_PLAN_MOVES] = sizeof(struct ckpt_plan_move),
		[CKPT_PLAN_ROOTS] = sizeof(struct ckpt_plan_root),
		[CKPT_PLAN_NODES] = sizeof(struct ckpt_plan_node),
		[CKPT_PLAN_FIELDS] = sizeof(struct ckpt_plan_field),
		[CKPT_PLAN_CLAUSES] = sizeof(struct ckpt_plan_clause),
		[CKPT_PLAN_EXPRS] = sizeof(struct ckpt_plan_expr),
		[CKPT_PLAN_OPS] = sizeof(struct ckpt_plan_op),
		[CKPT_PLAN_INPUTS] = sizeof(struct ckpt_plan_input),
		[CKPT_PLAN_TEXTS] = sizeof(struct ckpt_plan_text),
		[CKPT_PLAN_EDGES] = sizeof(struct ckpt_plan_edge),
		[CKPT_PLAN_DIAGS] = sizeof(struct ckpt_plan_diag),
		[CKPT_PLAN_WATCHES] = sizeof(struct ckpt_plan_watch),
		[CKPT_PLAN_ENTRIES] = sizeof(struct ckpt_plan_entry),
		[CKPT_PLAN_CODE] = 1,
		[CKPT_PLAN_FIXUPS] = sizeof(struct ckpt_plan_fixup),
		[CKPT_PLAN_RUNS] = sizeof(struct ckpt_plan_run),
	};

	return sizes[section];
}

#endif
