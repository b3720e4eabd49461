/* SPDX-License-Identifier: MIT */
#ifndef CKPT_STORE_ONCE_H
#define CKPT_STORE_ONCE_H

/*
 * Who computes a key: a file per key in v1/once/, there while it is computed
 * and locked by flock(2), so that the kernel frees it when its owner dies.
 *
 *     v1/once/<key>          owners of all processes
 *     v1/once/<key>.<pid>    those of one process
 *
 * A forked child inherits a copy of the lock that would outlive the owner. So
 * the file also says which process and thread own it, with the start time of
 * the process (proc(5)): a lock whose owner is gone is broken, one breaker at
 * a time (v1/once/break). Where /proc cannot be seen, only the lock counts.
 *
 * It may fail to keep two from computing the same (a network without locks, a
 * foreign pid namespace): that costs time, never a wrong result.
 *
 * Hot path: system calls, no malloc, no waiting. A lock is given back by the
 * thread that took it; a child that finds a copy only closes it.
 */

#include "shim/common/hash.h"
#include "shim/store/layout.h"

#include <stdbool.h>

enum ckpt_once_state {
	CKPT_ONCE_MINE,	  /* compute, then release */
	CKPT_ONCE_OTHERS, /* somebody is at it */
	CKPT_ONCE_NONE,	  /* it cannot be told: compute */
};

/* Zeroed: none is held. */
struct ckpt_once_lock {
	const struct ckpt_layout *layout; /* NULL: none */
	int fd;
	pid_t pid; /* of the owner */
	bool is_private;
	struct ckpt_hash128 key;
};

/* `is_private`: only among the threads of this process. */
enum ckpt_once_state ckpt_once_try(const struct ckpt_layout *layout,
				   struct ckpt_hash128 key, bool is_private,
				   struct ckpt_once_lock *lock);
/* Does nothing if there is none. */
void ckpt_once_release(struct ckpt_once_lock *lock);

#endif
