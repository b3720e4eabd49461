/* SPDX-License-Identifier: MIT */
#ifndef CKPT_PLANNER_SYMBOLFILE_H
#define CKPT_PLANNER_SYMBOLFILE_H

/*
 * The symbols of an object that was planned, kept beside the plans under its
 * content identity (DIGITS.symbols). Without .symtab nothing tells where a
 * constant or a variable ends, so that whole sections have to count; a
 * stripped copy of an object that was planned with its symbols is the same
 * bytes at the same addresses, so they hold for it too, and its functions
 * keep their identity.
 *
 * A file that is missing, damaged or of another version is as if there were
 * none. Set-up world.
 */

#include "shim/common/buf.h"
#include "shim/common/hash.h"
#include "shim/planner/elf/image.h"

enum { CKPT_SYMBOLFILE_MAX = 1 << 26 }; /* bytes; larger ones are not kept */

/* Zero-initialise; names point into `data`. */
struct ckpt_symbolfile {
	struct ckpt_symbol *symbols;
	size_t count;
	void *data;
};

void ckpt_symbolfile_deinit(struct ckpt_symbolfile *file);

/* Write `symbols` (those that are defined) of the object of content `identity`
 * into `directory`, unless its file is there. Failures do no harm. */
void ckpt_symbolfile_keep(const char *directory, struct ckpt_hash128 identity,
			  const struct ckpt_symbol *symbols, size_t count);

/* NOTFOUND: no file, or none that can be used. */
enum ckpt_status
ckpt_symbolfile_find(const char *directory, struct ckpt_hash128 identity,
		     struct ckpt_symbolfile *ret) CKPT_MUST_CHECK;

/* The file as bytes, appended to `out`; and the other way, over `size` bytes
 * at `data`, which must outlive the symbols. BADDATA: not such a file. */
void ckpt_symbolfile_build(struct ckpt_hash128 identity,
			   const struct ckpt_symbol *symbols, size_t count,
			   struct ckpt_buf *out);
enum ckpt_status
ckpt_symbolfile_parse(struct ckpt_hash128 identity, const void *data,
		      size_t size, struct ckpt_symbolfile *ret) CKPT_MUST_CHECK;

#endif
