/* SPDX-License-Identifier: MIT */
#ifndef CKPT_RUNTIME_LOCK_H
#define CKPT_RUNTIME_LOCK_H

/*
 * The session's lock: sleeps in the kernel, knows its owner, and survives
 * fork. A child finds it free, as its word is wiped; whether another thread of
 * the parent was inside at the time is told by ckpt_lock_take().
 *
 * Set-up world; any thread. A signal handler that interrupted the owner is
 * told so and does not wait.
 */

#include "shim/common/status.h"

#include <stdbool.h>
#include <stdint.h>

struct ckpt_lock {
	uint32_t *word;	   /* 0 free, 1 taken, 2 others wait; wiped by fork */
	const void *owner; /* thread pointer */
	bool is_inside;	   /* not wiped by fork */
};

enum ckpt_status ckpt_lock_init(struct ckpt_lock *lock) CKPT_MUST_CHECK;

/* False: not taken, because this thread has it already or because what it
 * guards was left half done by a thread that is not in this process. */
bool ckpt_lock_take(struct ckpt_lock *lock) CKPT_MUST_CHECK;
void ckpt_lock_give(struct ckpt_lock *lock);

#endif
