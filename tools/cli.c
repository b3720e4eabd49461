/* SPDX-License-Identifier: MIT */
#include "tools/cli.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/owner.h"
#include "shim/common/cleanup.h"
#include "shim/common/version.h"

int ckpt_cli_common(int option, const char *command, const char *help)
{
	switch (option) {
	case 'h':
		fputs(help, stdout);
		return ckpt_cli_finish(command);
	case 'V':
		puts("ckpt " CKPT_VERSION);
		return ckpt_cli_finish(command);
	default: /* getopt_long() has named the mistake */
		fprintf(stderr, "Try 'ckpt %s --help'.\n", command);
		return CKPT_EXIT_USAGE;
	}
}

int ckpt_cli_usage(const char *command, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "ckpt %s: ", command);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, "\nTry 'ckpt %s --help'.\n", command);
	return CKPT_EXIT_USAGE;
}

int ckpt_cli_fail(const char *command, const struct ckpt_err *err)
{
	fprintf(stderr, "ckpt %s: %s\n", command, err->text);
	return CKPT_EXIT_FAILURE;
}

int ckpt_cli_finish(const char *command)
{
	if (!fflush(stdout) && !ferror(stdout))
		return CKPT_EXIT_OK;
	fprintf(stderr, "ckpt %s: cannot write: %s\n", command,
		strerror(errno));
	return CKPT_EXIT_FAILURE;
}

enum ckpt_status ckpt_cli_config_path(const char *option, char **ret,
				      struct ckpt_err *err)
{
	const char *named = option ? option : getenv("CKPT_CONFIG");
	const char *path = named && *named ? named : "ckpt.toml";
	char *absolute = realpath(path, NULL);
	_cleanup_free_ char *guard = absolute;
	enum ckpt_status status;

	if (!absolute && errno == ENOENT && path != named)
		return ckpt_err_set(err, CKPT_NOTFOUND,
				    "no ckpt.toml in this directory; name one "
				    "with --config or CKPT_CONFIG");
	if (!absolute)
		return ckpt_err_set(err, CKPT_NOTFOUND, "%s: %s", path,
				    strerror(errno));
	if (path != named) {
		status = ckpt_config_check_owner(absolute, err);
		if (status)
			return status;
	}
	*ret = TAKE(guard);
	return CKPT_OK;
}

enum ckpt_status ckpt_cli_config_load(const char *option,
				      struct ckpt_config **ret,
				      struct ckpt_err *err)
{
	_cleanup_free_ char *path = NULL;
	enum ckpt_status status;
	char **dirs;

	status = ckpt_cli_config_path(option, &path, err);
	if (status)
		return status;
	dirs = ckpt_cli_library_dirs_create();
	if (!dirs)
		return ckpt_err_set(err, CKPT_NOMEM, "out of memory");
	status = ckpt_config_load(path, (const char *const *)dirs, ret, err);
	ckpt_cli_library_dirs_destroy(dirs);
	return status;
}

/* Also of what is not there yet. */
static enum ckpt_status make_absolute(const char *path, char **ret,
				      struct ckpt_err *err)
{
	_cleanup_free_ char *here = NULL;

	*ret = realpath(path, NULL);
	if (*ret)
		return CKPT_OK;
	if (errno != ENOENT)
		return ckpt_err_set(err, CKPT_IO, "%s: %s", path,
				    strerror(errno));
	here = *path == '/' ? strdup("") : realpath(".", NULL);
	if (!here || asprintf(ret, *here ? "%s/%s" : "%s%s", here, path) < 0) {
		*ret = NULL;
		return ckpt_err_set(err, CKPT_NOMEM, "out of memory");
	}
	return CKPT_OK;
}

enum ckpt_status ckpt_cli_store_directory(const char *option, char **ret,
					  struct ckpt_err *err)
{
	const char *named = getenv("CKPT_DIR");
	struct ckpt_config *config;
	enum ckpt_status status;

	if (named && *named)
		return make_absolute(named, ret, err);
	status = ckpt_cli_config_load(option, &config, err);
	if (status)
		return status;
	*ret = TAKE(config->directory);
	ckpt_config_destroy(config);
	return CKPT_OK;
}

char *ckpt_cli_own_directory(void)
{
	char path[PATH_MAX];
	ssize_t size = readlink("/proc/self/exe", path, sizeof(path) - 1);
	char *slash;

	if (size <= 0)
		return NULL;
	path[size] = '\0';
	slash = strrchr(path, '/');
	if (!slash)
		return NULL;
	*slash = '\0';
	return strdup(path);
}

char **ckpt_cli_library_dirs_create(void)
{
	static const char *const beside[] = {"../share/ckpt/contracts",
					     "../config/contracts"};
	const char *named = getenv("CKPT_CONTRACTS");
	char **dirs = calloc(CKPT_CLI_LIBRARY_DIRS + 1, sizeof(*dirs));
	_cleanup_free_ char *own = ckpt_cli_own_directory();
	size_t count = 0;

	if (!dirs)
		return NULL;
	if (named && *named) {
		dirs[count] = strdup(named);
		count += dirs[count] != NULL;
	}
	for (size_t i = 0; own && i < 2; i++)
		if (asprintf(&dirs[count], "%s/%s", own, beside[i]) >= 0)
			count++;
	dirs[count] = NULL;
	return dirs;
}

void ckpt_cli_library_dirs_destroy(char **dirs)
{
	for (size_t i = 0; dirs && dirs[i]; i++)
		free(dirs[i]);
	free(dirs);
}

bool ckpt_cli_is_coloured(FILE *file)
{
	return isatty(fileno(file)) && !getenv("NO_COLOR");
}
