/* SPDX-License-Identifier: MIT */
#ifndef CKPT_CONFIG_KEYS_H
#define CKPT_CONFIG_KEYS_H

/*
 * Every key that a config may have, by table, and whether this version does
 * what it says: the one place to look at, and to change when it does.
 * Set-up world.
 */

#include "config/value.h"

enum ckpt_section {
	CKPT_SECTION_ROOT,
	CKPT_SECTION_CACHE,
	CKPT_SECTION_FUNCTION, /* and [defaults] */
	CKPT_SECTION_TYPE,
	CKPT_SECTION_COUNT
};

/* The keys of a table, in the order they are documented. */
const struct ckpt_key *ckpt_keys(enum ckpt_section section, size_t *ret_count);

/* What a table is, where the rules for its keys differ. */
enum ckpt_table_kind {
	CKPT_TABLE_CONFIG,   /* as the user wrote it */
	CKPT_TABLE_DEFAULTS, /* without what names one function */
	CKPT_TABLE_LIBRARY,  /* descriptions only */
};

/* A message for each key of `table` that may not stand there, with the nearest
 * one that may; a note (if `notes` is not NULL) for each that is not enforced.
 */
void ckpt_keys_check(enum ckpt_section section, enum ckpt_table_kind kind,
		     const struct ckpt_toml *table,
		     const struct ckpt_document *document,
		     struct ckpt_messages *messages,
		     struct ckpt_messages *notes);

/* A message for each list or table at the top of a document that is none. */
void ckpt_keys_check_shape(const struct ckpt_document *document,
			   struct ckpt_messages *messages);

/* Read the keys of `table` into the section's struct. */
void ckpt_keys_read(enum ckpt_section section, const struct ckpt_toml *table,
		    const struct ckpt_document *document,
		    struct ckpt_messages *messages, void *to);
void ckpt_keys_free(enum ckpt_section section, void *of);

#endif
