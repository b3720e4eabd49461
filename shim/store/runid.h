/* SPDX-License-Identifier: MIT */
#ifndef CKPT_STORE_RUNID_H
#define CKPT_STORE_RUNID_H

/*
 * Which run a process belongs to: the tree below its topmost ancestor that
 * has libckpt.so in LD_PRELOAD (by /proc/<pid>/environ, without gaps). Nothing
 * is added to anyone's environment.
 *
 * A few system calls per ancestor; no malloc, no errno. Stateless.
 */

#include <stdbool.h>
#include <stdint.h>

struct ckpt_runid {
	uint64_t pid;
	uint64_t start; /* clock ticks from boot (proc(5), starttime) */
};

/* Of the calling process. Without /proc: itself, start 0. */
struct ckpt_runid ckpt_runid_find(void);

/* Is this thread of the process certainly gone? One that nobody has waited for
 * yet (a zombie) is. */
bool ckpt_runid_has_ended(uint64_t pid, uint64_t tid);

/* Of the process itself; start 0 if there is no such process. */
struct ckpt_runid ckpt_runid_of(uint64_t pid);

#endif
