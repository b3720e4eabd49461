/* SPDX-License-Identifier: MIT */
/* The payload of two entries, one behind the other, compared. */
#include <stdint.h>
#include <stdlib.h>

#include "tools/why.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void compare(const struct ckpt_reader *mine,
		    const struct ckpt_reader *other)
{
	const struct ckpt_why_more more = {.code = NULL};
	struct ckpt_why_list mine_list = {0}, other_list = {0};
	struct ckpt_buf out = {.size = 0};

	if (!ckpt_why_list_read(mine, &mine_list) &&
	    !ckpt_why_list_read(other, &other_list)) {
		ckpt_why_describe(&mine_list, &other_list, &more, &out);
		if (!ckpt_why_count(&mine_list, &other_list, SIZE_MAX) !=
		    !out.size)
			abort();
	}
	ckpt_why_list_deinit(&mine_list);
	ckpt_why_list_deinit(&other_list);
	ckpt_buf_deinit(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ckpt_reader mine, other;

	/* Components as they are, cut anywhere in the middle. */
	ckpt_reader_init(&mine, data, size / 2);
	ckpt_reader_init(&other, data + size / 2, size - size / 2);
	compare(&mine, &other);
	if (!ckpt_why_components(data, size, &mine))
		compare(&mine, &mine);
	return 0;
}
