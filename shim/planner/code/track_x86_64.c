/* SPDX-License-Identifier: MIT */
#include "shim/planner/code/track_private.h"

enum { DEPTH_MAX = 3 };

/* Registers that bring no argument and no static chain: whatever they hold
 * was put there by the function itself. rax rbx rbp r11 r12 … r15. */
static const uint32_t own_registers = 0xf829;

static const struct ckpt_value unknown = {.kind = CKPT_VALUE_UNKNOWN};

static bool is_program(const struct ckpt_code *code)
{
	return ckpt_image_type(ckpt_code_object_image(code->object)) == ET_EXEC;
}

static bool is_address(const struct ckpt_code *code, uint64_t value)
{
	return is_program(code) &&
	       ckpt_code_object_place(code->object, value) != CKPT_AT_OUTSIDE;
}

bool ckpt_track_address(const struct ckpt_code *code, size_t index,
			uint64_t *ret)
{
	const struct ckpt_insn *insn = &code->insns[index];
	const struct ckpt_insn_memory *memory = &insn->memory;

	if (!memory->is_present || memory->is_fs)
		return false;
	if (memory->base == CKPT_REG_IP) {
		*ret = code->vaddr + code->offs[index] + insn->size +
		       (uint64_t)memory->disp;
		return true;
	}
	if (insn->disp_size < 4 || !is_address(code, (uint64_t)memory->disp))
		return false;
	*ret = (uint64_t)memory->disp;
	return true;
}

static struct ckpt_value pointer_to(uint64_t vaddr)
{
	return (struct ckpt_value){.kind = CKPT_VALUE_POINTER, .vaddr = vaddr};
}

static struct ckpt_value of_register(const struct ckpt_tracker *tracker,
				     uint8_t reg)
{
	return reg < CKPT_REG_COUNT ? tracker->values[reg] : unknown;
}

/* The pointer among base and index, with what `memory` adds to it. */
static struct ckpt_value base_of(const struct ckpt_tracker *tracker,
				 size_t index)
{
	const struct ckpt_insn_memory *memory =
		&tracker->code->insns[index].memory;
	struct ckpt_value base = of_register(tracker, memory->base);
	struct ckpt_value other = of_register(tracker, memory->index);
	uint64_t vaddr;

	if (ckpt_track_address(tracker->code, index, &vaddr))
		return pointer_to(vaddr);
	if (memory->is_fs)
		return unknown;
	if (base.kind == CKPT_VALUE_POINTER)
		return other.kind == CKPT_VALUE_POINTER ? unknown : base;
	return other.kind == CKPT_VALUE_POINTER && memory->scale == 1 ? other
								      : unknown;
}

/* An 8-byte word loaded from the operand. */
static struct ckpt_value load(const struct ckpt_tracker *tracker, size_t index)
{
	const struct ckpt_insn_memory *memory =
		&tracker->code->insns[index].memory;
	struct ckpt_value value = base_of(tracker, index);

	if (value.kind != CKPT_VALUE_POINTER)
		return unknown;
	if (value.depth == 0)
		value.is_exact = memory->index == CKPT_REG_NONE &&
				 (memory->base == CKPT_REG_IP ||
				  memory->base == CKPT_REG_NONE);
	if (value.depth < DEPTH_MAX)
		value.depth++;
	return value;
}

/* A 4-byte word loaded from a table. */
static struct ckpt_value load_entry(const struct ckpt_tracker *tracker,
				    size_t index)
{
	struct ckpt_value value = base_of(tracker, index);

	if (value.kind != CKPT_VALUE_POINTER || value.depth != 0 ||
	    tracker->code->insns[index].memory.base == CKPT_REG_IP)
		return unknown;
	return (struct ckpt_value){.kind = CKPT_VALUE_ENTRY,
				   .vaddr = value.vaddr,
				   .load = (uint32_t)index};
}

static struct ckpt_value move(const struct ckpt_tracker *tracker, size_t index)
{
	const struct ckpt_insn *insn = &tracker->code->insns[index];

	if (insn->has_imm)
		return is_address(tracker->code, (uint64_t)insn->imm)
			       ? pointer_to((uint64_t)insn->imm)
			       : unknown;
	if (insn->memory.is_present)
		return insn->width == 8 ? load(tracker, index)
					: load_entry(tracker, index);
	return insn->width == 8 ? of_register(tracker, insn->src) : unknown;
}

static struct ckpt_value move_signed(const struct ckpt_tracker *tracker,
				     size_t index)
{
	const struct ckpt_insn *insn = &tracker->code->insns[index];
	struct ckpt_value value;

	if (insn->memory.is_present)
		return load_entry(tracker, index);
	value = of_register(tracker, insn->src);
	return value.kind == CKPT_VALUE_ENTRY ? value : unknown;
}

static bool is_table(struct ckpt_value entry, struct ckpt_value base)
{
	return entry.kind == CKPT_VALUE_ENTRY &&
	       base.kind == CKPT_VALUE_POINTER && base.depth == 0 &&
	       base.vaddr == entry.vaddr;
}

static struct ckpt_value add(const struct ckpt_tracker *tracker, size_t index)
{
	const struct ckpt_insn *insn = &tracker->code->insns[index];
	struct ckpt_value to = of_register(tracker, insn->dst);
	struct ckpt_value from = of_register(tracker, insn->src);

