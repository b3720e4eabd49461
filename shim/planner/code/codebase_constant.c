/* SPDX-License-Identifier: MIT */
#include "shim/planner/code/codebase_private.h"

#include <stdlib.h>
#include <string.h>

static enum ckpt_status add_anchor(struct ckpt_codebase_member *member,
				   uint64_t vaddr)
{
	if (ckpt_code_object_place(member->code, vaddr) != CKPT_AT_CONST)
		return CKPT_OK;
	if (member->anchor_count == member->anchor_capacity) {
		size_t capacity = member->anchor_capacity
					  ? member->anchor_capacity * 2
					  : 256;
		uint64_t *grown =
			reallocarray(member->anchors, capacity, sizeof(*grown));

		if (!grown)
			return CKPT_NOMEM;
		member->anchors = grown;
		member->anchor_capacity = capacity;
	}
	member->anchors[member->anchor_count++] = vaddr;
	return CKPT_OK;
}

/* Does a thing of its own begin where `ref` points? What is loaded at its
 * natural alignment is a constant; what ends with a string is followed by
 * something else. A place inside another string or table is none. */
static bool is_anchor(const struct ckpt_image *image,
		      const struct ckpt_ref *ref)
{
	const uint8_t *before = ckpt_image_bytes(image, ref->vaddr - 1, 1);

	switch (ref->kind) {
	case CKPT_REF_TABLE:
		return true;
	case CKPT_REF_ACCESS:
		return ref->size >= 4 && ref->vaddr % ref->size == 0;
	case CKPT_REF_ADDRESS:
		return !before || *before == 0 || ref->vaddr % 16 == 0;
	default:
		return false;
	}
}

static bool is_relative(const struct ckpt_code_object *code,
			struct ckpt_extent extent)
{
	const uint8_t *bytes = ckpt_image_bytes(ckpt_code_object_image(code),
						extent.vaddr, extent.size);

	if (!bytes || extent.size < 4 || extent.size % 4 != 0)
		return false;
	for (uint64_t i = 0; i < extent.size; i += 4) {
		int32_t distance;
		uint64_t target;
		enum ckpt_code_place place;

		memcpy(&distance, bytes + i, sizeof(distance));
		target = extent.vaddr + (uint64_t)(int64_t)distance;
		place = ckpt_code_object_place(code, target);
		if ((place != CKPT_AT_CONST && place != CKPT_AT_CODE) ||
		    target - extent.vaddr < extent.size)
			return false;
	}
	return true;
}

bool ckpt_codebase_is_relative(struct ckpt_codebase *base, uint32_t object,
			       struct ckpt_extent extent)
{
	const struct ckpt_code_object *code;

	return !ckpt_codebase_object(base, object, &code, NULL) &&
	       is_relative(code, extent);
}

/* What the distances in a table of them lead to. */
static enum ckpt_status add_table_anchors(struct ckpt_codebase_member *member,
					  uint64_t vaddr)
{
	const struct ckpt_image *image = ckpt_code_object_image(member->code);
	struct ckpt_extent extent;
	enum ckpt_status status = CKPT_OK;

	if (!ckpt_code_object_variable(member->code, vaddr, &extent) ||
	    extent.vaddr != vaddr || !is_relative(member->code, extent))
		return CKPT_OK;
	for (uint64_t i = 0; !status && i < extent.size; i += 4) {
		struct ckpt_ref ref = {.kind = CKPT_REF_ADDRESS};
		int32_t distance;

		memcpy(&distance, ckpt_image_bytes(image, vaddr + i, 4), 4);
		ref.vaddr = vaddr + (uint64_t)(int64_t)distance;
		if (is_anchor(image, &ref))
			status = add_anchor(member, ref.vaddr);
	}
	return status;
}

