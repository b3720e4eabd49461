/* SPDX-License-Identifier: MIT */
#include "shim/runtime/calls/relative.h"

enum { BITMAP_WORDS = 63 }; /* that one odd entry of DT_RELR speaks of */

/* An even entry is the address of a word; an odd one tells by its bits which
 * of the words that follow the last one. */
static enum ckpt_status visit_packed(const struct ckpt_dynamic *dynamic,
				     ckpt_relative_visit *visit, void *context)
{
	enum ckpt_status status = CKPT_OK;
	uint64_t *next = NULL;

	for (size_t i = 0; i < dynamic->relr_count && !status; i++) {
		uint64_t entry = dynamic->relrs[i];

		if (!(entry & 1)) {
			next = (uint64_t *)(dynamic->base + entry);
			status = visit(context, next++);
			continue;
		}
		for (int bit = 0; next && bit < BITMAP_WORDS && !status; bit++)
			if (entry >> (bit + 1) & 1)
				status = visit(context, next + bit);
		if (next)
			next += BITMAP_WORDS;
	}
	return status;
}

enum ckpt_status ckpt_relative_each(const struct ckpt_dynamic *dynamic,
				    ckpt_relative_visit *visit, void *context)
{
	enum ckpt_status status = CKPT_OK;

	/* They stand before the others, if the linker counted them. */
	for (size_t i = 1; i <= dynamic->relative_count && !status; i++) {
		const Elf64_Rela *rela = dynamic->relas - i;

		status = visit(context,
			       (uint64_t *)(dynamic->base + rela->r_offset));
	}
	return status ? status : visit_packed(dynamic, visit, context);
}
