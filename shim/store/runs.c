/* SPDX-License-Identifier: MIT */
#include "shim/store/runs.h"

#include <stdlib.h>
#include <string.h>
#include <sys/file.h>

#include "shim/common/cleanup.h"
#include "shim/common/hash.h"
#include "shim/common/sys_x86_64.h"
#include "shim/store/io.h"
#include "shim/store/path.h"
#include "shim/store/runid.h"

enum { FILE_MAX = 256 << 20 }; /* a larger one is not ours */

uint8_t *ckpt_runs_read_whole(int fd, size_t *ret_size)
{
	_cleanup_free_ uint8_t *data = NULL;
	struct stat st;

	if (ckpt_sys_fstat(fd, &st) || !S_ISREG(st.st_mode) ||
	    st.st_size > FILE_MAX)
		return NULL;
	data = malloc((size_t)st.st_size + 1);
	if (!data || ckpt_io_read_all(fd, data, (size_t)st.st_size, 0))
		return NULL;
	*ret_size = (size_t)st.st_size;
	return TAKE(data);
}

static bool is_header_valid(const struct ckpt_stats_header *header, size_t size)
{
	if (memcmp(header->magic, CKPT_STATS_MAGIC, 8) != 0 ||
	    header->format != CKPT_STATS_FORMAT ||
	    header->checksum !=
		    ckpt_hash64(header,
				offsetof(struct ckpt_stats_header, checksum)) ||
	    header->function_count > CKPT_STATS_FUNCTIONS_MAX)
		return false;
	return size == ckpt_stats_rows_end(header->function_count) ||
	       size == ckpt_stats_log_off(header->function_count) +
			       sizeof(struct ckpt_misslog);
}

/* Its lock is free, and there is no such process: either alone may deceive (a
 * host that closes descriptors; another pid namespace). */
static bool is_process_gone(int fd, const struct ckpt_stats_header *header)
{
	struct ckpt_runid now;

	if (ckpt_sys_flock(fd, LOCK_EX | LOCK_NB))
		return false;
	now = ckpt_runid_of(header->pid);
	return now.start == 0 || now.start != header->start;
}

void ckpt_runs_add(struct ckpt_runs *list, int runs, const char *name)
{
	struct ckpt_run_file file = {.name = ""};
	struct ckpt_run_file *files;
	_cleanup_free_ uint8_t *data = NULL;
	size_t size = 0;
	_cleanup_close_ int fd = ckpt_sys_openat(
		runs, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0);

	if (fd < 0 || !ckpt_path_join(file.name, sizeof(file.name), name, ""))
		return;
	data = ckpt_runs_read_whole(fd, &size);
	if (!data || size < sizeof(file.header))
		return;
	memcpy(&file.header, data, sizeof(file.header));
	if (!is_header_valid(&file.header, size))
		return;
	file.is_gone = is_process_gone(fd, &file.header);
	files = realloc(list->files, (list->count + 1) * sizeof(file));
	if (!files)
		return;
	if (size > ckpt_stats_rows_end(file.header.function_count))
		file.log = (const void *)(data + size -
					  sizeof(struct ckpt_misslog));
	file.data = TAKE(data);
	files[list->count++] = file;
	list->files = files;
}

void ckpt_runs_deinit(struct ckpt_runs *list)
{
	for (size_t i = 0; i < list->count; i++)
		free((void *)(uintptr_t)list->files[i].data);
	free(list->files);
}

const struct ckpt_run_file *ckpt_runs_newest(const struct ckpt_runs *list)
{
	const struct ckpt_run_file *newest = NULL;

	for (size_t i = 0; i < list->count; i++)
		if (!newest ||
		    list->files[i].header.opened_ns > newest->header.opened_ns)
			newest = &list->files[i];
	return newest;
}

bool ckpt_run_file_is_with(const struct ckpt_run_file *a,
			   const struct ckpt_run_file *b)
{
	return a->header.run_pid == b->header.run_pid &&
	       a->header.run_start == b->header.run_start;
}

void ckpt_run_file_row(const struct ckpt_run_file *file, size_t index,
		       struct ckpt_counters *ret_counters,
		       struct ckpt_stats_names *ret_names)
{
	const uint8_t *rows = file->data + sizeof(file->header);
	const uint8_t *names =
		rows + file->header.function_count * sizeof(*ret_counters);

	memcpy(ret_counters, rows + index * sizeof(*ret_counters),
	       sizeof(*ret_counters));
	memcpy(ret_names, names + index * sizeof(*ret_names),
	       sizeof(*ret_names));
	ret_names->name[sizeof(ret_names->name) - 1] = '\0';
	ret_names->object[sizeof(ret_names->object) - 1] = '\0';
}
