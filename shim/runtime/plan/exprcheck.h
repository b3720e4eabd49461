/* SPDX-License-Identifier: MIT */
#ifndef CKPT_RUNTIME_EXPRCHECK_H
#define CKPT_RUNTIME_EXPRCHECK_H

/*
 * Is a stretch of stack code (plan.h, struct ckpt_plan_op) one that can be run
 * without looking: known operations, jumps forward and inside, the same depth
 * on every way to each operation, never below empty or above `stack_size`,
 * one value at the end? Bytes from outside; pure.
 */

#include "shim/plan.h"

#include <stdbool.h>

bool ckpt_expr_check(const struct ckpt_plan_op *ops, uint32_t op_count,
		     uint32_t stack_size, uint32_t object_count);

#endif
