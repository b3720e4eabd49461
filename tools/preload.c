/* SPDX-License-Identifier: MIT */
#include "tools/preload.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shim/common/cleanup.h"
#include "shim/common/hash.h"
#include "tools/cli.h"

/* LD_PRELOAD separates by spaces and colons and knows no quoting. */
static bool is_preloadable(const char *path)
{
	return !strpbrk(path, " :\t\n");
}

/* The first of the places where a build or an installation puts it. */
static char *find_library(void)
{
	static const char *const places[] = {
		"libckpt.so", "../lib/libckpt.so",
		"../lib/x86_64-linux-gnu/libckpt.so", "../lib64/libckpt.so"};
	_cleanup_free_ char *own = ckpt_cli_own_directory();

	for (size_t i = 0; own && i < sizeof(places) / sizeof(*places); i++) {
		_cleanup_free_ char *path = NULL;
		char *real;

		if (asprintf(&path, "%s/%s", own, places[i]) < 0)
			return NULL;
		real = realpath(path, NULL);
		if (real)
			return real;
	}
	return NULL;
}

/* A directory of this user alone, made if needed. */
static enum ckpt_status make_private_directory(const char *path,
					       struct ckpt_err *err)
{
	struct stat st;

	if (mkdir(path, 0700) && errno != EEXIST)
		return ckpt_err_set(err, CKPT_IO, "%s: %s", path,
				    strerror(errno));
	if (lstat(path, &st) || !S_ISDIR(st.st_mode) ||
	    st.st_uid != geteuid() || st.st_mode & 077)
		return ckpt_err_set(err, CKPT_INVALID,
				    "%s is not a private directory of this "
				    "user",
				    path);
	return CKPT_OK;
}

/* A link to `library` whose own path LD_PRELOAD can carry. It stays: the
 * program's children need it too. */
static enum ckpt_status link_library(const char *library, char **ret,
				     struct ckpt_err *err)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	bool is_usable = runtime && *runtime == '/' && is_preloadable(runtime);
	char name[CKPT_HASH_TEXT_SIZE];
	_cleanup_free_ char *dir = NULL, *path = NULL;
	enum ckpt_status status;

	ckpt_hash_text(ckpt_hash(NULL, library, strlen(library)), name);
	if (asprintf(&dir, "%s/ckpt-%u", is_usable ? runtime : "/tmp",
		     (unsigned)geteuid()) < 0 ||
	    asprintf(&path, "%s/%s.so", dir, name) < 0)
		return ckpt_err_set(err, CKPT_NOMEM, "out of memory");
	status = make_private_directory(dir, err);
	if (status)
		return status;
	if (symlink(library, path) && errno != EEXIST)
		return ckpt_err_set(err, CKPT_IO, "%s: %s", path,
				    strerror(errno));
	*ret = TAKE(path);
	return CKPT_OK;
}

/* The library goes last: others in LD_PRELOAD may insist on being first. */
static enum ckpt_status preload(const char *library, struct ckpt_err *err)
{
	const char *others = getenv("LD_PRELOAD");
	_cleanup_free_ char *list = NULL;

	if (others && strstr(others, library))
		return CKPT_OK;
	if (asprintf(&list, "%s%s%s", others ? others : "",
		     others && *others ? ":" : "", library) < 0 ||
	    setenv("LD_PRELOAD", list, 1))
		return ckpt_err_set(err, CKPT_NOMEM, "out of memory");
	return CKPT_OK;
}

enum ckpt_status ckpt_preload_set(struct ckpt_err *err)
{
	_cleanup_free_ char *library = find_library();
	_cleanup_free_ char *linked = NULL;
	enum ckpt_status status;

	if (!library)
		return ckpt_err_set(err, CKPT_NOTFOUND,
				    "libckpt.so is neither beside ckpt nor in "
				    "../lib");
	if (is_preloadable(library))
		return preload(library, err);
	status = link_library(library, &linked, err);
	if (status)
		return status;
	/* The planner is looked for beside the library as it was named. */
	if (!getenv("CKPT_PLANNER")) {
		_cleanup_free_ char *own = ckpt_cli_own_directory();
		_cleanup_free_ char *planner = NULL;

		if (!own || asprintf(&planner, "%s/ckpt", own) < 0 ||
		    setenv("CKPT_PLANNER", planner, 1))
			return ckpt_err_set(err, CKPT_NOMEM, "out of memory");
	}
	return preload(linked, err);
}
