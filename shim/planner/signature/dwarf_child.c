/* SPDX-License-Identifier: MIT */
#include "shim/planner/signature/dwarf_child.h"

#include "shim/common/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

enum {
	SECONDS_MAX = 20,
	CPU_SECONDS_MAX = 15,
	ANSWER_MAX = 256 << 20,
};

static const rlim_t memory_limit = (rlim_t)8 << 30;

/* AddressSanitizer reserves terabytes. */
#if defined(__SANITIZE_ADDRESS__)
static const int is_memory_limited = 0;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
static const int is_memory_limited = 0;
#else
static const int is_memory_limited = 1;
#endif
#else
static const int is_memory_limited = 1;
#endif

static void set_limit(int what, rlim_t limit)
{
	const struct rlimit limits = {limit, limit};

	(void)setrlimit(what, &limits);
}

static void limit_child(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	set_limit(RLIMIT_CORE, 0);
	set_limit(RLIMIT_CPU, CPU_SECONDS_MAX);
	if (is_memory_limited)
		set_limit(RLIMIT_AS, memory_limit);
	/* The answer's pipe is above: see ckpt_dwarf_child_run(). */
	for (int fd = 0; null >= 0 && fd < 3; fd++)
		(void)dup2(null, fd);
	/* An abort of libdwarf must end the child, not a handler of ours. */
	(void)signal(SIGABRT, SIG_DFL);
	(void)signal(SIGSEGV, SIG_DFL);
	(void)signal(SIGPIPE, SIG_DFL);
}

static int write_all(int fd, const void *data, size_t size)
{
	const uint8_t *next = data;

	while (size > 0) {
		ssize_t count = write(fd, next, size);

		if (count < 0 && errno == EINTR)
			continue;
		if (count <= 0)
			return -1;
		next += count;
		size -= (size_t)count;
	}
	return 0;
}

/* The answer is status, message, then what the work appended. The last byte
 * tells that it is whole. */
static _Noreturn void be_child(const struct ckpt_child_work *work, int fd)
{
	struct ckpt_buf out = {0};
	struct ckpt_err err = {.text = ""};
	uint32_t status;

	limit_child();
	status = work->run(work->argument, &out, &err);
	if (ckpt_buf_status(&out))
		status = CKPT_NOMEM;
	err.text[sizeof(err.text) - 1] = '\0';
	if (write_all(fd, &status, sizeof(status)) ||
	    write_all(fd, err.text, sizeof(err.text)) ||
	    write_all(fd, out.data, out.size) || write_all(fd, "E", 1))
		_exit(1);
	_exit(0);
}

static int64_t now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* 0: all was read; -1: time is over, or too much came. */
static int read_answer(int fd, struct ckpt_buf *answer)
{
	int64_t end = now_ms() + SECONDS_MAX * 1000;
	uint8_t chunk[65536];

	for (;;) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		int64_t left = end - now_ms();
		ssize_t count;

		if (left <= 0 || answer->size > ANSWER_MAX)
			return -1;
		if (poll(&p, 1, (int)left) <= 0)
			continue;
		count = read(fd, chunk, sizeof(chunk));
		if (count == 0)
			return 0;
		if (count > 0)
			ckpt_buf_add(answer, chunk, (size_t)count);
		else if (errno != EINTR)
			return -1;
	}
}

/* Where SIGCHLD is ignored there is no status: then the answer tells. */
static int wait_for(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return 0;
	return status;
}

static enum ckpt_status explain(const struct ckpt_child_work *work, int status,
				int is_late, struct ckpt_err *err)
{
	if (is_late || (WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU))
		return ckpt_err_set(err, CKPT_BADDATA,
				    "%s: malformed, or too large: it could not "
				    "be read in %d seconds",
				    work->what, SECONDS_MAX);
	if (WIFSIGNALED(status))
		return ckpt_err_set(err, CKPT_BADDATA,
				    "%s: malformed: reading it ended in "
				    "signal %d (%s)",
				    work->what, WTERMSIG(status),
				    strsignal(WTERMSIG(status)));
	return ckpt_err_set(err, CKPT_BADDATA,
			    "%s: malformed: the reader gave up", work->what);
}

static enum ckpt_status unpack(const struct ckpt_buf *answer,
			       struct ckpt_buf *out, struct ckpt_err *err)
{
	uint32_t status;
	char text[sizeof(err->text)];
	size_t head = sizeof(status) + sizeof(text);

	memcpy(&status, answer->data, sizeof(status));
	memcpy(text, answer->data + sizeof(status), sizeof(text));
	text[sizeof(text) - 1] = '\0';
	if (status > CKPT_IO)
		status = CKPT_BADDATA;
	if (status)
		return ckpt_err_set(err, status, "%s", text);
	ckpt_buf_add(out, answer->data + head, answer->size - head - 1);
	return ckpt_buf_status(out);
}

static enum ckpt_status talk(const struct ckpt_child_work *work, pid_t pid,
			     int fd, struct ckpt_buf *out, struct ckpt_err *err)
{
	struct ckpt_buf answer = {0};
	int is_late = read_answer(fd, &answer), wait_status;
	size_t least = sizeof(uint32_t) + sizeof(err->text) + 1;
	enum ckpt_status status;

	if (is_late)
		(void)kill(pid, SIGKILL);
	wait_status = wait_for(pid);
	status = ckpt_buf_status(&answer);
	if (!status && (is_late || answer.size < least ||
			answer.data[answer.size - 1] != 'E' || wait_status))
		status = explain(work, wait_status, is_late, err);
	if (!status)
		status = unpack(&answer, out, err);
	ckpt_buf_deinit(&answer);
	return status;
}

enum ckpt_status ckpt_dwarf_child_run(const struct ckpt_child_work *work,
				      struct ckpt_buf *out,
				      struct ckpt_err *err)
{
	int fds[2];
	_cleanup_close_ int in = -1, out_fd = -1;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) != 0)
		return ckpt_err_set(err, CKPT_IO, "pipe: %s", strerror(errno));
	in = fds[0];
	/* Who started us may have closed what is usually below 3. */
	out_fd = fcntl(fds[1], F_DUPFD_CLOEXEC, 3);
	(void)close(fds[1]);
	if (out_fd < 0)
		return ckpt_err_set(err, CKPT_IO, "pipe: %s", strerror(errno));
	pid = fork();
	if (pid == 0)
		be_child(work, out_fd);
	(void)close(TAKE_FD(out_fd));
	if (pid < 0)
		return ckpt_err_set(err, CKPT_IO, "fork: %s", strerror(errno));
	return talk(work, pid, in, out, err);
}
