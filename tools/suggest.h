/* SPDX-License-Identifier: MIT */
#ifndef CKPT_TOOLS_SUGGEST_H
#define CKPT_TOOLS_SUGGEST_H

/*
 * What a prototype lets one guess about its pointers, for people to confirm: a
 * type never says how far a pointer reaches, so nothing of this is ever taken
 * without being looked at.
 */

#include "config/config.h"
#include "shim/common/buf.h"
#include "shim/planner/signature/signature.h"

/* The same for those pointers alone that a refusal of the planner calls without
 * a contract, also inside structs. */
size_t ckpt_suggest_missing(const struct ckpt_signature *signature,
			    const struct ckpt_config *config,
			    const char *refusal, struct ckpt_buf *out);

/* Append a commented line of a `memory` table for each pointer of `signature`,
 * its result included, and for those in structs that no [[type]] of `config`
 * describes. Returns for how many of `signature`. */
size_t ckpt_suggest_memory(const struct ckpt_signature *signature,
			   const struct ckpt_config *config,
			   struct ckpt_buf *out);

/* Does a contract mean this type by `name`? It may leave "struct" out. */
bool ckpt_suggest_is_type(const struct ckpt_type *type, const char *name);

#endif
