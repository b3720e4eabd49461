/* SPDX-License-Identifier: MIT */
#ifndef CKPT_STORE_STATS_H
#define CKPT_STORE_STATS_H

/*
 * Counters per function and process, kept in a shared file of the store so
 * that a killed process loses nothing; folded and read by the command.
 *
 * A process opens its counters at its first look-up (set-up world); counting
 * is a plain increment of shared memory, hot path. A forked child opens its
 * own. Processes of one tree belong to one run: that of the topmost ancestor
 * that has libckpt.so loaded.
 */

#include "shim/common/status.h"

#include <stddef.h>
#include <stdint.h>

/* One function in one process (in memory), or a sum (from the command). */
struct ckpt_counters {
	uint64_t hits;
	uint64_t misses;
	uint64_t stored;
	uint64_t bypassed;
	uint64_t refused;
	uint64_t errors;
	uint64_t saved_ns; /* recorded durations minus time spent on hits */
	uint64_t spent_ns; /* our own time where it was measured */
};

struct ckpt_stats; /* this process' counters */

/* `function_count` rows, named by `names` and `objects` (file names). */
enum ckpt_status ckpt_stats_open(const char *store_directory,
				 const char *const *names,
				 const char *const *objects,
				 size_t function_count, struct ckpt_stats **ret,
				 struct ckpt_err *err) CKPT_MUST_CHECK;
void ckpt_stats_close(struct ckpt_stats *stats);
/* The row of function `index`: never NULL, lives until close. */
struct ckpt_counters *ckpt_stats_row(struct ckpt_stats *stats, size_t index);

struct ckpt_stats_line {
	char name[96];
	char object[64];
	struct ckpt_counters counters;
};

/* Sum per (name, object) over everything, or over the newest run. The caller
 * frees *ret. */
enum ckpt_status ckpt_stats_read(const char *store_directory, int last_run_only,
				 struct ckpt_stats_line **ret,
				 size_t *ret_count,
				 struct ckpt_err *err) CKPT_MUST_CHECK;

#endif
