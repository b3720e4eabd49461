/* SPDX-License-Identifier: MIT */
#ifndef CKPT_RUNTIME_COMPONENTPUT_H
#define CKPT_RUNTIME_COMPONENTPUT_H

/*
 * Writing components (components.h) one behind the other, up to a limit of
 * bytes. Hot path of a miss: no malloc, an arena.
 */

#include "shim/common/components.h"
#include "shim/runtime/marshal/arena.h"

#include <stdbool.h>

struct ckpt_component_writer {
	struct ckpt_arena *out;
	size_t start; /* of the list in the arena */
	size_t limit; /* bytes of the list */
	bool is_full; /* it was cut, and ends with the mark of that */
};

/* Append `c`. Nothing more is written once there is no room for another and
 * the mark that the list was cut. With `ret_data`, c->data is not copied: its
 * place is zeroed and left to the caller, NULL if nothing was written. NOMEM */
enum ckpt_status ckpt_component_put(struct ckpt_component_writer *writer,
				    const struct ckpt_component *c,
				    uint8_t **ret_data) CKPT_MUST_CHECK;

#endif
