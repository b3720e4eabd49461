/* SPDX-License-Identifier: MIT */
#include "shim/store/io.h"

#include <errno.h>
#include <linux/fs.h>
#include <linux/magic.h>

#include "shim/common/sys_x86_64.h"

enum {
	IOV_WINDOW = 8,
	BUFFER_MIN = 128 << 10,
	HUGE_SIZE = 2 << 20,
};

int ckpt_io_move_fd(int fd)
{
	int moved;

	if (fd < 0)
		return fd;
	moved = ckpt_sys_fcntl(fd, F_DUPFD_CLOEXEC, CKPT_IO_FD_MIN);
	if (moved < 0)
		return fd;
	(void)ckpt_sys_close(fd);
	return moved;
}

/* What is left to be written: part `index` (-1 is the head) from `skip` on. */
struct cursor {
	const void *head;
	size_t head_size;
	const struct iovec *parts;
	int part_count;
	int index;
	size_t skip;
};

static struct iovec get_part(const struct cursor *c, int index)
{
	struct iovec part;

	if (index >= 0)
		return c->parts[index];
	part.iov_base = (void *)(uintptr_t)c->head;
	part.iov_len = c->head_size;
	return part;
}

static int fill_window(const struct cursor *c, struct iovec *window)
{
	int count = 0;

	for (int i = c->index; i < c->part_count && count < IOV_WINDOW; i++) {
		struct iovec part = get_part(c, i);
		size_t skip = i == c->index ? c->skip : 0;

		if (part.iov_len == skip)
			continue;
		window[count].iov_base = (uint8_t *)part.iov_base + skip;
		window[count++].iov_len = part.iov_len - skip;
	}
	return count;
}

static void advance(struct cursor *c, size_t size)
{
	while (c->index < c->part_count) {
		size_t left = get_part(c, c->index).iov_len - c->skip;

		if (size < left) {
			c->skip += size;
			return;
		}
		size -= left;
		c->index++;
		c->skip = 0;
	}
}

int ckpt_io_write_all(int fd, const void *data, size_t size, off_t off)
{
	const uint8_t *next = data;

	while (size) {
		long n = ckpt_sys_pwrite(fd, next, size, off);

		if (n == -EINTR)
			continue;
		if (n < 0)
			return (int)n;
		if (n == 0)
			return -ENOSPC;
		next += n;
		off += n;
		size -= (size_t)n;
	}
	return 0;
}

int ckpt_io_write_file(int fd, const void *data, size_t size)
{
	return ckpt_io_exceeds_limit(size)
		       ? -EFBIG
		       : ckpt_io_write_all(fd, data, size, 0);
}

int ckpt_io_write_parts(int fd, const void *head, size_t head_size,
			const struct iovec *parts, int part_count, off_t off)
{
	struct cursor cursor = {.head = head,
				.head_size = head_size,
				.parts = parts,
				.part_count = part_count,
				.index = -1};
	struct iovec window[IOV_WINDOW];
	int count;

	/* One part is written quicker without a table of parts. */
	if (!part_count)
		return ckpt_io_write_all(fd, head, head_size, off);
	while ((count = fill_window(&cursor, window)) > 0) {
		long n = ckpt_sys_pwritev(fd, window, count, off);

		if (n == -EINTR)
			continue;
		if (n < 0)
			return (int)n;
		if (n == 0)
			return -ENOSPC;
		advance(&cursor, (size_t)n);
		off += n;
	}
	return 0;
}

int ckpt_io_read_all(int fd, void *to, size_t size, off_t off)
{
	uint8_t *next = to;

	while (size) {
		long n = ckpt_sys_pread(fd, next, size, off);

		if (n == -EINTR)
			continue;
		if (n < 0)
			return (int)n;
		if (n == 0)
			return -ENODATA;
		next += n;
		off += n;
		size -= (size_t)n;
	}
	return 0;
}

/* As chattr +C does; only an empty file can be changed. */
static void disable_cow(int fd)
{
	long flags = 0;

	if (ckpt_syscall3(SYS_ioctl, fd, (long)FS_IOC_GETFLAGS, (long)&flags))
		return;
	flags |= FS_NOCOW_FL;
	(void)ckpt_syscall3(SYS_ioctl, fd, (long)FS_IOC_SETFLAGS, (long)&flags);
}

