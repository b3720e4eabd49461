/* SPDX-License-Identifier: MIT */
#include "shim/store/layout.h"

#include <errno.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>

#include "shim/common/sys_x86_64.h"
#include "shim/store/io.h"
#include "shim/store/path.h"

static const char *const sub_dirs[] = {
	"big",	 "big/0", "big/1", "big/2", "big/3", "big/4", "big/5",
	"big/6", "big/7", "big/8", "big/9", "big/a", "big/b", "big/c",
	"big/d", "big/e", "big/f", "seg",   "runs",  "plan",  "tmp",
};

static const char cachedir_tag[] =
	"Signature: 8a477f597d28d172789f06886806bc55\n"
	"# Results kept by ckpt. May be deleted at any time.\n";

/* f_type of statfs(2) where the page cache is one, flock is local and a file
 * without a name can be linked. */
static const uint32_t local_file_systems[] = {
	0xef53,	    /* ext2, ext3, ext4 */
	0x58465342, /* xfs */
	0x9123683e, /* btrfs */
	0x01021994, /* tmpfs */
	0xf2f52010, /* f2fs */
	0x794c7630, /* overlayfs */
};

/* Of nobody but us or root, and not to be changed by others. A sticky
 * directory (/tmp) above the store is fine: nobody can take our names away. */
static enum ckpt_status check_owner(const struct stat *st, const char *path,
				    bool is_shared, bool is_above,
				    struct ckpt_err *err)
{
	unsigned others = is_shared ? S_IWOTH : S_IWGRP | S_IWOTH;

	if (!S_ISDIR(st->st_mode))
		return ckpt_err_set(err, CKPT_INVALID, "%s: is not a directory",
				    path);
	if (is_above && (st->st_mode & S_ISVTX))
		return CKPT_OK;
	if (st->st_uid != ckpt_sys_geteuid() && st->st_uid != 0 && !is_shared)
		return ckpt_err_set(err, CKPT_INVALID,
				    "%s: belongs to another user; choose "
				    "another directory in [cache] or set "
				    "shared = true",
				    path);
	if (st->st_mode & others)
		return ckpt_err_set(err, CKPT_INVALID,
				    "%s: others can write to it; run chmod "
				    "go-w on it",
				    path);
	return CKPT_OK;
}

static void pause_1ms(void)
{
	const struct timespec time = {.tv_nsec = 1000000};

	(void)ckpt_sys_nanosleep(&time);
}

/* mkdir with exactly `mode`, whatever the umask. */
static int make_dir(int dir, const char *name, unsigned mode)
{
	int error = ckpt_sys_mkdirat(dir, name, mode);

	if (error == 0)
		error = ckpt_sys_fchmodat(dir, name, mode);
	return error == -EEXIST ? 0 : error;
}

/* Another creator's directory may still have its umask's mode: wait for its
 * chmod, a tenth of a second at most. */
static int open_dir(int dir, const char *name)
{
	int fd;

	for (int i = 0; i < 100; i++) {
		fd = ckpt_sys_openat(
			dir, name,
			O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW, 0);
		if (fd != -EACCES)
			break;
		pause_1ms();
	}
	return fd;
}

/* mkdir -p, ordinary modes, of what is above the last component. */
static void make_parents(const char *path)
{
	char part[PATH_MAX];
	size_t size = strnlen(path, sizeof(part));

	if (size >= sizeof(part))
		return;
	for (size_t i = 1; i < size; i++) {
		if (path[i] != '/')
			continue;
		memcpy(part, path, i);
		part[i] = '\0';
		(void)ckpt_sys_mkdirat(AT_FDCWD, part, 0777);
	}
}

static void name_tmp_file(char name[CKPT_LAYOUT_NAME_SIZE])
{
	struct ckpt_hash128 random = {0, 0};
	char text[CKPT_HASH_TEXT_SIZE];

	(void)ckpt_sys_getrandom(&random, sizeof(random), 0);
	ckpt_hash_text(random, text);
	ckpt_path_join(name, CKPT_LAYOUT_NAME_SIZE, "tmp/", text);
}

