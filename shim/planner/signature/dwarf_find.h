/* SPDX-License-Identifier: MIT */
#ifndef CKPT_PLANNER_DWARF_FIND_H
#define CKPT_PLANNER_DWARF_FIND_H

/*
 * The entry of a function, a variable or a type, by address or by name. In
 * the child only, see dwarf_die.h.
 */

#include "shim/planner/signature/dwarf_die.h"

/* The definition of the function that begins at `vaddr`. `name` (a symbol)
 * decides where several functions were folded into one. NOTFOUND: none.
 * UNSUPPORTED: several, and none of that name. */
enum ckpt_status ckpt_dwarf_find_function(struct ckpt_dies *dies,
					  uint64_t vaddr, const char *name,
					  struct ckpt_die *ret,
					  struct ckpt_err *err) CKPT_MUST_CHECK;

/* The definition of an external function of this name that has no code of its
 * own. */
enum ckpt_status ckpt_dwarf_find_folded(struct ckpt_dies *dies,
					const char *name, struct ckpt_die *ret,
					struct ckpt_err *err) CKPT_MUST_CHECK;

/* Any entry of a function with this (linkage) name, be it a declaration. */
enum ckpt_status
ckpt_dwarf_find_declaration(struct ckpt_dies *dies, const char *name,
			    struct ckpt_die *ret,
			    struct ckpt_err *err) CKPT_MUST_CHECK;

/* The variable at `vaddr`. */
enum ckpt_status ckpt_dwarf_find_variable(struct ckpt_dies *dies,
					  uint64_t vaddr, struct ckpt_die *ret,
					  struct ckpt_err *err) CKPT_MUST_CHECK;

/* The complete type `name` ("struct foo", "foo"), in unit `near` if it is
 * there, else in any. */
enum ckpt_status ckpt_dwarf_find_type(struct ckpt_dies *dies,
				      struct ckpt_die near, const char *name,
				      struct ckpt_die *ret,
				      struct ckpt_err *err) CKPT_MUST_CHECK;

/* Is `die` called `name`, by its linkage name or else its own? */
bool ckpt_dwarf_is_named(struct ckpt_dies *dies, struct ckpt_die die,
			 const char *name);

#endif
