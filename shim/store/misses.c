/* SPDX-License-Identifier: MIT */
#include "shim/store/misses.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "shim/common/buf.h"
#include "shim/common/cleanup.h"
#include "shim/common/sys_x86_64.h"
#include "shim/store/path.h"
#include "shim/store/runs.h"

static void name_row(const struct ckpt_run_file *file, uint32_t row,
		     char name[96], char object[64])
{
	struct ckpt_counters counters;
	struct ckpt_stats_names names;

	ckpt_run_file_row(file, row, &counters, &names);
	memcpy(name, names.name, sizeof(names.name));
	memcpy(object, names.object, sizeof(names.object));
}

/* The text of reason number `number`, "" if there is none. */
static void copy_reason(const struct ckpt_misslog *log, uint16_t number,
			char text[232])
{
	const struct ckpt_misslog_reason *reason;

	memset(text, 0, 232);
	if (!number)
		return;
	reason = &log->reasons[number - 1];
	if (reason->is_ready)
		memcpy(text, reason->text, sizeof(reason->text) - 1);
}

static void add_misses(struct ckpt_buf *items, const struct ckpt_run_file *file)
{
	for (size_t i = 0; i < CKPT_MISSLOG_MISSES; i++) {
		const struct ckpt_misslog_miss *from = &file->log->misses[i];
		struct ckpt_miss miss = {
			.key = from->key,
			.time_ns = from->time_ns,
			.duration_ns = from->duration_ns,
			.cause = (enum ckpt_miss_cause)from->cause,
			.end = (enum ckpt_miss_end)from->end,
		};

		if (!ckpt_misslog_is_miss(file->log, from) ||
		    from->row >= file->header.function_count)
			continue;
		name_row(file, from->row, miss.name, miss.object);
		copy_reason(file->log, from->reason, miss.reason);
		ckpt_buf_add(items, &miss, sizeof(miss));
	}
}

static bool is_same_reason(const struct ckpt_miss_reason *a,
			   const struct ckpt_miss_reason *b)
{
	return !strcmp(a->name, b->name) && !strcmp(a->object, b->object) &&
	       !strcmp(a->text, b->text);
}

/* Processes of one run have the same reasons. */
static void add_reason(struct ckpt_buf *reasons,
		       const struct ckpt_miss_reason *added)
{
	struct ckpt_miss_reason *known = (void *)reasons->data;

	for (size_t i = 0; i < reasons->size / sizeof(*known); i++) {
		if (!is_same_reason(&known[i], added))
			continue;
		known[i].count += added->count;
		return;
	}
	ckpt_buf_add(reasons, added, sizeof(*added));
}

static void add_reasons(struct ckpt_buf *reasons,
			const struct ckpt_run_file *file)
{
	for (unsigned i = 0; i < CKPT_MISSLOG_REASONS; i++) {
		const struct ckpt_misslog_reason *from = &file->log->reasons[i];
		struct ckpt_miss_reason reason = {.count = from->count};

		if (!from->is_ready || from->row >= file->header.function_count)
			continue;
		name_row(file, from->row, reason.name, reason.object);
		copy_reason(file->log, (uint16_t)(i + 1), reason.text);
		add_reason(reasons, &reason);
	}
}

static int by_time(const void *left, const void *right)
{
	const struct ckpt_miss *a = left, *b = right;

	return (a->time_ns > b->time_ns) - (a->time_ns < b->time_ns);
}

/* Of the files of one run. */
static enum ckpt_status gather(const struct ckpt_runs *runs,
			       struct ckpt_misses *ret)
{
	const struct ckpt_run_file *newest = ckpt_runs_newest(runs);
	struct ckpt_buf items = {0}, reasons = {0};
	uint64_t noted = 0;

	for (size_t i = 0; i < runs->count; i++) {
		const struct ckpt_run_file *file = &runs->files[i];

		if (!ckpt_run_file_is_with(file, newest))
			continue;
		if (!ret->started_ns ||
		    file->header.opened_ns < ret->started_ns)
			ret->started_ns = file->header.opened_ns;
		if (!file->log)
			continue;
		noted += file->log->miss_count;
		add_misses(&items, file);
		add_reasons(&reasons, file);
	}
	ret->items = (void *)items.data;
	ret->count = items.size / sizeof(*ret->items);
	ret->reasons = (void *)reasons.data;
	ret->reason_count = reasons.size / sizeof(*ret->reasons);
	ret->forgotten_count = noted > ret->count ? noted - ret->count : 0;
	if (ret->count)
		qsort(ret->items, ret->count, sizeof(*ret->items), by_time);
	return ckpt_buf_status(&items) || ckpt_buf_status(&reasons) ? CKPT_NOMEM
								    : CKPT_OK;
}

static enum ckpt_status read_runs(const char *store_directory,
				  struct ckpt_runs *runs, struct ckpt_err *err)
{
	struct ckpt_path_list list;
	char path[PATH_MAX];
	const char *name;
	_cleanup_close_ int dir = -1;

	if (!ckpt_path_join(path, sizeof(path), store_directory, "/v1"))
		return ckpt_err_set(err, CKPT_INVALID, "%s: path too long",
				    store_directory);
	dir = ckpt_sys_openat(AT_FDCWD, path,
			      O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
	if (dir < 0)
		return ckpt_err_set(err, CKPT_NOTFOUND, "%s: there is no store",
				    store_directory);
	ckpt_path_list_open(&list, dir, "runs");
	while ((name = ckpt_path_list_next(&list)))
		ckpt_runs_add(runs, list.fd, name);
	ckpt_path_list_close(&list);
	return CKPT_OK;
}

enum ckpt_status ckpt_misses_read(const char *store_directory,
				  struct ckpt_misses *ret, struct ckpt_err *err)
{
	_cleanup_(ckpt_runs_deinit) struct ckpt_runs runs = {0};
	struct ckpt_misses misses = {0};
	enum ckpt_status status = read_runs(store_directory, &runs, err);

	if (status)
		return status;
	status = gather(&runs, &misses);
	if (status) {
		ckpt_misses_deinit(&misses);
		return ckpt_err_set(err, status, "out of memory");
	}
	*ret = misses;
	return CKPT_OK;
}

void ckpt_misses_deinit(struct ckpt_misses *misses)
{
	free(misses->items);
	free(misses->reasons);
}
