/* SPDX-License-Identifier: MIT */
#include "shim/planner/elf/identity.h"

struct stretch {
	const uint8_t *from, *to;
};

/* Hash [from, to) without what `hole` has of it. */
static void add_without(struct ckpt_hasher *hasher, struct stretch all,
			struct stretch hole)
{
	if (hole.from >= all.to || hole.to <= all.from) {
		ckpt_hasher_update(hasher, all.from,
				   (size_t)(all.to - all.from));
		return;
	}
	if (hole.from > all.from)
		ckpt_hasher_update(hasher, all.from,
				   (size_t)(hole.from - all.from));
	if (hole.to < all.to)
		ckpt_hasher_update(hasher, hole.to, (size_t)(all.to - hole.to));
}

struct ckpt_hash128 ckpt_identity_of_image(const struct ckpt_image *image)
{
	struct ckpt_hasher hasher;
	size_t count, file_size, id_size;
	const struct ckpt_segment *segments =
		ckpt_image_segments(image, &count);
	const uint8_t *file = ckpt_image_file(image, &file_size);
	const uint8_t *id = ckpt_image_build_id(image, &id_size);
	struct stretch hole = {id, id ? id + id_size : NULL};

	ckpt_hasher_init(&hasher, NULL);
	for (size_t i = 0; i < count; i++) {
		const struct ckpt_segment *segment = &segments[i];
		struct stretch all = {file + segment->file_off,
				      file + segment->file_off +
					      segment->file_size};
		uint64_t shape[4] = {segment->vaddr, segment->file_size,
				     segment->mem_size, segment->flags};

		ckpt_hasher_update(&hasher, shape, sizeof(shape));
		if (segment->file_off < sizeof(Elf64_Ehdr) &&
		    segment->file_size >= sizeof(Elf64_Ehdr))
			all.from = file + sizeof(Elf64_Ehdr);
		add_without(&hasher, all, hole);
	}
	return ckpt_hasher_final(&hasher);
}
