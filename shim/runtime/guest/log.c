/* SPDX-License-Identifier: MIT */
#include "shim/runtime/guest/log.h"

#include "shim/common/hash.h"
#include "shim/common/sys_x86_64.h"
#include "shim/runtime/guest/format.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

enum {
	MESSAGE_MAX = 2048,
	LINE_MAX_SIZE = 1200,
	WAIT_MS = 100, /* for room in a pipe */
};

static const char *const level_names[] = {"off", "warn", "info", "debug"};

static uint64_t signal_bit(int number)
{
	return 1ull << (number - 1);
}

/* ---- where messages go ---- */

/* The signals a write can bring upon this thread: held back while we write,
 * and taken away if our write brought them. */
static uint64_t hold_signals(uint64_t *ret_pending)
{
	uint64_t held =
		signal_bit(SIGPIPE) | signal_bit(SIGXFSZ) | signal_bit(SIGTTOU);
	uint64_t before = 0;

	*ret_pending = 0;
	(void)ckpt_sys_sigprocmask(SIG_BLOCK, &held, &before);
	(void)ckpt_sys_sigpending(ret_pending);
	return before;
}

static void release_signals(uint64_t before, uint64_t was_pending)
{
	uint64_t ours =
		(signal_bit(SIGPIPE) | signal_bit(SIGXFSZ)) & ~was_pending;
	uint64_t pending = 0;
	struct timespec now = {0, 0};

	(void)ckpt_sys_sigpending(&pending);
	if (pending & ours)
		(void)ckpt_sys_sigtimedwait(&ours, &now);
	(void)ckpt_sys_sigprocmask(SIG_SETMASK, &before, NULL);
}

static void write_bytes(int fd, const char *text, size_t size)
{
	struct pollfd item = {.fd = fd, .events = POLLOUT};
	uint64_t pending, before = hold_signals(&pending);

	if (ckpt_sys_poll(&item, 1, WAIT_MS) > 0)
		(void)ckpt_sys_write(fd, text, size);
	release_signals(before, pending);
}

static bool is_stderr_ours(const struct ckpt_log *log)
{
	struct stat st;

	return log->has_stderr && ckpt_sys_fstat(2, &st) == 0 &&
	       st.st_dev == log->stderr_dev && st.st_ino == log->stderr_inode;
}

static void write_out(const struct ckpt_log *log, const char *text, size_t size)
{
	int fd;

	if (!log->file[0]) {
		if (is_stderr_ours(log))
			write_bytes(2, text, size);
		return;
	}
	fd = ckpt_sys_openat(AT_FDCWD, log->file,
			     O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC |
				     O_NOCTTY | O_NONBLOCK,
			     0600);
	if (fd < 0)
		return;
	write_bytes(fd, text, size);
	(void)ckpt_sys_close(fd);
}

/* ---- lines ---- */

/* One line with prefix; what a terminal could take for a command is not
 * passed on. */
static void write_line(const struct ckpt_log *log, enum ckpt_log_level level,
		       const char *text, size_t size)
{
	const char *colour = level == CKPT_LOG_WARN ? "\033[33m" : "\033[2m";
	char line[LINE_MAX_SIZE];
	size_t used;

	used = ckpt_format(line, sizeof(line), "%sckpt:%s ",
			   log->is_colour ? colour : "",
			   log->is_colour ? "\033[0m" : "");
	for (size_t i = 0; i < size && used < sizeof(line) - 1; i++) {
		unsigned char c = (unsigned char)text[i];

		line[used++] = (char)(c < ' ' && c != '\t' ? '?' : c);
	}
	line[used++] = '\n';
	write_out(log, line, used);
}

static void write_lines(const struct ckpt_log *log, enum ckpt_log_level level,
			const char *text)
{
	while (*text) {
		size_t size = 0;

		while (text[size] && text[size] != '\n')
			size++;
		write_line(log, level, text, size);
		text += size + (text[size] == '\n');
	}
}

void ckpt_log_write(struct ckpt_log *log, enum ckpt_log_level level,
		    const char *format, ...)
{
	char text[MESSAGE_MAX];
	va_list values;

	if (!ckpt_log_is_on(log, level))
		return;
	va_start(values, format);
	(void)ckpt_format_va(text, sizeof(text), format, values);
	va_end(values);
	write_lines(log, level, text);
}

/* ---- once ---- */

static size_t text_size(const char *text)
{
	size_t size = 0;

	while (text && text[size])
		size++;
	return size;
}

