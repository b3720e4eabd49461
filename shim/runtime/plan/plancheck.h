/* SPDX-License-Identifier: MIT */
#ifndef CKPT_RUNTIME_PLANCHECK_H
#define CKPT_RUNTIME_PLANCHECK_H

/*
 * Is what lies in memory a plan (plan.h) that everything after may trust?
 * Looks at magic, version, size, checksum, every section, every reference,
 * every enumeration, the stack code of every expression, and that layouts are
 * finite. Whoever holds a checked plan needs no check of its own.
 *
 * Bytes from outside. Set-up world: formats messages; no malloc, no open file.
 * Stateless.
 */

#include "shim/common/status.h"
#include "shim/plan.h"

#include <stddef.h>

/* A checked plan, section by section. Points into the memory that was
 * checked. Every index in it is valid, every string offset ends in a NUL. */
struct ckpt_plan_view {
	const struct ckpt_plan_header *header;
	const char *strings;
	const struct ckpt_plan_file *files;
	const struct ckpt_plan_object *objects;
	const struct ckpt_plan_function *functions;
	const struct ckpt_plan_name *names;
	const struct ckpt_plan_move *moves;
	const struct ckpt_plan_root *roots;
	const struct ckpt_plan_node *nodes;
	const struct ckpt_plan_field *fields;
	const struct ckpt_plan_clause *clauses;
	const struct ckpt_plan_expr *exprs;
	const struct ckpt_plan_op *ops;
	const struct ckpt_plan_input *inputs;
	const struct ckpt_plan_text *texts;
	const struct ckpt_plan_edge *edges;
	const struct ckpt_plan_diag *diags;
	const struct ckpt_plan_watch *watches;
	const struct ckpt_plan_entry *entries;
	const uint8_t *code;
	const struct ckpt_plan_fixup *fixups;
	const struct ckpt_plan_run *runs;
	uint32_t counts[CKPT_PLAN_SECTION_COUNT];
};

/* `data` is 8-byte aligned and belongs to the caller. UNSUPPORTED: a plan of
 * another version. BADDATA: damaged; err says where. */
enum ckpt_status ckpt_plan_check(const void *data, size_t size,
				 struct ckpt_plan_view *ret,
				 struct ckpt_err *err) CKPT_MUST_CHECK;

/* The string at `offset`; NULL for CKPT_PLAN_NONE. */
static inline const char *ckpt_plan_text(const struct ckpt_plan_view *plan,
					 uint32_t offset)
{
	return offset == CKPT_PLAN_NONE ? NULL : plan->strings + offset;
}

#endif
