/* SPDX-License-Identifier: MIT */
/*
 * What the thunk itself costs, in ns above a direct call through a pointer,
 * with a memo that decides nothing. Beside it: a wrapper as GOTCHA leads calls
 * to (a C function that calls the original through a pointer).
 */
#include "shim/frame_x86_64.h"
#include "shim/runtime/calls/thunk.h"

#include <stdio.h>
#include <time.h>

enum { ROUNDS = 5000000, TRIES = 9 };
enum { BYPASS, HIT, MISS };

static uint32_t verdict;

uint32_t ckpt_memo_enter(struct ckpt_frame *frame);
void ckpt_memo_leave(struct ckpt_frame *frame);

uint32_t ckpt_memo_enter(struct ckpt_frame *frame)
{
	frame->pass = 0;
	return verdict;
}

void ckpt_memo_leave(struct ckpt_frame *frame)
{
	(void)frame;
}

__attribute__((noinline)) static long original(long a, long b)
{
	__asm__ volatile("");
	return a + b;
}

static long (*volatile wrapped)(long, long) = original;

__attribute__((noinline)) static long wrapper(long a, long b)
{
	long result = wrapped(a, b);

	__asm__ volatile("");
	return result;
}

static double now_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static double time_calls(long (*f)(long, long))
{
	double best = 1e9;

	for (int i = 0; i < TRIES; i++) {
		double start = now_ns(), taken;
		long sum = 0;

		for (long k = 0; k < ROUNDS; k++)
			sum += f(k, sum);
		__asm__ volatile("" : : "r"(sum));
		taken = (now_ns() - start) / ROUNDS;
		if (taken < best)
			best = taken;
	}
	return best;
}

static double direct;

static void print(const char *what, double ns, double limit)
{
	(void)printf("%-44s %6.2f ns above a direct call", what, ns - direct);
	if (limit > 0)
		(void)printf(" (at most %.0f)%s", limit,
			     ns - direct > limit ? "  MORE" : "");
	(void)printf("\n");
}

static void time_thunk(const char *name, uint8_t width, double limit)
{
	static const char *const verdicts[] = {"bypass", "hit", "miss"};
	long (*f)(long, long) = (long (*)(long, long))ckpt_thunk_stub(0);
	char what[64];

	ckpt_thunk_entries[0] = (struct ckpt_thunk_entry){
		.original = (void *)original,
		.vector_width = width,
	};
	for (verdict = BYPASS; verdict <= MISS; verdict++) {
		(void)snprintf(what, sizeof(what), "%s, %s saved",
			       verdicts[verdict], name);
		print(what, time_calls(f), verdict == BYPASS ? limit : 0);
	}
}

/* A patched entry keeps all registers there are. */
static void time_entry(void)
{
	static const char *const verdicts[] = {"bypass", "hit", "miss"};
	long (*f)(long, long) = (long (*)(long, long))ckpt_thunk_entry_stub(0);
	char what[64];

	ckpt_thunk_entries[0] = (struct ckpt_thunk_entry){
		.original = (void *)original,
		.vector_width = CKPT_VECTOR_NONE,
		.preserved_width = (uint8_t)ckpt_thunk_preserved(),
		.is_bypassed = 1,
	};
	print("patched entry, switched off", time_calls(f), 0);
	ckpt_thunk_entries[0].is_bypassed = 0;
	for (verdict = BYPASS; verdict <= MISS; verdict++) {
		(void)snprintf(what, sizeof(what), "patched entry, %s",
			       verdicts[verdict]);
		print(what, time_calls(f), 0);
	}
}

int main(void)
{
	enum ckpt_vector_width widest = ckpt_thunk_widest();
	long (*f)(long, long) = (long (*)(long, long))ckpt_thunk_stub(0);

	direct = time_calls(original);
	(void)printf("%-44s %6.2f ns\n", "direct call", direct);
	print("C wrapper, as by GOTCHA", time_calls(wrapper), 0);
	ckpt_thunk_entries[0].original = (void *)original;
	ckpt_thunk_entries[0].is_bypassed = 1;
	print("switched off", time_calls(f), 0);
	time_thunk("general registers", CKPT_VECTOR_NONE, 5);
	time_thunk("xmm", CKPT_VECTOR_XMM, 8);
	if (widest >= CKPT_VECTOR_YMM)
		time_thunk("ymm", CKPT_VECTOR_YMM, 8);
	if (widest >= CKPT_VECTOR_ZMM)
		time_thunk("zmm", CKPT_VECTOR_ZMM, 8);
	time_entry();
	return 0;
}
