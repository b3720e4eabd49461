/* SPDX-License-Identifier: MIT */
#include "shim/runtime/plan/planner_child.h"

#include "shim/common/sys_x86_64.h"
#include "shim/runtime/guest/format.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

enum {
	ARGUMENTS_MAX = 16,
	STACK_SIZE = 16384,
	DESCRIPTORS_MAX = 65536,
	SIGNAL_MAX = 64,
	EXEC_FAILED = 127,
	FIRST_FREE_FD = 10,
};

/* All that the planner needs, made before the first fork. */
struct start {
	const char *path;
	char *arguments[ARGUMENTS_MAX];
	char **environment;
	size_t environment_size; /* bytes mapped */
	int objects;		 /* descriptor */
	bool is_verbose;
};

/* ---- finding ---- */

static bool is_executable(const char *path)
{
	return ckpt_sys_faccessat(AT_FDCWD, path, 1 /* X_OK */) == 0;
}

bool ckpt_planner_child_find(const char *override, const char *library,
			     char path[CKPT_PLANNER_PATH_MAX])
{
	static const char *const places[] = {"ckpt", "../bin/ckpt",
					     "../../bin/ckpt"};
	const char *slash = strrchr(library, '/');

	if (override && override[0]) {
		(void)ckpt_format(path, CKPT_PLANNER_PATH_MAX, "%s", override);
		return is_executable(path);
	}
	for (size_t i = 0; slash && i < sizeof(places) / sizeof(*places); i++) {
		(void)ckpt_format(path, CKPT_PLANNER_PATH_MAX, "%.*s%s",
				  (int)(slash + 1 - library), library,
				  places[i]);
		if (is_executable(path))
			return true;
	}
	return false;
}

/* ---- the planner's side: system calls only from here on ---- */

static void reset_signals(void)
{
	struct ckpt_sys_sigaction action = {.handler = SIG_DFL};

	for (int i = 1; i <= SIGNAL_MAX; i++)
		(void)ckpt_sys_sigaction(i, &action, NULL);
}

static void close_from(int first)
{
	struct rlimit limit;

	if (ckpt_sys_close_range((unsigned)first, ~0u, 0) == 0)
		return;
	if (ckpt_sys_getrlimit(RLIMIT_NOFILE, &limit) < 0 ||
	    limit.rlim_cur > DESCRIPTORS_MAX)
		limit.rlim_cur = DESCRIPTORS_MAX;
	for (int fd = first; fd < (int)limit.rlim_cur; fd++)
		(void)ckpt_sys_close(fd);
}

/* Descriptors 0 to 2 and no others. The list is above them (make_list). */
static int set_descriptors(const struct start *start)
{
	int null = ckpt_sys_openat(AT_FDCWD, "/dev/null", O_RDWR, 0);

	if (null < 0)
		return null;
	if (!start->is_verbose || ckpt_sys_fcntl(2, F_GETFD, 0) < 0)
		(void)ckpt_sys_dup2(null, 2);
	(void)ckpt_sys_dup2(2, 1);
	if (ckpt_sys_dup2(start->objects, 0) < 0)
		return -EBADF;
	close_from(3);
	return 0;
}

static int exec_planner(void *argument)
{
	const struct start *start = argument;
	uint64_t none = 0;

	if (set_descriptors(start) < 0)
		return EXEC_FAILED;
	(void)ckpt_sys_sigprocmask(SIG_SETMASK, &none, NULL);
	(void)ckpt_sys_execve(start->path, start->arguments,
			      start->environment);
	return EXEC_FAILED;
}

