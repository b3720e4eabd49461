/* SPDX-License-Identifier: MIT */
/*
 * Thread-local variables of the object itself by the local dynamic model (ELF
 * Handling For Thread-Local Storage 4.2): one call gives the address of the
 * object's block, and each variable is at a constant distance from it.
 */
#include "shim/planner/code/track_private.h"

#include "shim/common/cleanup.h"

enum { REG_FIRST = 7, CALL_WINDOW = 6 };

/* The call that takes the descriptor whose address is loaded at `index`. */
static size_t find_call(const struct ckpt_code *code, size_t index)
{
	if (code->insns[index].kind != CKPT_INSN_LEA ||
	    code->insns[index].dst != REG_FIRST)
		return code->count;
	for (size_t i = index + 1; i < code->count && i - index < CALL_WINDOW;
	     i++) {
		const struct ckpt_insn *insn = &code->insns[i];

		if (is_call(insn))
			return i;
		if ((insn->writes >> REG_FIRST & 1) || insn->target ||
		    code->labels[code->offs[i]])
			break;
	}
	return code->count;
}

static bool spread(uint32_t *held_at, size_t to, uint32_t held)
{
	bool is_more = (held & ~held_at[to]) != 0;

	held_at[to] |= held;
	return is_more;
}

/* Hand on what instruction `i` leaves in registers to where control goes. */
static bool step(const struct ckpt_code *code, uint32_t *held_at, size_t i)
{
	const struct ckpt_insn *insn = &code->insns[i];
	uint32_t held = held_at[i] &
			~(insn->writes | (is_call(insn) ? CALLER_SAVED : 0));
	bool is_more = false;

	if (is_copy(insn) && is_held(held_at[i], insn->src))
		held |= 1u << insn->dst;
	if (insn->kind == CKPT_INSN_JUMP || insn->kind == CKPT_INSN_BRANCH)
		is_more =
			spread(held_at, find_target(code, insn->target), held);
	if (insn->kind != CKPT_INSN_JUMP && insn->kind != CKPT_INSN_JUMP_FAR &&
	    insn->kind != CKPT_INSN_RETURN && insn->kind != CKPT_INSN_TRAP)
		is_more |= spread(held_at, i + 1, held);
	return is_more;
}

static void find_held(const struct ckpt_code *code, uint32_t *held_at,
		      size_t call)
{
	bool is_more = true;

	held_at[call + 1] = 1u << REG_RESULT;
	while (is_more) {
		is_more = false;
		for (size_t i = 0; i < code->count; i++)
			if (held_at[i])
				is_more |= step(code, held_at, i);
	}
}

/* How code reckons with the address that is used. */
static uint8_t walk_of(const struct ckpt_code *code, size_t index)
{
	const struct ckpt_insn_memory *memory = &code->insns[index].memory;

	if (memory->is_address && memory->index == CKPT_REG_NONE)
		return ckpt_track_walk(code, index).step;
	return memory->index == CKPT_REG_NONE ? 0 : CKPT_WALK_STEP_MAX;
}

/* False: it does something with the address that is not understood. */
static bool take_use(const struct ckpt_insn *insn, uint32_t held,
		     struct ckpt_block_use *ret, bool *ret_is_use)
{
	const struct ckpt_insn_memory *memory = &insn->memory;
	bool is_base = memory->is_present && is_held(held, memory->base);
	bool is_index = memory->is_present && is_held(held, memory->index);

	*ret_is_use = is_base || is_index;
	ret->off = memory->disp;
	ret->is_written = memory->is_written || memory->is_address;
	ret->size = memory->is_address || memory->index != CKPT_REG_NONE
			    ? 0
			    : memory->size;
	if (is_index && (is_base || memory->scale != 1))
		return false;
	if (*ret_is_use && !memory->is_address && memory->size == 0)
		return false;
	if (insn->kind == CKPT_INSN_JUMP_FAR)
		return false;
	/* rax may as well be left over. */
	if (is_call(insn))
		return !(held & ARGUMENTS);
	return is_copy(insn) || !(insn->reads & held);
}

bool ckpt_track_block(const struct ckpt_code *code, size_t index,
		      struct ckpt_block_use *uses, size_t *ret_count)
{
	_cleanup_free_ uint32_t *held_at =
		calloc(code->count + 2, sizeof(*held_at));
	size_t call = find_call(code, index), count = 0;

	if (!held_at || call == code->count)
		return false;
	find_held(code, held_at, call);
	/* What leaves the function with the address is not known. */
	if (held_at[code->count])
		return false;
	for (size_t i = 0; i < code->count; i++) {
		const struct ckpt_insn *insn = &code->insns[i];
		bool is_use;

		if (!held_at[i])
			continue;
		if (count == CKPT_BLOCK_USES_MAX ||
		    !take_use(insn, held_at[i], &uses[count], &is_use))
			return false;
		/* What is returned may be the address of the first one. */
		if (insn->kind == CKPT_INSN_RETURN &&
		    is_held(held_at[i], REG_RESULT)) {
			uses[count] =
				(struct ckpt_block_use){.is_written = true};
			is_use = true;
		} else if (is_use)
			uses[count].walk = walk_of(code, i);
		uses[count].index = i;
		count += is_use;
	}
	*ret_count = count;
	return true;
}