int ckpt_layout_create_file(const struct ckpt_layout *layout,
			    const char *dir_name,
			    char tmp_name[CKPT_LAYOUT_NAME_SIZE])
{
	int dir = ckpt_layout_dir(layout);
	int fd = -EOPNOTSUPP;

	tmp_name[0] = '\0';
	if (layout->is_local)
		fd = ckpt_sys_openat(dir, dir_name,
				     O_TMPFILE | O_RDWR | O_CLOEXEC,
				     layout->file_mode);
	if (fd == -EOPNOTSUPP || fd == -EISDIR || fd == -EINVAL) {
		name_tmp_file(tmp_name);
		fd = ckpt_sys_openat(dir, tmp_name,
				     O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC |
					     O_NOFOLLOW,
				     layout->file_mode);
	}
	if (fd >= 0)
		(void)ckpt_sys_fchmod(fd, layout->file_mode);
	return fd;
}

/* linkat() of an open file, through /proc (open(2), O_TMPFILE). */
static int link_open_file(int fd, int dir, const char *name)
{
	char path[32];

	ckpt_path_number(path, sizeof(path), "/proc/self/fd/", (unsigned)fd);
	return ckpt_sys_linkat(AT_FDCWD, path, dir, name, AT_SYMLINK_FOLLOW);
}

int ckpt_layout_publish_file(const struct ckpt_layout *layout, int fd,
			     const char *tmp_name, const char *name,
			     bool is_replacing)
{
	int dir = ckpt_layout_dir(layout);
	char linked[CKPT_LAYOUT_NAME_SIZE];
	int error;

	if (!tmp_name[0]) {
		error = link_open_file(fd, dir, name);
		if (error != -EEXIST || !is_replacing)
			return error;
		name_tmp_file(linked);
		error = link_open_file(fd, dir, linked);
		if (error)
			return error;
		tmp_name = linked;
	} else if (!is_replacing) {
		error = ckpt_sys_linkat(dir, tmp_name, dir, name, 0);
		if (!error)
			(void)ckpt_sys_unlinkat(dir, tmp_name, 0);
		return error;
	}
	error = ckpt_sys_renameat(dir, tmp_name, dir, name);
	if (error && tmp_name == linked)
		(void)ckpt_sys_unlinkat(dir, linked, 0);
	return error;
}

void ckpt_layout_drop_file(const struct ckpt_layout *layout, int fd,
			   const char *tmp_name)
{
	if (fd >= 0)
		(void)ckpt_sys_close(fd);
	if (tmp_name[0])
		(void)ckpt_sys_unlinkat(ckpt_layout_dir(layout), tmp_name, 0);
}

int ckpt_layout_lock(const struct ckpt_layout *layout, unsigned wait_ms)
{
	int fd = ckpt_sys_openat(ckpt_layout_dir(layout), "lock",
				 O_CREAT | O_RDWR | O_CLOEXEC | O_NOFOLLOW |
					 O_NONBLOCK,
				 layout->file_mode);
	int error;

	if (fd < 0)
		return fd;
	(void)ckpt_sys_fchmod(fd, layout->file_mode);
	for (unsigned i = 0;; i++) {
		error = ckpt_sys_flock(fd, LOCK_EX | LOCK_NB);
		if (!error)
			return fd;
		if (i >= wait_ms)
			break;
		pause_1ms();
	}
	(void)ckpt_sys_close(fd);
	return error;
}

void ckpt_layout_unlock(int lock)
{
	if (lock < 0)
		return;
	/* A child that was forked meanwhile has the file open too. */
	(void)ckpt_sys_flock(lock, LOCK_UN);
	(void)ckpt_sys_close(lock);
}

