/* SPDX-License-Identifier: MIT */
#ifndef CKPT_STORE_EVICT_H
#define CKPT_STORE_EVICT_H

/*
 * Keeping a store inside its limits.
 *
 * Only a process that has just put something evicts, one at a time, and gives
 * up if another is at it. Segments go as a whole, oldest first; a record that
 * was used since it was written or last looked at is appended anew (at most a
 * quarter of its segment), everything else leaves the index, and then the file
 * is unlinked: who still reads from it does so in peace. Of files in big/,
 * those unused since the last round go. Where it is the number of entries that
 * passed its limit, the oldest records leave the index, and segments that have
 * none left go. A hit pays for all this with one byte that is stored if it was
 * clear.
 *
 * Dying in the middle loses at most entries: a slot never points at a record
 * that has not been written, and one that points into an unlinked segment is a
 * miss. System calls, no malloc.
 */

#include "shim/store/index.h"
#include "shim/store/writer.h"

struct ckpt_evict_limits {
	uint64_t max_size;    /* 0: none */
	uint64_t max_entries; /* 0: none */
	uint64_t max_age_s;   /* 0: none */
};

struct ckpt_evict {
	const struct ckpt_layout *layout;
	const struct ckpt_index *index;
	struct ckpt_writer *writer;
	struct ckpt_evict_limits limits;
	int64_t now_s;
	struct ckpt_evict_limits goal; /* private: what is being reached */
	/* results */
	uint64_t removed_count;
	uint64_t kept_count; /* second chances */
	uint64_t freed_size;
};

/* Do the index's counts say that a limit is passed? */
bool ckpt_evict_is_due(const struct ckpt_index *index,
		       const struct ckpt_evict_limits *limits);

/* Down to nine tenths of each limit. The caller holds the store's lock. */
void ckpt_evict_run(struct ckpt_evict *evict);

/* Remove what nobody points at: files in big/ without a slot and in tmp/, an
 * hour old; and count anew. The caller holds the store's lock. */
void ckpt_evict_clean(struct ckpt_evict *evict);

/* Bytes of all segments and files. */
uint64_t ckpt_evict_measure(const struct ckpt_layout *layout);

/* Remove every entry. The caller holds the store's lock. */
void ckpt_evict_all(struct ckpt_evict *evict);

#endif
