/* SPDX-License-Identifier: MIT */
#include "shim/planner/codefunc_private.h"

/* table(,%rax,8) of a program at a fixed address: all of the table, if the
 * index is bounded. */
static void classify_indexed(const struct ckpt_code *code, size_t index,
			     struct ckpt_ref *ref)
{
	const struct ckpt_insn_memory *memory = &code->insns[index].memory;
	uint64_t count = 0;

	if (memory->base == CKPT_REG_NONE && memory->index < CKPT_REG_COUNT &&
	    memory->scale > 1 && memory->size > 0 && !memory->is_address)
		count = ckpt_track_bound(code, (uint32_t)index);
	ref->kind = count ? CKPT_REF_ACCESS : CKPT_REF_AROUND;
	ref->walk = count ? 0 : CKPT_WALK_STEP_MAX;
	if (count)
		ref->size += (uint32_t)((count - 1) * memory->scale);
}

void ckpt_ref_of_loaded(const struct ckpt_code *code, size_t index,
			struct ckpt_ref *ref)
{
	struct ckpt_walk walk = ckpt_track_walk(code, index);

	ref->kind = walk.step == 0 && walk.reach > 0 ? CKPT_REF_ACCESS
						     : CKPT_REF_ADDRESS;
	ref->size = walk.reach;
	ref->walk = walk.step;
}

void ckpt_ref_of_memory(const struct ckpt_code *code, size_t index,
			struct ckpt_ref *ref)
{
	const struct ckpt_insn *insn = &code->insns[index];
	const struct ckpt_insn_memory *memory = &insn->memory;

	ref->kind = CKPT_REF_ACCESS;
	ref->size = memory->size;
	ref->is_written = memory->is_written || memory->is_address;
	if (memory->index != CKPT_REG_NONE || memory->base < CKPT_REG_COUNT) {
		classify_indexed(code, index, ref);
	} else if (insn->kind == CKPT_INSN_LEA) {
		ckpt_ref_of_loaded(code, index, ref);
	} else if (memory->is_address || memory->size == 0) {
		ref->kind = CKPT_REF_ADDRESS;
		ref->walk = CKPT_WALK_STEP_MAX;
	}
}
