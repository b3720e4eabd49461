/* SPDX-License-Identifier: MIT */
#ifndef CKPT_RUNTIME_MEASURE_H
#define CKPT_RUNTIME_MEASURE_H

/*
 * Measuring: what `ckpt init --measure` runs a program for. Nothing is looked
 * up or stored. The thunk gets the verdict "miss" for every call, so that it
 * calls the original with its registers and comes back here, and what passed
 * in between is added to a table that all processes of the run share
 * (measuretable.h).
 *
 * What is measured. Functions that a contract describes come from the plan as
 * usual, but planned without code identity: their keys are computed, and
 * whether a key came before is counted. All other functions that one object
 * calls in another through its procedure linkage table are found here, by name
 * (session_measure.c): nobody knows their types. Impure functions of the C
 * runtime are noted in every call in progress.
 *
 * What an unknown signature asks for:
 *   registers  all that can carry arguments or results are kept, as wide as
 *              the CPU has them; x87 results stay where they are, as nothing
 *              here uses that stack
 *   stack      the arguments may reach as far as the caller's frame: a copy
 *              of CKPT_MEASURE_STACK_MAX bytes is made, less where readable
 *              memory ends before
 *   unwinding  the thunk's frame has its CFI; a call that is left by longjmp,
 *              an exception or the end of its thread is counted, and its time
 *              is not taken
 *   depth      calls inside CKPT_MEASURE_DEPTH_MAX others are only counted,
 *              as a frame costs 5 KiB of stack; so are those on a stack of
 *              which little is left, and in handlers on a stack for signals
 *   pointers   only call slots are patched, never words that a program could
 *              read as a pointer: no comparison of pointers comes out
 *              otherwise
 *
 * Times. From when the original is called to when it has returned, less all
 * that this thread spent in here meanwhile. A function that is short and called
 * often is sampled, the calls between go straight on.
 *
 * Hot path; what a thread has in progress is in a page of its own, found by
 * the address of its TLS, which no two threads share at a time: the next one
 * there takes the page over.
 */

#include "shim/common/measuretable.h"
#include "shim/frame_x86_64.h"
#include "shim/runtime/marshal/call.h"
#include "shim/runtime/marshal/environment.h"

enum {
	CKPT_MEASURE_STACK_MAX = 2048,
	CKPT_MEASURE_DEPTH_MAX = 24,
	CKPT_MEASURE_ROOM = 64 * 1024, /* left on the stack, or only counted */
	CKPT_MEASURE_THREADS = 1024,   /* more are only counted */
	CKPT_MEASURE_TRIAL = 1000,     /* timed calls before sampling */
	CKPT_MEASURE_PERIOD = 1024,    /* one in so many is a sample */
	/* Shorter than this on average: nothing a cache could serve. */
	CKPT_MEASURE_SHORT_NS = 500,
	CKPT_MEASURE_RARE_US = 100, /* a sample that stands for itself alone */
};

struct ckpt_measure_thread;

/* What measuring a call adds to the times, found by calling nothing. */
struct ckpt_measure_cost {
	uint64_t inside;  /* ticks, between the two looks at the clock */
	uint64_t outside; /* before the first and after the last */
	uint64_t passing; /* of all calls of a sample that go straight on */
};

/* Measuring in this process. */
struct ckpt_measuring {
	struct ckpt_measuretable table;
	const struct ckpt_environment *environment;
	struct ckpt_measure_cost cost;
	struct {
		uintptr_t owner; /* address of a thread's TLS; 0: free */
		struct ckpt_measure_thread *thread;
	} threads[CKPT_MEASURE_THREADS];
};

/* A function being measured, or an impure one that is only noted. Never moves
 * or dies. */
struct ckpt_measured {
	struct ckpt_measuring *measuring;
	struct ckpt_measure_row *row; /* NULL: only noted */
	uint32_t classes;	      /* of one that is only noted */
	const char *name;	      /* of one that is only noted */
	/* What the plan knows of it, or NULL. */
	const struct ckpt_program *program;
	bool has_keys;
	/* Private; shared by threads without locks: a lost update moves a
	 * sample. */
	uint32_t timed;
	bool is_sampled;
	uint8_t turn;	/* enum turn: what the next call of a sample is for */
	uint64_t ticks; /* of the timed ones */
	/* Added to the row before sampling began. */
	uint64_t all_ticks, all_own_ticks;
};

/* Find out measuring->cost: `stub` leads to a function that does nothing, as
 * `measured`, whose row is nobody's. */
void ckpt_measure_calibrate(struct ckpt_measured *measured, void (*stub)(void));

/* By memo, with what the thunk saved; the verdict (memo.h). */
uint32_t ckpt_measure_enter(struct ckpt_frame *frame,
			    struct ckpt_measured *measured);
/* After a miss. */
void ckpt_measure_leave(struct ckpt_frame *frame,
			struct ckpt_measured *measured);

#endif