size_t ckpt_layout_empty_dir(const struct ckpt_layout *layout, const char *name)
{
	struct ckpt_path_list list;
	const char *entry;
	char path[CKPT_LAYOUT_NAME_SIZE * 5];
	size_t count = 0;

	ckpt_path_list_open(&list, ckpt_layout_dir(layout), name);
	while ((entry = ckpt_path_list_next(&list))) {
		ckpt_path_join3(path, sizeof(path), name, "/", entry);
		if (!ckpt_sys_unlinkat(ckpt_layout_dir(layout), path, 0))
			count++;
	}
	ckpt_path_list_close(&list);
	return count;
}

/* A small file that never changes; whoever is first writes it. */
static void write_text(int dir, const char *name, const char *text,
		       unsigned mode)
{
	int fd = ckpt_sys_openat(
		dir, name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC | O_NOFOLLOW,
		mode);

	if (fd < 0)
		return;
	(void)ckpt_sys_fchmod(fd, mode);
	(void)ckpt_io_write_file(fd, text, strlen(text));
	(void)ckpt_sys_close(fd);
}

static uint64_t sum_meta(const struct ckpt_layout_meta *meta)
{
	return ckpt_hash64(meta, offsetof(struct ckpt_layout_meta, checksum));
}

static int create_meta(const struct ckpt_layout *layout,
		       const struct ckpt_hash_secret *secret)
{
	struct ckpt_layout_meta meta = {
		.magic = CKPT_LAYOUT_MAGIC,
		.format = CKPT_LAYOUT_FORMAT,
		.byte_order = CKPT_LAYOUT_ORDER,
		.hash_id = CKPT_LAYOUT_HASH_XXH3,
	};
	char tmp_name[CKPT_LAYOUT_NAME_SIZE];
	struct timespec now;
	int error;
	int fd;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	meta.created_s = now.tv_sec;
	/* Up to 256 bytes come whole (getrandom(2)). */
	if (secret)
		meta.secret = *secret;
	else if (ckpt_sys_getrandom(&meta.secret, sizeof(meta.secret), 0) !=
		 (long)sizeof(meta.secret))
		return -EIO;
	meta.checksum = sum_meta(&meta);
	fd = ckpt_layout_create_file(layout, "tmp", tmp_name);
	if (fd < 0)
		return fd;
	error = ckpt_io_write_file(fd, &meta, sizeof(meta));
	if (!error)
		error = ckpt_layout_publish_file(layout, fd, tmp_name, "meta",
						 false);
	ckpt_layout_drop_file(layout, fd, error ? tmp_name : "");
	return error == -EEXIST ? 0 : error;
}

/* NOTFOUND: no file. BADDATA: damaged. UNSUPPORTED: from the future. */
static enum ckpt_status read_meta(struct ckpt_layout *layout,
				  struct ckpt_err *err)
{
	struct ckpt_layout_meta meta;
	int fd = ckpt_sys_openat(layout->dir, "meta",
				 O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK,
				 0);
	long size;

	if (fd == -ENOENT)
		return CKPT_NOTFOUND;
	if (fd < 0)
		return ckpt_err_set(err, CKPT_IO, "%s/meta: cannot be opened",
				    layout->path);
	size = ckpt_sys_pread(fd, &meta, sizeof(meta), 0);
	(void)ckpt_sys_close(fd);
	if (size != (long)sizeof(meta) ||
	    memcmp(meta.magic, CKPT_LAYOUT_MAGIC, 8) != 0 ||
	    meta.checksum != sum_meta(&meta))
		return ckpt_err_set(err, CKPT_BADDATA, "%s/meta: is damaged",
				    layout->path);
	if (meta.format != CKPT_LAYOUT_FORMAT || meta.incompat ||
	    meta.byte_order != CKPT_LAYOUT_ORDER ||
	    meta.hash_id != CKPT_LAYOUT_HASH_XXH3)
		return ckpt_err_set(err, CKPT_UNSUPPORTED,
				    "%s/meta: was written by a newer ckpt; "
				    "choose another directory in [cache]",
				    layout->path);
	if (meta.ro_compat)
		layout->is_readonly = true;
	layout->secret = meta.secret;
	return CKPT_OK;
}

