/* SPDX-License-Identifier: MIT */
#ifndef CKPT_COMMON_COMPONENTS_H
#define CKPT_COMMON_COMPONENTS_H

/*
 * What a key was made of, item by item, as an entry keeps it: enough to tell
 * which argument, global or piece of code made a call miss, without keeping
 * the inputs themselves.
 *
 *   component := kind u8, form u8, path size u16, element size u32,
 *                size u64, path, then by form
 *     INLINE   the `size` bytes themselves (at most 16)
 *     DIGEST   16 bytes, keyed
 *     BLOCKS   block size u64, count u32, count × 8 bytes, keyed: one for
 *              each `block size` bytes
 *     TYPED    count u32, type size u16, type (typecode.h), the first `count`
 *              bytes themselves, those that do not count as zeroes
 *     EXTENT   number u32 in the effects stream, node u32, type size u16, type;
 *              no type if it was told before for this node
 *
 * TYPED is for small values and for inputs that the user wants kept, EXTENT
 * for outputs.
 *
 * Little-endian, unaligned. Reading is bounds-checked; hot path.
 */

#include "shim/common/buf.h"

enum ckpt_component_kind {
	CKPT_COMPONENT_MORE,	  /* the list was cut here */
	CKPT_COMPONENT_PROGRAM,	  /* types and contract */
	CKPT_COMPONENT_CODE,	  /* identity of the code */
	CKPT_COMPONENT_FP,	  /* rounding, masks, precision */
	CKPT_COMPONENT_AROUND,	  /* a variable, a file, CPU, locale … */
	CKPT_COMPONENT_PRE,	  /* an expression before the call */
	CKPT_COMPONENT_PARAMETER, /* a value, or memory it leads to */
	CKPT_COMPONENT_GLOBAL,
	CKPT_COMPONENT_OUTPUT, /* no part of the key: names and types */
	CKPT_COMPONENT_SECRET, /* an output not to be shown */
	CKPT_COMPONENT_KIND_COUNT
};

enum ckpt_component_form {
	CKPT_COMPONENT_INLINE,
	CKPT_COMPONENT_DIGEST,
	CKPT_COMPONENT_BLOCKS,
	CKPT_COMPONENT_TYPED,
	CKPT_COMPONENT_EXTENT,
	CKPT_COMPONENT_FORM_COUNT
};

enum {
	CKPT_COMPONENT_INLINE_MAX = 16,
	CKPT_COMPONENT_BLOCKS_MAX = 64,
	CKPT_COMPONENT_HEAD_SIZE = 16,
	CKPT_COMPONENTS_MAX = 64 << 10, /* bytes of all of them */
};

struct ckpt_component {
	enum ckpt_component_kind kind;
	enum ckpt_component_form form;
	const char *path; /* not terminated */
	uint16_t path_size;
	uint32_t element_size; /* 0 where there are no elements */
	uint64_t size;	       /* of the input, in bytes */
	uint64_t block_size;
	uint32_t block_count;
	uint32_t number; /* of an EXTENT */
	uint32_t node;
	uint16_t type_size;
	const uint8_t *type;
	const uint8_t *data; /* bytes, digest, or block digests */
	uint32_t data_size;
};

/* The next one; NOTFOUND at the end. Points into the reader's data. */
enum ckpt_status
ckpt_component_next(struct ckpt_reader *reader,
		    struct ckpt_component *ret) CKPT_MUST_CHECK;

/* The fixed part of `component` as it is written. */
void ckpt_component_head(const struct ckpt_component *component,
			 uint8_t ret[CKPT_COMPONENT_HEAD_SIZE]);

#endif
