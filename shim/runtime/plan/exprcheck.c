/* SPDX-License-Identifier: MIT */
#include "shim/runtime/plan/exprcheck.h"

#include "shim/frame_x86_64.h"
#include "shim/runtime/marshal/call.h"

#include <string.h>

enum { STACK_ARGUMENTS_MAX = 1 << 16, UNKNOWN = -1 };

/* What an operation takes from the stack and leaves there. */
static const struct {
	int8_t pops, pushes;
} effects[CKPT_OP_CODE_COUNT] = {
	[CKPT_OP_CONST] = {0, 1},	 [CKPT_OP_PRE] = {0, 1},
	[CKPT_OP_FRAME] = {0, 1},	 [CKPT_OP_STACK] = {0, 1},
	[CKPT_OP_GLOBAL] = {0, 1},	 [CKPT_OP_ELEMENT] = {0, 1},
	[CKPT_OP_LOAD] = {1, 1},	 [CKPT_OP_LOAD_BITS] = {1, 1},
	[CKPT_OP_ADD_OFF] = {1, 1},	 [CKPT_OP_POINTEE] = {1, 1},
	[CKPT_OP_INDEX] = {2, 1},	 [CKPT_OP_STRLEN] = {1, 1},
	[CKPT_OP_ADD] = {2, 1},		 [CKPT_OP_SUB] = {2, 1},
	[CKPT_OP_MUL] = {2, 1},		 [CKPT_OP_DIV] = {2, 1},
	[CKPT_OP_MOD] = {2, 1},		 [CKPT_OP_SHL] = {2, 1},
	[CKPT_OP_SHR] = {2, 1},		 [CKPT_OP_AND] = {2, 1},
	[CKPT_OP_OR] = {2, 1},		 [CKPT_OP_XOR] = {2, 1},
	[CKPT_OP_NEG] = {1, 1},		 [CKPT_OP_NOT] = {1, 1},
	[CKPT_OP_LNOT] = {1, 1},	 [CKPT_OP_EQ] = {2, 1},
	[CKPT_OP_NE] = {2, 1},		 [CKPT_OP_LT] = {2, 1},
	[CKPT_OP_LE] = {2, 1},		 [CKPT_OP_GT] = {2, 1},
	[CKPT_OP_GE] = {2, 1},		 [CKPT_OP_MIN] = {2, 1},
	[CKPT_OP_MAX] = {2, 1},		 [CKPT_OP_ABS] = {1, 1},
	[CKPT_OP_POW2] = {1, 1},	 [CKPT_OP_JUMP] = {0, 0},
	[CKPT_OP_JUMP_IF_ZERO] = {1, 0},
};

static bool is_load_sound(const struct ckpt_plan_op *op)
{
	uint32_t bit_off = op->a & 0xff, bit_size = op->a >> 8;

	if (op->size != 1 && op->size != 2 && op->size != 4 && op->size != 8)
		return false;
	return op->code == CKPT_OP_LOAD ||
	       (bit_size > 0 && bit_size <= 64 &&
		bit_off + bit_size <= op->size * 8u);
}

static bool are_operands_sound(const struct ckpt_plan_op *op,
			       uint32_t object_count)
{
	switch (op->code) {
	case CKPT_OP_PRE:
		return op->a < CKPT_CALL_PRE_MAX;
	case CKPT_OP_FRAME:
		return op->imm >= 0 && op->imm < CKPT_FRAME_CALL;
	case CKPT_OP_STACK:
		return op->imm >= 0 && op->imm < STACK_ARGUMENTS_MAX;
	case CKPT_OP_GLOBAL:
		return op->a < object_count;
	case CKPT_OP_LOAD:
	case CKPT_OP_LOAD_BITS:
		return is_load_sound(op);
	default:
		return true;
	}
}

static bool is_jump(const struct ckpt_plan_op *op)
{
	return op->code == CKPT_OP_JUMP || op->code == CKPT_OP_JUMP_IF_ZERO;
}

/* Arrive at operation `at` with `depth` values; all ways must agree. */
static bool arrive(int8_t *depths, uint32_t at, int depth)
{
	if (depths[at] != UNKNOWN && depths[at] != depth)
		return false;
	depths[at] = (int8_t)depth;
	return true;
}

static bool check_op(const struct ckpt_plan_op *ops, uint32_t op_count,
		     uint32_t i, int8_t *depths, uint32_t stack_size)
{
	const struct ckpt_plan_op *op = &ops[i];
	int depth = depths[i];

	if (depth < effects[op->code].pops)
		return false;
	depth += effects[op->code].pushes - effects[op->code].pops;
	if (depth > (int)stack_size)
		return false;
	if (is_jump(op)) {
		if (op->imm <= 0 || op->imm > op_count - 1 - (int64_t)i ||
		    !arrive(depths, i + 1 + (uint32_t)op->imm, depth))
			return false;
	}
	return op->code == CKPT_OP_JUMP || arrive(depths, i + 1, depth);
}

bool ckpt_expr_check(const struct ckpt_plan_op *ops, uint32_t op_count,
		     uint32_t stack_size, uint32_t object_count)
{
	int8_t depths[CKPT_EXPR_OPS_MAX + 1];

	if (!op_count || op_count > CKPT_EXPR_OPS_MAX ||
	    stack_size > CKPT_EXPR_STACK_MAX)
		return false;
	memset(depths, UNKNOWN, op_count + 1);
	depths[0] = 0;
	/* Jumps go forward, so all ways to an operation come before it. */
	for (uint32_t i = 0; i < op_count; i++)
		if (ops[i].code >= CKPT_OP_CODE_COUNT ||
		    !are_operands_sound(&ops[i], object_count) ||
		    depths[i] == UNKNOWN ||
		    !check_op(ops, op_count, i, depths, stack_size))
			return false;
	return depths[op_count] == 1;
}
