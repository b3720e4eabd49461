/* SPDX-License-Identifier: MIT */
/* The words that calls of a matched function go through. */
#include "shim/planner/elf/match.h"

#include <string.h>

static bool is_slot_type(const struct ckpt_relocation *relocation)
{
	return relocation->type == R_X86_64_JUMP_SLOT ||
	       relocation->type == R_X86_64_GLOB_DAT ||
	       (relocation->type == R_X86_64_64 && relocation->addend == 0);
}

static bool is_named(const struct ckpt_match *match, const char *name)
{
	for (size_t i = 0; i < match->name_count; i++)
		if (!strcmp(match->names[i].name, name))
			return true;
	return false;
}

static bool is_bound(struct ckpt_scope *scope, uint32_t from,
		     const struct ckpt_symbol *reference,
		     const struct ckpt_match *match)
{
	const struct ckpt_symbol *symbol;
	uint32_t object;

	return is_named(match, reference->name) &&
	       ckpt_scope_bind(scope, from, reference, &object, &symbol) ==
		       CKPT_OK &&
	       object == match->object && symbol->vaddr == match->vaddr;
}

bool ckpt_match_is_slot(struct ckpt_scope *scope, uint32_t from,
			const struct ckpt_image *image,
			const struct ckpt_relocation *relocation,
			const struct ckpt_match *match)
{
	size_t count;
	const struct ckpt_symbol *symbols =
		ckpt_image_dynamic_symbols(image, &count);

	if (relocation->type == R_X86_64_IRELATIVE)
		return match->is_ifunc && from == match->object &&
		       (uint64_t)relocation->addend == match->vaddr;
	return is_slot_type(relocation) && relocation->symbol < count &&
	       is_bound(scope, from, &symbols[relocation->symbol], match);
}

static size_t count_object_slots(struct ckpt_scope *scope, uint32_t from,
				 const struct ckpt_image *image,
				 const struct ckpt_match *match)
{
	size_t count, slots = 0;
	const struct ckpt_relocation *relocations =
		ckpt_image_relocations(image, &count);

	for (size_t i = 0; i < count; i++)
		slots += ckpt_match_is_slot(scope, from, image, &relocations[i],
					    match);
	return slots;
}

void ckpt_match_count_slots(struct ckpt_scope *scope, struct ckpt_match *match)
{
	match->slot_count = 0;
	for (uint32_t i = 0; i < ckpt_scope_count(scope); i++) {
		const struct ckpt_image *image =
			ckpt_match_image(scope, i, NULL, NULL);

		if (image)
			match->slot_count +=
				count_object_slots(scope, i, image, match);
	}
}