/* One process at a time; whoever comes second finds it well. */
static enum ckpt_status
replace_damaged_meta(struct ckpt_layout *layout,
		     const struct ckpt_hash_secret *secret,
		     struct ckpt_err *err)
{
	enum ckpt_status status;

	if (ckpt_sys_flock(layout->dir, LOCK_EX))
		return CKPT_BADDATA;
	status = read_meta(layout, NULL);
	if (status == CKPT_BADDATA) {
		(void)ckpt_sys_unlinkat(layout->dir, "meta", 0);
		(void)create_meta(layout, secret);
		status = read_meta(layout, err);
	}
	(void)ckpt_sys_flock(layout->dir, LOCK_UN);
	return status;
}

static void make_sub_dirs(const struct ckpt_layout *layout)
{
	for (size_t i = 0; i < sizeof(sub_dirs) / sizeof(sub_dirs[0]); i++)
		(void)make_dir(layout->dir, sub_dirs[i], layout->dir_mode);
	write_text(layout->dir, "CACHEDIR.TAG", cachedir_tag,
		   layout->file_mode);
}

static enum ckpt_status load_meta(struct ckpt_layout *layout,
				  const struct ckpt_hash_secret *secret,
				  struct ckpt_err *err)
{
	enum ckpt_status status = read_meta(layout, err);

	if (status == CKPT_NOTFOUND && !layout->is_readonly) {
		int error;

		/* A store that has its meta has its directories. */
		make_sub_dirs(layout);
		error = create_meta(layout, secret);

		status = read_meta(layout, err);
		if (status == CKPT_NOTFOUND)
			status = ckpt_err_set(err, CKPT_IO,
					      "%s/meta: cannot be created "
					      "(error %d)",
					      layout->path, -error);
	} else if (status == CKPT_BADDATA && !layout->is_readonly) {
		status = replace_damaged_meta(layout, secret, err);
	}
	if (status == CKPT_NOTFOUND)
		return ckpt_err_set(err, status, "%s: there is no store",
				    layout->path);
	return status;
}

static bool is_local_file_system(int dir)
{
	struct statfs fs;
	size_t count =
		sizeof(local_file_systems) / sizeof(local_file_systems[0]);

	if (ckpt_sys_fstatfs(dir, &fs))
		return false;
	for (size_t i = 0; i < count; i++)
		if ((uint32_t)fs.f_type == local_file_systems[i])
			return true;
	return false;
}

/* `directory` itself: made 0700, with its .gitignore. */
static enum ckpt_status open_top(const struct ckpt_layout *layout,
				 const char *directory, int *ret,
				 struct ckpt_err *err)
{
	enum ckpt_status status;
	struct stat st;
	int fd = open_dir(AT_FDCWD, directory);

	if (fd == -ENOENT && !layout->is_readonly) {
		make_parents(directory);
		(void)make_dir(AT_FDCWD, directory, layout->dir_mode);
		fd = open_dir(AT_FDCWD, directory);
		if (fd >= 0)
			write_text(fd, ".gitignore", "*\n", 0644);
	}
	if (fd == -ENOENT)
		return ckpt_err_set(err, CKPT_NOTFOUND, "%s: there is no store",
				    directory);
	if (fd < 0 || ckpt_sys_fstat(fd, &st))
		return ckpt_err_set(err, CKPT_IO,
				    "%s: cannot be opened (error %d)",
				    directory, -fd);
	status = check_owner(&st, directory, layout->is_shared, true, err);
	if (status) {
		(void)ckpt_sys_close(fd);
		return status;
	}
	*ret = fd;
	return CKPT_OK;
}

static enum ckpt_status open_version_dir(struct ckpt_layout *layout, int top,
					 struct ckpt_err *err)
{
	struct stat st;
	int fd = open_dir(top, CKPT_LAYOUT_VERSION_DIR);
	int error = fd;

