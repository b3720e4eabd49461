/* SPDX-License-Identifier: MIT */
#ifndef CKPT_COMMON_MEASURETABLE_H
#define CKPT_COMMON_MEASURETABLE_H

/*
 * What `ckpt init --measure` counts: one sparse file that the command makes,
 * every process of the program maps shared, and the command reads at the end.
 * So threads, forked children and the programs they execute add up by
 * themselves, and a process that is killed loses nothing.
 *
 *   header   4 KiB
 *   rows     one per function, found by the hash of its name and object
 *   keys     a set of hashes of keys that were seen; bounded: what finds no
 *            place counts as new
 *
 * Rows are claimed by a compare and swap and filled by whoever claimed them;
 * counters are added to atomically. Times are ticks of the processor's time
 * stamp counter where that runs evenly, else nanoseconds: the header says
 * which, the command finds out how many ticks a second has.
 *
 * Creating and reading: set-up world. Adding to counters and noting keys: hot
 * path, any thread.
 */

#include "shim/common/hash.h"
#include "shim/common/status.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	CKPT_MEASURE_ROWS = 1 << 13,
	CKPT_MEASURE_KEYS = 1 << 20,
	CKPT_MEASURE_NAME_SIZE = 256,
	CKPT_MEASURE_REASON_SIZE = 256,
};

enum ckpt_measure_flag {
	/* A contract describes it: keys are computed. */
	CKPT_MEASURE_CONTRACT = 1u << 0,
	/* It is called so often and so shortly that only samples are timed. */
	CKPT_MEASURE_SAMPLED = 1u << 1,
	/* Its types are known, from debug info. */
	CKPT_MEASURE_TYPED = 1u << 2,
};

struct ckpt_measure_row {
	uint64_t id; /* hash of name and object; 0: free */
	uint32_t flags;
	uint32_t classes; /* impure functions entered meanwhile (impure.h) */
	uint64_t calls;
	uint64_t timed; /* of them: returned, with their time taken */
	/* Ticks of outermost calls, added up over threads, without what ckpt
	 * itself took. Of these: outside measured functions called from it;
	 * inside another function that has a contract; of `usable` calls, which
	 * could have been stored as far as was seen. */
	uint64_t ticks, own_ticks, covered_ticks, usable_ticks;
	uint64_t usable;
	/* Of a sampled function: ticks of calls before it was, and of samples
	 * so long that they stand for themselves alone (the thread lost the
	 * processor, or a rare call). */
	uint64_t rare_ticks;
	/* Ticks during which some thread was in it, and how many are now. */
	uint64_t wall_ticks, wall_start;
	int64_t running;
	/* With a contract. */
	uint64_t keyed;		 /* calls whose key could be computed */
	uint64_t repeated;	 /* of them: with a key that was seen before */
	uint64_t repeated_ticks; /* that these took */
	uint64_t key_ticks;	 /* for computing all keys */
	uint64_t bypassed;	 /* by the contract itself (bypass_if) */
	uint64_t refused;	 /* why: `reason` of the first */
	uint64_t impure;	 /* calls that entered an impure function */
	uint64_t effects_size;	 /* bytes that records of the new keys have */
	char name[CKPT_MEASURE_NAME_SIZE];
	char object[CKPT_MEASURE_NAME_SIZE]; /* path of what defines it */
	char impure_name[64];
	char reason[CKPT_MEASURE_REASON_SIZE];
};

struct ckpt_measure_header {
	uint8_t magic[8];
	uint32_t version;
	uint32_t has_tsc;      /* ticks are of the time stamp counter */
	uint64_t ticks_per_us; /* roughly */
	struct ckpt_hash_secret secret;
	/* Functions that were left out because there was no room for them. */
	uint64_t left_out;
	uint64_t processes; /* that were measured */
};

struct ckpt_measuretable {
	struct ckpt_measure_header *header;
	struct ckpt_measure_row *rows; /* CKPT_MEASURE_ROWS */
	uint64_t *keys;		       /* CKPT_MEASURE_KEYS */
};

/* Make the file at `path`, which must not exist, and map it. */
enum ckpt_status ckpt_measuretable_create(const char *path,
					  struct ckpt_measuretable *ret,
					  struct ckpt_err *err) CKPT_MUST_CHECK;
/* Map it. IO: there is none, or it is not one of this version. */
enum ckpt_status
ckpt_measuretable_open(const char *path,
		       struct ckpt_measuretable *ret) CKPT_MUST_CHECK;
void ckpt_measuretable_close(struct ckpt_measuretable *table);

/* The row of a function, claimed now or before, by whatever process; NULL: all
 * are taken. */
struct ckpt_measure_row *
ckpt_measuretable_row(const struct ckpt_measuretable *table, const char *name,
		      const char *object);

/* Was this key of the row's function noted before? Notes it. */
bool ckpt_measuretable_note(const struct ckpt_measuretable *table,
			    const struct ckpt_measure_row *row,
			    struct ckpt_hash128 key);

static inline void ckpt_measure_add(uint64_t *counter, uint64_t amount)
{
	(void)__atomic_fetch_add(counter, amount, __ATOMIC_RELAXED);
}

/* The clock of the table. */
uint64_t ckpt_measuretable_now(const struct ckpt_measuretable *table);

#endif
