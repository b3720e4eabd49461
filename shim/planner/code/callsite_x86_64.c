/* SPDX-License-Identifier: MIT */
#include "shim/planner/code/callsite_x86_64.h"

#include "shim/planner/code/insn_x86_64.h"

#include <string.h>

enum { OPCODE_CALL = 0xe8, OPCODE_JUMP = 0xe9 };

struct search {
	const struct ckpt_code_object *object;
	const struct ckpt_image *image;
	uint64_t target;
	bool is_fixed; /* not position independent: addresses stand in code */
	ckpt_callsite_visit *visit;
	void *context;
};

static bool takes_address(const struct search *search,
			  const struct ckpt_insn *insn, uint64_t end)
{
	if (insn->kind == CKPT_INSN_LEA && insn->memory.base == CKPT_REG_IP)
		return end + (uint64_t)insn->memory.disp == search->target;
	return search->is_fixed && insn->has_imm && insn->imm_size >= 4 &&
	       (uint64_t)insn->imm == search->target;
}

/* Does the instruction that ends at `end` refer to the target, and how? */
static bool refers(const struct search *search, const struct ckpt_insn *insn,
		   uint64_t end, enum ckpt_callsite_kind *ret)
{
	switch (insn->kind) {
	case CKPT_INSN_CALL:
		*ret = CKPT_CALLSITE_CALL;
		return insn->target == search->target;
	case CKPT_INSN_JUMP:
	case CKPT_INSN_BRANCH:
		*ret = CKPT_CALLSITE_JUMP;
		return insn->target == search->target;
	default:
		*ret = CKPT_CALLSITE_TAKEN;
		return takes_address(search, insn, end);
	}
}

static enum ckpt_status search_function(const struct search *search,
					const struct ckpt_code_extent *extent,
					const uint8_t *bytes)
{
	bool is_own = extent->vaddr == search->target;
	enum ckpt_callsite_kind kind;
	struct ckpt_insn insn;

	for (uint64_t off = 0; off < extent->size; off += insn.size) {
		uint64_t vaddr = extent->vaddr + off;
		enum ckpt_status status;

		if (ckpt_insn_decode(bytes + off, extent->size - off, vaddr,
				     &insn))
			return CKPT_OK; /* data between code */
		if (!refers(search, &insn, vaddr + insn.size, &kind) ||
		    (is_own && kind == CKPT_CALLSITE_JUMP))
			continue;
		status = search->visit(search->context, kind, vaddr);
		if (status)
			return status;
	}
	return CKPT_OK;
}

/* Could the 4 bytes at `vaddr` be how an instruction refers to the target? */
static bool is_candidate(const struct search *search, const uint8_t *at,
			 uint64_t vaddr)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return value == (uint32_t)(search->target - (vaddr + 4)) ||
	       (search->is_fixed && value == (uint32_t)search->target);
}

static enum ckpt_status believe(const struct search *search, uint8_t opcode,
				uint64_t vaddr)
{
	if (opcode == OPCODE_CALL)
		return search->visit(search->context, CKPT_CALLSITE_CALL,
				     vaddr);
	if (opcode == OPCODE_JUMP)
		return search->visit(search->context, CKPT_CALLSITE_JUMP,
				     vaddr);
	return CKPT_OK;
}

/* The function around `vaddr`, if its bounds are known and in the segment. */
static bool find_function(const struct search *search,
			  const struct ckpt_segment *segment, uint64_t vaddr,
			  struct ckpt_code_extent *ret)
{
	return ckpt_code_object_function(search->object, vaddr, ret) &&
	       !ret->is_guessed && ret->vaddr >= segment->vaddr &&
	       ret->size <= segment->vaddr + segment->file_size - ret->vaddr;
}

/* Each function with a candidate in it is decoded once, and passed over. */
static enum ckpt_status search_segment(const struct search *search,
				       const struct ckpt_segment *segment)
{
	const uint8_t *bytes = ckpt_image_bytes(search->image, segment->vaddr,
						segment->file_size);
	enum ckpt_status status = CKPT_OK;

	if (!bytes || !(segment->flags & PF_X))
		return CKPT_OK;
	for (uint64_t i = 1; !status && i + 4 <= segment->file_size; i++) {
		uint64_t vaddr = segment->vaddr + i;
		struct ckpt_code_extent extent;

		if (!is_candidate(search, bytes + i, vaddr))
			continue;
		if (!find_function(search, segment, vaddr, &extent)) {
			status = believe(search, bytes[i - 1], vaddr - 1);
			continue;
		}
		status = search_function(search, &extent,
					 bytes + extent.vaddr - segment->vaddr);
		i = extent.vaddr + extent.size - segment->vaddr - 1;
	}
	return status;
}

enum ckpt_status ckpt_callsite_find(const struct ckpt_code_object *object,
				    uint64_t target, ckpt_callsite_visit *visit,
				    void *context)
{
	struct search search = {.object = object,
				.image = ckpt_code_object_image(object),
				.target = target,
				.visit = visit,
				.context = context};
	enum ckpt_status status = CKPT_OK;
	const struct ckpt_segment *segments;
	size_t count;

	search.is_fixed = ckpt_image_type(search.image) == ET_EXEC;
	segments = ckpt_image_segments(search.image, &count);
	for (size_t i = 0; i < count && !status; i++)
		status = search_segment(&search, &segments[i]);
	return status;
}
