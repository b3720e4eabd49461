/* SPDX-License-Identifier: MIT */
#ifndef CKPT_TOOLS_WHY_H
#define CKPT_TOOLS_WHY_H

/*
 * Why two calls of one function have different keys: their components
 * (components.h) side by side.
 */

#include "shim/common/buf.h"
#include "shim/common/components.h"

/* The components in the payload of an entry (payload.h). NOTFOUND: it has
 * none. */
enum ckpt_status ckpt_why_components(const void *payload, size_t size,
				     struct ckpt_reader *ret) CKPT_MUST_CHECK;

/* How many components of `mine` and `other` differ; for each a line about how
 * `mine` does, if `out` is not NULL: "prob->x[12][0..63]: differs". BADDATA:
 * one of them cannot be read to its end. */
enum ckpt_status ckpt_why_compare(const struct ckpt_reader *mine,
				  const struct ckpt_reader *other,
				  struct ckpt_buf *out,
				  size_t *ret_count) CKPT_MUST_CHECK;

#endif
