/* SPDX-License-Identifier: MIT */
#ifndef CKPT_TOOLS_TRIAL_H
#define CKPT_TOOLS_TRIAL_H

/*
 * One run of a program with its functions counted and timed by the library
 * (shim/runtime/measure.h), and what that says of each: how long a warm run
 * would not take. For `ckpt init --measure`.
 *
 * A hit is not free. Of a function with a contract its cost was measured: the
 * time for computing a key, and the bytes of a record at
 * CKPT_TRIAL_BYTES_PER_S; to that, and for all others alone, comes
 * CKPT_TRIAL_HIT_NS. Functions that are called a million times for nanoseconds
 * thus save nothing.
 */

#include "shim/common/measuretable.h"
#include "tools/shelf.h"

enum { CKPT_TRIAL_HIT_NS = 1500 };
#define CKPT_TRIAL_BYTES_PER_S 1e9

enum ckpt_trial_kind {
	CKPT_TRIAL_READY,  /* a contract describes it: it saves time today */
	CKPT_TRIAL_OPEN,   /* it would, with a prototype or a contract */
	CKPT_TRIAL_INSIDE, /* most of its time is inside one that is ready */
	CKPT_TRIAL_VAIN,   /* its calls cannot be stored, or save nothing */
	CKPT_TRIAL_SMALL,  /* it hardly takes time */
	CKPT_TRIAL_KIND_COUNT
};

struct ckpt_trial_function {
	const struct ckpt_measure_row *row;
	enum ckpt_trial_kind kind;
	char *display; /* demangled where it is C++ */
	/* Of the contract library that describes it, or NULL. */
	const struct ckpt_shelf_library *library;
	/* Of all calls, as far as they could be told. */
	double seconds, own_seconds;
	double hit_seconds;  /* one hit */
	double repeated;     /* share of keyed calls whose key came before */
	double saves_within; /* seconds, in a first run with an empty cache */
	double saves_next;   /* seconds, in a second run with equal inputs */
	double covered;	     /* share of its time inside another function of
				this trial that has a contract */
};

struct ckpt_trial {
	struct ckpt_measuretable table;
	/* That were called, by kind, and then the most worthwhile first. */
	struct ckpt_trial_function *functions;
	size_t function_count;
	double seconds; /* of the whole run */
	int status;	/* of the program, as waitpid() has it */
};

/* Run `argv` and wait for it. Its standard streams are ours. UNSUPPORTED: it
 * cannot be measured, and did not run; NOTFOUND: there is no such program. */
enum ckpt_status ckpt_trial_run(char **argv, const struct ckpt_shelf *shelf,
				struct ckpt_trial *ret,
				struct ckpt_err *err) CKPT_MUST_CHECK;
void ckpt_trial_deinit(struct ckpt_trial *trial);

#endif
