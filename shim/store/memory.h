/* SPDX-License-Identifier: MIT */
#ifndef CKPT_STORE_MEMORY_H
#define CKPT_STORE_MEMORY_H

/*
 * Entries of big/ that this process has asked for more than once, as copies in
 * memory of our own: verified when they were read, and good as long as the
 * file of their name is the same one. (Records in segments are read from the
 * page cache through a mapping, which is no slower.)
 *
 * Bounded in bytes. Lock-free: an entry is counted while it is out, and only
 * one that is not out makes room for another. Hot path. A forked child has its
 * own copies; what was out at the fork stays for good.
 */

#include "shim/store/io.h"
#include "shim/store/store.h"

#include <sys/stat.h>

enum {
	CKPT_MEMORY_SETS = 16,
	CKPT_MEMORY_WAYS = 4,
	CKPT_MEMORY_SLOTS = CKPT_MEMORY_SETS * CKPT_MEMORY_WAYS,
	CKPT_MEMORY_SEEN = 256,
	CKPT_MEMORY_SIZE = 32 << 20, /* bytes, if nobody says otherwise */
	/* Tokens of entries begin here; those of the pool lie outside. */
	CKPT_MEMORY_TOKEN = CKPT_POOL_SLOTS,
};

struct ckpt_memory_slot {
	uint32_t state;	  /* 0: empty; 1: changing; 2 + n: n are out */
	uint32_t used_at; /* a count of uses, to find the oldest */
	struct ckpt_hash128 key;
	dev_t dev;
	ino_t inode;
	struct timespec modified;
	size_t size; /* of the record */
	uint8_t *data;
	size_t payload_off;
	int64_t created_s;
	uint64_t duration_ns;
} __attribute__((aligned(64)));

/* Zero-initialise but for the limit. */
struct ckpt_memory {
	uint64_t limit; /* bytes; 0: keep nothing */
	uint64_t size;
	uint32_t use_count;
	uint64_t seen[CKPT_MEMORY_SEEN]; /* keys asked for once */
	struct ckpt_memory_slot slots[CKPT_MEMORY_SLOTS];
};

/* Nothing may be out. */
void ckpt_memory_deinit(struct ckpt_memory *memory);

/* The entry of `key`, if it was read from the file that `st` describes. Give it
 * back by ckpt_memory_give(). */
bool ckpt_memory_take(struct ckpt_memory *memory, struct ckpt_hash128 key,
		      const struct stat *st, struct ckpt_entry *ret);
/* False: this token is not ours. */
bool ckpt_memory_give(struct ckpt_memory *memory, size_t token);

/* `entry` was read from that file: keep a copy, if it is not the first time. */
void ckpt_memory_keep(struct ckpt_memory *memory, struct ckpt_hash128 key,
		      const struct stat *st, const struct ckpt_entry *entry);

#endif
