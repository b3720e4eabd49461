/* SPDX-License-Identifier: MIT */
#ifndef CKPT_RUNTIME_ACCOUNT_H
#define CKPT_RUNTIME_ACCOUNT_H

/*
 * What becomes known of calls: counters of the statistics, the log of misses
 * for `ckpt why`, and what the user is told, once per function and cause.
 *
 * Hot path; on a hit only CKPT_COUNT. Without statistics nothing is counted or
 * logged, and still told.
 */

#include "shim/runtime/memo.h"

/* A call that missed. */
struct ckpt_account_miss {
	uint64_t number;      /* in the log (misslog.h); 0: it is not there */
	uint64_t duration_ns; /* of the original, once it has returned */
};

/* The row of `function`, or NULL. */
static inline struct ckpt_counters *
ckpt_account_row(const struct ckpt_memo *memo,
		 const struct ckpt_memo_function *function)
{
	struct ckpt_stats *stats =
		__atomic_load_n(&memo->stats, __ATOMIC_ACQUIRE);

	return stats ? ckpt_stats_row(stats, function->stats_row) : NULL;
}

#define CKPT_COUNT(memo, function, member, n)                        \
	do {                                                         \
		struct ckpt_counters *row_ =                         \
			ckpt_account_row((memo), (function));        \
		if (row_)                                            \
			(void)__atomic_fetch_add(&row_->member, (n), \
						 __ATOMIC_RELAXED);  \
	} while (0)

/* Something that should have worked did not. */
void ckpt_account_error(struct ckpt_memo *memo,
			const struct ckpt_memo_function *function,
			const char *cause, enum ckpt_status status);

/* A call of `function` was not found under `key`, or not fit to be served. */
void ckpt_account_missed(struct ckpt_memo *memo,
			 const struct ckpt_memo_function *function,
			 struct ckpt_hash128 key, enum ckpt_miss_cause cause,
			 struct ckpt_account_miss *ret);
void ckpt_account_stored(struct ckpt_memo *memo,
			 const struct ckpt_memo_function *function,
			 const struct ckpt_account_miss *miss);
/* It will not be found the next time either; `why` must never die. */
void ckpt_account_unstored(struct ckpt_memo *memo,
			   const struct ckpt_memo_function *function,
			   const struct ckpt_account_miss *miss,
			   const char *why);
/* The call was refused, before it was looked up (`miss` NULL) or when it was to
 * be recorded. */
void ckpt_account_refused(struct ckpt_memo *memo,
			  struct ckpt_memo_function *function,
			  const struct ckpt_call *call,
			  const struct ckpt_account_miss *miss);
/* `count` calls of a function that does not pay were left alone. */
void ckpt_account_passed(struct ckpt_memo *memo,
			 const struct ckpt_memo_function *function,
			 uint64_t count);

#endif
