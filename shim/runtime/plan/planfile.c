/* SPDX-License-Identifier: MIT */
#include "shim/runtime/plan/planfile.h"

#include "shim/common/sys_x86_64.h"
#include "shim/runtime/guest/format.h"

#include <errno.h>
#include <string.h>

enum { PLAN_SIZE_MAX = 1 << 28 };

/* ---- places ---- */

static bool is_set(const char *text)
{
	return text && text[0];
}

/* `directory`/v1/plan/KEY.plan, the directory cut to `size` characters. */
static enum ckpt_status put_path(const char *directory, size_t size,
				 const char *middle, struct ckpt_hash128 key,
				 char *path)
{
	char name[CKPT_HASH_TEXT_SIZE];
	size_t length;

	ckpt_hash_text(key, name);
	length = ckpt_format(path, CKPT_PLANFILE_PATH_MAX,
			     "%.*s%s/v1/plan/%s.plan", (int)size, directory,
			     middle, name);
	return length < CKPT_PLANFILE_PATH_MAX - 1 ? CKPT_OK : CKPT_NOTFOUND;
}

/* Below the user's cache directory, one directory for each config. */
static enum ckpt_status
put_cache_path(const struct ckpt_planfile_places *places,
	       struct ckpt_hash128 key, char *path)
{
	size_t size = strlen(places->config_path);
	bool has_xdg = is_set(places->xdg_cache_home);
	char config[CKPT_HASH_TEXT_SIZE], middle[64];

	if (!has_xdg && !is_set(places->home))
		return CKPT_NOTFOUND;
	ckpt_hash_text(ckpt_hash(NULL, places->config_path, size), config);
	(void)ckpt_format(middle, sizeof(middle), "%s/ckpt/%s",
			  has_xdg ? "" : "/.cache", config);
	return put_path(has_xdg ? places->xdg_cache_home : places->home,
			PLAN_SIZE_MAX, middle, key, path);
}

enum ckpt_status ckpt_planfile_path(const struct ckpt_planfile_places *places,
				    struct ckpt_hash128 key, int index,
				    char path[CKPT_PLANFILE_PATH_MAX])
{
	const char *slash = strrchr(places->config_path, '/');

	if (index == 1)
		return put_cache_path(places, key, path);
	if (index != 0)
		return CKPT_NOTFOUND;
	if (is_set(places->ckpt_dir))
		return put_path(places->ckpt_dir, PLAN_SIZE_MAX, "", key, path);
	return put_path(places->config_path,
			slash ? (size_t)(slash - places->config_path) : 0,
			"/.ckpt", key, path);
}

/* ---- reading ---- */

static enum ckpt_status check_owner(const struct stat *st, const char *path,
				    struct ckpt_err *err)
{
	if (!S_ISREG(st->st_mode))
		return ckpt_err_set(err, CKPT_INVALID, "%s: not a file", path);
	if (st->st_uid != 0 && st->st_uid != ckpt_sys_geteuid())
		return ckpt_err_set(err, CKPT_INVALID,
				    "%s: belongs to another user", path);
	if (st->st_mode & (S_IWGRP | S_IWOTH))
		return ckpt_err_set(err, CKPT_INVALID,
				    "%s: others can write it", path);
	if (st->st_size <= 0 || st->st_size > PLAN_SIZE_MAX)
		return ckpt_err_set(err, CKPT_NOTFOUND, "%s: not a plan", path);
	return CKPT_OK;
}

static enum ckpt_status read_all(int fd, char *to, size_t size,
				 const char *path, struct ckpt_err *err)
{
	size_t done = 0;

	while (done < size) {
		long count =
			ckpt_sys_pread(fd, to + done, size - done, (off_t)done);

		if (count == -EINTR)
			continue;
		if (count <= 0)
			return ckpt_err_set(err, CKPT_NOTFOUND,
					    "%s: cannot be read (error %ld)",
					    path, -count);
		done += (size_t)count;
	}
	return CKPT_OK;
}

static enum ckpt_status read_plan(int fd, const char *path,
				  struct ckpt_planfile *plan,
				  struct ckpt_err *err)
{
	enum ckpt_status status;
	struct stat st;
	void *memory;

	if (ckpt_sys_fstat(fd, &st) < 0)
		return ckpt_err_set(err, CKPT_NOTFOUND, "%s: no status", path);
	status = check_owner(&st, path, err);
	if (status)
		return status;
	memory = ckpt_sys_mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1,
			       0);
	if (ckpt_sys_is_error(memory))
		return ckpt_err_set(err, CKPT_NOMEM, "%s: no memory", path);
	plan->memory = memory;
	plan->memory_size = (size_t)st.st_size;
	status = read_all(fd, memory, plan->memory_size, path, err);
	if (status)
		return status;
	(void)ckpt_sys_mprotect(memory, plan->memory_size, PROT_READ);
	return CKPT_OK;
}

static enum ckpt_status load_plan(struct ckpt_planfile *plan, const char *path,
				  struct ckpt_err *err)
{
	enum ckpt_status status;
	int fd = ckpt_sys_openat(AT_FDCWD, path,
				 O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
				 0);

	if (fd == -ENOENT || fd == -ENOTDIR)
		return ckpt_err_set(err, CKPT_NOTFOUND, "%s: no plan yet",
				    path);
	if (fd < 0)
		return ckpt_err_set(err, CKPT_NOTFOUND,
				    "%s: cannot be opened (error %d)", path,
				    -fd);
	status = read_plan(fd, path, plan, err);
	(void)ckpt_sys_close(fd);
	return status;
}

static enum ckpt_status check_plan(struct ckpt_planfile *plan, const char *path,
				   struct ckpt_hash128 key,
				   const struct ckpt_planfile_known *known,
				   struct ckpt_err *err)
{
	enum ckpt_status status;

