/* SPDX-License-Identifier: MIT */
#ifndef CKPT_RUNTIME_RANDSTATE_H
#define CKPT_RUNTIME_RANDSTATE_H

/*
 * The hidden state of rand() and random(): an input and an effect of the
 * functions whose contract says that they draw from it (impure = ["rand"]).
 * A hit then gives what the call would have given in this state, and leaves
 * the state as the call would have left it.
 *
 * The C library lets the state be seen only by switching to another one and
 * back (initstate(3), setstate(3)), so all of this works only while the
 * process has a single thread; else such calls are not cached.
 *
 * Set-up world by its cost (two short locks of the C library), but safe where
 * the target itself calls rand().
 */

#include <stdbool.h>
#include <stdint.h>

/* TYPE_4, the largest of random(3), has 64 words; the first tells the type
 * and the position. */
enum { CKPT_RANDSTATE_WORDS = 64 };

struct ckpt_randstate {
	uint32_t count; /* words that count: 2, 8, 16, 32 or 64 */
	int32_t words[CKPT_RANDSTATE_WORDS];
};

/* False: the process has threads, or the state is of an unknown kind. */
bool ckpt_randstate_read(struct ckpt_randstate *ret);

/* Make `state` the present one. False: nothing has changed; the kind differs
 * from the present one, or the process has threads. */
bool ckpt_randstate_write(const struct ckpt_randstate *state);

#endif
