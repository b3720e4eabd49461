/* SPDX-License-Identifier: MIT */
#ifndef CKPT_STORE_IO_H
#define CKPT_STORE_IO_H

/*
 * Whole reads and writes over system calls that may do less, and memory to
 * read into. Hot path. Errors are negative errno values.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

/* Our descriptors are numbered from here, out of the host's way. */
enum { CKPT_IO_FD_MIN = 512 };

/* Move `fd` (closing it) to a high number, close-on-exec; keeps the low one if
 * there is none. A negative errno passes through. */
int ckpt_io_move_fd(int fd);

/* Write everything. -ENOSPC also if it was cut short without a reason. */
int ckpt_io_write_all(int fd, const void *data, size_t size, off_t off);
/* A head and then parts, in as few calls as possible. */
int ckpt_io_write_parts(int fd, const void *head, size_t head_size,
			const struct iovec *parts, int part_count, off_t off);
/* All of a small new file; -EFBIG past RLIMIT_FSIZE. */
int ckpt_io_write_file(int fd, const void *data, size_t size);
/* Read exactly `size` bytes; -ENODATA if the file ends before. */
int ckpt_io_read_all(int fd, void *to, size_t size, off_t off);

/* Give a new, empty file `size` bytes of disk, so that storing into a mapping
 * of it cannot fail (SIGBUS) when the disk is full. On btrfs that needs a file
 * that is not copied on write. */
int ckpt_io_reserve(int fd, uint64_t size);

/* Would writing up to `end` go past RLIMIT_FSIZE? That would not fail but
 * raise SIGXFSZ in the host. */
bool ckpt_io_exceeds_limit(uint64_t end);

/*
 * Buffers for values. A few are kept and used again, so that reading a value
 * costs no page faults. One of them is for large values; while it is not out
 * the kernel may take its pages (MADV_FREE): making 64 MB of zeroes again and
 * again costs as much as copying the value. What is larger still, or comes
 * while that one is out, is mapped for each value. The pool is
 * zero-initialised, lock-free, and safe to go on with in a forked child.
 */
enum {
	CKPT_POOL_LARGE = 8, /* the slot for large values, behind the others */
	CKPT_POOL_SLOTS,
	CKPT_POOL_KEPT_SIZE = 4 << 20,
	CKPT_POOL_LARGE_SIZE = 256 << 20,
};

struct ckpt_io_pool_slot {
	uint32_t is_busy;
	uint8_t *data;
	size_t capacity;
} __attribute__((aligned(64)));

struct ckpt_io_pool {
	struct ckpt_io_pool_slot slots[CKPT_POOL_SLOTS];
};

/* `size` bytes, aligned to 64, NULL if there are none. *ret_token goes back to
 * ckpt_io_pool_give() with them. */
void *ckpt_io_pool_take(struct ckpt_io_pool *pool, size_t size,
			size_t *ret_token);
void ckpt_io_pool_give(struct ckpt_io_pool *pool, void *data, size_t token);
/* Nothing may be out. */
void ckpt_io_pool_deinit(struct ckpt_io_pool *pool);

#endif
