/* SPDX-License-Identifier: MIT */
#ifndef CKPT_PLANNER_DWARF_TYPE_H
#define CKPT_PLANNER_DWARF_TYPE_H

/*
 * Type entries (DWARF5 chapter 5) to types. Records are completed breadth
 * first by ckpt_dwarf_types_finish(), so graphs may be cyclic and deep. What C
 * does not have becomes CKPT_TYPE_OTHER with its name. In the child only, see
 * dwarf_die.h.
 */

#include "shim/planner/signature/dwarf_die.h"
#include "shim/planner/types/type.h"

struct ckpt_dwarf_types;

/* `is_cxx`: names are C++ names ("ns::foo"), not "struct foo". */
struct ckpt_dwarf_types *ckpt_dwarf_types_create(struct ckpt_dies *dies,
						 struct ckpt_types *types,
						 bool is_cxx);

/* The type of entry `die`; VOID for no entry. Never NULL; a failure is in the
 * status of dies. Records may be incomplete until finish. */
struct ckpt_type *ckpt_dwarf_types_get(struct ckpt_dwarf_types *t,
				       struct ckpt_die die);
/* The type that DW_AT_type of `die` (or of what it completes) says. */
struct ckpt_type *ckpt_dwarf_types_of(struct ckpt_dwarf_types *t,
				      struct ckpt_die die);
void ckpt_dwarf_types_finish(struct ckpt_dwarf_types *t);

#endif
