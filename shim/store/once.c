/* SPDX-License-Identifier: MIT */
#include "shim/store/once.h"

#include "shim/common/sys_x86_64.h"
#include "shim/store/io.h"
#include "shim/store/runid.h"

#include <errno.h>
#include <sys/file.h>

enum {
	NAME_SIZE = 80,
	TRIES = 4,
};

/* Content of the file. Written by the owner while it holds the lock; short or
 * empty until then. */
struct owner {
	uint64_t pid;
	uint64_t start; /* of the process; 0: not known */
	uint64_t tid;
};

/* ---- names ---- */

static char *put_number(char *at, uint64_t value)
{
	char digits[20];
	size_t count = 0;

	do {
		digits[count++] = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	while (count > 0)
		*at++ = digits[--count];
	return at;
}

static char *put_text(char *at, const char *text)
{
	while (*text)
		*at++ = *text++;
	return at;
}

static void put_name(char *name, struct ckpt_hash128 key, uint64_t private_pid)
{
	char text[CKPT_HASH_TEXT_SIZE];
	char *at = put_text(name, "once/");

	ckpt_hash_text(key, text);
	at = put_text(at, text);
	if (private_pid) {
		*at++ = '.';
		at = put_number(at, private_pid);
	}
	*at = '\0';
}

/* ---- owners ---- */

/* Certainly gone: the process, or in it the thread. */
static bool is_gone(const struct owner *owner)
{
	struct ckpt_runid self = ckpt_runid_of((uint64_t)ckpt_sys_getpid());

	/* No /proc, or one that does not show us: nothing is certain. */
	if (!self.start || !owner->start)
		return false;
	return ckpt_runid_of(owner->pid).start != owner->start ||
	       ckpt_runid_has_ended(owner->pid, owner->tid);
}

static bool read_owner(int fd, struct owner *ret)
{
	return ckpt_io_read_all(fd, ret, sizeof(*ret), 0) == 0;
}

static bool write_owner(int fd)
{
	uint64_t pid = (uint64_t)ckpt_sys_getpid();
	struct owner owner = {
		.pid = pid,
		.start = ckpt_runid_of(pid).start,
		.tid = (uint64_t)ckpt_sys_gettid(),
	};

	return ckpt_io_write_file(fd, &owner, sizeof(owner)) == 0;
}

/* ---- files ---- */

static int open_file(const struct ckpt_layout *layout, const char *name)
{
	int dir = ckpt_layout_dir(layout);
	int flags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW;
	int fd = ckpt_sys_openat(dir, name, flags, layout->file_mode);

	if (fd == -ENOENT) {
		(void)ckpt_sys_mkdirat(dir, "once", layout->dir_mode);
		fd = ckpt_sys_openat(dir, name, flags, layout->file_mode);
	}
	return ckpt_io_move_fd(fd);
}

/* Does `name` still mean the file that is open? */
static bool is_current(const struct ckpt_layout *layout, const char *name,
		       int fd)
{
	struct stat open_stat, name_stat;

	return ckpt_sys_fstat(fd, &open_stat) == 0 &&
	       ckpt_sys_fstatat(ckpt_layout_dir(layout), name, &name_stat,
				AT_SYMLINK_NOFOLLOW) == 0 &&
	       open_stat.st_dev == name_stat.st_dev &&
	       open_stat.st_ino == name_stat.st_ino;
}

/* Take away the file of an owner that is gone while a copy of its lock is
 * not. One at a time, so that nobody takes the file of the next owner away. */
static void break_lock(const struct ckpt_layout *layout, const char *name,
		       int fd)
{
	int breaker = open_file(layout, "once/break");
	struct owner owner;

	if (breaker < 0)
		return;
	if (ckpt_sys_flock(breaker, LOCK_EX | LOCK_NB) == 0 &&
	    is_current(layout, name, fd) && read_owner(fd, &owner) &&
	    is_gone(&owner))
		(void)ckpt_sys_unlinkat(ckpt_layout_dir(layout), name, 0);
	(void)ckpt_sys_close(breaker);
}

/* ---- one try ---- */

enum attempt { TAKEN, BUSY, AGAIN, FAILED };

/* The lock on `fd` was taken: is it the one that counts? */
static enum attempt claim(const struct ckpt_layout *layout, const char *name,
			  int fd)
{
	if (!is_current(layout, name, fd))
		return AGAIN;
	return write_owner(fd) ? TAKEN : FAILED;
}

static enum attempt attempt(const struct ckpt_layout *layout, const char *name,
			    int *ret_fd)
{
	int fd = open_file(layout, name);
	enum attempt result = BUSY;
	struct owner owner;
	int error;

	if (fd < 0)
		return FAILED;
	error = ckpt_sys_flock(fd, LOCK_EX | LOCK_NB);
	if (error == 0) {
		result = claim(layout, name, fd);
	} else if (error != -EWOULDBLOCK) {
		result = FAILED;
	} else if (read_owner(fd, &owner) && is_gone(&owner)) {
		break_lock(layout, name, fd);
		result = AGAIN;
	}
	if (result == TAKEN)
		*ret_fd = fd;
	else
		(void)ckpt_sys_close(fd);
	return result;
}

enum ckpt_once_state ckpt_once_try(const struct ckpt_layout *layout,
				   struct ckpt_hash128 key, bool is_private,
				   struct ckpt_once_lock *lock)
{
	pid_t pid = ckpt_sys_getpid();
	char name[NAME_SIZE];
	enum attempt result = AGAIN;
	int fd = -1;

	put_name(name, key, is_private ? (uint64_t)pid : 0);
	for (int i = 0; i < TRIES && result == AGAIN; i++)
		result = attempt(layout, name, &fd);
	if (result == BUSY || result == AGAIN)
		return CKPT_ONCE_OTHERS;
	if (result == FAILED)
		return CKPT_ONCE_NONE;
	*lock = (struct ckpt_once_lock){
		.layout = layout,
		.fd = fd,
		.pid = pid,
		.is_private = is_private,
		.key = key,
	};
	return CKPT_ONCE_MINE;
}

void ckpt_once_release(struct ckpt_once_lock *lock)
{
	char name[NAME_SIZE];

	if (!lock->layout)
		return;
	/* Unlocking would also free the parent's. */
	if (lock->pid == ckpt_sys_getpid()) {
		put_name(name, lock->key,
			 lock->is_private ? (uint64_t)lock->pid : 0);
		if (is_current(lock->layout, name, lock->fd))
			(void)ckpt_sys_unlinkat(ckpt_layout_dir(lock->layout),
						name, 0);
		(void)ckpt_sys_flock(lock->fd, LOCK_UN);
	}
	(void)ckpt_sys_close(lock->fd);
	lock->layout = NULL;
}
