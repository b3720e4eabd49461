/* SPDX-License-Identifier: MIT */
#ifndef CKPT_STORE_INDEX_H
#define CKPT_STORE_INDEX_H

/*
 * Where the entry of a key is: a hash table in a shared mapping, read and
 * changed by any number of processes without a lock.
 *
 * A bucket is a cache line: seven slots of eight bytes, seven marks for
 * eviction, and a byte that says that some entry went on to the next bucket.
 * A look-up reads one line, rarely up to four. A slot names a location and 24
 * bits of the key; the record there has the whole key and a checksum, so a
 * wrong, stale or damaged slot costs a look and never gives a wrong answer.
 *
 * A slot changes by one compare-and-swap of its eight bytes, and only after
 * its record was written: a crash leaves no half entry. All else here may be
 * lost: rebuild.h makes the index again from segments and files.
 *
 * Growth. The bucket of a key is its low bits, and the tag the bits from
 * BASE_BITS on, so that a slot holds all that a four times larger table needs.
 * One process at a time (under the store's lock) marks the old table
 * superseded, copies it, gives the new one the name, and then brings over
 * what has changed in the old one since it was copied. Who changes a slot of a
 * superseded table does so again in the one that has the name. If the process
 * dies in between, the old table is the store's index as before, or the new
 * one is, with what was copied.
 *
 * find, insert, replace, remove: hot path, no system call. open, grow: system
 * calls, no malloc.
 */

#include "shim/common/hash.h"
#include "shim/common/status.h"
#include "shim/store/layout.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define CKPT_INDEX_MAGIC "ckptindx"

enum {
	CKPT_INDEX_FORMAT = 1,
	CKPT_INDEX_BASE_BITS = 12,
	CKPT_INDEX_MAX_BITS = 30,
	CKPT_INDEX_WAYS = 7,   /* slots of a bucket */
	CKPT_INDEX_PROBES = 4, /* buckets a key may be in */
	CKPT_INDEX_HEADER_SIZE = 4096,
	CKPT_INDEX_GENERATIONS = 16,
	/* Fields of a slot, from the low end: */
	CKPT_SLOT_OFF_BITS = 22,     /* in units of 16 bytes */
	CKPT_SLOT_SEGMENT_BITS = 16, /* 0: never; all ones: a file in big/ */
	CKPT_SLOT_DISTANCE_BITS = 2, /* from its first bucket */
	CKPT_SLOT_TAG_BITS = 24,
	CKPT_SEGMENT_BIG = 0xffff,
};

/* A location: the low 38 bits of a slot, segment and offset. Never 0. */
enum { CKPT_LOCATION_BITS = CKPT_SLOT_OFF_BITS + CKPT_SLOT_SEGMENT_BITS };

static inline uint64_t ckpt_location_make(unsigned segment, uint64_t off)
{
	return (uint64_t)segment << CKPT_SLOT_OFF_BITS | off >> 4;
}

/* Of the file of `key` in big/: more bits of the key take the offset's place,
 * so that the slot is the key's without a look at the file. */
static inline uint64_t ckpt_location_make_big(struct ckpt_hash128 key)
{
	return (uint64_t)CKPT_SEGMENT_BIG << CKPT_SLOT_OFF_BITS |
	       (key.hi & ((1U << CKPT_SLOT_OFF_BITS) - 1));
}

static inline unsigned ckpt_location_segment(uint64_t location)
{
	return location >> CKPT_SLOT_OFF_BITS & 0xffff;
}

static inline uint64_t ckpt_location_off(uint64_t location)
{
	return (location & ((1U << CKPT_SLOT_OFF_BITS) - 1)) << 4;
}

