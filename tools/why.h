/* SPDX-License-Identifier: MIT */
#ifndef CKPT_TOOLS_WHY_H
#define CKPT_TOOLS_WHY_H

/*
 * Why two calls of one function have different keys: their components
 * (components.h) side by side.
 */

#include "shim/common/buf.h"
#include "shim/common/components.h"
#include "tools/recorded.h"

/* The components in the payload of an entry (payload.h). NOTFOUND: it has
 * none. */
enum ckpt_status ckpt_why_components(const void *payload, size_t size,
				     struct ckpt_reader *ret) CKPT_MUST_CHECK;

/* Components taken apart; they point into what they were read from. */
struct ckpt_why_list {
	struct ckpt_component *items;
	size_t count;
};
/* BADDATA: they cannot be read to their end. */
enum ckpt_status ckpt_why_list_read(const struct ckpt_reader *components,
				    struct ckpt_why_list *ret) CKPT_MUST_CHECK;
void ckpt_why_list_deinit(struct ckpt_why_list *list);

/* How many components of `mine` and `other` differ; anything above `limit` if
 * they are more than that. */
size_t ckpt_why_count(const struct ckpt_why_list *mine,
		      const struct ckpt_why_list *other, size_t limit);
/* What is known besides the components. */
struct ckpt_why_more {
	/* The inputs of both, where they were kept. */
	struct ckpt_recorded mine, other;
	/* Lines about how the code differs, or NULL. */
	const char *code;
};
/* A line for each about how `mine` does: "prob->x[12][0..63]: differs"; with
 * both inputs, "prob->x[12][3].value: 1.5, was 2.5". */
void ckpt_why_describe(const struct ckpt_why_list *mine,
		       const struct ckpt_why_list *other,
		       const struct ckpt_why_more *more, struct ckpt_buf *out);

/* What a component is about, "global: tolerance", and what is kept of it:
 * "400 bytes, digest 12345678…". */
void ckpt_why_name(const struct ckpt_component *component,
		   struct ckpt_buf *out);
void ckpt_why_content(const struct ckpt_component *component,
		      struct ckpt_buf *out);

#endif