	if (fd == -ENOENT && !layout->is_readonly) {
		error = make_dir(top, CKPT_LAYOUT_VERSION_DIR,
				 layout->dir_mode);
		fd = open_dir(top, CKPT_LAYOUT_VERSION_DIR);
	}
	if (fd == -ENOENT && layout->is_readonly)
		return ckpt_err_set(err, CKPT_NOTFOUND, "%s: there is no store",
				    layout->path);
	fd = ckpt_io_move_fd(fd);
	if (fd < 0 || ckpt_sys_fstat(fd, &st))
		return ckpt_err_set(err, CKPT_IO,
				    "%s: cannot be opened (error %d)",
				    layout->path, error < 0 ? -error : -fd);
	layout->dir = fd;
	layout->dev = st.st_dev;
	layout->inode = st.st_ino;
	layout->is_local = is_local_file_system(fd);
	/* A read-only mount, or a directory we may only look into. */
	if (ckpt_sys_faccessat(fd, ".", W_OK))
		layout->is_readonly = true;
	return check_owner(&st, layout->path, layout->is_shared, false, err);
}

enum ckpt_status ckpt_layout_open(struct ckpt_layout *layout,
				  const char *directory,
				  const struct ckpt_layout_options *options,
				  struct ckpt_err *err)
{
	bool is_shared = options->is_shared;

	enum ckpt_status status;
	int top = -1;

	memset(layout, 0, sizeof(*layout));
	layout->dir = -1;
	layout->is_readonly = options->is_readonly;
	layout->is_shared = is_shared;
	layout->dir_mode = is_shared ? 02770 : 0700;
	layout->file_mode = is_shared ? 0660 : 0600;
	if (directory[0] != '/' ||
	    !ckpt_path_join3(layout->path, sizeof(layout->path), directory, "/",
			     CKPT_LAYOUT_VERSION_DIR))
		return ckpt_err_set(err, CKPT_INVALID,
				    "%s: not an absolute path", directory);
	status = open_top(layout, directory, &top, err);
	if (!status) {
		status = open_version_dir(layout, top, err);
		(void)ckpt_sys_close(top);
	}
	if (!status)
		status = load_meta(layout, options->secret, err);
	if (status)
		ckpt_layout_close(layout);
	return status;
}

void ckpt_layout_close(struct ckpt_layout *layout)
{
	struct stat st;

	/* Only if it is still ours. */
	if (layout->dir >= 0 && !ckpt_sys_fstat(layout->dir, &st) &&
	    st.st_dev == layout->dev && st.st_ino == layout->inode)
		(void)ckpt_sys_close(layout->dir);
	layout->dir = -1;
}

/* Someone cleared the store by hand while we use it. A store that is deleted
 * as a whole stays so: its secret is gone. */
static bool restore_dirs(const struct ckpt_layout *layout, nlink_t link_count)
{
	struct stat st;

	if (layout->is_readonly || !link_count ||
	    (!ckpt_sys_fstatat(layout->dir, "tmp", &st, 0) &&
	     !ckpt_sys_fstatat(layout->dir, "big/f", &st, 0) &&
	     !ckpt_sys_fstatat(layout->dir, "seg", &st, 0)))
		return false;
	make_sub_dirs(layout);
	return true;
}

bool ckpt_layout_revive(struct ckpt_layout *layout)
{
	int old = ckpt_layout_dir(layout);
	struct stat st;
	int fd;

	if (!ckpt_sys_fstat(old, &st) && st.st_dev == layout->dev &&
	    st.st_ino == layout->inode)
		return restore_dirs(layout, st.st_nlink);
	fd = ckpt_io_move_fd(ckpt_sys_openat(
		AT_FDCWD, layout->path,
		O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW, 0));
	if (fd < 0)
		return false;
	/* The old number is not ours to close any more. */
	if (ckpt_sys_fstat(fd, &st) || st.st_dev != layout->dev ||
	    st.st_ino != layout->inode ||
	    !__atomic_compare_exchange_n(&layout->dir, &old, fd, false,
					 __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
		(void)ckpt_sys_close(fd);
		return ckpt_layout_dir(layout) != old;
	}
	return true;
}
