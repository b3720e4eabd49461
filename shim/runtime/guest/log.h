/* SPDX-License-Identifier: MIT */
#ifndef CKPT_RUNTIME_LOG_H
#define CKPT_RUNTIME_LOG_H

/*
 * What the runtime tells the user, and what an error costs: warn prints,
 * ignore is silent, raise prints and aborts (the one permitted abort).
 *
 * Messages are lines "ckpt: …" on standard error, or appended to the file of
 * CKPT_LOG=level:file. Standard error is written to only while descriptor 2 is
 * the file it was at start (a program that closes it may get the number back
 * for its data), without blocking for more than a moment, and no SIGPIPE,
 * SIGTTOU or SIGXFSZ comes of it. The file is opened for each message.
 *
 * Any thread; hot path and signal handlers too (no malloc, locale, lock;
 * errno kept). A forked child goes on with its copy. init: set-up world.
 */

#include "shim/common/status.h"
#include "shim/plan.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CKPT_LOG_SEEN_MAX = 512, CKPT_LOG_PATH_MAX = 1024 };

struct ckpt_log {
	int level;	      /* enum ckpt_log_level */
	bool is_level_forced; /* CKPT_LOG said so: the plan does not change it
			       */
	bool is_colour;
	bool has_stderr;
	uint64_t stderr_dev, stderr_inode;
	char file[CKPT_LOG_PATH_MAX]; /* absolute; "" = standard error */
	/* Hashes of what was told once; 0 = free. */
	uint64_t seen[CKPT_LOG_SEEN_MAX];
};

/* `setting` is the value of CKPT_LOG or NULL; `has_colour` allows colours on a
 * terminal. A setting that is not understood is told, and is as if unset. */
void ckpt_log_init(struct ckpt_log *log, const char *setting, bool has_colour);

/* The level of the plan: used unless CKPT_LOG gave one. */
void ckpt_log_set_level(struct ckpt_log *log, int level);

static inline bool ckpt_log_is_on(const struct ckpt_log *log,
				  enum ckpt_log_level level)
{
	return log->level >= (int)level;
}

/* Each line of the message (format.h) gets the prefix; cut at 2 KiB. */
void ckpt_log_write(struct ckpt_log *log, enum ckpt_log_level level,
		    const char *format, ...) CKPT_PRINTF(3, 4);

/* Is this (function, cause) here for the first time? Remembers it; when the
 * table is full nothing is for the first time any more. */
bool ckpt_log_is_first(struct ckpt_log *log, const char *function,
		       const char *cause);

/* Tell `text` about `function` (NULL: about the process), the first time this
 * cause is met for it. `cause` tells kinds of messages apart and is not
 * printed. An error obeys `on_error`: CKPT_ON_ERROR_RAISE does not return. */
void ckpt_log_error(struct ckpt_log *log, const char *function,
		    enum ckpt_on_error on_error, const char *cause,
		    const char *text);
/* A note of level info. */
void ckpt_log_note(struct ckpt_log *log, const char *function,
		   const char *cause, const char *text);

#endif
