/* SPDX-License-Identifier: MIT */
#ifndef CKPT_STORE_MISSLOG_H
#define CKPT_STORE_MISSLOG_H

/*
 * The last misses of a process and the reasons why calls were not stored, in
 * the part of its statistics file (stats.h) that is made at its first miss.
 * Read by misses.h.
 *
 * Misses are a ring; reasons are few, each is kept once and counted. Any
 * number of threads and forked children write at once, without a lock: a miss
 * has its own checksum, made last, so that one that was torn by a crash or
 * overwritten meanwhile is no miss; of reasons only those count that are
 * marked ready.
 *
 * Hot path of a miss; nothing here is ever called on a hit.
 */

#include "shim/common/hash.h"

#include <stdbool.h>
#include <stdint.h>

enum { CKPT_MISSLOG_MISSES = 256, CKPT_MISSLOG_REASONS = 32 };

/* Why the call was not served. */
enum ckpt_miss_cause {
	CKPT_MISS_NO_ENTRY,
	CKPT_MISS_RERUN,   /* the user wants it run */
	CKPT_MISS_EXPIRED, /* the entry is older than max_age */
	/* The entry leaves open what the call does to errno or FP flags as
	 * they were. */
	CKPT_MISS_OUTCOME,
	CKPT_MISS_DAMAGED, /* the entry could not be read or replayed */
	CKPT_MISS_CAUSE_COUNT
};

enum ckpt_miss_end {
	CKPT_MISS_OPEN, /* it has not returned (yet) */
	CKPT_MISS_STORED,
	CKPT_MISS_NOT_STORED, /* `reason` says why */
	CKPT_MISS_END_COUNT
};

struct ckpt_misslog_miss {
	struct ckpt_hash128 key;
	uint64_t number;      /* from 1 */
	int64_t time_ns;      /* CLOCK_REALTIME */
	uint64_t duration_ns; /* of the call, once it has returned */
	uint32_t row;	      /* of the function in its file */
	uint8_t cause;	      /* enum ckpt_miss_cause */
	uint8_t end;	      /* enum ckpt_miss_end */
	uint16_t reason;      /* number of one, 0: none */
	uint64_t checksum;    /* ckpt_hash64 of what stands before */
	uint64_t reserved;
};

struct ckpt_misslog_reason {
	uint64_t id;	/* of the reason in this process */
	uint64_t count; /* of calls; 0: of as many as its row says passed by */
	uint32_t row;
	uint32_t is_ready;
	char text[232];
};

struct ckpt_misslog {
	uint64_t miss_count;   /* so far: the newest are there */
	uint64_t reason_count; /* may exceed what there is room for */
	uint64_t reserved[6];
	struct ckpt_misslog_reason reasons[CKPT_MISSLOG_REASONS];
	struct ckpt_misslog_miss misses[CKPT_MISSLOG_MISSES];
};

/* A call of function `row` missed; the miss' number, for _end(). */
uint64_t ckpt_misslog_note(struct ckpt_misslog *log, uint32_t row,
			   struct ckpt_hash128 key, enum ckpt_miss_cause cause);
/* That call returned. Nothing if so many have missed since then that its place
 * is taken. */
void ckpt_misslog_end(struct ckpt_misslog *log, uint64_t number,
		      uint64_t duration_ns, enum ckpt_miss_end end,
		      uint16_t reason);

/* Count one more for the reason `id` of `row`; its number, 0: it is not known
 * yet, or there was no room for it. */
uint16_t ckpt_misslog_count(struct ckpt_misslog *log, uint32_t row, uint64_t id,
			    uint64_t count);
/* A new one, with a count; the text is cut to fit. 0: no room. */
uint16_t ckpt_misslog_add(struct ckpt_misslog *log, uint32_t row, uint64_t id,
			  uint64_t count, const char *text);
/* Is there room for another reason? */
bool ckpt_misslog_has_room(const struct ckpt_misslog *log);

/* Is this slot a whole miss among the last ones, and may its members be
 * believed? For readers of a copy. */
bool ckpt_misslog_is_miss(const struct ckpt_misslog *log,
			  const struct ckpt_misslog_miss *miss);

#endif
