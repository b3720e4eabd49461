/* SPDX-License-Identifier: MIT */
/* Any bytes as the payload of an entry, and of one with inputs, told in words
 * and as JSON. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "tools/recordtext.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void tell(FILE *file, const struct ckpt_recorded *recorded)
{
	struct ckpt_json json = {.file = file};
	struct ckpt_buf out = {.size = 0};

	ckpt_recordtext_print(file, "values", recorded);
	ckpt_json_begin_object(&json, NULL);
	ckpt_recordtext_json(&json, "values", recorded);
	ckpt_json_end_object(&json);
	for (size_t i = 1; i < recorded->count; i++)
		if (ckpt_recordtext_compare(&recorded->values[i - 1],
					    &recorded->values[i], &out) &&
		    !out.size)
			abort();
	ckpt_buf_deinit(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ckpt_recorded recorded;
	char *text = NULL;
	size_t length = 0;
	FILE *file = open_memstream(&text, &length);

	if (!file)
		abort();
	if (!ckpt_recorded_outputs(data, size, &recorded)) {
		tell(file, &recorded);
		ckpt_recorded_deinit(&recorded);
	}
	if (!ckpt_recorded_inputs(data, size, &recorded)) {
		tell(file, &recorded);
		ckpt_recorded_deinit(&recorded);
	}
	(void)fclose(file);
	free(text);
	return 0;
}
