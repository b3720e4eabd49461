/* SPDX-License-Identifier: MIT */
#ifndef CKPT_PLANNER_EXPRCODER_H
#define CKPT_PLANNER_EXPRCODER_H

/*
 * One expression being compiled: the operations so far, and what both halves
 * of the work need: exprpath (paths → addresses) and exprcode (values).
 */

#include "shim/planner/contract/compiler.h"

struct ckpt_coder {
	struct ckpt_compiler *compiler;
	const struct ckpt_expr_scope *scope;
	struct ckpt_buf ops; /* struct ckpt_plan_op */
	uint32_t depth;
	uint32_t deepest;
	/* Of the path compiled last: its type, for C's conversions. */
	const struct ckpt_type *last_type;
	bool is_zero_test; /* what follows is compared with 0 (exprfloat) */
};

/* Something in memory whose address is on the stack. */
struct ckpt_lvalue {
	const struct ckpt_type *type;
	uint8_t bit_off, bit_size; /* bit_size 0: not a bit-field */
	bool is_memory;		   /* the call may change it */
};

uint32_t ckpt_coder_count(const struct ckpt_coder *coder);
struct ckpt_plan_op *ckpt_coder_op(const struct ckpt_coder *coder,
				   uint32_t index);

/* Append an operation that leaves `pushed` more values than it found. */
void ckpt_coder_emit_op(struct ckpt_coder *coder, const struct ckpt_plan_op *op,
			int pushed);
void ckpt_coder_emit(struct ckpt_coder *coder, enum ckpt_plan_op_code code,
		     uint32_t a, int64_t imm, int pushed);
/* Add to the address on top. */
void ckpt_coder_emit_offset(struct ckpt_coder *coder, uint64_t off);

/* INVALID: "`path`: what". */
enum ckpt_status ckpt_coder_fail(struct ckpt_coder *coder,
				 const struct ckpt_path *path,
				 const char *what);

/* Leave the address of what `path` names on the stack. */
enum ckpt_status ckpt_coder_locate(struct ckpt_coder *coder,
				   const struct ckpt_path *path,
				   enum ckpt_moment_rule moment,
				   struct ckpt_lvalue *at) CKPT_MUST_CHECK;
/* Go on from a pointer or array to (the first of) what it holds. */
enum ckpt_status ckpt_coder_step_into(struct ckpt_coder *coder,
				      const struct ckpt_path *path,
				      struct ckpt_lvalue *at) CKPT_MUST_CHECK;
/* May the call change it, without the user having said which value? */
enum ckpt_status
ckpt_coder_check_moment(struct ckpt_coder *coder, const struct ckpt_path *path,
			enum ckpt_moment_rule moment,
			const struct ckpt_lvalue *at) CKPT_MUST_CHECK;

/* x == 0 or x != 0, which also floating-point numbers can be asked. */
bool ckpt_coder_is_zero_test(const struct ckpt_expr *expr);
/* From the address of `path` on the stack to what is 0 if and only if that
 * number is: its bits without signs. UNSUPPORTED: not of such a type. */
enum ckpt_status
ckpt_coder_magnitude(struct ckpt_coder *coder, const struct ckpt_path *path,
		     enum ckpt_moment_rule moment,
		     const struct ckpt_type *type) CKPT_MUST_CHECK;

/* The value of `expr`. */
enum ckpt_status ckpt_coder_value(struct ckpt_coder *coder,
				  const struct ckpt_expr *expr,
				  enum ckpt_moment_rule moment) CKPT_MUST_CHECK;

#endif
