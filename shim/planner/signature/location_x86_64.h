/* SPDX-License-Identifier: MIT */
#ifndef CKPT_PLANNER_LOCATION_X86_64_H
#define CKPT_PLANNER_LOCATION_X86_64_H

/*
 * Does a prototype from debug info tell the truth? Compilers change the
 * prototypes of functions that only they call (gcc: IPA-SRA, constant
 * propagation; clang: dead argument elimination, argument promotion) and leave
 * the old one in the debug info. Where a parameter is at entry gives it away:
 * it must be where the ABI says a parameter of its type is. Set-up world.
 */

#include "shim/planner/signature/dwarf.h"

/* UNSUPPORTED: it does not; err says which parameter, and where it was found.
 * `is_exported`: other objects can call it, so no compiler may have changed
 * it; a parameter without a location is then only one that is not used. */
enum ckpt_status ckpt_location_check(struct ckpt_types *types,
				     const struct ckpt_dwarf_function *function,
				     const char *symbol, bool is_exported,
				     struct ckpt_err *err) CKPT_MUST_CHECK;

#endif
