/* SPDX-License-Identifier: MIT */
#ifndef CKPT_STORE_REBUILD_H
#define CKPT_STORE_REBUILD_H

/*
 * The index made again from what is there: segments and files in big/. Also
 * how the index of a new store is made. System calls, no malloc.
 */

#include "shim/store/index.h"
#include "shim/store/segment.h"

/* Open the store's index. If there is none, or it is damaged, make one; that
 * needs a store that can be written. Any status but OK: there is no index, the
 * store works with files only. */
enum ckpt_status
ckpt_rebuild_open(struct ckpt_index *index, const struct ckpt_layout *layout,
		  struct ckpt_segments *segments) CKPT_MUST_CHECK;

/* Make it again although there is one, and map it. The caller holds the
 * store's lock. */
enum ckpt_status
ckpt_rebuild_index(struct ckpt_index *index, const struct ckpt_layout *layout,
		   struct ckpt_segments *segments) CKPT_MUST_CHECK;

/* The next slot from `find->position` on that is surely the key's. Hot path. */
bool ckpt_rebuild_find(const struct ckpt_index *index,
		       struct ckpt_segments *segments, struct ckpt_hash128 key,
		       struct ckpt_index_find *find);

/* Point the index at `location` for `key`, in place of what it has for it.
 * *ret_old is that, or 0. False: no room. Hot path. */
bool ckpt_rebuild_point(const struct ckpt_index *index,
			struct ckpt_segments *segments, struct ckpt_hash128 key,
			uint64_t location, uint64_t *ret_old);

#endif
