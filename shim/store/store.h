/* SPDX-License-Identifier: MIT */
#ifndef CKPT_STORE_STORE_H
#define CKPT_STORE_STORE_H

/*
 * The face of the store: a 128-bit key → an entry, on disk, shared by any
 * number of processes. An entry is what is known about the recorded call
 * (struct ckpt_entry_info) and a payload the store does not look into.
 *
 * Every entry is checksummed and verified on every read; a damaged, foreign
 * or truncated one is CKPT_NOTFOUND (and counted). Publication is atomic. No
 * lock is held between calls. A forked child may go on using its copy.
 *
 * open, close, iterate: set-up world. get, release, put, remove: hot path; no
 * malloc, no stdio, no lock; they keep errno and use no cancellation point.
 */

#include "shim/common/hash.h"
#include "shim/common/status.h"
#include "shim/store/once.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

struct ckpt_store;
struct ckpt_layout;
struct ckpt_index;

struct ckpt_store_options {
	bool is_readonly;
	bool is_shared;	   /* 0770, setgid */
	uint64_t max_size; /* bytes; 0 = no limit */
	uint64_t max_entries;
	uint64_t max_age_s;
	/* Reads by pread(2) before segments are mapped; 0: the default,
	 * UINT32_MAX: never map. For tests and measurements. */
	uint32_t map_after;
	/* Bytes of memory for entries asked for more than once; 0: the default
	 * of 32 MiB, 1: none. */
	uint64_t memory_size;
	/* Of a store that is made: its secret, NULL for that of the first
	 * lower store, or without one a random one. */
	const struct ckpt_hash_secret *secret;
	/* Instead, the file that has it (secret.h), also checked of a store
	 * that is there; NULL: none. */
	const char *secret_file;
	/* Entries are only found by who gives the same one; NULL: none. */
	const char *name_space;
	/* Directories of stores that are asked, read-only and in this order,
	 * for what is not in this one; absolute, NULL-terminated, or NULL. One
	 * that does not exist is passed over. */
	const char *const *lower;
};

/* What is known of an entry besides its payload. Texts are cut to fit. */
struct ckpt_entry_info {
	char function[96];    /* name as displayed */
	char object[64];      /* file name of the defining object */
	int64_t created_s;    /* CLOCK_REALTIME */
	uint64_t duration_ns; /* of the recorded call */
};

/* An entry that was got. Not to be copied: a small one lives in it. */
enum { CKPT_ENTRY_SMALL_SIZE = 1024 };
struct ckpt_entry {
	int64_t created_s;
	uint64_t duration_ns;
	const void *payload; /* valid until ckpt_store_release() */
	size_t payload_size;
	/* private to the store */
	struct ckpt_store *owner; /* itself, or a lower one */
	void *memory;		  /* the record */
	size_t memory_token;	  /* whose the memory is */
	uint8_t small[CKPT_ENTRY_SMALL_SIZE] __attribute__((aligned(16)));
};

/* Open the store in `directory` (absolute), creating `directory`/v1 and its
 * secret unless read-only. Refuses (INVALID) one that another user owns or
 * that others can write, unless shared; and lower stores of another secret,
 * since a key of one is not a key of the other. */
enum ckpt_status ckpt_store_open(const char *directory,
				 const struct ckpt_store_options *options,
				 struct ckpt_store **ret,
				 struct ckpt_err *err) CKPT_MUST_CHECK;
void ckpt_store_close(struct ckpt_store *store); /* NULL is fine */
/* Also where that was not asked for: it cannot be written. */
bool ckpt_store_is_readonly(const struct ckpt_store *store);

/* Seeds every key and digest that goes into this store, in its namespace. */
const struct ckpt_hash_secret *
ckpt_store_secret(const struct ckpt_store *store);

/* OK and an entry to release, NOTFOUND, or UNSUPPORTED: there is one that is
 * too old. `max_age_s` 0: any age. */
enum ckpt_status ckpt_store_get(struct ckpt_store *store,
				struct ckpt_hash128 key, uint64_t max_age_s,
				struct ckpt_entry *ret) CKPT_MUST_CHECK;
void ckpt_store_release(struct ckpt_store *store, struct ckpt_entry *entry);
/* All that is known of an entry that is not yet released. */
void ckpt_entry_describe(const struct ckpt_entry *entry,
			 struct ckpt_entry_info *ret);

/* Publish; replaces what was there only on success. The payload is the
 * concatenation of `parts`. UNSUPPORTED: nothing is stored now (read-only, a
 * full disk a moment ago, the host's RLIMIT_FSIZE). */
enum ckpt_status ckpt_store_put(struct ckpt_store *store,
				struct ckpt_hash128 key,
				const struct ckpt_entry_info *info,
				const struct iovec *parts,
				int part_count) CKPT_MUST_CHECK;

/* Entries met since open that were not what they should be. */
uint64_t ckpt_store_damaged(const struct ckpt_store *store);

/* The one asked next, or NULL. */
struct ckpt_store *ckpt_store_lower(const struct ckpt_store *store);

/* What the command looks into: layout.h and index.h (NULL: files only). */
const struct ckpt_layout *ckpt_store_layout(const struct ckpt_store *store);
const struct ckpt_index *ckpt_store_index(const struct ckpt_store *store);

/* Who computes a key (once.h). */
enum ckpt_once_state ckpt_store_once(const struct ckpt_store *store,
				     struct ckpt_hash128 key, bool is_private,
				     struct ckpt_once_lock *lock);

/* OK also when there was none. */
enum ckpt_status ckpt_store_remove(struct ckpt_store *store,
				   struct ckpt_hash128 key) CKPT_MUST_CHECK;

#endif
