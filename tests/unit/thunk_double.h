/* SPDX-License-Identifier: MIT */
#ifndef CKPT_TESTS_UNIT_THUNK_DOUBLE_H
#define CKPT_TESTS_UNIT_THUNK_DOUBLE_H

/*
 * What the tests of the thunk share: a memo of their own in place of the real
 * one, that answers what it is told and spoils all registers it may spoil.
 */

#include "shim/frame_x86_64.h"
#include "shim/runtime/calls/thunk.h"
#include "tests/unit/unit.h"

#include <stdbool.h>
#include <string.h>

/* memo.h: enum ckpt_verdict */
enum { BYPASS, HIT, MISS };

/* What the double answers, and what it saw. */
static int verdict;
static uint64_t stack_size;
static int entered, left, original_runs;
static struct ckpt_frame after_miss;
static uint64_t seen_route;
static bool is_frame_aligned;
static void (*inside)(void);

uint32_t ckpt_memo_enter(struct ckpt_frame *frame);
void ckpt_memo_leave(struct ckpt_frame *frame);

/* C code may leave anything in the registers a call need not preserve. */
static void clobber_registers(void)
{
	__asm__ volatile("mov $-1, %%rax; mov %%rax, %%rcx; mov %%rax, %%rdx\n"
			 "mov %%rax, %%rsi; mov %%rax, %%rdi\n"
			 "mov %%rax, %%r8; mov %%rax, %%r9\n"
			 "mov %%rax, %%r10; mov %%rax, %%r11\n" ::
				 : "rax", "rcx", "rdx", "rsi", "rdi", "r8",
				   "r9", "r10", "r11");
	__asm__ volatile("pcmpeqd %%xmm0, %%xmm0; pcmpeqd %%xmm1, %%xmm1\n"
			 "pcmpeqd %%xmm2, %%xmm2; pcmpeqd %%xmm3, %%xmm3\n"
			 "pcmpeqd %%xmm4, %%xmm4; pcmpeqd %%xmm5, %%xmm5\n"
			 "pcmpeqd %%xmm6, %%xmm6; pcmpeqd %%xmm7, %%xmm7\n" ::
				 : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4",
				   "xmm5", "xmm6", "xmm7");
	if (ckpt_thunk_widest() >= CKPT_VECTOR_YMM)
		__asm__ volatile("vzeroall" ::: "xmm0");
}

uint32_t ckpt_memo_enter(struct ckpt_frame *frame)
{
	frame->pass = 0;
	entered++;
	seen_route = frame->route;
	is_frame_aligned = (uintptr_t)frame % 64 == 0;
	frame->stack_size = stack_size;
	frame->stack_alignment = 16;
	if (inside)
		inside();
	if (verdict == HIT) {
		frame->result_rax = after_miss.result_rax;
		frame->result_rdx = after_miss.result_rdx;
		memcpy(frame->result_st, after_miss.result_st,
		       sizeof(frame->result_st));
		memcpy(frame->result_vec, after_miss.result_vec,
		       sizeof(frame->result_vec));
	}
	clobber_registers();
	return (uint32_t)verdict;
}

void ckpt_memo_leave(struct ckpt_frame *frame)
{
	left++;
	memcpy(&after_miss, frame, sizeof(after_miss));
	clobber_registers();
}

static void reset(void)
{
	entered = left = original_runs = 0;
	stack_size = 0;
	inside = NULL;
}

/* Route `id` to `function`; its stub, as a function of the same type. */
#define route(id, function, width)                                  \
	({                                                          \
		ckpt_thunk_entries[id] = (struct ckpt_thunk_entry){ \
			.original = (void *)(function),             \
			.vector_width = (width),                    \
		};                                                  \
		(__typeof__(&(function)))ckpt_thunk_stub(id);       \
	})

/* Run `statement` bypassed, missed and hit; the original runs but for hits. */
#define in_all_verdicts(statement)                                          \
	do {                                                                \
		for (verdict = BYPASS; verdict != -1;                       \
		     verdict = verdict == BYPASS ? MISS                     \
			       : verdict == MISS ? HIT                      \
						 : -1) {                    \
			int runs = original_runs, was_left = left;          \
			statement;                                          \
			ck_assert_int_eq(original_runs - runs,              \
					 verdict != HIT);                   \
			ck_assert_int_eq(left - was_left, verdict == MISS); \
			ck_assert(is_frame_aligned);                        \
		}                                                           \
		ck_assert_int_eq(entered, 3);                               \
	} while (0)

#endif
