/* SPDX-License-Identifier: MIT */
#ifndef CKPT_PLANNER_CDECL_RECORD_H
#define CKPT_PLANNER_CDECL_RECORD_H

/*
 * struct, union and enum specifiers (C11 6.7.2.1, 6.7.2.2), from the keyword
 * on, with or without a body. Part of cdecl.
 */

#include "shim/planner/types/cdecl_token.h"

struct ckpt_type *ckpt_cdecl_read_record(struct ckpt_cdecl *p);
struct ckpt_type *ckpt_cdecl_read_enum(struct ckpt_cdecl *p);

#endif
