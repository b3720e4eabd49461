/* SPDX-License-Identifier: MIT */
/* Floating-point numbers in expressions: are they 0? */
#include "shim/planner/contract/exprcoder.h"

bool ckpt_coder_is_zero_test(const struct ckpt_expr *expr)
{
	return (expr->op == CKPT_OPERATOR_EQ || expr->op == CKPT_OPERATOR_NE) &&
	       expr->a->kind == CKPT_EXPR_PATH &&
	       expr->b->kind == CKPT_EXPR_INTEGER && expr->b->integer == 0;
}

/* IEC 60559: +0 and -0 are the values without any bit but the sign. */
static void load_magnitude(struct ckpt_coder *coder, uint8_t size, int64_t mask)
{
	struct ckpt_plan_op load = {.code = CKPT_OP_LOAD, .size = size};

	ckpt_coder_emit_op(coder, &load, 0);
	ckpt_coder_emit(coder, CKPT_OP_CONST, 0, mask, 1);
	ckpt_coder_emit(coder, CKPT_OP_AND, 0, 0, -1);
}

enum ckpt_status ckpt_coder_magnitude(struct ckpt_coder *coder,
				      const struct ckpt_path *path,
				      enum ckpt_moment_rule moment,
				      const struct ckpt_type *type)
{
	bool is_complex = type->kind == CKPT_TYPE_COMPLEX;
	struct ckpt_lvalue again;
	enum ckpt_status status;

	if (type->kind == CKPT_TYPE_FLOAT && type->size == 4) {
		load_magnitude(coder, 4, INT32_MAX);
		return CKPT_OK;
	}
	if (is_complex && type->size == 8) {
		load_magnitude(coder, 8, 0x7fffffff7fffffff);
		return CKPT_OK;
	}
	if (type->kind != CKPT_TYPE_FLOAT && !is_complex)
		return CKPT_UNSUPPORTED;
	if (type->size != (is_complex ? 16 : 8))
		return CKPT_UNSUPPORTED;
	load_magnitude(coder, 8, INT64_MAX);
	if (!is_complex)
		return CKPT_OK;
	status = ckpt_coder_locate(coder, path, moment, &again);
	if (status)
		return status;
	ckpt_coder_emit_offset(coder, 8);
	load_magnitude(coder, 8, INT64_MAX);
	ckpt_coder_emit(coder, CKPT_OP_OR, 0, 0, -1);
	return CKPT_OK;
}
