/* SPDX-License-Identifier: MIT */
#ifndef CKPT_COMMON_TYPECODE_H
#define CKPT_COMMON_TYPECODE_H

/*
 * The type of a value as an entry keeps it, for showing the value to people
 * when the plan it was recorded with is long gone.
 *
 *   type  := kind u8, size u32, name size u8, name, then by kind
 *     BITS     first bit u8, count of bits u8
 *     ARRAY    count u32, stride u32, type of an element
 *     STRUCT   count u16, as many fields
 *   field := offset u32, is it conditional u8, name size u8, name, type
 *
 * Sizes are of the bytes that count. Little-endian, unaligned. Reading is
 * bounds-checked, and knows nothing of nesting: what stands behind a head is
 * the caller's to read, with a limit of depth.
 */

#include "shim/common/buf.h"

#include <stdbool.h>

enum ckpt_typecode_kind {
	CKPT_TYPECODE_BYTES, /* a number, as the name says */
	CKPT_TYPECODE_BITS,
	CKPT_TYPECODE_POINTER,
	CKPT_TYPECODE_SKIPPED, /* takes no part */
	CKPT_TYPECODE_ARRAY,
	CKPT_TYPECODE_STRUCT,
	CKPT_TYPECODE_KIND_COUNT
};

enum {
	CKPT_TYPECODE_MAX = 2048, /* bytes of one; what is larger has none */
	CKPT_TYPECODE_DEPTH_MAX = 16,
};

struct ckpt_typecode {
	enum ckpt_typecode_kind kind;
	uint32_t size;
	const char *name; /* "unsigned int"; not terminated */
	uint8_t name_size;
	uint8_t bit_off;
	uint8_t bit_size;
	uint32_t count; /* of elements or fields */
	uint32_t stride;
};

struct ckpt_typecode_field {
	uint32_t off;
	bool is_conditional; /* of a union: counts only in some calls */
	const char *name;
	uint8_t name_size;
};

enum ckpt_status ckpt_typecode_next(struct ckpt_reader *reader,
				    struct ckpt_typecode *ret) CKPT_MUST_CHECK;
/* The head of a field; its type follows. */
enum ckpt_status
ckpt_typecode_field(struct ckpt_reader *reader,
		    struct ckpt_typecode_field *ret) CKPT_MUST_CHECK;

#endif
