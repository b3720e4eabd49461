/* SPDX-License-Identifier: MIT */
/* How large the index of a table can be. */
#include "shim/planner/code/track_private.h"

enum { WINDOW = 24, TABLE_MAX = 1 << 14 };

/* What the index of a table is called, going back from the load. */
struct place {
	uint8_t reg;	       /* or NONE: in memory */
	bool is_zero_extended; /* from what comes before */
	uint64_t scale;	       /* that it was multiplied with since */
	struct ckpt_insn_memory memory;
	/* clang -O0 compares by subtracting from the register that it stores
	 * there just before. */
	uint8_t compared_reg;
	uint64_t compared_bound;
};

static bool is_place(const struct place *place, const struct ckpt_insn *insn)
{
	if (place->reg != CKPT_REG_NONE)
		return insn->dst == place->reg && !insn->memory.is_present;
	return insn->memory.is_present &&
	       insn->memory.base == place->memory.base &&
	       insn->memory.index == place->memory.index &&
	       insn->memory.disp == place->memory.disp;
}

/* Go back over an instruction that sets the place. */
static bool rename_place(struct place *place, const struct ckpt_insn *insn)
{
	switch (insn->kind) {
	case CKPT_INSN_LEA:
		place->reg = insn->memory.index;
		place->scale *= insn->memory.scale;
		return insn->memory.base == CKPT_REG_NONE &&
		       insn->memory.disp == 0 && place->scale <= TABLE_MAX &&
		       place->reg < CKPT_REG_COUNT;
	case CKPT_INSN_MOVE:
	case CKPT_INSN_MOVE_SIGNED:
	case CKPT_INSN_MOVE_ZERO:
		place->is_zero_extended |= insn->kind == CKPT_INSN_MOVE_ZERO;
		place->reg = insn->src;
		place->memory = insn->memory;
		return insn->memory.is_present || place->reg < CKPT_REG_COUNT;
	default:
		return false;
	}
}

static uint64_t bound_of(const struct ckpt_insn *insn)
{
	return insn->has_imm && insn->imm >= 0 && insn->imm < TABLE_MAX
		       ? (uint64_t)insn->imm + 1
		       : 0;
}

/* The same where it has to be about the whole register. */
static uint64_t limit_of(const struct place *place,
			 const struct ckpt_insn *insn)
{
	return insn->width >= 4 || place->is_zero_extended ? bound_of(insn) : 0;
}

/* Go back over an instruction while the index is in memory. False: what is
 * there is not known; *ret_bound: it is compared. */
static bool pass_in_memory(struct place *place, const struct ckpt_insn *insn,
			   bool has_branch, uint64_t *ret_bound)
{
	if (insn->kind == CKPT_INSN_SUB && has_branch &&
	    insn->dst < CKPT_REG_COUNT && place->compared_bound == 0) {
		place->compared_reg = insn->dst;
		place->compared_bound = bound_of(insn);
		return true;
	}
	if (insn->kind == CKPT_INSN_MOVE && insn->memory.is_written &&
	    is_place(place, insn) && place->compared_bound > 0 &&
	    insn->src == place->compared_reg && !insn->has_imm) {
		*ret_bound = place->compared_bound;
		return true;
	}
	if (insn->writes != 0)
		place->compared_bound = 0;
	return !insn->memory.is_written;
}

/* Do the flags stay as they are? Otherwise a branch behind the instruction says
 * nothing of a comparison before it. */
static bool keeps_flags(const struct ckpt_insn *insn)
{
	switch (insn->kind) {
	case CKPT_INSN_LEA:
	case CKPT_INSN_MOVE:
	case CKPT_INSN_MOVE_SIGNED:
	case CKPT_INSN_MOVE_ZERO:
	case CKPT_INSN_EXTEND:
	case CKPT_INSN_POP:
	case CKPT_INSN_BRANCH:
		return true;
	default:
		return false;
	}
}

/* A search for the bound of an index, backwards from its use. */
struct bounding {
	struct place place;
	bool has_branch; /* that is taken if the index is above */
	uint64_t bound;	 /* what is found */
};

/* A comparison of another register, which may be what the index is a copy of;
 * of the index itself: the bound. False: it has none. */
static bool pass_comparison(struct bounding *b, const struct ckpt_insn *insn)
{
	uint64_t bound =
		b->has_branch && insn->has_imm ? limit_of(&b->place, insn) : 0;

	if (is_place(&b->place, insn)) {
		b->bound = bound;
		return bound > 0;
	}
	if (insn->memory.is_present || insn->width < 4 || bound == 0)
		return true;
	b->place.compared_reg = insn->dst;
	b->place.compared_bound = bound;
	return true;
}

/* An instruction that may set the register that has the index. */
static bool pass_setting(struct bounding *b, const struct ckpt_insn *insn)
{
	struct place *place = &b->place;

	if (insn->writes >> place->reg & 1) {
		if (insn->dst != place->reg || !rename_place(place, insn))
			return false;
		if (place->compared_bound > 0 &&
		    place->reg == place->compared_reg &&
		    insn->kind != CKPT_INSN_LEA)
			b->bound = place->compared_bound;
	}
	if (place->compared_bound > 0 &&
	    (insn->writes >> place->compared_reg & 1))
		place->compared_bound = 0;
	return true;
}

/* False: nothing more is known. */
static bool pass(struct bounding *b, const struct ckpt_insn *insn)
{
	struct place *place = &b->place;

	if (is_call(insn) &&
	    (place->reg == CKPT_REG_NONE || (CALLER_SAVED >> place->reg & 1)))
		return false;
	/* cdqe: what is bounded is not negative. */
	if (insn->kind == CKPT_INSN_EXTEND && place->reg == 0)
		return true;
	if (insn->kind == CKPT_INSN_BRANCH) {
		b->has_branch = insn->is_above;
		return true;
	}
	if (insn->kind == CKPT_INSN_COMPARE)
		return pass_comparison(b, insn);
	if (insn->kind == CKPT_INSN_AND && is_place(place, insn)) {
		b->bound = limit_of(place, insn);
		return b->bound > 0;
	}
	if (place->reg == CKPT_REG_NONE)
		return pass_in_memory(place, insn, b->has_branch, &b->bound);
	return pass_setting(b, insn);
}

uint64_t ckpt_track_find_bound(const struct ckpt_code *code,
			       uint32_t load_index, uint8_t reg,
			       uint64_t *ret_scale)
{
	struct bounding b = {.place = {.reg = reg, .scale = 1}};

	if (reg >= CKPT_REG_COUNT)
		return 0;
	for (uint32_t i = load_index; i-- > 0 && load_index - i < WINDOW;) {
		const struct ckpt_insn *insn = &code->insns[i];

		if (code->labels[code->offs[i + 1]] || is_end(insn) ||
		    !pass(&b, insn))
			return 0;
		if (b.bound > 0)
			break;
		b.has_branch = b.has_branch && keeps_flags(insn);
	}
	*ret_scale = b.place.scale;
	return b.bound;
}

uint64_t ckpt_track_bound(const struct ckpt_code *code, uint32_t load_index)
{
	const struct ckpt_insn_memory *memory = &code->insns[load_index].memory;
	uint64_t scale;

	/* At -O0 the table is the index and the scaled index the base. */
	return ckpt_track_find_bound(
		code, load_index,
		memory->scale == 1 ? memory->base : memory->index, &scale);
}
