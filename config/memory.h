/* SPDX-License-Identifier: MIT */
#ifndef CKPT_CONFIG_MEMORY_H
#define CKPT_CONFIG_MEMORY_H

/*
 * A `memory` table of a config: paths and their clauses. Set-up world.
 */

#include "config/contract.h"
#include "config/document.h"
#include "config/messages.h"

/* Append the contracts of `table` to the array. A path that is there already,
 * said by a layer of higher precedence, is left away; one that the table names
 * twice is a mistake. */
void ckpt_memory_read(const struct ckpt_toml *table,
		      const struct ckpt_document *document,
		      struct ckpt_messages *messages,
		      struct ckpt_contract **contracts, size_t *count);
void ckpt_memory_free(struct ckpt_contract *contracts, size_t count);

#endif
