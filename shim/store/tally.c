/* SPDX-License-Identifier: MIT */
#include "shim/store/tally.h"

#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>

#include "shim/common/buf.h"
#include "shim/common/cleanup.h"
#include "shim/common/hash.h"
#include "shim/common/sys_x86_64.h"
#include "shim/store/io.h"
#include "shim/store/path.h"
#include "shim/store/runs.h"
#include "shim/store/statsfile.h"

enum { DAY_S = 86400 };

struct tally {
	int dir;      /* v1/ */
	uint8_t *sum; /* the file v1/stats, or NULL */
	struct ckpt_stats_sum_header sum_header;
	struct ckpt_runs runs;
};

static void close_tally(struct tally *tally)
{
	ckpt_runs_deinit(&tally->runs);
	free(tally->sum);
	if (tally->dir >= 0)
		(void)ckpt_sys_close(tally->dir);
}

/* Is this file of runs/ in the sum already? Its unlinking was interrupted. */
static bool is_summed(const struct tally *tally, const char *name)
{
	const char *names =
		(const char *)tally->sum + sizeof(struct ckpt_stats_sum_header);

	for (uint32_t i = 0; tally->sum && i < tally->sum_header.file_count;
	     i++)
		if (!strncmp(names + (size_t)i * CKPT_STATS_FILE_NAME_SIZE,
			     name, CKPT_STATS_FILE_NAME_SIZE))
			return true;
	return false;
}

static bool is_sum_valid(const uint8_t *data, size_t size,
			 struct ckpt_stats_sum_header *ret)
{
	size_t left;

	if (size < sizeof(*ret))
		return false;
	memcpy(ret, data, sizeof(*ret));
	left = size - sizeof(*ret);
	if (memcmp(ret->magic, CKPT_STATS_SUM_MAGIC, 8) != 0 ||
	    ret->format != CKPT_STATS_FORMAT ||
	    ret->file_count > left / CKPT_STATS_FILE_NAME_SIZE)
		return false;
	left -= (size_t)ret->file_count * CKPT_STATS_FILE_NAME_SIZE;
	return ret->line_count == left / sizeof(struct ckpt_tally_line) &&
	       left % sizeof(struct ckpt_tally_line) == 0 &&
	       ret->checksum ==
		       ckpt_hash64(data + sizeof(*ret), size - sizeof(*ret));
}

static void load_sum(struct tally *tally)
{
	size_t size = 0;
	_cleanup_close_ int fd = ckpt_sys_openat(
		tally->dir, "stats",
		O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0);

	if (fd < 0)
		return;
	tally->sum = ckpt_runs_read_whole(fd, &size);
	if (tally->sum && !is_sum_valid(tally->sum, size, &tally->sum_header)) {
		free(tally->sum);
		tally->sum = NULL;
	}
}

static enum ckpt_status open_tally(struct tally *tally,
				   const char *store_directory,
				   struct ckpt_err *err)
{
	struct ckpt_path_list list;
	char path[PATH_MAX];
	const char *name;

