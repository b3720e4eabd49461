/* SPDX-License-Identifier: MIT */
#ifndef CKPT_STORE_RUNS_H
#define CKPT_STORE_RUNS_H

/*
 * The files of v1/runs/, one for each process that counted (stats.h), read
 * and checked: what tally.h and misses.h have in common. Set-up world, for the
 * command.
 */

#include "shim/store/statsfile.h"

#include <stdbool.h>

struct ckpt_run_file {
	char name[CKPT_STATS_FILE_NAME_SIZE];
	struct ckpt_stats_header header;
	const uint8_t *data; /* rows and names; owned by the list */
	/* A copy, or NULL: no miss, or none that could be noted. */
	const struct ckpt_misslog *log;
	bool is_gone; /* no process counts in it any more */
};

struct ckpt_runs {
	struct ckpt_run_file *files;
	size_t count;
};

/* Read the file `name` in the directory `runs` and add it; one that cannot be
 * read is passed over. */
void ckpt_runs_add(struct ckpt_runs *list, int runs, const char *name);
void ckpt_runs_deinit(struct ckpt_runs *list);

/* The file of the process that began to count last, or NULL. */
const struct ckpt_run_file *ckpt_runs_newest(const struct ckpt_runs *list);
/* Are they of one tree of processes (runid.h)? */
bool ckpt_run_file_is_with(const struct ckpt_run_file *a,
			   const struct ckpt_run_file *b);

/* Row `index` of a file, which has so many. */
void ckpt_run_file_row(const struct ckpt_run_file *file, size_t index,
		       struct ckpt_counters *ret_counters,
		       struct ckpt_stats_names *ret_names);

/* A whole file of at most 256 MiB; NULL if it cannot be read. The caller
 * frees. */
uint8_t *ckpt_runs_read_whole(int fd, size_t *ret_size);

#endif
