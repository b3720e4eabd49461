/* SPDX-License-Identifier: MIT */
#ifndef CKPT_PLANNER_CDECL_EXPR_H
#define CKPT_PLANNER_CDECL_EXPR_H

/*
 * Integer constant expressions of C declarations (C11 6.6): array lengths,
 * widths of bit-fields, enumeration values. 64 bits, wrapping. Part of cdecl.
 */

#include "shim/planner/types/cdecl_token.h"

/* The value of the expression at the present token; 0 after an error.
 * `read_type` parses the type name of a sizeof; NULL after an error. */
int64_t
ckpt_cdecl_constant(struct ckpt_cdecl *p,
		    struct ckpt_type *(*read_type)(struct ckpt_cdecl *p));

#endif