static int to_exit_code(int status)
{
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* The guard: a copy of the target that starts the planner and waits for it,
 * every signal blocked. */
static int guard_planner(struct start *start)
{
	char stack[STACK_SIZE] __attribute__((aligned(16)));
	int status = 0;
	pid_t pid;

	/* An ignored SIGCHLD would lose the planner's status. */
	reset_signals();
	pid = ckpt_sys_clone_call(CLONE_VM | CLONE_VFORK | SIGCHLD,
				  stack + sizeof(stack), exec_planner, start);
	if (pid < 0)
		return EXEC_FAILED;
	/* What the target has open it may want to close. */
	close_from(0);
	while (ckpt_sys_wait4(pid, &status, __WALL) == -EINTR)
		;
	return to_exit_code(status);
}

/* ---- the target's side ---- */

static bool is_kept(const char *variable)
{
	return strncmp(variable, "LD_", 3) != 0 &&
	       strncmp(variable, "CKPT_DISABLE=", 13) != 0;
}

static int make_environment(struct start *start, char *const *variables)
{
	size_t count = 0, kept = 0;

	while (variables && variables[count])
		count++;
	start->environment_size = (count + 2) * sizeof(char *);
	start->environment = ckpt_sys_mmap(NULL, start->environment_size,
					   PROT_READ | PROT_WRITE,
					   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (ckpt_sys_is_error(start->environment))
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		if (is_kept(variables[i]))
			start->environment[kept++] = variables[i];
	start->environment[kept++] = (char *)"CKPT_DISABLE=1";
	start->environment[kept] = NULL;
	return 0;
}

static int write_all(int fd, const char *data, size_t size)
{
	while (size) {
		long count = ckpt_sys_write(fd, data, size);

		if (count == -EINTR)
			continue;
		if (count <= 0)
			return -EIO;
		data += count;
		size -= (size_t)count;
	}
	return (int)ckpt_sys_lseek(fd, 0, SEEK_SET);
}

/* A descriptor above the standard ones, also where those are closed. */
static int make_list(const char *objects, size_t size)
{
	struct rlimit limit;
	int fd, high, error;

	/* The limit on file sizes holds for memory files too, and it kills. */
	if (!ckpt_sys_getrlimit(RLIMIT_FSIZE, &limit) && limit.rlim_cur < size)
		return -EFBIG;
	fd = ckpt_sys_memfd_create("ckpt objects", MFD_CLOEXEC);
	if (fd < 0)
		return fd;
	high = ckpt_sys_fcntl(fd, F_DUPFD_CLOEXEC, FIRST_FREE_FD);
	(void)ckpt_sys_close(fd);
	if (high < 0)
		return high;
	error = write_all(high, objects, size);
	if (error < 0) {
		(void)ckpt_sys_close(high);
		return error;
	}
	return high;
}

static void set_arguments(struct start *start,
			  const struct ckpt_planner_request *request)
{
	const char *const arguments[] = {
		"ckpt",
		"plan",
		"--config",
		request->config,
		"--objects",
		"-",
		"--output",
		request->output,
		request->is_verbose ? "--verbose" : NULL,
		NULL,
	};

	memcpy(start->arguments, arguments, sizeof(arguments));
	start->path = request->planner;
	start->is_verbose = request->is_verbose;
}

static pid_t start_guard(struct start *start)
{
	uint64_t all = ~0ull, before = 0;
	pid_t pid;

	(void)ckpt_sys_sigprocmask(SIG_SETMASK, &all, &before);
	pid = ckpt_sys_fork();
	if (pid == 0)
		ckpt_sys_exit_group(guard_planner(start));
	(void)ckpt_sys_sigprocmask(SIG_SETMASK, &before, NULL);
	return pid;
}

static long milliseconds_since(const struct timespec *start)
{
	struct timespec now = {0, 0};

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (now.tv_sec - start->tv_sec) * 1000 +
	       (now.tv_nsec - start->tv_nsec) / 1000000;
}

static struct ckpt_planner_result collect_guard(pid_t guard)
{
	struct ckpt_planner_result result = {.outcome = CKPT_PLANNER_DONE};
	int status = 0, code;
	pid_t pid;

	do
		pid = ckpt_sys_wait4(guard, &status, __WALL | WNOHANG);
	while (pid == -EINTR);
	if (pid == 0)
		return (struct ckpt_planner_result){
			.outcome = CKPT_PLANNER_SLOW, .guard = guard};
	if (pid < 0)
		return result; /* collected by others: the plan will tell */
	code = to_exit_code(status);
	if (code == CKPT_PLANNER_EXIT_SLOW) {
		result.outcome = CKPT_PLANNER_SLOW;
	} else if (code) {
		result.outcome = code == EXEC_FAILED ? CKPT_PLANNER_ABSENT
						     : CKPT_PLANNER_FAILED;
		result.detail = code == EXEC_FAILED ? ENOEXEC : code;
	}
	return result;
}

/* Until the guard has ended or `wait_ms` have passed. */
static struct ckpt_planner_result await_guard(pid_t guard, unsigned wait_ms)
{
	struct pollfd item = {.fd = ckpt_sys_pidfd_open(guard),
			      .events = POLLIN};
	struct timespec start = {0, 0}, pause = {0, 2000000};
	struct ckpt_planner_result result;
	long left = wait_ms;

	(void)clock_gettime(CLOCK_MONOTONIC, &start);
	do {
		if (item.fd >= 0)
			(void)ckpt_sys_poll(&item, 1, (int)left);
		else
			(void)ckpt_sys_nanosleep(&pause);
		result = collect_guard(guard);
		left = (long)wait_ms - milliseconds_since(&start);
	} while (result.guard && left > 0);
	if (item.fd >= 0)
		(void)ckpt_sys_close(item.fd);
	return result;
}

static struct ckpt_planner_result
run_start(struct start *start, const struct ckpt_planner_request *request)
{
	pid_t guard = start_guard(start);

	if (guard < 0)
		return (struct ckpt_planner_result){
			.outcome = CKPT_PLANNER_ABSENT, .detail = -guard};
	return await_guard(guard, request->wait_ms);
}

struct ckpt_planner_result
ckpt_planner_child_run(const struct ckpt_planner_request *request)
{
	struct ckpt_planner_result result = {.outcome = CKPT_PLANNER_ABSENT};
	struct start start;

	set_arguments(&start, request);
	start.objects = make_list(request->objects, request->objects_size);
	if (start.objects < 0) {
		result.detail = -start.objects;
		return result;
	}
	if (make_environment(&start, request->environment) < 0) {
		result.detail = ENOMEM;
	} else {
		result = run_start(&start, request);
		(void)ckpt_sys_munmap(start.environment,
				      start.environment_size);
	}
	(void)ckpt_sys_close(start.objects);
	return result;
}

bool ckpt_planner_child_reap(pid_t guard)
{
	int status;

	return ckpt_sys_wait4(guard, &status, __WALL | WNOHANG) != 0;
}