	*tally = (struct tally){.dir = -1};
	if (!ckpt_path_join(path, sizeof(path), store_directory, "/v1"))
		return ckpt_err_set(err, CKPT_INVALID, "%s: path too long",
				    store_directory);
	tally->dir = ckpt_sys_openat(AT_FDCWD, path,
				     O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
	if (tally->dir < 0)
		return ckpt_err_set(err, CKPT_NOTFOUND, "%s: there is no store",
				    store_directory);
	load_sum(tally);
	ckpt_path_list_open(&list, tally->dir, "runs");
	while ((name = ckpt_path_list_next(&list)))
		if (!is_summed(tally, name))
			ckpt_runs_add(&tally->runs, list.fd, name);
	ckpt_path_list_close(&list);
	return CKPT_OK;
}

static int compare_lines(const void *left, const void *right)
{
	const struct ckpt_tally_line *a = left, *b = right;
	int order;

	if (a->day != b->day)
		return a->day < b->day ? -1 : 1;
	order = strcmp(a->name, b->name);
	return order ? order : strcmp(a->object, b->object);
}

static void add_counters(struct ckpt_counters *to,
			 const struct ckpt_counters *from)
{
	to->hits += from->hits;
	to->misses += from->misses;
	to->stored += from->stored;
	to->bypassed += from->bypassed;
	to->refused += from->refused;
	to->errors += from->errors;
	to->saved_ns += from->saved_ns;
	to->spent_ns += from->spent_ns;
}

/* Sort, and make one line of equal ones. */
static size_t merge_lines(struct ckpt_tally_line *lines, size_t count)
{
	size_t kept = 0;

	if (count)
		qsort(lines, count, sizeof(*lines), compare_lines);
	for (size_t i = 0; i < count; i++) {
		if (kept && !compare_lines(&lines[kept - 1], &lines[i]))
			add_counters(&lines[kept - 1].counters,
				     &lines[i].counters);
		else
			lines[kept++] = lines[i];
	}
	return kept;
}

static bool has_counted(const struct ckpt_counters *c)
{
	return c->hits || c->misses || c->stored || c->bypassed || c->refused ||
	       c->errors || c->saved_ns || c->spent_ns;
}

static void add_file_lines(struct ckpt_buf *lines,
			   const struct ckpt_run_file *file, bool has_days)
{
	for (size_t i = 0; i < file->header.function_count; i++) {
		struct ckpt_tally_line line = {.day = 0};
		struct ckpt_stats_names text;

		ckpt_run_file_row(file, i, &line.counters, &text);
		if (!has_counted(&line.counters))
			continue;
		memcpy(line.name, text.name, sizeof(line.name));
		memcpy(line.object, text.object, sizeof(line.object));
		if (has_days)
			line.day = file->header.opened_ns / 1000000000 / DAY_S;
		ckpt_buf_add(lines, &line, sizeof(line));
	}
}

static void add_sum_lines(struct ckpt_buf *lines, const struct tally *tally,
			  bool has_days)
{
	const uint8_t *from;

	if (!tally->sum)
		return;
	from = tally->sum + sizeof(tally->sum_header) +
	       (size_t)tally->sum_header.file_count * CKPT_STATS_FILE_NAME_SIZE;
	for (uint64_t i = 0; i < tally->sum_header.line_count; i++) {
		struct ckpt_tally_line line;

		memcpy(&line, from + i * sizeof(line), sizeof(line));
		line.name[sizeof(line.name) - 1] = '\0';
		line.object[sizeof(line.object) - 1] = '\0';
		if (!has_days)
			line.day = 0;
		ckpt_buf_add(lines, &line, sizeof(line));
	}
}

/* Sorted and merged lines of a buffer that the caller gives up. */
static enum ckpt_status take_lines(struct ckpt_buf *buf,
				   struct ckpt_tally_line **ret,
				   size_t *ret_count, struct ckpt_err *err)
{
	if (ckpt_buf_status(buf)) {
		ckpt_buf_deinit(buf);
		return ckpt_err_set(err, CKPT_NOMEM, "out of memory");
	}
	*ret = (struct ckpt_tally_line *)(void *)buf->data;
	*ret_count = merge_lines(*ret, buf->size / sizeof(**ret));
	return CKPT_OK;
}

static enum ckpt_status read_lines(const char *store_directory,
				   bool last_run_only, bool has_days,
				   struct ckpt_tally_line **ret,
				   size_t *ret_count, struct ckpt_err *err)
{
	struct ckpt_buf buf = {0};
	const struct ckpt_run_file *newest;
	struct tally tally;
	enum ckpt_status status;

	/* Where it cannot be written, there is only more to read. */
	(void)!ckpt_tally_fold(store_directory, NULL);
	status = open_tally(&tally, store_directory, err);
	if (status)
		return status;
	newest = ckpt_runs_newest(&tally.runs);
	for (size_t i = 0; i < tally.runs.count; i++) {
		const struct ckpt_run_file *file = &tally.runs.files[i];

		if (!last_run_only || ckpt_run_file_is_with(file, newest))
			add_file_lines(&buf, file, has_days);
	}
	if (!last_run_only)
		add_sum_lines(&buf, &tally, has_days);
	close_tally(&tally);
	return take_lines(&buf, ret, ret_count, err);
}

enum ckpt_status ckpt_tally_read(const char *store_directory, int last_run_only,
				 struct ckpt_tally_line **ret,
				 size_t *ret_count, struct ckpt_err *err)
{
	return read_lines(store_directory, last_run_only, false, ret, ret_count,
			  err);
}

enum ckpt_status ckpt_tally_read_days(const char *store_directory,
				      struct ckpt_tally_line **ret,
				      size_t *ret_count, struct ckpt_err *err)
{
	return read_lines(store_directory, false, true, ret, ret_count, err);
}

/* Header, names of the files, lines: the new sum. */
static enum ckpt_status build_sum(const struct tally *tally,
				  const struct ckpt_buf *names,
				  struct ckpt_buf *lines, struct ckpt_buf *ret)
{
	struct ckpt_stats_sum_header header = {
		.magic = CKPT_STATS_SUM_MAGIC,
		.format = CKPT_STATS_FORMAT,
		.file_count =
			(uint32_t)(names->size / CKPT_STATS_FILE_NAME_SIZE),
	};

