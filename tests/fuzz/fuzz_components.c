/* SPDX-License-Identifier: MIT */
/* Any bytes as the components of a key. */
#include "shim/common/components.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ckpt_component c;
	struct ckpt_reader reader;
	static volatile uint64_t sum;

	ckpt_reader_init(&reader, data, size);
	while (!ckpt_component_next(&reader, &c)) {
		for (uint32_t i = 0; i < c.path_size; i++)
			sum += (uint8_t)c.path[i];
		for (uint32_t i = 0; i < c.data_size; i++)
			sum += c.data[i];
		if (c.form == CKPT_COMPONENT_BLOCKS && !c.block_size)
			abort();
	}
	(void)sum;
	return 0;
}