	status = ckpt_plan_check(plan->memory, plan->memory_size, &plan->view,
				 err);
	if (status == CKPT_NOMEM)
		return status;
	if (status) {
		(void)ckpt_err_prefix(err, status, "%s", path);
		return CKPT_NOTFOUND;
	}
	if (!ckpt_hash_equal(plan->view.header->key, key))
		return ckpt_err_set(err, CKPT_NOTFOUND,
				    "%s: made for something else", path);
	return ckpt_planfile_compare(&plan->view, known, err);
}

enum ckpt_status ckpt_planfile_open(struct ckpt_planfile *ret, const char *path,
				    struct ckpt_hash128 key,
				    const struct ckpt_planfile_known *known,
				    struct ckpt_err *err)
{
	struct ckpt_planfile plan = {.memory = NULL};
	enum ckpt_status status;

	status = load_plan(&plan, path, err);
	if (!status)
		status = check_plan(&plan, path, key, known, err);
	if (status) {
		ckpt_planfile_close(&plan);
		return status;
	}
	*ret = plan;
	return CKPT_OK;
}

void ckpt_planfile_close(struct ckpt_planfile *plan)
{
	if (!plan || !plan->memory)
		return;
	(void)ckpt_sys_munmap(plan->memory, plan->memory_size);
	plan->memory = NULL;
}

/* ---- comparing ---- */

static int64_t to_ns(const struct timespec *time)
{
	return time->tv_sec * 1000000000ll + time->tv_nsec;
}

static bool is_same(const struct ckpt_plan_file *file, const struct stat *st)
{
	return file->dev == st->st_dev && file->inode == st->st_ino &&
	       file->size == (uint64_t)st->st_size &&
	       file->mtime_ns == to_ns(&st->st_mtim) &&
	       file->ctime_ns == to_ns(&st->st_ctim);
}

static enum ckpt_status compare_file(const struct ckpt_plan_view *plan,
				     const struct ckpt_plan_file *file,
				     struct ckpt_err *err)
{
	const char *path = plan->strings + file->path;
	struct stat st;
	int error = ckpt_sys_fstatat(AT_FDCWD, path, &st, 0);

	if (error && !file->is_present)
		return CKPT_OK;
	if (error)
		return ckpt_err_set(err, CKPT_NOTFOUND, "%s is gone", path);
	if (!file->is_present)
		return ckpt_err_set(err, CKPT_NOTFOUND, "%s is new", path);
	if (!is_same(file, &st))
		return ckpt_err_set(err, CKPT_NOTFOUND, "%s has changed", path);
	return CKPT_OK;
}

static bool is_as_seen(const struct ckpt_plan_file *file,
		       const struct ckpt_planfile_seen *seen)
{
	return seen->is_known && file->is_present && file->dev == seen->dev &&
	       file->inode == seen->inode && file->size == seen->size &&
	       file->mtime_ns == seen->mtime_ns &&
	       file->ctime_ns == seen->ctime_ns;
}

/* Objects and the files they were read from mostly stand in one order. */
static bool is_of_object(const struct ckpt_plan_view *plan, uint32_t file,
			 const struct ckpt_planfile_known *known,
			 uint32_t *next)
{
	uint32_t count = known && known->items ? known->count : 0;

	if (count > plan->counts[CKPT_PLAN_OBJECTS])
		count = plan->counts[CKPT_PLAN_OBJECTS];
	for (uint32_t i = 0; i < count; i++) {
		uint32_t object = (*next + i) % count;

		if (plan->objects[object].file != file)
			continue;
		*next = object + 1;
		return is_as_seen(&plan->files[file], &known->items[object]);
	}
	return false;
}

enum ckpt_status ckpt_planfile_compare(const struct ckpt_plan_view *plan,
				       const struct ckpt_planfile_known *known,
				       struct ckpt_err *err)
{
	uint32_t next = 0;

	for (uint32_t i = 0; i < plan->counts[CKPT_PLAN_FILES]; i++) {
		enum ckpt_status status;

		if (is_of_object(plan, i, known, &next))
			continue;
		status = compare_file(plan, &plan->files[i], err);
		if (status)
			return status;
	}
	return CKPT_OK;
}

enum ckpt_status ckpt_planfile_compare_text(const struct ckpt_plan_view *plan,
					    uint32_t index,
					    const uintptr_t *bases,
					    struct ckpt_err *err)
{
	const struct ckpt_plan_function *function = &plan->functions[index];

	for (uint32_t i = 0; i < function->text_count; i++) {
		const struct ckpt_plan_text *text =
			&plan->texts[function->first_text + i];
		const void *bytes =
			(const void *)(bases[text->object] + text->vaddr);

		if (!ckpt_hash_equal(ckpt_hash(NULL, bytes, text->size),
				     text->digest))
			return ckpt_err_set(
				err, CKPT_NOTFOUND,
				"%s: code at 0x%llx is not what its file has",
				plan->strings +
					plan->objects[text->object].path,
				(unsigned long long)text->vaddr);
	}
	return CKPT_OK;
}

/* ---- programs ---- */

void ckpt_planfile_program(const struct ckpt_plan_view *plan, uint32_t index,
			   const uintptr_t *bases, struct ckpt_program *ret)
{
	*ret = (struct ckpt_program){
		.function = &plan->functions[index],
		.strings = plan->strings,
		.moves = plan->moves,
		.roots = plan->roots,
		.nodes = plan->nodes,
		.fields = plan->fields,
		.clauses = plan->clauses,
		.exprs = plan->exprs,
		.ops = plan->ops,
		.bases = bases,
		.inputs = plan->inputs,
		.objects = plan->objects,
		.object_count = plan->counts[CKPT_PLAN_OBJECTS],
	};
}
