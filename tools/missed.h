/* SPDX-License-Identifier: MIT */
#ifndef CKPT_TOOLS_MISSED_H
#define CKPT_TOOLS_MISSED_H

/*
 * The misses of the last run (misses.h), each with the entry recorded before
 * it that is nearest to it: the one from which the fewest components differ,
 * also among those of lower stores.
 */

#include "shim/common/buf.h"
#include "shim/store/misses.h"
#include "shim/store/store.h"

/* A miss and what it is compared with. */
struct ckpt_missed {
	const struct ckpt_miss *miss;
	bool is_kept; /* its own result is in the store */
	bool has_nearest;
	struct ckpt_hash128 nearest;
	int64_t nearest_created_s;
	size_t difference_count;
	struct ckpt_buf components; /* its own; private */
};

struct ckpt_missed_list {
	struct ckpt_missed *items; /* oldest first */
	size_t count;
};

/* Of `function` (NULL: of all). `misses` must live as long as the list. */
enum ckpt_status ckpt_missed_find(struct ckpt_store *store,
				  const struct ckpt_misses *misses,
				  const char *function,
				  struct ckpt_missed_list *ret) CKPT_MUST_CHECK;
void ckpt_missed_deinit(struct ckpt_missed_list *list);

/* Lines about how the miss differs from its nearest entry; `directory` is the
 * store's, where lists of code are kept. */
void ckpt_missed_describe(struct ckpt_store *store, const char *directory,
			  const struct ckpt_missed *missed,
			  struct ckpt_buf *out);

#endif
