/* SPDX-License-Identifier: MIT */
#include "shim/runtime/guest/settings.h"

#include "shim/common/sys_x86_64.h"
#include "shim/runtime/guest/format.h"

#include <errno.h>
#include <string.h>

enum { CONFIG_SIZE_MAX = 16 << 20, PLAN_WAIT_MS = 60000 };

/* ---- environment ---- */

/* The value of `variable` "NAME=VALUE" if its name is `name`, else NULL. */
static const char *value_of(const char *variable, const char *name)
{
	size_t size = strlen(name);

	if (strncmp(variable, name, size) != 0 || variable[size] != '=')
		return NULL;
	return variable + size + 1;
}

/* Neither "" nor "0". */
static bool is_on(const char *value)
{
	return value[0] && strcmp(value, "0") != 0;
}

static void read_ours(struct ckpt_settings *ret, const char *variable)
{
	const struct {
		const char *name;
		const char **text;
		bool *flag;
	} known[] = {
		{"CKPT_CONFIG", &ret->config, NULL},
		{"CKPT_DIR", &ret->directory, NULL},
		{"CKPT_NAMESPACE", &ret->name_space, NULL},
		{"CKPT_PLANNER", &ret->planner, NULL},
		{"CKPT_CONTRACTS", &ret->contracts, NULL},
		{"CKPT_RERUN", &ret->rerun, NULL},
		{"CKPT_LOG", &ret->log, NULL},
		{"CKPT_MEASURE", &ret->measure, NULL},
		{"CKPT_DISABLE", NULL, &ret->is_disabled},
		{"CKPT_READONLY", NULL, &ret->is_readonly},
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		const char *value = value_of(variable, known[i].name);

		if (!value)
			continue;
		if (known[i].flag)
			*known[i].flag = is_on(value);
		else
			*known[i].text = value[0] ? value : NULL;
	}
}

static void read_theirs(struct ckpt_settings *ret, const char *variable)
{
	const char *value;

	if ((value = value_of(variable, "HOME")))
		ret->home = value;
	else if ((value = value_of(variable, "XDG_CACHE_HOME")))
		ret->xdg_cache_home = value;
	else if ((value = value_of(variable, "NO_COLOR")) && value[0])
		ret->has_colour = false;
}

void ckpt_settings_read(struct ckpt_settings *ret, char *const *environment)
{
	memset(ret, 0, sizeof(*ret));
	ret->environment = environment;
	ret->has_colour = true;
	ret->plan_wait_ms = PLAN_WAIT_MS;
	for (char *const *e = environment; *e; e++) {
		switch ((*e)[0]) {
		case 'C':
			if (!strncmp(*e, "CKPT_", 5))
				read_ours(ret, *e);
			break;
		case 'H':
		case 'N':
		case 'X':
			read_theirs(ret, *e);
			break;
		default:
			break;
		}
	}
}

bool ckpt_settings_is_rerun(const struct ckpt_settings *settings,
			    const char *name)
{
	const char *list = settings->rerun;
	size_t size = strlen(name);

	while (list) {
		size_t length = strcspn(list, ",");

		if ((length == 1 && list[0] == '*') ||
		    (length == size && !memcmp(list, name, size)))
			return true;
		list = list[length] ? list + length + 1 : NULL;
	}
	return false;
}

/* ---- the config file ---- */

static enum ckpt_status make_absolute(const char *path, char *to)
{
	long size;

	if (path[0] == '/') {
		size = 0;
	} else {
		/* The kernel counts the NUL. */
		size = ckpt_sys_getcwd(to, CKPT_SETTINGS_PATH_MAX) - 1;
		if (size < 1 || to[0] != '/')
			return CKPT_INVALID;
		if (to[size - 1] != '/' && size < CKPT_SETTINGS_PATH_MAX - 1)
			to[size++] = '/';
	}
	if (strlen(path) >= CKPT_SETTINGS_PATH_MAX - (size_t)size)
		return CKPT_INVALID;
	memcpy(to + size, path, strlen(path) + 1);
	return CKPT_OK;
}

