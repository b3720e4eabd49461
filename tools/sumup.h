/* SPDX-License-Identifier: MIT */
#ifndef CKPT_TOOLS_SUMUP_H
#define CKPT_TOOLS_SUMUP_H

/*
 * What many misses of one function have in common: how many of them differ in
 * which argument, global or piece of code, whatever the element or value.
 */

#include "shim/common/status.h"

#include <stddef.h>

struct ckpt_sumup_item {
	char *what;   /* "prob->x", "global: counter in libx.so" */
	size_t count; /* of the misses */
};

/* Zero-initialise. */
struct ckpt_sumup {
	struct ckpt_sumup_item *items; /* in the order first met */
	size_t count;
	size_t compared; /* misses */
};

/* Another miss, by the lines that tell its differences (why.h). */
enum ckpt_status ckpt_sumup_add(struct ckpt_sumup *sum,
				const char *lines) CKPT_MUST_CHECK;
void ckpt_sumup_deinit(struct ckpt_sumup *sum);

/* The name of the global that an item is about, as ignore_globals wants it;
 * NULL: it is about something else. */
const char *ckpt_sumup_global(const struct ckpt_sumup_item *item);

#endif
