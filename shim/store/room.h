/* SPDX-License-Identifier: MIT */
#ifndef CKPT_STORE_ROOM_H
#define CKPT_STORE_ROOM_H

/*
 * May anything be stored now? Not for ten seconds after a write has failed (the
 * disk is full, and trying costs more than it gives), and not where that would
 * take the last free space from others.
 *
 * Hot path. Times are of a coarse monotonic clock of the caller. Any number of
 * threads; a race is worth a put more or less.
 */

#include <stdbool.h>
#include <stdint.h>

/* Zero-initialise. */
struct ckpt_room {
	uint64_t paused_until_ms;
	uint64_t unchecked_size; /* put since free space was looked at */
};

/* A write has failed. */
void ckpt_room_pause(struct ckpt_room *room, uint64_t now_ms);

static inline bool ckpt_room_is_paused(const struct ckpt_room *room,
				       uint64_t now_ms)
{
	return now_ms <
	       __atomic_load_n(&room->paused_until_ms, __ATOMIC_RELAXED);
}

/* Would `size` bytes below `dir` leave less than 100 MB, or less than a
 * twentieth of a small file system? Then this is a pause, too. Looked at for
 * every megabyte that is put. */
bool ckpt_room_is_low(struct ckpt_room *room, int dir, uint64_t size,
		      uint64_t now_ms);

#endif
