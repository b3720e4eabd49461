/* SPDX-License-Identifier: MIT */
#ifndef CKPT_RUNTIME_THUNK_H
#define CKPT_RUNTIME_THUNK_H

/*
 * The way of an intercepted call into C and on: a table of entry stubs, one
 * per route, and the code they share (thunk_x86_64.S). A patched slot holds
 * the address of a stub; the stub's number indexes ckpt_thunk_entries, which
 * says what the slot held before.
 *
 * A call to a stub saves the argument registers in a struct ckpt_frame on the
 * stack and asks ckpt_memo_enter() for a verdict (memo.h):
 *
 *   bypass  registers restored, jump to frame->original: no trace of us
 *   hit     frame's results loaded, return
 *   miss    stack_size bytes of stack arguments copied, frame->original called
 *           with the registers of the call, results saved in the frame,
 *           ckpt_memo_leave(), results loaded, return
 *
 * While the thunk or the entry is switched off, calls go to the original
 * before anything is saved. Return addresses are never touched and every
 * instruction has its CFI: exceptions, cancellation, longjmp and debuggers pass
 * through a miss. ckpt_memo_leave() then does not run.
 *
 * Entries are written before a slot first points to their stub and stay valid
 * for ever; is_bypassed and ckpt_thunk_disabled may change at any time, from
 * any thread. Nothing here allocates, locks, or makes a system call.
 */

#include "shim/plan.h"

#include <stdint.h>

enum { CKPT_THUNK_COUNT = 4096, CKPT_THUNK_STUB_SIZE = 16 };

struct ckpt_thunk_entry {
	void *original;	      /* never NULL once a slot points to the stub */
	uint8_t vector_width; /* enum ckpt_vector_width to save and restore */
	uint8_t x87_count;    /* results in st0, st1: 0, 1, 2 */
	/* Of an entry stub: the widest registers there are, all of which the
	 * call must find as they were. */
	uint8_t preserved_width;
	uint8_t is_bypassed; /* not 0: straight to the original */
	/* So many calls go straight to the original, counted down (a lost
	 * count does not matter): memo.h says when. */
	uint32_t pass;
};

extern struct ckpt_thunk_entry ckpt_thunk_entries[CKPT_THUNK_COUNT]
	__attribute__((visibility("hidden")));

/* Not 0: every call goes straight to its original. */
extern uint32_t ckpt_thunk_disabled __attribute__((visibility("hidden")));

extern const uint8_t ckpt_thunk_stubs[CKPT_THUNK_COUNT][CKPT_THUNK_STUB_SIZE]
	__attribute__((visibility("hidden")));

/* Address to put into a slot. */
static inline void *ckpt_thunk_stub(uint32_t id)
{
	return (void *)(uintptr_t)ckpt_thunk_stubs[id];
}

/*
 * The same for a patched function entry (thunk_entry_x86_64.S): reached by a
 * jump from the function's first bytes, so the caller may know exactly which
 * registers this function changes (-fipa-ra). All others survive: r10, r11,
 * all vector and mask registers, on bypass, hit and miss. Of results, only
 * what ckpt_memo_enter() writes into the frame changes on a hit. `original`
 * is where the moved first instructions are. preserved_width must be set.
 */
extern const uint8_t ckpt_thunk_entry_stubs[CKPT_THUNK_COUNT]
					   [CKPT_THUNK_STUB_SIZE]
	__attribute__((visibility("hidden")));

static inline void *ckpt_thunk_entry_stub(uint32_t id)
{
	return (void *)(uintptr_t)ckpt_thunk_entry_stubs[id];
}

/* The width for preserved_width; CKPT_VECTOR_NONE: entries cannot be patched
 * on this CPU (AVX-512 without its BW part). */
enum ckpt_vector_width ckpt_thunk_preserved(void);

/* Is it the address of one of our stubs? */
static inline int ckpt_thunk_is_stub(const void *address)
{
	return (uintptr_t)address - (uintptr_t)ckpt_thunk_stubs <
	       sizeof(ckpt_thunk_stubs);
}

/* The widest vector registers that CPU and kernel let a program use: for
 * functions whose signature is not known. */
enum ckpt_vector_width ckpt_thunk_widest(void);

#endif
