/* SPDX-License-Identifier: MIT */
#include "shim/runtime/guest/filehash.h"

#include "shim/common/sys_x86_64.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

enum { BLOCK_SIZE = 256 << 10 };

static const int64_t fresh_ns = 2000000000;

static int64_t nanoseconds(const struct timespec *time)
{
	return (int64_t)time->tv_sec * 1000000000 + time->tv_nsec;
}

static enum ckpt_status stamp_of(const struct stat *stat,
				 struct ckpt_file_stamp *ret)
{
	if (!S_ISREG(stat->st_mode))
		return CKPT_UNSUPPORTED;
	ret->is_present = 1;
	ret->dev = stat->st_dev;
	ret->inode = stat->st_ino;
	ret->size = (uint64_t)stat->st_size;
	ret->mtime_ns = nanoseconds(&stat->st_mtim);
	ret->ctime_ns = nanoseconds(&stat->st_ctim);
	return CKPT_OK;
}

enum ckpt_status ckpt_filehash_stamp(const char *path,
				     struct ckpt_file_stamp *ret)
{
	struct stat stat;
	int error = ckpt_sys_fstatat(AT_FDCWD, path, &stat, 0);

	if (error == -ENOENT || error == -ENOTDIR) {
		*ret = (struct ckpt_file_stamp){0};
		return CKPT_OK;
	}
	return error < 0 ? CKPT_IO : stamp_of(&stat, ret);
}

/* The `size` bytes of `fd`, hashed by way of a block of anonymous memory:
 * reading a mapping of a file that shrinks would be fatal. */
static enum ckpt_status hash_content(int fd, uint64_t size,
				     struct ckpt_hasher *hasher)
{
	uint8_t *block = ckpt_sys_mmap(NULL, BLOCK_SIZE, PROT_READ | PROT_WRITE,
				       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t off = 0;
	long got = 1;

	if (ckpt_sys_is_error(block))
		return CKPT_NOMEM;
	while (off < size && got > 0) {
		got = ckpt_sys_pread(fd, block, BLOCK_SIZE, (off_t)off);
		if (got == -EINTR) {
			got = 1;
			continue;
		}
		if (got > 0) {
			ckpt_hasher_update(hasher, block, (size_t)got);
			off += (uint64_t)got;
		}
	}
	(void)ckpt_sys_munmap(block, BLOCK_SIZE);
	return off == size ? CKPT_OK : CKPT_IO;
}

static bool is_same_stamp(const struct ckpt_file_stamp *a,
			  const struct ckpt_file_stamp *b)
{
	return __builtin_memcmp(a, b, sizeof(*a)) == 0;
}

static enum ckpt_status hash_open_file(int fd, struct ckpt_hasher *hasher,
				       struct ckpt_file_stamp *ret)
{
	struct ckpt_file_stamp after;
	struct stat stat;
	enum ckpt_status status;

	if (ckpt_sys_fstat(fd, &stat) < 0)
		return CKPT_IO;
	status = stamp_of(&stat, ret);
	if (status)
		return status;
	status = hash_content(fd, ret->size, hasher);
	if (status)
		return status;
	if (ckpt_sys_fstat(fd, &stat) < 0 || stamp_of(&stat, &after))
		return CKPT_IO;
	return is_same_stamp(ret, &after) ? CKPT_OK : CKPT_IO;
}

enum ckpt_status ckpt_filehash_path(const char *path,
				    const struct ckpt_hash_secret *secret,
				    struct ckpt_hash128 *ret,
				    struct ckpt_file_stamp *ret_stamp)
{
	struct ckpt_hasher hasher;
	struct ckpt_file_stamp stamp;
	enum ckpt_status status = ckpt_filehash_stamp(path, &stamp);
	int fd = -1;

	/* Looked at first: opening a FIFO would wait for its writer. */
	if (status)
		return status;
	ckpt_hasher_init(&hasher, secret);
	if (stamp.is_present) {
		fd = ckpt_sys_openat(
			AT_FDCWD, path,
			O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0);
		if (fd < 0)
			return CKPT_IO;
		status = hash_open_file(fd, &hasher, &stamp);
		(void)ckpt_sys_close(fd);
		if (status)
			return status;
	}
	ckpt_hasher_update(&hasher, &stamp.is_present,
			   sizeof(stamp.is_present));
	*ret = ckpt_hasher_final(&hasher);
	*ret_stamp = stamp;
	return CKPT_OK;
}

bool ckpt_filehash_is_fresh(const struct ckpt_file_stamp *stamp)
{
	struct timespec now = {0};
	int64_t newest = stamp->mtime_ns > stamp->ctime_ns ? stamp->mtime_ns
							   : stamp->ctime_ns;

	if (!stamp->is_present)
		return false;
	(void)clock_gettime(CLOCK_REALTIME, &now);
	return nanoseconds(&now) - newest < fresh_ns;
}
