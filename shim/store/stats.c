/* SPDX-License-Identifier: MIT */
#include "shim/store/stats.h"

#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>

#include "shim/common/hash.h"
#include "shim/common/sys_x86_64.h"
#include "shim/store/io.h"
#include "shim/store/path.h"
#include "shim/store/runid.h"
#include "shim/store/statsfile.h"

_Static_assert(sizeof(struct ckpt_stats_header) == 64 &&
		       sizeof(struct ckpt_counters) == 64,
	       "a row is a cache line");

/* Of the directory runs/ itself: from so many files on no process counts, and
 * already before none takes the room for a log of its misses. */
enum { CROWDED_SIZE = 4 << 20, LOGS_SIZE = 128 << 10 };

/* The mapped file is the object: its header comes first. The descriptor is
 * kept for its lock, which tells that the process lives. */
struct ckpt_stats {
	struct ckpt_stats_header *header;
	size_t size;
	size_t function_count;
	int fd;
	dev_t dev;
	ino_t inode;
	/* Mapped at the first miss; `header` if there is none. */
	void *log;
};

static void copy_text(char *to, size_t size, const char *from)
{
	size_t length = strnlen(from, size - 1);

	memcpy(to, from, length);
	memset(to + length, 0, size - length);
}

static void fill_header(struct ckpt_stats_header *header, size_t function_count)
{
	struct ckpt_runid run = ckpt_runid_find();
	struct ckpt_runid self = ckpt_runid_of((uint64_t)ckpt_sys_getpid());
	struct timespec now = {0};

	(void)clock_gettime(CLOCK_REALTIME, &now);
	memcpy(header->magic, CKPT_STATS_MAGIC, sizeof(header->magic));
	header->format = CKPT_STATS_FORMAT;
	header->function_count = (uint32_t)function_count;
	header->pid = self.pid;
	header->start = self.start;
	header->run_pid = run.pid;
	header->run_start = run.start;
	header->opened_ns = now.tv_sec * 1000000000 + now.tv_nsec;
	header->checksum = ckpt_hash64(
		header, offsetof(struct ckpt_stats_header, checksum));
}

/* "<pid>-<random>" */
static void name_file(char name[CKPT_STATS_FILE_NAME_SIZE])
{
	struct ckpt_hash128 random = {0, 0};
	char digits[CKPT_HASH_TEXT_SIZE];
	char pid[24];

	(void)ckpt_sys_getrandom(&random, sizeof(random), 0);
	ckpt_hash_text(random, digits);
	digits[16] = '\0';
	(void)ckpt_path_number(pid, sizeof(pid), "",
			       (uint64_t)ckpt_sys_getpid());
	(void)ckpt_path_join3(name, CKPT_STATS_FILE_NAME_SIZE, pid, "-",
			      digits);
}

/* So many processes have counted since the command last summed them. */
static bool is_crowded(int dir, off_t size)
{
	struct stat st;

	return !ckpt_sys_fstat(dir, &st) && st.st_size > size;
}

/* A new file in runs/, with the mode of its directory. */
static int create_file(const char *store_directory, bool *ret_has_log)
{
	char path[PATH_MAX];
	char name[CKPT_STATS_FILE_NAME_SIZE];
	struct stat st;
	int dir;
	int fd;

	if (!ckpt_path_join(path, sizeof(path), store_directory, "/v1/runs"))
		return -1;
	dir = ckpt_sys_openat(AT_FDCWD, path,
			      O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW,
			      0);
	if (dir < 0)
		return dir;
	*ret_has_log = !is_crowded(dir, LOGS_SIZE);
	if (is_crowded(dir, CROWDED_SIZE)) {
		(void)ckpt_sys_close(dir);
		return -1;
	}
	name_file(name);
	fd = ckpt_sys_openat(dir, name,
			     O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC | O_NOFOLLOW,
			     0600);
	if (fd >= 0 && !ckpt_sys_fstat(dir, &st))
		(void)ckpt_sys_fchmod(fd, st.st_mode & 0660);
	(void)ckpt_sys_close(dir);
	return ckpt_io_move_fd(fd);
}

void ckpt_stats_name_row(struct ckpt_stats *stats, size_t index,
			 const char *name, const char *object)
{
	struct ckpt_stats_names *to =
		(struct ckpt_stats_names *)(ckpt_stats_row(stats, 0) +
					    stats->function_count) +
		index;

	copy_text(to->name, sizeof(to->name), name);
	copy_text(to->object, sizeof(to->object), object);
}

