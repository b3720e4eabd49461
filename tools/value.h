/* SPDX-License-Identifier: MIT */
#ifndef CKPT_TOOLS_VALUE_H
#define CKPT_TOOLS_VALUE_H

/*
 * Values in words, by the type that an entry keeps (typecode.h).
 */

#include "shim/common/typecode.h"

/* A value without parts, inside an element. An array of chars is one. */
struct ckpt_value_leaf {
	const char *path; /* ".point.x[2]"; "" if the element is the leaf */
	struct ckpt_typecode type;
	uint64_t off; /* from the start of the element */
};

/* Call `visit` for every leaf of a type, until it returns false. BADDATA. */
enum ckpt_status ckpt_value_leaves(
	const void *type, size_t size,
	bool (*visit)(void *argument, const struct ckpt_value_leaf *leaf),
	void *argument) CKPT_MUST_CHECK;

/* Append the value of a leaf, whose type->size bytes are at `bytes`. */
void ckpt_value_text(struct ckpt_buf *out, const struct ckpt_typecode *type,
		     const uint8_t *bytes);

/* Append bytes as a C string, in quotes. */
void ckpt_value_quote(struct ckpt_buf *out, const uint8_t *bytes, size_t size);

/* Is an element of this type a character of a text? */
bool ckpt_value_is_char(const struct ckpt_typecode *type);

#endif
