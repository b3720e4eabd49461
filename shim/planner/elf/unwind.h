/* SPDX-License-Identifier: MIT */
#ifndef CKPT_PLANNER_UNWIND_H
#define CKPT_PLANNER_UNWIND_H

/*
 * .eh_frame: where functions begin and end in objects without symbols, and
 * what their exception tables say (LSB core, "Exception Frames"; Itanium C++
 * ABI, "Exception Handling Tables"). Set-up world.
 */

#include "shim/planner/elf/image.h"

struct ckpt_unwind_entry {
	uint64_t vaddr, size; /* of the code */
	uint64_t lsda;	      /* its exception table, or 0 */
};

/* All entries by address; the array is the caller's. An object without
 * .eh_frame has none. What is malformed ends the list (is_partial). */
enum ckpt_status ckpt_unwind_read(const struct ckpt_image *image,
				  struct ckpt_unwind_entry **ret,
				  size_t *ret_count,
				  bool *ret_is_partial) CKPT_MUST_CHECK;

enum { CKPT_LSDA_TYPES_MAX = 256 };

/* An exception table: bytes that do not depend on where it stands, and the
 * types it catches (0: all). */
struct ckpt_lsda {
	uint64_t vaddr, size;
	/* Each type's description by filter or, if is_indirect, the word that
	 * points to it. */
	uint64_t types[CKPT_LSDA_TYPES_MAX];
	bool is_indirect;
	size_t type_count;
};

/* UNSUPPORTED: encodings that compilers do not use, or malformed. */
enum ckpt_status ckpt_unwind_read_lsda(const struct ckpt_image *image,
				       uint64_t vaddr,
				       struct ckpt_lsda *ret) CKPT_MUST_CHECK;

#endif
