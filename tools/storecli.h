/* SPDX-License-Identifier: MIT */
#ifndef CKPT_TOOLS_STORECLI_H
#define CKPT_TOOLS_STORECLI_H

/*
 * What the commands that look into a store share: opening it, limits of the
 * config, writing sizes and ages for people, asking which entries are meant.
 */

#include "shim/store/evict.h"
#include "shim/store/store.h"
#include "shim/store/walk.h"

#include <stdbool.h>
#include <stdio.h>

/* Open the store that --config (or NULL), CKPT_CONFIG, CKPT_DIR and ckpt.toml
 * name, as it is: a command does not create one (NOTFOUND). The caller closes
 * it and frees *ret_directory. */
enum ckpt_status ckpt_storecli_open(const char *config, bool is_readonly,
				    struct ckpt_store **ret,
				    char **ret_directory,
				    struct ckpt_err *err) CKPT_MUST_CHECK;

/* To look at, with the lower stores that the config names (not where only
 * CKPT_DIR is given). */
enum ckpt_status
ckpt_storecli_open_family(const char *config, struct ckpt_store **ret,
			  char **ret_directory,
			  struct ckpt_err *err) CKPT_MUST_CHECK;

/* The limits of the config; none where only CKPT_DIR is given. */
enum ckpt_status ckpt_storecli_limits(const char *config,
				      struct ckpt_evict_limits *ret,
				      struct ckpt_err *err) CKPT_MUST_CHECK;

enum { CKPT_STORECLI_TEXT_SIZE = 24 };

/* "1.5 MB" (powers of ten), "3 d", "12.5 ms" (or "7.2 h"). */
void ckpt_storecli_size(uint64_t size, char text[CKPT_STORECLI_TEXT_SIZE]);
void ckpt_storecli_age(int64_t seconds, char text[CKPT_STORECLI_TEXT_SIZE]);
void ckpt_storecli_duration(uint64_t ns, char text[CKPT_STORECLI_TEXT_SIZE]);

/* "90", "30 s", "5m", "12 h", "7d", "2w" in seconds; false: it is neither. */
bool ckpt_storecli_parse_age(const char *text, uint64_t *ret);

/* Which entries: all of the given, those left out do not restrict. */
struct ckpt_storecli_filter {
	const char *function;
	uint64_t older_s; /* 0: any age */
	char **keys;	  /* beginnings of keys */
	int key_count;
};
bool ckpt_storecli_matches(const struct ckpt_storecli_filter *filter,
			   const struct ckpt_walk_entry *entry);
/* Keys must be beginnings of 32 hexadecimal digits: the first that is none, or
 * NULL. */
const char *ckpt_storecli_bad_key(const struct ckpt_storecli_filter *filter);

#endif
