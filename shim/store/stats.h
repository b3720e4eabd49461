/* SPDX-License-Identifier: MIT */
#ifndef CKPT_STORE_STATS_H
#define CKPT_STORE_STATS_H

/*
 * Counters per function and process, kept in a shared file of the store so
 * that a killed process loses nothing; read by the command (tally.h).
 *
 *     v1/runs/<pid>-<random>   one process: header, rows, names, its misses
 *     v1/stats                 the sum of processes that are gone
 *
 * A process opens its counters at its first look-up (no malloc, no stdio);
 * counting is an addition in shared memory, hot path. A forked child goes on
 * counting in its parent's file. Processes of one tree belong to one run:
 * see runid.h.
 *
 * The file of a process is written whole before it is mapped. Its header is
 * checksummed and never changes, a row is eight independent words, so that a
 * crash at any moment leaves a readable file. The sum is replaced by rename(2)
 * and names the files that are in it, so that a crash before these are
 * unlinked counts nothing twice.
 */

#include "shim/common/status.h"
#include "shim/store/misslog.h"

#include <stddef.h>
#include <stdint.h>

/* One function in one process, or a sum. */
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

/* `function_count` rows, named by `names` and `objects` (file names), in the
 * store in `store_directory`, which must exist. Names may be empty for now. */
enum ckpt_status ckpt_stats_open(const char *store_directory,
				 const char *const *names,
				 const char *const *objects,
				 size_t function_count, struct ckpt_stats **ret,
				 struct ckpt_err *err) CKPT_MUST_CHECK;
void ckpt_stats_close(struct ckpt_stats *stats);
/* For a row that was opened with an empty name or object, and has counted
 * nothing yet. */
void ckpt_stats_name_row(struct ckpt_stats *stats, size_t index,
			 const char *name, const char *object);
/* The row of function `index`: never NULL, lives until close. */
struct ckpt_counters *ckpt_stats_row(struct ckpt_stats *stats, size_t index);
/* Where misses are noted; made at the first call, with a few system calls. NULL
 * if it cannot be. */
struct ckpt_misslog *ckpt_stats_misses(struct ckpt_stats *stats);

#endif
