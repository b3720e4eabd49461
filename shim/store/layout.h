/* SPDX-License-Identifier: MIT */
#ifndef CKPT_STORE_LAYOUT_H
#define CKPT_STORE_LAYOUT_H

/*
 * The directory of a store: creating it safely, its secret, and a descriptor
 * of it that survives a host which closes or replaces descriptors.
 *
 *     <directory>/.gitignore          "*"
 *     <directory>/v1/                 0700 (shared: 02770)
 *         CACHEDIR.TAG                backup programs leave it out
 *         meta                        struct ckpt_layout_meta, 0600
 *         index                       see index.h
 *         seg/<id>                    see segment.h
 *         big/<x>/<32 hex digits>     see blob.h
 *         runs/  stats                see stats.h
 *         plan/                       the planner's
 *         lock                        flock(2): one at a time grows the index,
 *                                     rebuilds, evicts
 *         tmp/                        files that get their name by rename
 *
 * `v1` is the version of the format: an incompatible one takes another
 * directory beside it and leaves this one alone.
 *
 * open: set-up world, but without malloc and stdio streams (it may run inside
 * the target's allocator). The rest: hot path.
 */

#include "shim/common/hash.h"
#include "shim/common/status.h"

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define CKPT_LAYOUT_VERSION_DIR "v1"
#define CKPT_LAYOUT_MAGIC "ckptmeta"

enum {
	CKPT_LAYOUT_FORMAT = 1,
	CKPT_LAYOUT_HASH_XXH3 = 1,
	CKPT_LAYOUT_ORDER = 0x01020304,
};

/*
 * The file `meta`. Written once: to an unnamed or temporary file, which gets
 * its name by link(2) when it is complete; of many creators one wins. Should a
 * power failure leave it short or torn, the checksum tells and a new one takes
 * its place: old entries are then under keys that nobody computes any more.
 */
struct ckpt_layout_meta {
	uint8_t magic[8];
	uint32_t format;
	uint32_t byte_order; /* CKPT_LAYOUT_ORDER as the writer stores it */
	uint32_t hash_id;
	uint32_t compat;    /* bits a reader may ignore */
	uint32_t ro_compat; /* unknown bit: use it read-only */
	uint32_t incompat;  /* unknown bit: do not use it */
	int64_t created_s;
	struct ckpt_hash_secret secret;
	uint64_t checksum; /* ckpt_hash64 of all bytes before */
};

struct ckpt_layout {
	int dir; /* of v1/; look at it through ckpt_layout_dir() */
	dev_t dev;
	ino_t inode;
	bool is_readonly; /* wanted so, or it cannot be written */
	bool is_shared;
	unsigned dir_mode;
	unsigned file_mode;
	/* Mappings show what pwrite(2) wrote, flock(2) and O_TMPFILE work:
	 * the file system is one of those we know. */
	bool is_local;
	struct ckpt_hash_secret secret;
	char path[PATH_MAX]; /* absolute, of v1/ */
};

/* Open the store below `directory` (absolute), creating what is missing.
 * NOTFOUND: read-only, and there is none. INVALID: it belongs to someone else,
 * or others could write to it. UNSUPPORTED: a newer format. */
struct ckpt_layout_options {
	bool is_readonly;
	bool is_shared;
	/* For a store that is made; NULL: a random one. */
	const struct ckpt_hash_secret *secret;
};
enum ckpt_status ckpt_layout_open(struct ckpt_layout *layout,
				  const char *directory,
				  const struct ckpt_layout_options *options,
				  struct ckpt_err *err) CKPT_MUST_CHECK;
void ckpt_layout_close(struct ckpt_layout *layout);

/* The descriptor for the *at() calls. */
static inline int ckpt_layout_dir(const struct ckpt_layout *layout)
{
	return __atomic_load_n(&layout->dir, __ATOMIC_RELAXED);
}

/* To be called when something failed that should not have: is the descriptor
 * still ours? If not, get a new one. True: try once more. */
bool ckpt_layout_revive(struct ckpt_layout *layout);

/* Open an unnamed file for the directory `dir_name` ("big/a") with the modes
 * of the store, or failing that a file in tmp/ (its name in `tmp_name`, else
 * ""). Negative errno. */
enum { CKPT_LAYOUT_NAME_SIZE = 64 };
int ckpt_layout_create_file(const struct ckpt_layout *layout,
			    const char *dir_name,
			    char tmp_name[CKPT_LAYOUT_NAME_SIZE]);

/* Give such a file the name `name`. If there is one already: replace it, or
 * leave it and return -EEXIST. Negative errno; drop the file then. */
int ckpt_layout_publish_file(const struct ckpt_layout *layout, int fd,
			     const char *tmp_name, const char *name,
			     bool is_replacing);
/* Close it; unlink what never got its name. */
void ckpt_layout_drop_file(const struct ckpt_layout *layout, int fd,
			   const char *tmp_name);

/* The store's lock for what only one process may do at a time; never waited
 * for on the hot path, never held between calls. A descriptor for unlock, or
 * negative: someone else has it. With `wait_ms`: for so long at most. */
int ckpt_layout_lock(const struct ckpt_layout *layout, unsigned wait_ms);
void ckpt_layout_unlock(int lock);

/* Unlink all files of a subdirectory; how many. Set-up world. */
size_t ckpt_layout_empty_dir(const struct ckpt_layout *layout,
			     const char *name);

#endif
