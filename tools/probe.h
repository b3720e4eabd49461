/* SPDX-License-Identifier: MIT */
#ifndef CKPT_TOOLS_PROBE_H
#define CKPT_TOOLS_PROBE_H

/*
 * Configs to look at a program with that has none yet: all contract libraries
 * in use, so that what they say of functions and types holds.
 */

#include "config/config.h"
#include "shim/common/buf.h"
#include "tools/shelf.h"

/* `names` (NULL-terminated) as functions. */
void ckpt_probe_names(const struct ckpt_shelf *shelf, char *const *names,
		      struct ckpt_buf *out);
/* To measure, or to list: every function that a library describes, and by
 * their entries those with debug info. */
void ckpt_probe_all(const struct ckpt_shelf *shelf, struct ckpt_buf *out);

/* Load such a text, by a file that does not stay. */
enum ckpt_status ckpt_probe_load(const struct ckpt_buf *text,
				 struct ckpt_config **ret,
				 struct ckpt_err *err) CKPT_MUST_CHECK;

#endif
