/* SPDX-License-Identifier: MIT */
#ifndef CKPT_STORE_BLOB_H
#define CKPT_STORE_BLOB_H

/*
 * One record in a file of its own, big/<first digit>/<key>: values too large
 * for a segment, and every value where segments cannot be used.
 *
 * A file is written without a name and linked when it is complete (or written
 * in tmp/ and renamed), so that a crash leaves either all of it or nothing but
 * an unnamed file, which the kernel frees, or one in tmp/, which `ckpt gc`
 * removes. A published file never changes. It is read with pread(2) only: a
 * truncation by someone else is then an error and not a SIGBUS.
 *
 * Hot path: no malloc, no lock, no errno.
 */

#include "shim/store/io.h"
#include "shim/store/layout.h"
#include "shim/store/record.h"

#include <sys/stat.h>

/* "big/a/a6cd…" */
void ckpt_blob_name(struct ckpt_hash128 key, char name[CKPT_LAYOUT_NAME_SIZE]);

/* The file of the key, without opening it. False: it cannot be told. */
bool ckpt_blob_stat(const struct ckpt_layout *layout, struct ckpt_hash128 key,
		    struct stat *ret);

/* OK and an entry to give back to the pool; NOTFOUND; BADDATA: there is a file
 * that is no entry of this key. *ret_size: bytes of the file. */
enum ckpt_status ckpt_blob_get(struct ckpt_layout *layout,
			       struct ckpt_io_pool *pool,
			       struct ckpt_hash128 key,
			       struct ckpt_entry *ret) CKPT_MUST_CHECK;

/* Publish a record, replacing. UNSUPPORTED: not now
 * (RLIMIT_FSIZE); IO: no space or another failure, nothing has changed. */
enum ckpt_status
ckpt_blob_put(struct ckpt_layout *layout,
	      const struct ckpt_record_draft *draft) CKPT_MUST_CHECK;

/* NOTFOUND if there was none. */
enum ckpt_status ckpt_blob_remove(struct ckpt_layout *layout,
				  struct ckpt_hash128 key) CKPT_MUST_CHECK;

#endif
