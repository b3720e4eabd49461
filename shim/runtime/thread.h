/* SPDX-License-Identifier: MIT */
#ifndef CKPT_RUNTIME_THREAD_H
#define CKPT_RUNTIME_THREAD_H

/*
 * What one thread of the target has in progress: whether it is inside our own
 * code, and the calls it records, outermost first. Lives in initial-exec TLS
 * and stays small, because static TLS is scarce in a stranger's process.
 *
 * A recorded call owns its overflow memory here and not in its frame: when
 * control leaves it by longjmp or an exception nobody tells us, and the frame
 * is overwritten. An entry is dropped once the stack pointer has passed its
 * frame. On a thread that switches stacks that may drop a call that is still
 * going on; it then finds no entry when it returns and is not stored.
 *
 * Hot path; only ever touched by its own thread, except by a signal handler
 * that interrupted it, which `busy` keeps out.
 */

#include "shim/runtime/marshal/arena.h"
#include "shim/runtime/marshal/ranges.h"
#include "shim/store/once.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CKPT_THREAD_CALLS_MAX = 8 };

struct ckpt_thread_call {
	uintptr_t frame; /* address of its struct ckpt_frame */
	struct ckpt_arena arena;
	/* What its entry will keep for people: components of its key
	 * (explain.h), inputs and outputs (keep.h), one behind the other. */
	struct ckpt_arena components;
	size_t key_size;
	size_t inputs_size;
	/* Impure classes that spoil its record, and the first that was met:
	 * the call chain that led there, NULL while it is unspoiled. */
	uint32_t observed;
	bool is_verifying; /* calls inside it must run, too */
	const char *spoiled_by;
	uint32_t spoiled_classes; /* of that function */
};

struct ckpt_thread {
	uintptr_t busy; /* stack address while inside our code, else 0 */
	uint32_t call_count;
	struct ckpt_thread_call calls[CKPT_THREAD_CALLS_MAX];
	/* The one key it may own (once.h), and the frame of its call. */
	struct ckpt_once_lock once;
	uintptr_t once_frame;
	struct ckpt_ranges ranges;
	/* Our own time in calls inside others, which is not theirs. */
	uint64_t spent_ns;
	uint32_t impure_count; /* impure functions it entered (memo.h) */
};

/* The calling thread's. */
struct ckpt_thread *ckpt_thread_self(void);

/* Is this thread in a signal handler on a stack of its own? Asks the kernel. */
bool ckpt_thread_is_on_signal_stack(void);

/* Enter our code; false if this thread already is inside it (a signal
 * handler), or may be. `frame` is the frame of the call. */
bool ckpt_thread_lock(struct ckpt_thread *thread, uintptr_t frame);
void ckpt_thread_unlock(struct ckpt_thread *thread);

/* Drop the entries of calls whose frames the stack pointer has passed, given
 * the frame of the call being entered. */
void ckpt_thread_prune(struct ckpt_thread *thread, uintptr_t frame);

/* An impure function of `classes` was entered: spoil the records of all calls
 * in progress that observe one of them. `chain` must never die. */
void ckpt_thread_spoil(struct ckpt_thread *thread, uint32_t classes,
		       const char *chain);

/* A new innermost entry with an empty arena; NULL if there are too many. */
struct ckpt_thread_call *ckpt_thread_push(struct ckpt_thread *thread,
					  uintptr_t frame);
/* The entry of `frame`, or NULL if it was dropped. */
struct ckpt_thread_call *ckpt_thread_find(struct ckpt_thread *thread,
					  uintptr_t frame);
/* Give back the key that it owns, if any. */
void ckpt_thread_disown(struct ckpt_thread *thread);
/* Free `call` and all entries inside it, and the keys they own. */
void ckpt_thread_pop(struct ckpt_thread *thread, struct ckpt_thread_call *call);

#endif