bool ckpt_log_is_first(struct ckpt_log *log, const char *function,
		       const char *cause)
{
	uint64_t hash = ckpt_hash64(function, text_size(function)) * 31 +
			ckpt_hash64(cause, text_size(cause));

	hash |= !hash;
	for (size_t i = 0; i < CKPT_LOG_SEEN_MAX; i++) {
		uint64_t *slot = &log->seen[(hash + i) % CKPT_LOG_SEEN_MAX];
		uint64_t found = 0;

		if (__atomic_compare_exchange_n(slot, &found, hash, false,
						__ATOMIC_RELAXED,
						__ATOMIC_RELAXED))
			return true;
		if (found == hash)
			return false;
	}
	return false;
}

static void write_about(struct ckpt_log *log, enum ckpt_log_level level,
			const char *function, const char *text)
{
	char message[MESSAGE_MAX];

	(void)ckpt_format(message, sizeof(message), "%s%s%s",
			  function ? function : "", function ? ": " : "", text);
	write_lines(log, level, message);
}

void ckpt_log_error(struct ckpt_log *log, const char *function,
		    enum ckpt_on_error on_error, const char *cause,
		    const char *text)
{
	if (on_error == CKPT_ON_ERROR_RAISE) {
		write_about(log, CKPT_LOG_WARN, function, text);
		write_about(log, CKPT_LOG_WARN, function,
			    "aborting, as on_error = \"raise\" asks for");
		abort();
	}
	if (on_error == CKPT_ON_ERROR_WARN &&
	    ckpt_log_is_on(log, CKPT_LOG_WARN) &&
	    ckpt_log_is_first(log, function, cause))
		write_about(log, CKPT_LOG_WARN, function, text);
}

void ckpt_log_note(struct ckpt_log *log, const char *function,
		   const char *cause, const char *text)
{
	if (ckpt_log_is_on(log, CKPT_LOG_INFO) &&
	    ckpt_log_is_first(log, function, cause))
		write_about(log, CKPT_LOG_INFO, function, text);
}

/* ---- settings ---- */

/* The level whose name `setting` starts with, up to its end or ':'. */
static int find_level(const char *setting, size_t *ret_size)
{
	*ret_size = 0;
	while (setting[*ret_size] && setting[*ret_size] != ':')
		(*ret_size)++;
	for (int i = 0; i < (int)(sizeof(level_names) / sizeof(*level_names));
	     i++)
		if (strlen(level_names[i]) == *ret_size &&
		    !memcmp(level_names[i], setting, *ret_size))
			return i;
	return -1;
}

static void set_file(struct ckpt_log *log, const char *path)
{
	char directory[CKPT_LOG_PATH_MAX / 2];
	size_t size;

	if (path[0] == '/') {
		size = ckpt_format(log->file, sizeof(log->file), "%s", path);
	} else {
		if (ckpt_sys_getcwd(directory, sizeof(directory)) < 0)
			return;
		size = ckpt_format(log->file, sizeof(log->file), "%s/%s",
				   directory, path);
	}
	if (size == sizeof(log->file) - 1)
		log->file[0] = '\0';
}

static void find_stderr(struct ckpt_log *log, bool has_colour)
{
	char terminal[64]; /* struct termios of the kernel */
	struct stat st;

	if (ckpt_sys_fstat(2, &st) < 0)
		return;
	log->has_stderr = true;
	log->stderr_dev = st.st_dev;
	log->stderr_inode = st.st_ino;
	log->is_colour = has_colour && S_ISCHR(st.st_mode) &&
			 ckpt_sys_ioctl(2, TCGETS, terminal) == 0;
}

void ckpt_log_init(struct ckpt_log *log, const char *setting, bool has_colour)
{
	size_t size;
	int level;

	memset(log, 0, sizeof(*log));
	log->level = CKPT_LOG_WARN;
	find_stderr(log, has_colour);
	if (!setting || !setting[0])
		return;
	level = find_level(setting, &size);
	if (level < 0) {
		ckpt_log_write(log, CKPT_LOG_WARN,
			       "CKPT_LOG=%s: want off, warn, info or debug, "
			       "then perhaps :FILE",
			       setting);
		return;
	}
	log->level = level;
	log->is_level_forced = true;
	if (setting[size] == ':' && setting[size + 1])
		set_file(log, setting + size + 1);
	if (log->file[0])
		log->is_colour = false;
}

void ckpt_log_set_level(struct ckpt_log *log, int level)
{
	if (!log->is_level_forced)
		log->level = level;
}