struct ckpt_index_header {
	/* Written before the file has its name, never changed. */
	uint8_t magic[8];
	uint32_t format;
	uint32_t bucket_bits;
	uint64_t generation; /* random */
	uint8_t reserved[32];
	uint64_t checksum; /* ckpt_hash64 of what stands before */
	/* Every process looks at it, hardly any writes it. */
	uint32_t is_superseded;
	uint8_t padding[60];
	/* Written with every entry. Hints: what is counted wrongly (a process
	 * died between two words) is counted anew by `ckpt gc`. */
	uint64_t count;	       /* entries */
	uint64_t disk_size;    /* bytes of segments and files */
	uint64_t next_segment; /* id to try first */
	uint64_t clock_hand;   /* directory where eviction of files goes on */
};

struct ckpt_index_bucket {
	uint64_t slots[CKPT_INDEX_WAYS];
	uint8_t marks[CKPT_INDEX_WAYS]; /* use of their entries: mark.h */
	uint8_t is_overflowed;
};

/* One mapped table. Read-only where the store is. */
struct ckpt_index {
	struct ckpt_index_header *header;
	struct ckpt_index_bucket *buckets;
	uint64_t mask;
	unsigned bits;
	bool is_readonly;
	size_t size;
	dev_t dev;
	ino_t inode;
};

/* Map v1/index. NOTFOUND: there is none. BADDATA: it is damaged. */
enum ckpt_status
ckpt_index_open(struct ckpt_index *index,
		const struct ckpt_layout *layout) CKPT_MUST_CHECK;
/* Make an empty table of 2^bits buckets and map it. It has no name yet. */
struct ckpt_index_draft {
	int fd;
	char tmp_name[CKPT_LAYOUT_NAME_SIZE];
};
enum ckpt_status
ckpt_index_create(struct ckpt_index *index, const struct ckpt_layout *layout,
		  unsigned bits, struct ckpt_index_draft *ret) CKPT_MUST_CHECK;
/* Give it the name. NOTFOUND: not `is_replacing`, and there is one already.
 * Closes the draft in any case. */
enum ckpt_status ckpt_index_publish(const struct ckpt_layout *layout,
				    struct ckpt_index_draft *draft,
				    bool is_replacing) CKPT_MUST_CHECK;
void ckpt_index_close(struct ckpt_index *index);

/* Does the name still lead to this table? */
bool ckpt_index_is_current(const struct ckpt_index *index,
			   const struct ckpt_layout *layout);
/* Is the file as long as it was? If someone cut it, do not touch it again. */
bool ckpt_index_is_whole(const struct ckpt_index *index,
			 const struct ckpt_layout *layout);

/* The key's slot will be looked for soon, to be changed. */
static inline void ckpt_index_prefetch(const struct ckpt_index *index,
				       struct ckpt_hash128 key)
{
	__builtin_prefetch(&index->buckets[key.lo & index->mask], 1);
}

/* A slot that may be the key's. */
struct ckpt_index_find {
	unsigned position; /* 0 to begin with */
	uint64_t value;
	uint64_t *slot;
	uint8_t *mark;
};
/* The next such slot from `find->position` on. */
bool ckpt_index_find(const struct ckpt_index *index, struct ckpt_hash128 key,
		     struct ckpt_index_find *find);

/* Put a location into a free slot. False: all are taken. */
bool ckpt_index_insert(const struct ckpt_index *index, struct ckpt_hash128 key,
		       uint64_t location, uint8_t mark);
/* Change what was found. False: someone else has changed it. */
bool ckpt_index_replace(const struct ckpt_index_find *find, uint64_t location);
bool ckpt_index_remove(const struct ckpt_index *index,
		       const struct ckpt_index_find *find);
/* The slot of the key with exactly this location. */
bool ckpt_index_find_location(const struct ckpt_index *index,
			      struct ckpt_hash128 key, uint64_t location,
			      struct ckpt_index_find *find);

/* More than 0.6 of the slots are in use. */
bool ckpt_index_is_crowded(const struct ckpt_index *index);

/* A table four times as large takes the place of `old` and is mapped at
 * `index`. The caller holds the store's lock and has seen that `old` is
 * current. On failure `old` stays. */
enum ckpt_status ckpt_index_grow(struct ckpt_index *old,
				 const struct ckpt_layout *layout,
				 struct ckpt_index *index) CKPT_MUST_CHECK;

#endif
