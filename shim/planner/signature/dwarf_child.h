/* SPDX-License-Identifier: MIT */
#ifndef CKPT_PLANNER_DWARF_CHILD_H
#define CKPT_PLANNER_DWARF_CHILD_H

/*
 * Work on untrusted data in a child process: bounded memory and time, no core
 * file, nothing on the terminal, and an answer that comes back as bytes. The
 * caller must have one thread. Not for the target: it forks.
 */

#include "shim/common/buf.h"

/* What the child does: append the answer to `out`. Its status is the status
 * of ckpt_dwarf_child_run(), with the text it puts into `err`. */
struct ckpt_child_work {
	enum ckpt_status (*run)(void *argument, struct ckpt_buf *out,
				struct ckpt_err *err);
	void *argument;
	const char *what; /* for messages: "debug info of FILE" */
};

/* BADDATA: it died (abort, memory, time); err says of what. On CKPT_OK the
 * answer is appended to `out`. */
enum ckpt_status ckpt_dwarf_child_run(const struct ckpt_child_work *work,
				      struct ckpt_buf *out,
				      struct ckpt_err *err) CKPT_MUST_CHECK;

#endif
