/* SPDX-License-Identifier: MIT */
#include "shim/planner/elf/image.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ckpt_image *image;
	size_t count;
	const struct ckpt_symbol *symbols;

	if (ckpt_image_open_memory("fuzz", data, size, &image, NULL))
		return 0;
	symbols = ckpt_image_dynamic_symbols(image, &count);
	for (size_t i = 0; i < count; i++) {
		(void)ckpt_image_match(image, symbols[i].name,
				       symbols[i].version);
		(void)ckpt_image_section_at(image, symbols[i].vaddr);
		(void)ckpt_image_bytes(image, symbols[i].vaddr,
				       symbols[i].size);
	}
	ckpt_image_close(image);
	return 0;
}
