/* SPDX-License-Identifier: MIT */
#ifndef CKPT_CONFIG_MESSAGES_H
#define CKPT_CONFIG_MESSAGES_H

/*
 * Collects what is wrong with a config, so that all of it is told in one go:
 * lines "FILE:LINE:COLUMN: message", each once, however often the value that
 * it is about is looked at. Set-up world.
 */

#include "config/expr.h"
#include "shim/common/buf.h"

#include <stdbool.h>

/* Zero-initialise; deinit frees. */
struct ckpt_messages {
	struct ckpt_buf lines; /* each with its '\n' */
	size_t count;
	bool is_nomem;
};

void ckpt_messages_deinit(struct ckpt_messages *messages);

/* Add a line unless it is there already. */
void ckpt_messages_add(struct ckpt_messages *messages,
		       const struct ckpt_place *place, const char *format, ...)
	CKPT_PRINTF(3, 4);
/* Add a text that has its place already, as other modules' errors do. A
 * status of NOMEM is kept as such. */
void ckpt_messages_add_err(struct ckpt_messages *messages,
			   const struct ckpt_err *err);
void ckpt_messages_nomem(struct ckpt_messages *messages);

/* OK without messages; else INVALID (or NOMEM), and err has the lines: as many
 * as fit, then how many more there are. */
enum ckpt_status ckpt_messages_status(const struct ckpt_messages *messages,
				      struct ckpt_err *err) CKPT_MUST_CHECK;

#endif
