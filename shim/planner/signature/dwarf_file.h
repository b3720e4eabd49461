/* SPDX-License-Identifier: MIT */
#ifndef CKPT_PLANNER_DWARF_FILE_H
#define CKPT_PLANNER_DWARF_FILE_H

/*
 * Which files may hold the debug info of an object, each checked to belong to
 * it, in this order:
 *   1. `debug_file` of the config: the object's build-id, or the same code
 *      bytes for the function asked about
 *   2. the object itself
 *   3. /usr/lib/debug/.build-id/xx/….debug
 *   4. .gnu_debuglink: beside the object, in .debug/ there, and below
 *      /usr/lib/debug; the checksum must agree
 * Every path that was looked at is noted in the deps, found or not.
 *
 * Set-up world.
 */

#include "shim/common/buf.h"
#include "shim/planner/elf/deps.h"
#include "shim/planner/elf/image.h"

enum { CKPT_DEBUG_FILES_MAX = 8 };

struct ckpt_debug_file {
	char *path;
	char *alt_path; /* of .gnu_debugaltlink (dwz); NULL if it has none */
	uint64_t vaddr; /* of the function in this file */
};

/* Zero-initialise; deinit frees. */
struct ckpt_debug_files {
	struct ckpt_debug_file items[CKPT_DEBUG_FILES_MAX];
	size_t count;
	struct ckpt_buf notes; /* lines for people: what was not taken, why */
};

/* About function `symbol` at `vaddr`. `debug_file` may be NULL. An empty list
 * is CKPT_OK. UNSUPPORTED: debug_file does not belong to the object. */
enum ckpt_status ckpt_debug_files_find(const struct ckpt_image *image,
				       const char *symbol, uint64_t vaddr,
				       const char *debug_file,
				       struct ckpt_deps *deps,
				       struct ckpt_debug_files *ret,
				       struct ckpt_err *err) CKPT_MUST_CHECK;
void ckpt_debug_files_deinit(struct ckpt_debug_files *files);

#endif
