/* SPDX-License-Identifier: MIT */
#ifndef CKPT_STORE_SECRET_H
#define CKPT_STORE_SECRET_H

/*
 * The secret that seeds the keys of a family of stores, where the user keeps
 * it in a file, and the part of it that a namespace sees.
 *
 * Set-up world, but without malloc and stdio streams (layout.h).
 */

#include "shim/common/hash.h"
#include "shim/common/status.h"

#include <stdbool.h>

enum { CKPT_SECRET_FILE_MIN = 16, CKPT_SECRET_FILE_MAX = 4096 };

/* Made of all bytes of the file at `path`: at least 16, at most 4096, whatever
 * they are. INVALID: there is no such file, or others than its owner (with
 * `is_shared`, and his group) can read it. */
enum ckpt_status ckpt_secret_read(const char *path, bool is_shared,
				  struct ckpt_hash_secret *ret,
				  struct ckpt_err *err) CKPT_MUST_CHECK;

/* Make it the secret of a namespace: keys of one are never those of another.
 * NULL or "" leaves it as it is. */
void ckpt_secret_narrow(struct ckpt_hash_secret *secret, const char *name);

#endif
