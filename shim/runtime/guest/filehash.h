/* SPDX-License-Identifier: MIT */
#ifndef CKPT_RUNTIME_FILEHASH_H
#define CKPT_RUNTIME_FILEHASH_H

/*
 * The content of a file as an input of a call. Only regular files: what a
 * pipe, a device or a directory gives cannot be hashed and given again. A
 * file that is not there is an input, too: its absence.
 *
 * Hot path as far as a function with file inputs has one: own system calls,
 * no malloc, errno kept.
 */

#include "shim/common/hash.h"
#include "shim/common/status.h"

#include <stdbool.h>
#include <stdint.h>

/* What stat says of a file; equal before and after means unchanged. */
struct ckpt_file_stamp {
	uint64_t is_present;
	uint64_t dev, inode, size;
	int64_t mtime_ns, ctime_ns;
};

/* UNSUPPORTED: not a regular file. IO: it cannot be looked at. */
enum ckpt_status
ckpt_filehash_stamp(const char *path,
		    struct ckpt_file_stamp *ret) CKPT_MUST_CHECK;

/* Digest of path's content (or absence), and the stamp it had. IO also when
 * it changed while it was read. */
enum ckpt_status
ckpt_filehash_path(const char *path, const struct ckpt_hash_secret *secret,
		   struct ckpt_hash128 *ret,
		   struct ckpt_file_stamp *ret_stamp) CKPT_MUST_CHECK;

/* Was it written so recently that a change in the same tick of the file
 * system's clock might go unseen? Asked when it is hashed; such a call is not
 * stored. */
bool ckpt_filehash_is_fresh(const struct ckpt_file_stamp *stamp);

#endif
