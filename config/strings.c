/* SPDX-License-Identifier: MIT */
#include "config/strings.h"

#include <stdlib.h>

enum ckpt_status ckpt_strings_add(struct ckpt_strings *strings, char *text)
{
	char **items = NULL;

	if (text)
		items = reallocarray(strings->items, strings->count + 1,
				     sizeof *items);
	if (!items) {
		free(text);
		return CKPT_NOMEM;
	}
	items[strings->count++] = text;
	strings->items = items;
	return CKPT_OK;
}

void ckpt_strings_deinit(struct ckpt_strings *strings)
{
	for (size_t i = 0; i < strings->count; i++)
		free(strings->items[i]);
	free(strings->items);
	*strings = (struct ckpt_strings){0};
}
