/* SPDX-License-Identifier: MIT */
#include "shim/planner/elf/deps.h"

#include "shim/common/cleanup.h"

#include <string.h>
#include <sys/stat.h>

void ckpt_deps_deinit(struct ckpt_deps *deps)
{
	for (size_t i = 0; i < deps->count; i++)
		free(deps->items[i].path);
	free(deps->items);
	*deps = (struct ckpt_deps){0};
}

static char *make_absolute(const char *path)
{
	_cleanup_free_ char *directory = NULL;
	char *absolute = NULL;

	if (path[0] == '/')
		return strdup(path);
	directory = getcwd(NULL, 0);
	if (!directory || asprintf(&absolute, "%s/%s", directory, path) < 0)
		return NULL;
	return absolute;
}

static int64_t nanoseconds(struct timespec t)
{
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void look_at(struct ckpt_dep *dep)
{
	struct stat st;

	if (stat(dep->path, &st) != 0)
		return;
	dep->is_present = true;
	dep->dev = st.st_dev;
	dep->inode = st.st_ino;
	dep->size = (uint64_t)st.st_size;
	dep->mtime_ns = nanoseconds(st.st_mtim);
	dep->ctime_ns = nanoseconds(st.st_ctim);
}

static enum ckpt_status append(struct ckpt_deps *deps, char **path)
{
	struct ckpt_dep *grown;

	if (deps->count == deps->capacity) {
		size_t capacity = deps->capacity ? deps->capacity * 2 : 32;

		grown = reallocarray(deps->items, capacity, sizeof(*grown));
		if (!grown)
			return CKPT_NOMEM;
		deps->items = grown;
		deps->capacity = capacity;
	}
	deps->items[deps->count] = (struct ckpt_dep){.path = TAKE(*path)};
	look_at(&deps->items[deps->count++]);
	return CKPT_OK;
}

enum ckpt_status ckpt_deps_add(struct ckpt_deps *deps, const char *path,
			       size_t *ret_index)
{
	_cleanup_free_ char *absolute = NULL;
	size_t i = 0;

	if (!deps)
		return CKPT_OK;
	absolute = make_absolute(path);
	if (!absolute)
		return CKPT_NOMEM;
	while (i < deps->count && strcmp(deps->items[i].path, absolute) != 0)
		i++;
	if (i == deps->count) {
		enum ckpt_status status = append(deps, &absolute);

		if (status)
			return status;
	}
	if (ret_index)
		*ret_index = i;
	return CKPT_OK;
}

bool ckpt_deps_are_current(const struct ckpt_deps *deps)
{
	for (size_t i = 0; i < deps->count; i++) {
		const struct ckpt_dep *was = &deps->items[i];
		struct ckpt_dep now = {.path = was->path};

		look_at(&now);
		if (now.is_present != was->is_present || now.dev != was->dev ||
		    now.inode != was->inode || now.size != was->size ||
		    now.mtime_ns != was->mtime_ns ||
		    now.ctime_ns != was->ctime_ns)
			return false;
	}
	return true;
}

int64_t ckpt_deps_latest_ns(const struct ckpt_deps *deps)
{
	int64_t latest = 0;

	for (size_t i = 0; i < deps->count; i++)
		if (deps->items[i].ctime_ns > latest)
			latest = deps->items[i].ctime_ns;
	return latest;
}
