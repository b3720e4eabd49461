/* SPDX-License-Identifier: MIT */
#ifndef CKPT_PLANNER_TRACK_PRIVATE_H
#define CKPT_PLANNER_TRACK_PRIVATE_H

/*
 * What the parts of track share. Nobody else includes it.
 */

#include "shim/planner/code/track_x86_64.h"

/* psABI 3.2.1: what a call may change; 3.2.3: rdi rsi rdx rcx r8 r9. */
enum { CALLER_SAVED = 0x0fc7, ARGUMENTS = 0x03c6, REG_RESULT = 0 };

static inline bool is_call(const struct ckpt_insn *insn)
{
	return insn->kind == CKPT_INSN_CALL || insn->kind == CKPT_INSN_CALL_FAR;
}

/* What stands behind it is reached from elsewhere only. */
static inline bool is_end(const struct ckpt_insn *insn)
{
	return insn->kind == CKPT_INSN_JUMP ||
	       insn->kind == CKPT_INSN_JUMP_FAR ||
	       insn->kind == CKPT_INSN_RETURN || insn->kind == CKPT_INSN_TRAP;
}

static inline bool is_held(uint32_t held, uint8_t reg)
{
	return reg < CKPT_REG_COUNT && (held >> reg & 1);
}

/* One register moved, perhaps only on a condition, to another. */
static inline bool is_copy(const struct ckpt_insn *insn)
{
	return (insn->kind == CKPT_INSN_MOVE ||
		insn->kind == CKPT_INSN_MOVE_IF) &&
	       insn->width == 8 && !insn->memory.is_present && !insn->has_imm &&
	       insn->src < CKPT_REG_COUNT && insn->dst < CKPT_REG_COUNT;
}

/* The registers that hold a value after the instruction which are in `held`
 * before it. */
static inline uint32_t pass_on(const struct ckpt_insn *insn, uint32_t held)
{
	bool is_another = is_copy(insn) && is_held(held, insn->src);
	uint32_t lost = is_call(insn) ? CALLER_SAVED : 0;

	if (insn->kind != CKPT_INSN_MOVE_IF)
		lost |= insn->writes;
	held &= ~lost;
	return is_another ? held | 1u << insn->dst : held;
}

/* Index of the instruction at `target`; `count` if it is not inside. */
static inline size_t find_target(const struct ckpt_code *code, uint64_t target)
{
	size_t low = 0, high = code->count;
	uint64_t off = target - code->vaddr;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (code->offs[middle] < off)
			low = middle + 1;
		else
			high = middle;
	}
	return low < code->count && code->offs[low] == off ? low : code->count;
}

#endif
