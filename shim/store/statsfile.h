/* SPDX-License-Identifier: MIT */
#ifndef CKPT_STORE_STATSFILE_H
#define CKPT_STORE_STATSFILE_H

/*
 * The formats behind stats.h, shared by the writing side in the target
 * (stats.c) and the reading side in the command (tally.c).
 */

#include "shim/store/stats.h"

#include <stdint.h>

#define CKPT_STATS_MAGIC "ckptstat"
#define CKPT_STATS_SUM_MAGIC "ckptsums"

enum {
	CKPT_STATS_FORMAT = 1,
	CKPT_STATS_FUNCTIONS_MAX = 1 << 16,
	CKPT_STATS_FILE_NAME_SIZE = 48,
};

/* v1/runs/<pid>-<random>: this, `function_count` struct ckpt_counters, as many
 * struct ckpt_stats_names; in a process that missed, from the next page on,
 * a struct ckpt_misslog. */
struct ckpt_stats_header {
	uint8_t magic[8];
	uint32_t format;
	uint32_t function_count;
	uint64_t pid;
	uint64_t start;	    /* of the process, as in runid.h */
	uint64_t run_pid;   /* of the run */
	uint64_t run_start; /* of the run */
	int64_t opened_ns;  /* CLOCK_REALTIME at the first look-up */
	uint64_t checksum;  /* ckpt_hash64 of what stands before */
};

struct ckpt_stats_names {
	char name[96];
	char object[64];
};

/* Size of a file without its log of misses, and where that begins. */
static inline uint64_t ckpt_stats_rows_end(uint64_t function_count)
{
	return sizeof(struct ckpt_stats_header) +
	       function_count * (sizeof(struct ckpt_counters) +
				 sizeof(struct ckpt_stats_names));
}

static inline uint64_t ckpt_stats_log_off(uint64_t function_count)
{
	return (ckpt_stats_rows_end(function_count) + 4095) & ~(uint64_t)4095;
}

/* v1/stats: this, `file_count` names of files in runs/ that are in the sum
 * (char[CKPT_STATS_FILE_NAME_SIZE] each), `line_count` struct
 * ckpt_tally_line. */
struct ckpt_stats_sum_header {
	uint8_t magic[8];
	uint32_t format;
	uint32_t file_count;
	uint64_t line_count;
	uint64_t checksum; /* ckpt_hash64 of all that follows */
};

#endif
