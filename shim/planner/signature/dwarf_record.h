/* SPDX-License-Identifier: MIT */
#ifndef CKPT_PLANNER_DWARF_RECORD_H
#define CKPT_PLANNER_DWARF_RECORD_H

/*
 * Members of structs, unions and classes (DWARF5 5.7). Three steps, because a
 * member's type may be complete only when all are read: read (names, places,
 * types), settle (alignment, bit-fields, what psABI calls trivial), align
 * (arrays, which take the alignment of their elements). Part of dwarf_type.
 */

#include "shim/planner/signature/dwarf_die.h"
#include "shim/planner/signature/dwarf_type.h"

/* The name of a type entry: "struct foo", or in C++ "ns::foo"; `tag` NULL: a
 * typedef. NULL if it has none. In the arena. */
const char *ckpt_dwarf_record_name(struct ckpt_dies *dies,
				   struct ckpt_types *types,
				   struct ckpt_die die, const char *tag,
				   bool is_cxx);

void ckpt_dwarf_record_read(struct ckpt_dies *dies, struct ckpt_types *types,
			    struct ckpt_dwarf_types *t, struct ckpt_die die,
			    struct ckpt_type *type);
void ckpt_dwarf_record_settle(struct ckpt_type *type);
void ckpt_dwarf_record_align(struct ckpt_type *type);

#endif
