/* SPDX-License-Identifier: MIT */
#ifndef CKPT_CONFIG_STRINGS_H
#define CKPT_CONFIG_STRINGS_H

/* A list of strings that owns them. Zero-initialise. Set-up world. */

#include "shim/common/status.h"

#include <stddef.h>

struct ckpt_strings {
	char **items;
	size_t count;
};

/* Takes `text`, also on failure; NULL is NOMEM. */
enum ckpt_status ckpt_strings_add(struct ckpt_strings *strings,
				  char *text) CKPT_MUST_CHECK;
void ckpt_strings_deinit(struct ckpt_strings *strings);

#endif