int ckpt_io_reserve(int fd, uint64_t size)
{
	struct statfs fs;
	int error;

	if (!ckpt_sys_fstatfs(fd, &fs) && fs.f_type == BTRFS_SUPER_MAGIC)
		disable_cow(fd);
	do
		error = ckpt_sys_fallocate(fd, 0, 0, (off_t)size);
	while (error == -EINTR);
	return error;
}

bool ckpt_io_exceeds_limit(uint64_t end)
{
	struct rlimit limit;

	return !ckpt_sys_getrlimit(RLIMIT_FSIZE, &limit) &&
	       limit.rlim_cur != RLIM_INFINITY && end > limit.rlim_cur;
}

static void *map_memory(size_t size)
{
	void *data = ckpt_sys_mmap(NULL, size, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (ckpt_sys_is_error(data))
		return NULL;
	if (size >= HUGE_SIZE)
		(void)ckpt_sys_madvise(data, size, MADV_HUGEPAGE);
	return data;
}

/* The slot's buffer, grown; the slot is ours. */
static void *fit_slot(struct ckpt_io_pool_slot *slot, size_t size)
{
	size_t capacity = slot->capacity ? slot->capacity : BUFFER_MIN;

	if (size <= slot->capacity)
		return slot->data;
	while (capacity < size)
		capacity *= 2;
	if (slot->data)
		(void)ckpt_sys_munmap(slot->data, slot->capacity);
	slot->data = map_memory(capacity);
	slot->capacity = slot->data ? capacity : 0;
	return slot->data;
}

static bool claim_slot(struct ckpt_io_pool_slot *slot)
{
	return !__atomic_load_n(&slot->is_busy, __ATOMIC_RELAXED) &&
	       !__atomic_exchange_n(&slot->is_busy, 1, __ATOMIC_ACQUIRE);
}

static void free_slot(struct ckpt_io_pool_slot *slot)
{
	__atomic_store_n(&slot->is_busy, 0, __ATOMIC_RELEASE);
}

/* A slot for `size` bytes, claimed; CKPT_POOL_SLOTS: none. */
static size_t choose_slot(struct ckpt_io_pool *pool, size_t size)
{
	/* Threads begin at different slots: their stacks lie apart. */
	size_t first = (uintptr_t)__builtin_frame_address(0) >> 20;

	if (size > CKPT_POOL_KEPT_SIZE)
		return size <= CKPT_POOL_LARGE_SIZE &&
				       claim_slot(&pool->slots[CKPT_POOL_LARGE])
			       ? CKPT_POOL_LARGE
			       : CKPT_POOL_SLOTS;
	for (size_t i = 0; i < CKPT_POOL_LARGE; i++) {
		size_t index = (first + i) % CKPT_POOL_LARGE;

		if (claim_slot(&pool->slots[index]))
			return index;
	}
	return CKPT_POOL_SLOTS;
}

void *ckpt_io_pool_take(struct ckpt_io_pool *pool, size_t size,
			size_t *ret_token)
{
	size_t index = choose_slot(pool, size);
	size_t mapped = (size + 4095) & ~(size_t)4095;
	void *data;

	if (index < CKPT_POOL_SLOTS) {
		*ret_token = index;
		data = fit_slot(&pool->slots[index], size);
		if (!data)
			free_slot(&pool->slots[index]);
		return data;
	}
	if (mapped < size)
		return NULL;
	/* A token of a mapping is its size, a page at least. */
	*ret_token = mapped ? mapped : 4096;
	return map_memory(*ret_token);
}

void ckpt_io_pool_give(struct ckpt_io_pool *pool, void *data, size_t token)
{
	struct ckpt_io_pool_slot *slot;

	if (!data)
		return;
	if (token >= CKPT_POOL_SLOTS) {
		(void)ckpt_sys_munmap(data, token);
		return;
	}
	slot = &pool->slots[token];
	if (token == CKPT_POOL_LARGE)
		(void)ckpt_sys_madvise(data, slot->capacity, MADV_FREE);
	free_slot(slot);
}

void ckpt_io_pool_deinit(struct ckpt_io_pool *pool)
{
	for (size_t i = 0; i < CKPT_POOL_SLOTS; i++) {
		struct ckpt_io_pool_slot *slot = &pool->slots[i];

		if (slot->data)
			(void)ckpt_sys_munmap(slot->data, slot->capacity);
		*slot = (struct ckpt_io_pool_slot){0};
	}
}