/* Build the content in private memory, write it, and map the file over it. */
static enum ckpt_status fill_file(struct ckpt_stats *stats,
				  const char *const *names,
				  const char *const *objects)
{
	struct ckpt_stats_header *header = stats->header;
	void *mapped;

	fill_header(header, stats->function_count);
	for (size_t i = 0; i < stats->function_count; i++)
		ckpt_stats_name_row(stats, i, names[i], objects[i]);
	if (ckpt_io_exceeds_limit(stats->size) ||
	    ckpt_io_reserve(stats->fd, stats->size) ||
	    ckpt_io_write_all(stats->fd, header, stats->size, 0))
		return CKPT_IO;
	mapped = ckpt_sys_mmap(header, stats->size, PROT_READ | PROT_WRITE,
			       MAP_SHARED | MAP_FIXED, stats->fd, 0);
	return ckpt_sys_is_error(mapped) ? CKPT_NOMEM : CKPT_OK;
}

static enum ckpt_status open_file(struct ckpt_stats *stats,
				  const char *store_directory)
{
	struct stat st;
	bool has_log = false;

	stats->fd = create_file(store_directory, &has_log);
	if (stats->fd < 0 || ckpt_sys_fstat(stats->fd, &st))
		return CKPT_IO;
	stats->dev = st.st_dev;
	stats->inode = st.st_ino;
	stats->log = has_log ? NULL : stats->header;
	(void)ckpt_sys_flock(stats->fd, LOCK_SH | LOCK_NB);
	return CKPT_OK;
}

/* The object stands in the page before the file's. */
enum { OBJECT_SIZE = 4096 };

enum ckpt_status ckpt_stats_open(const char *store_directory,
				 const char *const *names,
				 const char *const *objects,
				 size_t function_count, struct ckpt_stats **ret,
				 struct ckpt_err *err)
{
	size_t size = ckpt_stats_rows_end(function_count);
	struct ckpt_stats *stats;
	enum ckpt_status status;

	if (function_count > CKPT_STATS_FUNCTIONS_MAX)
		return ckpt_err_set(err, CKPT_UNSUPPORTED,
				    "too many functions to count");
	stats = ckpt_sys_mmap(NULL, OBJECT_SIZE + size, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (ckpt_sys_is_error(stats))
		return ckpt_err_set(err, CKPT_NOMEM, "out of memory");
	stats->header = (void *)((uint8_t *)stats + OBJECT_SIZE);
	stats->size = size;
	stats->function_count = function_count;
	status = open_file(stats, store_directory);
	if (!status)
		status = fill_file(stats, names, objects);
	if (status) {
		ckpt_stats_close(stats);
		return ckpt_err_set(err, status,
				    "%s/v1/runs: no file for the statistics "
				    "can be made",
				    store_directory);
	}
	*ret = stats;
	return CKPT_OK;
}

/* The host may have put something else there. */
static bool is_our_file(const struct ckpt_stats *stats)
{
	struct stat st;

	return stats->fd >= 0 && !ckpt_sys_fstat(stats->fd, &st) &&
	       st.st_dev == stats->dev && st.st_ino == stats->inode;
}

void ckpt_stats_close(struct ckpt_stats *stats)
{
	if (!stats)
		return;
	if (stats->log && stats->log != stats->header)
		(void)ckpt_sys_munmap(stats->log, sizeof(struct ckpt_misslog));
	if (is_our_file(stats))
		(void)ckpt_sys_close(stats->fd);
	(void)ckpt_sys_munmap(stats, OBJECT_SIZE + stats->size);
}

struct ckpt_counters *ckpt_stats_row(struct ckpt_stats *stats, size_t index)
{
	return (struct ckpt_counters *)(stats->header + 1) + index;
}

/* The log behind the rows, or `header`. A forked child that comes here maps
 * the same as its parent. */
static void *map_log(const struct ckpt_stats *stats)
{
	uint64_t off = ckpt_stats_log_off(stats->function_count);
	uint64_t end = off + sizeof(struct ckpt_misslog);
	void *mapped;

	if (!is_our_file(stats) || ckpt_io_exceeds_limit(end) ||
	    ckpt_io_reserve(stats->fd, end))
		return stats->header;
	mapped = ckpt_sys_mmap(NULL, sizeof(struct ckpt_misslog),
			       PROT_READ | PROT_WRITE, MAP_SHARED, stats->fd,
			       (off_t)off);
	return ckpt_sys_is_error(mapped) ? stats->header : mapped;
}

struct ckpt_misslog *ckpt_stats_misses(struct ckpt_stats *stats)
{
	void *log = __atomic_load_n(&stats->log, __ATOMIC_ACQUIRE);
	void *mapped;

	if (!log) {
		mapped = map_log(stats);
		if (__atomic_compare_exchange_n(&stats->log, &log, mapped,
						false, __ATOMIC_ACQ_REL,
						__ATOMIC_ACQUIRE))
			log = mapped;
		else if (mapped != stats->header)
			(void)ckpt_sys_munmap(mapped,
					      sizeof(struct ckpt_misslog));
	}
	return log == stats->header ? NULL : log;
}
