/* SPDX-License-Identifier: MIT */
#ifndef CKPT_PLANNER_CODEBASE_PRIVATE_H
#define CKPT_PLANNER_CODEBASE_PRIVATE_H

/*
 * The inside of a codebase, shared by codebase.c and codebase_constant.c.
 * Nobody else includes it.
 */

#include "shim/planner/code/codebase.h"
#include "shim/planner/code/symbolfile.h"

struct ckpt_codebase_member {
	struct ckpt_code_object *code;
	struct ckpt_symbolfile kept; /* symbols that it has no more */
	bool has_identity, has_runtime, is_runtime, has_anchors;
	struct ckpt_hash128 identity;
	bool has_facts;
	uint32_t facts;
	/* Functions that were read, by address: open addressing. */
	struct ckpt_code_function **functions;
	size_t function_count, function_capacity;
	/* Words that were bound, by index of the relocation. */
	struct ckpt_word *words;
	uint8_t *has_word;
	uint64_t *anchors; /* sorted */
	size_t anchor_count, anchor_capacity;
};

struct ckpt_codebase {
	struct ckpt_scope *scope;
	char *directory; /* of the plans, or NULL */
	struct ckpt_pool pool;
	struct ckpt_codebase_member *members;
	size_t count;
};

#endif
