/* SPDX-License-Identifier: MIT */
#include "shim/planner/code/codefunc_private.h"

#include <string.h>

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
	ref->is_result_read = insn->kind == CKPT_INSN_CALL_FAR &&
			      ckpt_track_reads_result(code, index);
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

bool ckpt_ref_own_block(const struct ckpt_code_object *object, uint64_t word,
			uint64_t *ret)
{
	const struct ckpt_image *image = ckpt_code_object_image(object);
	const void *bytes = ckpt_image_bytes(image, word + 8, sizeof(*ret));
	size_t count, i = ckpt_image_relocation_from(image, word);
	const struct ckpt_relocation *relocations =
		ckpt_image_relocations(image, &count);

	if (!bytes || i == count || relocations[i].vaddr != word ||
	    relocations[i].type != R_X86_64_DTPMOD64 || relocations[i].symbol ||
	    (i + 1 < count && relocations[i + 1].vaddr < word + 16))
		return false;
	memcpy(ret, bytes, sizeof(*ret));
	return true;
}

bool ckpt_code_function_stub(const struct ckpt_code_object *object,
			     uint64_t vaddr, uint64_t *ret_word)
{
	const struct ckpt_image *image = ckpt_code_object_image(object);
	uint64_t at = vaddr;

	for (unsigned i = 0; i < 2; i++) {
		const uint8_t *bytes = ckpt_image_bytes(image, at, 16);
		struct ckpt_insn insn;

		if (!bytes || ckpt_insn_decode(bytes, 16, at, &insn))
			return false;
		at += insn.size;
		if (insn.kind == CKPT_INSN_JUMP_FAR && insn.memory.is_present &&
		    insn.memory.base == CKPT_REG_IP) {
			*ret_word = at + (uint64_t)insn.memory.disp;
			return true;
		}
		/* endbr64 */
		if (i > 0 || memcmp(bytes, "\xf3\x0f\x1e\xfa", 4) != 0)
			return false;
	}
	return false;
}
