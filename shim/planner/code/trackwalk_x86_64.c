/* SPDX-License-Identifier: MIT */
/* What becomes of an address that code loads. */
#include "shim/planner/code/track_private.h"

enum { DEPTH_MAX = 6, STEPS_MAX = 64, REACH_MAX = 1 << 14 };
enum { REG_STACK = 4, REG_FRAME = 5 };

/* Does the instruction have an address with a register in `held`? */
static bool has_held(const struct ckpt_insn_memory *memory, uint32_t held)
{
	return memory->is_present &&
	       (is_held(held, memory->base) || is_held(held, memory->index));
}

/* How far from the address in `held` the instruction at `index` accesses
 * memory; 0: that is not known. */
static uint64_t reach_of(const struct ckpt_code *code, size_t index,
			 uint32_t held)
{
	const struct ckpt_insn_memory *memory = &code->insns[index].memory;
	bool is_base = is_held(held, memory->base);
	uint8_t other = is_base ? memory->index : memory->base;
	uint64_t scale = 1, bound = 1;

	if (memory->is_address || memory->size == 0 || memory->disp < 0 ||
	    memory->disp > REACH_MAX || is_held(held, other) ||
	    (!is_base && memory->scale != 1))
		return 0;
	if (other != CKPT_REG_NONE)
		bound = ckpt_track_find_bound(code, (uint32_t)index, other,
					      &scale);
	if (is_base)
		scale *= memory->scale;
	return bound ? (uint64_t)memory->disp + (bound - 1) * scale +
			       memory->size
		     : 0;
}

/* A walk through the code behind an instruction. */
struct walking {
	const struct ckpt_code *code;
	unsigned steps;
	bool is_passed;
	struct ckpt_walk walk;
};

static void take_step(struct walking *w, const struct ckpt_insn_memory *memory)
{
	bool is_known = memory->is_present && !memory->is_address &&
			memory->size > 0 && memory->size < CKPT_WALK_STEP_MAX;
	uint8_t step = is_known ? (uint8_t)memory->size : CKPT_WALK_STEP_MAX;

	w->walk.step = step > w->walk.step ? step : w->walk.step;
}

/* A register written to memory other than the stack, where a program keeps
 * pointers; on the stack the compiler keeps what it reckons with as well. */
static bool is_store(const struct ckpt_insn *insn)
{
	const struct ckpt_insn_memory *memory = &insn->memory;

	return insn->kind == CKPT_INSN_MOVE && memory->is_present &&
	       memory->is_written && memory->base != REG_STACK &&
	       memory->base != REG_FRAME;
}

/* What the instruction does with the registers in `held`. */
static void look_at(struct walking *w, size_t index, uint32_t held)
{
	const struct ckpt_insn *insn = &w->code->insns[index];
	uint64_t reach = 0;

	if (has_held(&insn->memory, held)) {
		reach = reach_of(w->code, index, held);
		if (!reach)
			take_step(w, &insn->memory);
		if (reach > w->walk.reach)
			w->walk.reach = (uint32_t)reach;
	}
	if (is_call(insn))
		w->is_passed |= (held & ARGUMENTS) != 0;
	else if (is_store(insn))
		w->is_passed = true;
	else if ((insn->reads & held) && !is_copy(insn) &&
		 insn->kind != CKPT_INSN_COMPARE)
		take_step(w, &(struct ckpt_insn_memory){0});
}

/* Where control leaves the function: what arguments and result may hold is
 * handed on. */
static void leave(struct walking *w, const struct ckpt_insn *insn,
		  uint32_t held)
{
	uint32_t handed = insn->kind == CKPT_INSN_RETURN ? 1u : ARGUMENTS;

	w->is_passed |= (held & handed) != 0;
}

static void follow(struct walking *w, size_t index, uint32_t held,
		   unsigned depth)
{
	while (held && w->walk.step < CKPT_WALK_STEP_MAX) {
		const struct ckpt_insn *insn = &w->code->insns[index];
		size_t target;

		if (index == w->code->count || w->steps++ == STEPS_MAX ||
		    depth == DEPTH_MAX) {
			take_step(w, &(struct ckpt_insn_memory){0});
			return;
		}
		look_at(w, index, held);
		held = pass_on(insn, held);
		target = insn->kind == CKPT_INSN_BRANCH ||
					 insn->kind == CKPT_INSN_JUMP
				 ? find_target(w->code, insn->target)
				 : w->code->count;
		if (is_end(insn) && target == w->code->count) {
			leave(w, insn, held);
			return;
		}
		if (insn->kind == CKPT_INSN_BRANCH && target < w->code->count)
			follow(w, target, held, depth + 1);
		else if (insn->kind == CKPT_INSN_BRANCH)
			leave(w, insn, held);
		index = insn->kind == CKPT_INSN_JUMP ? target : index + 1;
	}
}

struct ckpt_walk ckpt_track_walk(const struct ckpt_code *code, size_t index)
{
	uint8_t dst = code->insns[index].dst;
	struct walking w = {.code = code};

	if (dst < CKPT_REG_COUNT)
		follow(&w, index + 1, 1u << dst, 0);
	if (w.is_passed)
		w.walk.reach = 0;
	return w.walk;
}

static bool is_plain_write(const struct ckpt_insn *insn, uint32_t held)
{
	return has_held(&insn->memory, held) && insn->memory.is_written &&
	       !insn->memory.is_read && !(insn->reads & held);
}

static bool reads_behind(struct walking *w, size_t index, uint32_t held,
			 unsigned depth)
{
	while (held) {
		const struct ckpt_insn *insn = &w->code->insns[index];
		size_t target;

		if (index == w->code->count || w->steps++ == STEPS_MAX ||
		    depth == DEPTH_MAX)
			return true;
		if (is_plain_write(insn, held))
			return false;
		if (has_held(&insn->memory, held) ||
		    ((insn->reads & held) && !is_copy(insn) && !is_call(insn)))
			return true;
		held = pass_on(insn, held);
		target = insn->kind == CKPT_INSN_BRANCH ||
					 insn->kind == CKPT_INSN_JUMP
				 ? find_target(w->code, insn->target)
				 : w->code->count;
		if (is_end(insn) && target == w->code->count)
			return is_held(held, 0);
		if (insn->kind == CKPT_INSN_BRANCH && target < w->code->count &&
		    reads_behind(w, target, held, depth + 1))
			return true;
		index = insn->kind == CKPT_INSN_JUMP ? target : index + 1;
	}
	return false;
}

bool ckpt_track_reads_result(const struct ckpt_code *code, size_t index)
{
	struct walking w = {.code = code};

	return reads_behind(&w, index + 1, 1, 0);
}
