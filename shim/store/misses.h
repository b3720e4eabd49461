/* SPDX-License-Identifier: MIT */
#ifndef CKPT_STORE_MISSES_H
#define CKPT_STORE_MISSES_H

/*
 * The misses of the newest run, of all its processes: the reading side of
 * misslog.h. Set-up world, for the command.
 */

#include "shim/common/status.h"
#include "shim/store/misslog.h"

#include <stddef.h>

/* A call that missed. */
struct ckpt_miss {
	char name[96];
	char object[64];
	struct ckpt_hash128 key;
	int64_t time_ns; /* CLOCK_REALTIME */
	uint64_t duration_ns;
	enum ckpt_miss_cause cause;
	enum ckpt_miss_end end;
	char reason[232]; /* why it was not stored, or "" */
};

/* Why calls of a function, also such as were never looked up, were not
 * stored. */
struct ckpt_miss_reason {
	char name[96];
	char object[64];
	uint64_t count;
	char text[232];
};

struct ckpt_misses {
	struct ckpt_miss *items; /* oldest first */
	size_t count;
	uint64_t forgotten_count; /* older ones that there was no room for */
	struct ckpt_miss_reason *reasons;
	size_t reason_count;
	int64_t started_ns; /* first look-up of the run; 0: there is no run */
};

/* NOTFOUND: there is no store. */
enum ckpt_status ckpt_misses_read(const char *store_directory,
				  struct ckpt_misses *ret,
				  struct ckpt_err *err) CKPT_MUST_CHECK;
void ckpt_misses_deinit(struct ckpt_misses *misses);

#endif
