/* SPDX-License-Identifier: MIT */
#ifndef CKPT_RUNTIME_PLANNER_CHILD_H
#define CKPT_RUNTIME_PLANNER_CHILD_H

/*
 * Running `ckpt plan` from inside the target without the target noticing.
 *
 * The kernel gives every process that execs SIGCHLD as its exit signal, so the
 * planner cannot be our child. Between it and the target stands a guard: a
 * fork with exit signal 0 that never execs, starts the planner, waits for it
 * and exits with its status. The target sees no SIGCHLD, waiting for any child
 * does not find the guard (only __WALL does), and SIGCHLD may be ignored. No
 * pthread_atfork handler runs. The planner inherits no descriptor, no blocked
 * or ignored signal, no LD_* variable; its standard input is the list of
 * objects, its output goes nowhere (to standard error if asked for).
 *
 * Set-up world, any thread; no malloc; errno kept.
 */

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum {
	CKPT_PLANNER_PATH_MAX = 1024,
	/* EX_TEMPFAIL of sysexits.h: the planner has been at it for as long as
	 * the config lets programs wait, and goes on without us. */
	CKPT_PLANNER_EXIT_SLOW = 75,
};

struct ckpt_planner_request {
	const char *planner;	  /* absolute path of the command */
	const char *config;	  /* absolute */
	const char *output;	  /* the plan to write */
	const char *objects;	  /* text, as plankey.h has it */
	char *const *environment; /* of the target; NULL-terminated */
	size_t objects_size;
	unsigned wait_ms; /* how long the target waits at most */
	bool is_verbose;  /* what the planner says goes to standard error */
};

enum ckpt_planner_outcome {
	CKPT_PLANNER_DONE,   /* exit status 0: the plan should be there */
	CKPT_PLANNER_FAILED, /* another exit status, or killed: `detail` */
	CKPT_PLANNER_SLOW,   /* still at it, left running */
	CKPT_PLANNER_ABSENT, /* could not be started: `detail` is the errno */
};

struct ckpt_planner_result {
	enum ckpt_planner_outcome outcome;
	int detail;  /* exit status, 128 + signal, or errno */
	pid_t guard; /* of a SLOW one, for ckpt_planner_child_reap(); else 0 */
};

/* Where the command is: `override` (CKPT_PLANNER) if set, else beside the
 * library at `library` (absolute): DIR/ckpt, DIR/../bin/ckpt,
 * DIR/../../bin/ckpt. False: nowhere. */
bool ckpt_planner_child_find(const char *override, const char *library,
			     char path[CKPT_PLANNER_PATH_MAX]);

/* Run it and wait. */
struct ckpt_planner_result
ckpt_planner_child_run(const struct ckpt_planner_request *request);

/* Collect the guard of a planner that was SLOW, if it has ended. */
bool ckpt_planner_child_reap(pid_t guard);

#endif
