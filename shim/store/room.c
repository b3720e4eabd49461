/* SPDX-License-Identifier: MIT */
#include "shim/store/room.h"

#include "shim/common/sys_x86_64.h"

enum {
	PAUSE_MS = 10000,
	CHECK_SIZE = 1 << 20,
	LOW_SIZE = 100 << 20,
};

void ckpt_room_pause(struct ckpt_room *room, uint64_t now_ms)
{
	__atomic_store_n(&room->paused_until_ms, now_ms + PAUSE_MS,
			 __ATOMIC_RELAXED);
}

bool ckpt_room_is_low(struct ckpt_room *room, int dir, uint64_t size,
		      uint64_t now_ms)
{
	uint64_t unchecked = __atomic_add_fetch(&room->unchecked_size, size,
						__ATOMIC_RELAXED);
	uint64_t low = LOW_SIZE;
	struct statfs fs;

	if (unchecked != size && unchecked < CHECK_SIZE)
		return false;
	__atomic_store_n(&room->unchecked_size, 1, __ATOMIC_RELAXED);
	if (ckpt_sys_fstatfs(dir, &fs))
		return false;
	if (fs.f_blocks * (uint64_t)fs.f_bsize / 20 < low)
		low = fs.f_blocks * (uint64_t)fs.f_bsize / 20;
	if (fs.f_bavail * (uint64_t)fs.f_bsize >= low + size)
		return false;
	__atomic_store_n(&room->unchecked_size, 0, __ATOMIC_RELAXED);
	ckpt_room_pause(room, now_ms);
	return true;
}
