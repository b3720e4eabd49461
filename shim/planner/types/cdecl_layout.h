/* SPDX-License-Identifier: MIT */
#ifndef CKPT_PLANNER_CDECL_LAYOUT_H
#define CKPT_PLANNER_CDECL_LAYOUT_H

/*
 * Where the members of a struct or union go: psABI 3.1.2 ("Aggregates and
 * Unions", "Bit-Fields") and, for packed and aligned, what gcc and clang do.
 * Part of cdecl. Set-up world.
 */

#include "shim/planner/types/type.h"

struct ckpt_cdecl_member {
	const char *name; /* "" for an anonymous struct or a bare bit-field */
	struct ckpt_type *type;
	bool is_bits;
	uint64_t bit_size;
	bool is_packed;
	uint32_t alignment; /* asked for by aligned(N); 0 = none */
};

/* Set fields, size and alignment of `type`, a STRUCT or UNION. `alignment` is
 * what aligned(N) on the whole asks for, 0 = none. BADDATA: too large. */
enum ckpt_status ckpt_cdecl_layout(struct ckpt_types *types,
				   struct ckpt_type *type,
				   const struct ckpt_cdecl_member *members,
				   size_t count, bool is_packed,
				   uint32_t alignment) CKPT_MUST_CHECK;

#endif
