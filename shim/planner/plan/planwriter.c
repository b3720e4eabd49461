/* SPDX-License-Identifier: MIT */
#include "shim/planner/plan/planwriter.h"

#include "shim/common/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

/* ---- bytes ---- */

static void put_sections(const struct ckpt_tables *tables,
			 struct ckpt_plan_header *header, size_t start,
			 struct ckpt_buf *out)
{
	for (int id = 0; id < CKPT_PLAN_SECTION_COUNT; id++) {
		const struct ckpt_buf *section = &tables->sections[id];

		ckpt_buf_align(out, 8);
		header->sections[id] = (struct ckpt_plan_section){
			.off = out->size - start,
			.count = ckpt_tables_count(tables, id),
			.entry_size = ckpt_tables_entry_size(id),
		};
		if (section->size)
			ckpt_buf_add(out, section->data, section->size);
	}
	ckpt_buf_align(out, 8);
}

enum ckpt_status ckpt_planwriter_build(const struct ckpt_tables *tables,
				       const struct ckpt_plan_header *header,
				       struct ckpt_buf *out)
{
	size_t summed = offsetof(struct ckpt_plan_header, key);
	struct ckpt_plan_header full = *header;
	size_t start;
	enum ckpt_status status = ckpt_tables_status(tables);

	if (status)
		return status;
	ckpt_buf_align(out, 8);
	start = out->size;
	ckpt_buf_add(out, &full, sizeof(full));
	put_sections(tables, &full, start, out);
	status = ckpt_buf_status(out);
	if (status)
		return status;
	memcpy(full.magic, CKPT_PLAN_MAGIC, sizeof(full.magic));
	full.version = CKPT_PLAN_VERSION;
	full.header_size = sizeof(full);
	full.file_size = out->size - start;
	memcpy(out->data + start, &full, sizeof(full));
	full.checksum = ckpt_hash(NULL, out->data + start + summed,
				  full.file_size - summed);
	memcpy(out->data + start, &full, sizeof(full));
	return CKPT_OK;
}

/* ---- directories ---- */

static enum ckpt_status make_directory(const char *path, struct ckpt_err *err)
{
	if (mkdir(path, 0700) == 0 || errno == EEXIST)
		return CKPT_OK;
	return ckpt_err_set(err, CKPT_IO, "%s: cannot be made: %s", path,
			    strerror(errno));
}

/* `path` and all above it. */
static enum ckpt_status make_directories(char *path, struct ckpt_err *err)
{
	enum ckpt_status status;
	struct stat st;

	if (stat(path, &st) == 0)
		return CKPT_OK;
	for (char *p = path + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		status = make_directory(path, err);
		*p = '/';
		if (status)
			return status;
	}
	return make_directory(path, err);
}

/* A small file that tells other tools what the directory is. Its absence does
 * no harm, so a failure is none of ours. */
static void put_note(const char *directory, const char *name, const char *text)
{
	_cleanup_close_ int dir =
		open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_close_ int fd = -1;

	if (dir < 0)
		return;
	fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd >= 0 && write(fd, text, strlen(text)) < 0)
		(void)unlinkat(dir, name, 0);
}

/* Cut the last component off; false if there is none. */
static bool cut_name(char *path)
{
	char *slash = strrchr(path, '/');

	if (!slash)
		return false;
	*slash = '\0';
	return true;
}

enum ckpt_status ckpt_planwriter_prepare(const char *path, struct ckpt_err *err)
{
	static const char end[] = "/v1/plan";
	_cleanup_free_ char *dir = strdup(path);
	enum ckpt_status status;

	if (!dir)
		return ckpt_err_set(err, CKPT_NOMEM, "out of memory");
	if (!cut_name(dir) || strlen(dir) < sizeof(end) ||
	    strcmp(dir + strlen(dir) - strlen(end), end) != 0)
		return CKPT_OK;
	status = make_directories(dir, err);
	if (status)
		return status;
	cut_name(dir);
	put_note(dir, "CACHEDIR.TAG",
		 "Signature: 8a477f597d28d172789f06886806bc55\n"
		 "# A cache of ckpt: see https://bford.info/cachedir/\n");
	cut_name(dir);
	put_note(dir, ".gitignore", "*\n");
	return CKPT_OK;
}

/* ---- the file ---- */

static enum ckpt_status write_all(int fd, const char *data, size_t size)
{
	while (size) {
		ssize_t count = write(fd, data, size);

		if (count < 0 && errno == EINTR)
			continue;
		if (count <= 0)
			return CKPT_IO;
		data += count;
		size -= (size_t)count;
	}
	return CKPT_OK;
}

static enum ckpt_status write_new(int fd, const char *temporary,
				  const char *path, const void *data,
				  size_t size)
{
	if (fchmod(fd, 0600) || write_all(fd, data, size) ||
	    rename(temporary, path))
		return CKPT_IO;
	return CKPT_OK;
}

enum ckpt_status ckpt_planwriter_write(const char *path, const void *data,
				       size_t size, struct ckpt_err *err)
{
	_cleanup_free_ char *temporary = NULL;
	_cleanup_close_ int fd = -1;
	enum ckpt_status status = ckpt_planwriter_prepare(path, err);

	if (status)
		return status;
	if (asprintf(&temporary, "%s.XXXXXX", path) < 0) {
		temporary = NULL;
		return ckpt_err_set(err, CKPT_NOMEM, "out of memory");
	}
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0)
		return ckpt_err_set(err, CKPT_IO, "%s: cannot be made: %s",
				    temporary, strerror(errno));
	status = write_new(fd, temporary, path, data, size);
	if (status) {
		ckpt_err_set(err, status, "%s: cannot be written: %s", path,
			     strerror(errno));
		(void)unlink(temporary);
	}
	return status;
}
