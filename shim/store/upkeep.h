/* SPDX-License-Identifier: MIT */
#ifndef CKPT_STORE_UPKEEP_H
#define CKPT_STORE_UPKEEP_H

/*
 * What the command does to a store as a whole, while programs go on using it.
 * Set-up world; waits for the store's lock, five seconds at most.
 */

#include "shim/store/evict.h"
#include "shim/store/store.h"

struct ckpt_upkeep {
	uint64_t removed_count; /* entries */
	uint64_t freed_size;	/* bytes */
	uint64_t count;		/* entries there are now */
	uint64_t size;		/* bytes they take */
};

/* Remove every entry. */
enum ckpt_status ckpt_upkeep_clear(const struct ckpt_store *store,
				   struct ckpt_upkeep *ret,
				   struct ckpt_err *err) CKPT_MUST_CHECK;

/* Bring the store inside the limits, remove what nothing points at, count
 * anew. */
enum ckpt_status ckpt_upkeep_collect(const struct ckpt_store *store,
				     const struct ckpt_evict_limits *limits,
				     struct ckpt_upkeep *ret,
				     struct ckpt_err *err) CKPT_MUST_CHECK;

#endif