	if (insn->width != 8 || insn->memory.is_present)
		return unknown;
	if (is_table(to, from) || is_table(from, to)) {
		if (from.kind == CKPT_VALUE_ENTRY)
			to = from;
		to.kind = CKPT_VALUE_SWITCH;
		return to;
	}
	if (to.kind == CKPT_VALUE_POINTER && from.kind == CKPT_VALUE_UNKNOWN)
		return to;
	if (from.kind == CKPT_VALUE_POINTER && to.kind == CKPT_VALUE_UNKNOWN)
		return from;
	return unknown;
}

static struct ckpt_value subtract(const struct ckpt_tracker *tracker,
				  size_t index)
{
	const struct ckpt_insn *insn = &tracker->code->insns[index];
	struct ckpt_value value = of_register(tracker, insn->dst);

	if (insn->width != 8 || value.kind != CKPT_VALUE_POINTER ||
	    of_register(tracker, insn->src).kind != CKPT_VALUE_UNKNOWN)
		return unknown;
	return value;
}

static struct ckpt_value result(const struct ckpt_tracker *tracker,
				size_t index)
{
	const struct ckpt_insn *insn = &tracker->code->insns[index];

	switch (insn->kind) {
	case CKPT_INSN_LEA:
		return insn->width == 8 ? base_of(tracker, index) : unknown;
	case CKPT_INSN_MOVE:
		return move(tracker, index);
	case CKPT_INSN_MOVE_SIGNED:
		return move_signed(tracker, index);
	case CKPT_INSN_EXTEND:
		return tracker->values[0].kind == CKPT_VALUE_ENTRY
			       ? tracker->values[0]
			       : unknown;
	case CKPT_INSN_ADD:
		return add(tracker, index);
	case CKPT_INSN_SUB:
		return subtract(tracker, index);
	default:
		return unknown;
	}
}

static bool is_same(struct ckpt_value a, struct ckpt_value b)
{
	return a.kind == b.kind && a.depth == b.depth && a.vaddr == b.vaddr;
}

/* Registers to which every instruction that sets them gives the same known
 * address: compilers hoist those out of loops. */
static void find_fixed(struct ckpt_tracker *tracker)
{
	uint32_t seen = 0, spoilt = ~own_registers;

	for (size_t i = 0; i < tracker->code->count; i++) {
		const struct ckpt_insn *insn = &tracker->code->insns[i];
		uint32_t written = insn->writes;
		bool is_plain = insn->memory.base == CKPT_REG_IP &&
				insn->width == 8 &&
				(insn->kind == CKPT_INSN_LEA ||
				 insn->kind == CKPT_INSN_MOVE);

		if (is_call(insn))
			written |= CALLER_SAVED;
		/* The caller's value, which comes back before the return. */
		if (insn->kind == CKPT_INSN_POP)
			continue;
		for (unsigned reg = 0; reg < CKPT_REG_COUNT; reg++) {
			struct ckpt_value value;

			if (!(written >> reg & 1))
				continue;
			value = is_plain ? result(tracker, i) : unknown;
			if (value.kind == CKPT_VALUE_UNKNOWN ||
			    ((seen >> reg & 1) &&
			     !is_same(value, tracker->fixed[reg])))
				spoilt |= 1u << reg;
			tracker->fixed[reg] = value;
			seen |= 1u << reg;
		}
	}
	for (unsigned reg = 0; reg < CKPT_REG_COUNT; reg++)
		if (!(seen >> reg & 1) || (spoilt >> reg & 1))
			tracker->fixed[reg] = unknown;
}

static void reset(struct ckpt_tracker *tracker)
{
	for (unsigned reg = 0; reg < CKPT_REG_COUNT; reg++)
		tracker->values[reg] = tracker->fixed[reg];
}

void ckpt_track_start(struct ckpt_tracker *tracker,
		      const struct ckpt_code *code)
{
	*tracker = (struct ckpt_tracker){.code = code};
	find_fixed(tracker);
	reset(tracker);
}

struct ckpt_value ckpt_track_target(const struct ckpt_tracker *tracker,
				    size_t index)
{
	const struct ckpt_insn *insn = &tracker->code->insns[index];
	struct ckpt_tracker here = *tracker;

	if (tracker->code->labels[tracker->code->offs[index]])
		reset(&here);
	if (insn->memory.is_present)
		return load(&here, index);
	return of_register(&here, insn->dst);
}

void ckpt_track_step(struct ckpt_tracker *tracker, size_t index)
{
	const struct ckpt_insn *insn = &tracker->code->insns[index];
	uint32_t written = insn->writes;
	struct ckpt_value value;

	if (tracker->code->labels[tracker->code->offs[index]])
		reset(tracker);
	value = insn->kind == CKPT_INSN_EXTEND || insn->dst != CKPT_REG_NONE
			? result(tracker, index)
			: unknown;
	if (is_end(insn)) {
		reset(tracker);
		return;
	}
	if (is_call(insn))
		written |= CALLER_SAVED;
	for (unsigned reg = 0; reg < CKPT_REG_COUNT; reg++)
		if (written >> reg & 1)
			tracker->values[reg] = unknown;
	if (insn->kind == CKPT_INSN_EXTEND)
		tracker->values[0] = value;
	else if (insn->dst < CKPT_REG_COUNT && (insn->writes >> insn->dst & 1))
		tracker->values[insn->dst] = value;
}
