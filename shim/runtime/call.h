/* SPDX-License-Identifier: MIT */
#ifndef CKPT_RUNTIME_CALL_H
#define CKPT_RUNTIME_CALL_H

/*
 * One intercepted call in progress: the frame, the compiled program of its
 * function, the values of its pre expressions, and the table of extents met
 * while walking its arguments. Lives in the frame between entering and
 * leaving; large tables overflow into an arena of anonymous memory, freed by
 * ckpt_call_end().
 *
 * Hot path: no malloc, no lock; a flat call makes no system call.
 */

#include "shim/common/status.h"
#include "shim/frame_x86_64.h"
#include "shim/plan.h"
#include "shim/runtime/arena.h"
#include "shim/runtime/ranges.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A function as the runtime sees it: its plan entry, the tables it indexes
 * (already checked), and where its objects are mapped. */
struct ckpt_program {
	const struct ckpt_plan_function *function;
	const char *strings;
	const struct ckpt_plan_move *moves;
	const struct ckpt_plan_root *roots;
	const struct ckpt_plan_node *nodes;
	const struct ckpt_plan_field *fields;
	const struct ckpt_plan_clause *clauses;
	const struct ckpt_plan_expr *exprs;
	const struct ckpt_plan_op *ops;
	const uintptr_t *bases; /* load address by plan object index */
	uint32_t object_count;
};

/* Memory a clause describes, as met in this call. Numbered in walk order;
 * number 0 is the result (in the frame). */
struct ckpt_extent {
	uint8_t *address;
	uint64_t size;	   /* bytes; for POST_COUNT the bound */
	uint32_t clause;   /* index, or NONE for roots */
	uint32_t node;	   /* of one element */
	uint32_t parent;   /* extent that holds the pointer, or NONE (frame) */
	uint8_t direction; /* enum ckpt_plan_direction */
	uint8_t owner;	   /* enum ckpt_plan_owner */
	uint16_t flags;
	uint8_t *from;	 /* where the pointer stands */
	uint64_t low;	 /* first element of a slice, rows: row stride */
	uint64_t length; /* rows: elements of one row */
};

enum { CKPT_CALL_EXTENTS_INLINE = 12, CKPT_CALL_PRE_MAX = 16 };

enum ckpt_refusal_kind {
	CKPT_REFUSAL_NONE,
	CKPT_REFUSAL_REQUIRE,	 /* `require` is false */
	CKPT_REFUSAL_BYPASS,	 /* `bypass_if` is true: not an error */
	CKPT_REFUSAL_EXPRESSION, /* overflow, division by zero, NULL */
	CKPT_REFUSAL_NEGATIVE,	 /* extent below zero */
	CKPT_REFUSAL_ABSURD,	 /* extent larger than memory */
	CKPT_REFUSAL_UNREADABLE, /* not all of it is mapped */
	CKPT_REFUSAL_UNWRITABLE,
	CKPT_REFUSAL_NO_CLAUSE,	     /* a pointer no clause covers */
	CKPT_REFUSAL_NOT_NULL,	     /* `null` does not hold */
	CKPT_REFUSAL_GLOBAL_ADDRESS, /* untyped global holds an address */
	CKPT_REFUSAL_UNKNOWN_TARGET, /* result points to unknown memory */
	CKPT_REFUSAL_BOUND,	     /* post extent beyond its `max` */
	CKPT_REFUSAL_STORE_IF,	     /* `store_if` is false: not an error */
	CKPT_REFUSAL_MEMORY,	     /* no memory for our tables */
	CKPT_REFUSAL_LIMIT,	     /* depth, number of extents */
	CKPT_REFUSAL_KIND_COUNT
};

/* Why a call could not be keyed or recorded; formatted by message.h. */
struct ckpt_refusal {
	enum ckpt_refusal_kind kind;
	uint32_t clause; /* or NONE */
	uint32_t root;	 /* or NONE */
	uint32_t expr;	 /* or NONE */
	const void *address;
	int64_t value; /* the extent, or the operand */
	uint64_t size;
};

struct ckpt_call {
	const struct ckpt_program *program;
	struct ckpt_frame *frame;
	struct ckpt_ranges *ranges;
	struct ckpt_arena arena; /* overflow of the tables */
	struct ckpt_extent *extents;
	uint32_t extent_count;
	uint32_t extent_capacity;
	uint32_t pre_extent_count; /* those met before the call */
	uint32_t pre_valid;	   /* bit i: pre[i] could be evaluated */
	__int128 pre[CKPT_CALL_PRE_MAX];
	struct ckpt_refusal refusal;
	void *owner; /* memo's: what it must remember until leaving */
	uint64_t started_ns;
	uint32_t errno_before;
	uint32_t mxcsr_before;
	struct ckpt_hash128 key;
	struct ckpt_extent inline_extents[CKPT_CALL_EXTENTS_INLINE];
};

_Static_assert(sizeof(struct ckpt_call) <= CKPT_FRAME_CALL_SIZE,
	       "a call's state must fit into its frame");

/* Start with `frame` filled by the thunk: gathers split arguments. */
void ckpt_call_begin(struct ckpt_call *call, const struct ckpt_program *program,
		     struct ckpt_frame *frame, struct ckpt_ranges *ranges);
/* Free what the call holds. Idempotent. */
void ckpt_call_end(struct ckpt_call *call);

#endif
