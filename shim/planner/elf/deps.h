/* SPDX-License-Identifier: MIT */
#ifndef CKPT_PLANNER_DEPS_H
#define CKPT_PLANNER_DEPS_H

/*
 * The files a plan was made from: each one read, and each one looked for in
 * vain, with its stat tuple as it was. A plan is stale when any differs.
 */

#include "shim/common/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ckpt_dep {
	char *path;
	bool is_present;
	uint64_t dev, inode, size;
	int64_t mtime_ns, ctime_ns;
};

struct ckpt_deps {
	struct ckpt_dep *items;
	size_t count, capacity;
};

void ckpt_deps_deinit(struct ckpt_deps *deps);

/* Note `path` (made absolute) with its present stat tuple; once per path.
 * `deps` NULL: nothing happens. Returns its index in *ret_index if wanted. */
enum ckpt_status ckpt_deps_add(struct ckpt_deps *deps, const char *path,
			       size_t *ret_index) CKPT_MUST_CHECK;

/* Is every file as it was when it was noted? */
bool ckpt_deps_are_current(const struct ckpt_deps *deps);

/* The latest change of any of them, CLOCK_REALTIME; 0 if there is none. */
int64_t ckpt_deps_latest_ns(const struct ckpt_deps *deps);

#endif
