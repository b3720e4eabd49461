/* SPDX-License-Identifier: MIT */
#include "shim/planner/signature/cc.h"

#include "shim/common/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

enum { SECONDS_MAX = 30, POLL_NS = 2000000 };

/* The file `name` in PATH, allocated; NULL if there is none. */
static char *find_program(const char *name)
{
	const char *path = getenv("PATH");

	if (strchr(name, '/'))
		return access(name, X_OK) == 0 ? strdup(name) : NULL;
	if (!path)
		path = "/usr/local/bin:/usr/bin:/bin";
	while (*path) {
		size_t size = strcspn(path, ":");
		char *file = NULL;

		if (size &&
		    asprintf(&file, "%.*s/%s", (int)size, path, name) < 0)
			return NULL;
		if (file && access(file, X_OK) == 0)
			return file;
		free(file);
		path += size;
		path += *path == ':';
	}
	return NULL;
}

enum ckpt_status ckpt_cc_find(bool is_cxx, char **ret)
{
	static const char *const c_names[] = {"cc", "gcc", "clang", NULL};
	static const char *const cxx_names[] = {"c++", "g++", "clang++", NULL};
	const char *const *names = is_cxx ? cxx_names : c_names;
	const char *given = getenv("CKPT_CC");
	char *file = NULL;

	if (!is_cxx && given && *given) {
		file = find_program(given);
	} else {
		for (; !file && *names; names++)
			file = find_program(*names);
	}
	if (!file)
		return CKPT_NOTFOUND;
	*ret = file;
	return CKPT_OK;
}

/* The environment without what would put us into the compiler. */
static char **make_environment(void)
{
	static const char *const dropped[] = {
		"LD_PRELOAD=", "LD_AUDIT=", "LC_ALL=", "LANGUAGE="};
	static char c_locale[] = "LC_ALL=C";
	size_t count = 0, used = 0;
	char **copy;

	while (environ[count])
		count++;
	copy = calloc(count + 2, sizeof(*copy));
	if (!copy)
		return NULL;
	copy[used++] = c_locale;
	for (size_t i = 0; i < count; i++) {
		bool is_dropped = false;

		for (size_t j = 0; j < 4; j++)
			if (strncmp(environ[i], dropped[j],
				    strlen(dropped[j])) == 0)
				is_dropped = true;
		if (!is_dropped)
			copy[used++] = environ[i];
	}
	return copy;
}

static int spawn(const char *const *arguments, const char *log, pid_t *ret)
{
	_cleanup_free_ char **environment = make_environment();
	posix_spawn_file_actions_t actions;
	int error;

	if (!environment)
		return ENOMEM;
	error = posix_spawn_file_actions_init(&actions);
	if (error)
		return error;
	error = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null",
						 O_RDONLY, 0);
	if (!error)
		error = posix_spawn_file_actions_addopen(
			&actions, 1, log, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (!error)
		error = posix_spawn_file_actions_adddup2(&actions, 1, 2);
	if (!error)
		error = posix_spawn(ret, arguments[0], &actions, NULL,
				    (char *const *)(uintptr_t)arguments,
				    environment);
	(void)posix_spawn_file_actions_destroy(&actions);
	return error;
}

/* The wait status; -1 if it took too long and was killed. */
static int wait_for(pid_t pid)
{
	const struct timespec pause = {0, POLL_NS};
	int status;

	for (long i = 0; i < SECONDS_MAX * (1000000000L / POLL_NS); i++) {
		pid_t result = waitpid(pid, &status, WNOHANG);

		if (result == pid)
			return status;
		if (result < 0 && errno != EINTR)
			return -1;
		(void)nanosleep(&pause, NULL);
	}
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, &status, 0);
	return -1;
}

/* Where SIGCHLD is ignored, as a program may have left it to us, there is no
 * status to wait for. */
static int spawn_and_wait(const char *const *arguments, const char *log,
			  int *ret_status)
{
	const struct sigaction plain = {.sa_handler = SIG_DFL};
	struct sigaction before;
	pid_t pid;
	int error;

	if (sigaction(SIGCHLD, &plain, &before) != 0)
		return errno;
	error = spawn(arguments, log, &pid);
	if (!error)
		*ret_status = wait_for(pid);
	(void)sigaction(SIGCHLD, &before, NULL);
	return error;
}

enum ckpt_status ckpt_cc_run(const char *const *arguments, const char *log,
			     struct ckpt_err *err)
{
	int status = -1, error = spawn_and_wait(arguments, log, &status);

	if (error)
		return ckpt_err_set(err, CKPT_IO, "%s: cannot be run: %s",
				    arguments[0], strerror(error));
	if (status == -1)
		return ckpt_err_set(err, CKPT_IO,
				    "%s: did not end within %d seconds",
				    arguments[0], SECONDS_MAX);
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		return ckpt_err_set(err, CKPT_NOTFOUND, "%s failed",
				    arguments[0]);
	return CKPT_OK;
}
