/* SPDX-License-Identifier: MIT */
#ifndef CKPT_TOOLS_SUGGEST_H
#define CKPT_TOOLS_SUGGEST_H

/*
 * What a prototype lets one guess about its pointers, for people to confirm: a
 * type never says how far a pointer reaches, so nothing of this is ever taken
 * without being looked at.
 */

#include "shim/common/buf.h"
#include "shim/planner/signature.h"

/* Append a commented line of a `memory` table for each pointer of `signature`,
 * its result included. Returns how many. */
size_t ckpt_suggest_memory(const struct ckpt_signature *signature,
			   struct ckpt_buf *out);

#endif