	add_sum_lines(lines, tally, true);
	if (ckpt_buf_status(lines) || ckpt_buf_status(names))
		return CKPT_NOMEM;
	header.line_count =
		merge_lines((struct ckpt_tally_line *)(void *)lines->data,
			    lines->size / sizeof(struct ckpt_tally_line));
	ckpt_buf_add(ret, &header, sizeof(header));
	ckpt_buf_add(ret, names->data, names->size);
	ckpt_buf_add(ret, lines->data,
		     header.line_count * sizeof(struct ckpt_tally_line));
	if (ckpt_buf_status(ret))
		return CKPT_NOMEM;
	header.checksum = ckpt_hash64(ret->data + sizeof(header),
				      ret->size - sizeof(header));
	memcpy(ret->data, &header, sizeof(header));
	return CKPT_OK;
}

static enum ckpt_status replace_sum(int dir, const struct ckpt_buf *data)
{
	struct stat st;
	int error;
	_cleanup_close_ int fd = ckpt_sys_openat(
		dir, "tmp/stats",
		O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return CKPT_IO;
	if (!ckpt_sys_fstat(dir, &st))
		(void)ckpt_sys_fchmod(fd, st.st_mode & 0660);
	error = ckpt_io_write_file(fd, data->data, data->size);
	if (!error)
		error = ckpt_sys_renameat(dir, "tmp/stats", dir, "stats");
	return error ? CKPT_IO : CKPT_OK;
}

static void unlink_summed(const struct tally *tally,
			  const struct ckpt_buf *names)
{
	char path[CKPT_STATS_FILE_NAME_SIZE + 8];

	for (size_t i = 0; i < names->size; i += CKPT_STATS_FILE_NAME_SIZE) {
		(void)ckpt_path_join(path, sizeof(path), "runs/",
				     (const char *)names->data + i);
		(void)ckpt_sys_unlinkat(tally->dir, path, 0);
	}
}

/* What an interrupted fold left behind goes first: the next sum forgets its
 * name. */
static void unlink_leftovers(const struct tally *tally)
{
	struct ckpt_buf names = {0};

	if (!tally->sum)
		return;
	ckpt_buf_add(&names, tally->sum + sizeof(tally->sum_header),
		     (size_t)tally->sum_header.file_count *
			     CKPT_STATS_FILE_NAME_SIZE);
	for (size_t i = CKPT_STATS_FILE_NAME_SIZE; i <= names.size;
	     i += CKPT_STATS_FILE_NAME_SIZE)
		names.data[i - 1] = '\0';
	unlink_summed(tally, &names);
	ckpt_buf_deinit(&names);
}

static enum ckpt_status fold_files(struct tally *tally)
{
	const struct ckpt_run_file *newest = ckpt_runs_newest(&tally->runs);
	struct ckpt_buf names = {0}, lines = {0}, sum = {0};
	enum ckpt_status status = CKPT_OK;

	unlink_leftovers(tally);
	for (size_t i = 0; i < tally->runs.count; i++) {
		const struct ckpt_run_file *file = &tally->runs.files[i];

		if (!file->is_gone || ckpt_run_file_is_with(file, newest))
			continue;
		ckpt_buf_add(&names, file->name, sizeof(file->name));
		add_file_lines(&lines, file, true);
	}
	if (names.size) {
		status = build_sum(tally, &names, &lines, &sum);
		if (!status)
			status = replace_sum(tally->dir, &sum);
		if (!status)
			unlink_summed(tally, &names);
	}
	ckpt_buf_deinit(&names);
	ckpt_buf_deinit(&lines);
	ckpt_buf_deinit(&sum);
	return status;
}

enum ckpt_status ckpt_tally_fold(const char *store_directory,
				 struct ckpt_err *err)
{
	char path[PATH_MAX];
	struct tally tally;
	enum ckpt_status status;
	_cleanup_close_ int lock = -1;

	if (!ckpt_path_join(path, sizeof(path), store_directory, "/v1/runs"))
		return ckpt_err_set(err, CKPT_INVALID, "%s: path too long",
				    store_directory);
	lock = ckpt_sys_openat(AT_FDCWD, path,
			       O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
	/* Another one is at it: nothing is left to do. */
	if (lock < 0 || ckpt_sys_flock(lock, LOCK_EX | LOCK_NB))
		return CKPT_OK;
	status = open_tally(&tally, store_directory, err);
	if (status)
		return status;
	status = fold_files(&tally);
	close_tally(&tally);
	if (status)
		return ckpt_err_set(err, status,
				    "%s/v1/stats: cannot be written",
				    store_directory);
	return CKPT_OK;
}