static enum ckpt_status check_file(const struct stat *st, const char *path,
				   bool is_explicit, struct ckpt_err *err)
{
	if (!S_ISREG(st->st_mode))
		return ckpt_err_set(err, CKPT_INVALID, "%s: not a file", path);
	if (st->st_size > CONFIG_SIZE_MAX)
		return ckpt_err_set(err, CKPT_INVALID, "%s: larger than 16 MiB",
				    path);
	if (is_explicit)
		return CKPT_OK;
	if (st->st_uid != 0 && st->st_uid != ckpt_sys_geteuid())
		return ckpt_err_set(err, CKPT_INVALID,
				    "%s: not used: it belongs to another user "
				    "(CKPT_CONFIG=%s would use it)",
				    path, path);
	if (st->st_mode & (S_IWGRP | S_IWOTH))
		return ckpt_err_set(err, CKPT_INVALID,
				    "%s: not used: other users can write it "
				    "(chmod go-w %s, or CKPT_CONFIG=%s)",
				    path, path, path);
	return CKPT_OK;
}

static enum ckpt_status read_bytes(int fd, struct ckpt_config_file *file,
				   size_t size, struct ckpt_err *err)
{
	void *memory = ckpt_sys_mmap(NULL, size + 1, PROT_READ | PROT_WRITE,
				     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (ckpt_sys_is_error(memory))
		return ckpt_err_set(err, CKPT_NOMEM, "%s: no memory",
				    file->path);
	file->data = memory;
	file->size = size;
	for (size_t done = 0; done < size;) {
		long count = ckpt_sys_pread(fd, (char *)memory + done,
					    size - done, (off_t)done);

		if (count == -EINTR)
			continue;
		if (count <= 0)
			return ckpt_err_set(err, CKPT_IO,
					    "%s: cannot be read (error %ld)",
					    file->path, -count);
		done += (size_t)count;
	}
	return CKPT_OK;
}

static enum ckpt_status read_file(int fd, bool is_explicit,
				  struct ckpt_config_file *file,
				  struct ckpt_err *err)
{
	enum ckpt_status status;
	struct stat st;
	int error = ckpt_sys_fstat(fd, &st);

	if (error)
		return ckpt_err_set(err, CKPT_IO, "%s: no status (error %d)",
				    file->path, -error);
	status = check_file(&st, file->path, is_explicit, err);
	if (status)
		return status;
	return read_bytes(fd, file, (size_t)st.st_size, err);
}

enum ckpt_status ckpt_settings_open_config(const struct ckpt_settings *settings,
					   struct ckpt_config_file *ret,
					   struct ckpt_err *err)
{
	const char *name = settings->config ? settings->config : "ckpt.toml";
	struct ckpt_config_file file = {.data = NULL};
	enum ckpt_status status;
	int fd;

	fd = ckpt_sys_openat(AT_FDCWD, name,
			     O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0);
	if (fd < 0 && !settings->config && (fd == -ENOENT || fd == -ENOTDIR))
		return CKPT_NOTFOUND;
	if (fd < 0)
		return ckpt_err_set(err, CKPT_INVALID,
				    "%s: cannot be opened (%s)", name,
				    fd == -ENOENT ? "no such file" : "error");
	status = make_absolute(name, file.path);
	if (status)
		(void)ckpt_err_set(err, status, "%s: path too long", name);
	else
		status = read_file(fd, settings->config, &file, err);
	(void)ckpt_sys_close(fd);
	if (status) {
		ckpt_settings_close_config(&file);
		return status;
	}
	*ret = file;
	return CKPT_OK;
}

void ckpt_settings_close_config(struct ckpt_config_file *file)
{
	if (!file || !file->data)
		return;
	(void)ckpt_sys_munmap(file->data, file->size + 1);
	file->data = NULL;
}
