/* SPDX-License-Identifier: MIT */
#ifndef CKPT_STORE_WALK_H
#define CKPT_STORE_WALK_H

/*
 * All entries of a store, one after the other: first those in segments, then
 * files. Set-up world, for the command. Processes may go on using the store;
 * what they put meanwhile may be met or not.
 */

#include "shim/store/index.h"
#include "shim/store/path.h"
#include "shim/store/scan.h"
#include "shim/store/store.h"

struct ckpt_walk_entry {
	struct ckpt_hash128 key;
	struct ckpt_entry_info info;
	uint64_t size; /* on disk */
	uint64_t payload_size;
	bool is_file;	    /* one of big/ */
	bool is_used;	    /* hit since it was put or last looked at */
	uint64_t hit_count; /* about, see mark.h; 0 without an index */
	const void *bytes;  /* the record, verified; NULL if not read */
	uint64_t slot;	    /* its number in the index; bucket * WAYS + way */
	uint64_t location;  /* see index.h */
};

struct ckpt_walk {
	const struct ckpt_layout *layout;
	const struct ckpt_index *index;
	bool reads_files; /* verify files too, and give their bytes */
	/* counts so far */
	uint64_t damaged_count; /* files that are no entries */
	uint64_t dead_count;	/* records that were removed or replaced */
	uint64_t orphan_count;	/* files that no slot points at */
	uint64_t skipped_size;	/* bytes in segments that are no records */
	uint64_t done_size;
	uint64_t total_size;
	/* private */
	unsigned id;
	unsigned dir;
	bool is_scanning;
	bool is_listing;
	struct ckpt_scan scan;
	struct ckpt_path_list list;
	uint8_t *file;
	uint64_t file_size;
};

void ckpt_walk_open(struct ckpt_walk *walk, const struct ckpt_store *store,
		    bool reads_files);
void ckpt_walk_close(struct ckpt_walk *walk);
/* False at the end. What *ret points at is valid until the next call. */
bool ckpt_walk_next(struct ckpt_walk *walk, struct ckpt_walk_entry *ret);

#endif
