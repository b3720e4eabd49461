/* SPDX-License-Identifier: MIT */
#ifndef CKPT_STORE_TALLY_H
#define CKPT_STORE_TALLY_H

/*
 * The counters of all processes of a store, summed: the reading side of
 * stats.h. Set-up world, for the command.
 */

#include "shim/store/stats.h"

struct ckpt_tally_line {
	char name[96];
	char object[64];
	int64_t day; /* of UTC, from 1970; 0 in sums over days */
	struct ckpt_counters counters;
};

/* Sum per (name, object) over everything, or over the newest run; functions
 * for which nothing was counted are left out. NOTFOUND:
 * there is no store. The caller frees *ret. */
enum ckpt_status ckpt_tally_read(const char *store_directory, int last_run_only,
				 struct ckpt_tally_line **ret,
				 size_t *ret_count,
				 struct ckpt_err *err) CKPT_MUST_CHECK;

/* Sum per (name, object, day), oldest day first. */
enum ckpt_status ckpt_tally_read_days(const char *store_directory,
				      struct ckpt_tally_line **ret,
				      size_t *ret_count,
				      struct ckpt_err *err) CKPT_MUST_CHECK;

/* Move the counters of processes that are gone, and not of the newest run,
 * into the sum. The readers above do it where the store can be written. */
enum ckpt_status ckpt_tally_fold(const char *store_directory,
				 struct ckpt_err *err) CKPT_MUST_CHECK;

#endif
