/* SPDX-License-Identifier: MIT */
#include "shim/planner/code/codehash_private.h"

#include <string.h>

/*
 * A waiver says that the result does not depend on what a variable holds by
 * the time of a call. It says nothing of what a library was built with: the
 * waived section of a Fortran library holds its constant tables, too.
 */

/* The bytes as in the file, but for words that the loader relocates: where
 * things are does not count. */
static void hash_initial(struct ckpt_hasher *hasher,
			 const struct ckpt_image *image,
			 const struct ckpt_closure_global *global,
			 const uint8_t *bytes)
{
	static const uint8_t zeroes[sizeof(uint64_t)];
	uint64_t end = global->vaddr + global->size, from = global->vaddr;
	const struct ckpt_relocation *relocations;
	size_t count, i;

	relocations = ckpt_image_relocations(image, &count);
	i = ckpt_image_relocation_from(image, from);
	for (; i < count && relocations[i].vaddr < end; i++) {
		uint64_t word = relocations[i].vaddr;

		if (word < from || end - word < sizeof(zeroes))
			continue;
		ckpt_hasher_update(hasher, bytes + (from - global->vaddr),
				   word - from);
		ckpt_hasher_update(hasher, zeroes, sizeof(zeroes));
		from = word + sizeof(zeroes);
	}
	ckpt_hasher_update(hasher, bytes + (from - global->vaddr), end - from);
}

void ckpt_report_hash_waived(struct ckpt_report *report)
{
	struct ckpt_closure *closure = report->closure;
	struct ckpt_hasher hasher;
	size_t hashed = 0;

	ckpt_hasher_init(&hasher, NULL);
	ckpt_hasher_update(&hasher, &closure->digest, sizeof(closure->digest));
	for (size_t i = 0; i < closure->global_count; i++) {
		const struct ckpt_closure_global *global = &closure->globals[i];
		const struct ckpt_image *image = ckpt_scope_image(
			report->graph->scope, global->object, NULL);
		const uint8_t *bytes = NULL;

		if (image && global->is_scratch && !global->is_tls)
			bytes = ckpt_image_bytes(image, global->vaddr,
						 global->size);
		if (!bytes)
			continue;
		hash_initial(&hasher, image, global, bytes);
		hashed++;
	}
	if (hashed)
		closure->digest = ckpt_hasher_final(&hasher);
}
