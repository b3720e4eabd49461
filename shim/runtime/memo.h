/* SPDX-License-Identifier: MIT */
#ifndef CKPT_RUNTIME_MEMO_H
#define CKPT_RUNTIME_MEMO_H

/*
 * One intercepted call: bypass, hit, or run and record. The whole hot path;
 * called by the thunk, with the state that the session built.
 *
 * Threads: any number at once. What a thread has in progress is in a small
 * initial-exec TLS block; no lock is held while the original runs. A call that
 * leaves by exception, longjmp, cancellation or exit never reaches
 * ckpt_memo_leave(): its state is dropped by the thread's next call, a key it
 * owns at once (escape_x86_64.h). Signals:
 * a handler that interrupts our own code gets its calls passed through.
 * errno, FP status and FP control are as the target left them on every path.
 */

#include "shim/frame_x86_64.h"
#include "shim/runtime/marshal/call.h"
#include "shim/runtime/marshal/environment.h"
#include "shim/runtime/policy.h"
#include "shim/store/stats.h"
#include "shim/store/store.h"

#include <stdbool.h>
#include <stdint.h>

enum ckpt_verdict {
	CKPT_BYPASS = 0, /* jump to frame->original as if we were not there */
	CKPT_HIT = 1,	 /* results are in the frame: load them and return */
	CKPT_MISS = 2,	 /* call frame->original, then ckpt_memo_leave() */
};

struct ckpt_measured; /* measure.h */

/* A configured function, as the hot path needs it. Never moves or dies. */
struct ckpt_memo_function {
	struct ckpt_program program;
	const char *name;
	const char *object; /* file name of the defining object */
	uint32_t stats_row;
	/* The code mapped is not what was planned for: nothing is believed. Set
	 * by `open`. */
	bool is_left_out;
	bool is_rerun; /* CKPT_RERUN names it: no look-up, replace */
	uint64_t told; /* memo's: which refusals have been told */
	struct ckpt_policy policy; /* memo's: does it pay? */
	/* Share of hits that run the original and compare, in 2^-32; and
	 * memo's running sum of it, from anywhere but 0. */
	uint32_t verify_share;
	uint32_t verify_sum;
	/* Only counted and timed; NULL: cached. */
	struct ckpt_measured *measured;
};

/* An impure function of the C runtime, as reached from the closure of some
 * configured function: only watched, never cached. */
struct ckpt_memo_watch {
	bool is_jump;	   /* none of these, but longjmp (escape_x86_64.h) */
	uint32_t classes;  /* enum ckpt_impure_class */
	const char *chain; /* "train -> solve -> rand" */
};

/* Where a stub leads: one per distinct original address and purpose. One of
 * `measured`, `function` and `watch` counts, in this order. */
struct ckpt_route {
	void *original;
	struct ckpt_memo_function *function;
	const struct ckpt_memo_watch *watch;
	struct ckpt_measured *measured;
};

/* What the hot path needs of the process; owned by the session. */
struct ckpt_memo {
	/* Indexed by stub; entries are filled before their stub can be
	 * reached and never change afterwards. */
	struct ckpt_route *routes;
	struct ckpt_environment environment;
	bool is_readonly; /* CKPT_READONLY: nothing is stored */
	/* Opened by `open` at the first look-up; NULL until then or if that
	 * failed. Read and written with acquire and release. */
	struct ckpt_store *store;
	struct ckpt_stats *stats; /* may stay NULL: nothing is counted */
	/* Set-up world, called once at a time: open store and statistics.
	 * False: no cache in this process, already told. */
	bool (*open)(struct ckpt_memo *memo);
	/* Tell once per function and cause, by its on_error (may abort). */
	void (*tell)(const struct ckpt_memo_function *function,
		     const char *cause, const char *text);
	uint32_t opener; /* memo's: pid of the process that called open() */
	/* memo's: impure functions entered by any thread, for calls whose
	 * work other threads may share. */
	uint32_t impure_count;
	bool is_closed; /* open failed: everything is bypassed */
};

/* Make `memo` the one that the thunk's calls go to. Once, at start-up, before
 * the first route can be taken. */
void ckpt_memo_install(struct ckpt_memo *memo);

/* By the thunk, with the argument registers saved in `frame`. Always sets
 * frame->original; on CKPT_MISS also what the thunk needs for the call, on
 * CKPT_BYPASS frame->pass: how many further calls by this stub need not ask. */
uint32_t ckpt_memo_enter(struct ckpt_frame *frame);

/* By the thunk, after the original of a CKPT_MISS returned normally and its
 * results are in `frame`. */
void ckpt_memo_leave(struct ckpt_frame *frame);

#endif