static int compare_addresses(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static enum ckpt_status add_code_anchors(struct ckpt_codebase *base,
					 uint32_t object,
					 const struct ckpt_image *image)
{
	struct ckpt_codebase_member *member = &base->members[object];
	size_t count = ckpt_code_object_function_count(member->code);
	enum ckpt_status status = CKPT_OK;

	for (size_t i = 0; !status && i < count; i++) {
		struct ckpt_code_extent extent =
			ckpt_code_object_function_at(member->code, i);
		const struct ckpt_code_function *function;

		status = ckpt_codebase_function(base, object, extent.vaddr,
						&function);
		if (status == CKPT_NOTFOUND) {
			status = CKPT_OK;
			continue;
		}
		for (size_t k = 0; !status && k < function->ref_count; k++) {
			const struct ckpt_ref *ref = &function->refs[k];

			if (is_anchor(image, ref))
				status = add_anchor(member, ref->vaddr);
			if (!status && ref->kind == CKPT_REF_ADDRESS &&
			    (function->facts & CKPT_CODE_RELATIVE))
				status = add_table_anchors(member, ref->vaddr);
		}
	}
	return status;
}

static enum ckpt_status find_anchors(struct ckpt_codebase *base,
				     uint32_t object)
{
	struct ckpt_codebase_member *member = &base->members[object];
	const struct ckpt_image *image = ckpt_code_object_image(member->code);
	const struct ckpt_relocation *relocations;
	const struct ckpt_symbol *symbols;
	size_t count;
	enum ckpt_status status;

	if (member->has_anchors)
		return CKPT_OK;
	status = add_code_anchors(base, object, image);
	symbols = ckpt_code_object_symbols(member->code, &count);
	for (size_t i = 0; !status && i < count; i++)
		if (symbols[i].shndx != SHN_UNDEF && symbols[i].type != STT_TLS)
			status = add_anchor(member, symbols[i].vaddr);
	relocations = ckpt_image_relocations(image, &count);
	for (size_t i = 0; !status && i < count; i++) {
		struct ckpt_ref ref = {.kind = CKPT_REF_ADDRESS,
				       .vaddr =
					       (uint64_t)relocations[i].addend};

		if (relocations[i].type == R_X86_64_RELATIVE &&
		    is_anchor(image, &ref))
			status = add_anchor(member, ref.vaddr);
	}
	if (status)
		return status;
	if (member->anchor_count > 0)
		qsort(member->anchors, member->anchor_count,
		      sizeof(*member->anchors), compare_addresses);
	member->has_anchors = true;
	return CKPT_OK;
}

static uint64_t next_anchor(const struct ckpt_codebase_member *member,
			    uint64_t vaddr, uint64_t end)
{
	size_t low = 0, high = member->anchor_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (member->anchors[middle] <= vaddr)
			low = middle + 1;
		else
			high = middle;
	}
	return low < member->anchor_count && member->anchors[low] < end
		       ? member->anchors[low]
		       : end;
}

/* Something without a name in [vaddr, end): at least up to the first NUL, and
 * without zeroes behind it that only fill up. */
static struct ckpt_extent trim(const struct ckpt_image *image, uint64_t vaddr,
			       uint64_t anchor, uint64_t end)
{
	const uint8_t *bytes = ckpt_image_bytes(image, vaddr, end - vaddr);
	const uint8_t *nul;
	uint64_t size = anchor - vaddr;

	if (!bytes)
		return (struct ckpt_extent){vaddr, end - vaddr};
	nul = memchr(bytes, '\0', end - vaddr);
	if (!nul)
		return (struct ckpt_extent){vaddr, end - vaddr};
	if (size < (uint64_t)(nul - bytes) + 1)
		size = (uint64_t)(nul - bytes) + 1;
	while (size > 1 && bytes[size - 1] == 0 && bytes[size - 2] == 0)
		size--;
	return (struct ckpt_extent){vaddr, size};
}

enum ckpt_status ckpt_codebase_constant(struct ckpt_codebase *base,
					uint32_t object, uint64_t vaddr,
					struct ckpt_extent *ret,
					bool *ret_is_whole)
{
	struct ckpt_codebase_member *member = &base->members[object];
	const struct ckpt_code_object *code;
	struct ckpt_extent region;
	uint64_t end;
	enum ckpt_status status =
		ckpt_codebase_object(base, object, &code, NULL);

	if (status)
		return status;
	*ret_is_whole = false;
	if (ckpt_code_object_variable(code, vaddr, ret))
		return CKPT_OK;
	if (!ckpt_code_object_region(code, vaddr, &region))
		return CKPT_NOTFOUND;
	if (!ckpt_code_object_is_labelled(code)) {
		*ret_is_whole = true;
		*ret = region;
		return CKPT_OK;
	}
	status = find_anchors(base, object);
	if (status)
		return status;
	end = region.vaddr + region.size;
	*ret = trim(ckpt_code_object_image(code), vaddr,
		    next_anchor(member, vaddr, end), end);
	return CKPT_OK;
}
