/* SPDX-License-Identifier: MIT */
#ifndef CKPT_BENCH_BACKEND_H
#define CKPT_BENCH_BACKEND_H

/*
 * What bench_store compares: ways to keep a value under a key of 128 bits.
 * Each hit leaves the value in memory of the caller, warm from the last one.
 */

#include "shim/common/hash.h"
#include "shim/store/store.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bench_load {
	const char *directory; /* empty, the backend's own */
	size_t count;	       /* entries to come, at most */
	size_t size;	       /* bytes of a value */
};

struct bench_backend {
	const char *name;
	/* NULL: it cannot be used here. */
	void *(*open)(const struct bench_load *load);
	bool (*put)(void *state, struct ckpt_hash128 key, const void *value,
		    size_t size);
	/* Bytes of the value, and its first eight; 0: not there. NULL: there
	 * is no such operation. */
	size_t (*get)(void *state, struct ckpt_hash128 key, uint64_t *word);
	void (*close)(void *state);
};

/* backend_bare.c: what the machine allows. */
/* One write after the other to one file, with a checksum: puts only. */
extern const struct bench_backend bench_log;
/* A hash table in a mapped file, slots of 32 bytes; nothing is verified. */
extern const struct bench_backend bench_limit;
/* Slots of 8 bytes, records that say as much as ours, verified. */
extern const struct bench_backend bench_dense;
/* A file for each value, in 16 directories. */
extern const struct bench_backend bench_file;

/* backend_ckpt.c; the entry that is handed out is the copy. */
extern const struct bench_backend bench_ckpt;
/* Ends the program if that fails. */
struct ckpt_store *bench_open_store(const char *directory);

/* backend_neighbours.c: what people know; not durable either. */
extern const struct bench_backend bench_lmdb;
extern const struct bench_backend bench_sqlite;
extern const struct bench_backend bench_redis;

/* On ext4: directories below it lie in block groups of their own, as at the
 * top of a disk. ext4 gives no inode again for a minute, and looks at all that
 * were deleted in a group before it takes a new one. */
void bench_spread(const char *directory);
/* Memory that a virtual machine has not touched comes from its host, at many
 * times the price: get some before it counts. */
void bench_touch_memory(void);

/* Memory for the largest value, and as much behind it as a protocol needs. */
enum { BENCH_VALUE_MAX = 64 << 20, BENCH_SPARE = 256 };
extern uint8_t *bench_copy;

#endif
