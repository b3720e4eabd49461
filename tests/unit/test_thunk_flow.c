/* SPDX-License-Identifier: MIT */
/* The thunk: ways in and out other than an ordinary return. */
#include "tests/unit/thunk_double.h"

#include <pthread.h>
#include <setjmp.h>
#include <unwind.h>

static long twelve_ints(long a, int b, short c, char d, unsigned e, long f,
			long g, int h, short i, unsigned char j, long k, long l)
{
	original_runs++;
	return a + 2 * b + 3 * c + 4 * d + 5L * e + 6 * f + 7 * g + 8 * h +
	       9 * i + 10 * j + 11 * k + 12 * l;
}

static uintptr_t sp_seen;

static long see_sp(void)
{
	sp_seen = (uintptr_t)__builtin_frame_address(0);
	return 0;
}

START_TEST(bypass_leaves_nothing_on_the_stack)
{
	__typeof__(&see_sp) f = route(14, see_sp, CKPT_VECTOR_XMM);
	__typeof__(&see_sp) volatile direct = see_sp;
	__typeof__(&see_sp) volatile routed = f;
	uintptr_t seen[2];

	reset();
	verdict = BYPASS;
	/* From one call site, so that the stack is the same. */
	for (int i = 0; i < 2; i++) {
		(i ? routed : direct)();
		seen[i] = sp_seen;
	}
	ck_assert_uint_eq(seen[0], seen[1]);
	ck_assert_int_eq(entered, 1);
}
END_TEST

/* Calls `f` with r10 set, as for a nested function of GNU C. */
static long call_with_chain(void *f, long chain)
{
	long result;

	__asm__ volatile("mov %1, %%r10; call *%2"
			 : "=a"(result)
			 : "r"(chain), "r"(f)
			 : "r10", "r11", "rcx", "rdx", "rsi", "rdi", "r8", "r9",
			   "memory");
	return result;
}

__attribute__((naked)) static long give_chain(void)
{
	__asm__("incl original_runs_alias(%rip); mov %r10, %rax; ret");
}
extern int original_runs_alias __attribute__((alias("original_runs"), used));

START_TEST(static_chain_arrives)
{
	void *f = (void *)route(15, give_chain, CKPT_VECTOR_NONE);

	reset();
	in_all_verdicts(ck_assert_int_eq(call_with_chain(f, 4711), 4711));
}
END_TEST

static __typeof__(&twelve_ints) again;

static void call_again(void)
{
	ck_assert_int_eq(again(1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2), 25);
}

START_TEST(disabled_thunk_and_bypassed_entry_ask_nobody)
{
	again = route(17, twelve_ints, CKPT_VECTOR_XMM);

	reset();
	verdict = MISS;
	ckpt_thunk_disabled = 1;
	call_again();
	ckpt_thunk_disabled = 0;
	ckpt_thunk_entries[17].is_bypassed = 1;
	call_again();
	ck_assert_int_eq(entered, 0);
	ck_assert_int_eq(original_runs, 2);
}
END_TEST

START_TEST(every_stub_finds_its_own_entry)
{
	static const uint32_t ids[] = {0,   1,	  255,
				       256, 2048, CKPT_THUNK_COUNT - 1};

	reset();
	verdict = BYPASS;
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		again = route(ids[i], twelve_ints, CKPT_VECTOR_NONE);
		ck_assert(ckpt_thunk_is_stub((void *)again));
		call_again();
		ck_assert_uint_eq(seen_route, ids[i]);
	}
	ck_assert(!ckpt_thunk_is_stub((void *)twelve_ints));
	ck_assert(!ckpt_thunk_is_stub(ckpt_thunk_stub(CKPT_THUNK_COUNT)));
}
END_TEST

static jmp_buf target;

static long jump_out(void)
{
	original_runs++;
	longjmp(target, 1);
}

START_TEST(longjmp_out_of_a_miss_leaves_later_calls_working)
{
	__typeof__(&jump_out) f = route(18, jump_out, CKPT_VECTOR_XMM);

	reset();
	verdict = MISS;
	for (volatile int i = 0; i < 100000; i++)
		if (!setjmp(target))
			(void)f();
	ck_assert_int_eq(original_runs, 100000);
	ck_assert_int_eq(left, 0);
}
END_TEST

struct trace {
	int depth;
	bool found;
	uintptr_t wanted_cfa;
};

static _Unwind_Reason_Code see_frame(struct _Unwind_Context *context,
				     void *argument)
{
	struct trace *trace = argument;

	if (_Unwind_GetCFA(context) == trace->wanted_cfa)
		trace->found = true;
	return trace->depth++ < 100 ? _URC_NO_REASON : _URC_END_OF_STACK;
}

static struct trace trace;

static long unwind_here(long a, long b, long c, long d, long e, long f, long g)
{
	(void)_Unwind_Backtrace(see_frame, &trace);
	return a + b + c + d + e + f + g;
}

static void unwind_inside(void)
{
	(void)_Unwind_Backtrace(see_frame, &trace);
}

__attribute__((noinline)) static long call_traced(__typeof__(&unwind_here) f)
{
	trace = (struct trace){
		.wanted_cfa = (uintptr_t)__builtin_frame_address(0) + 16,
	};
	return f(1, 2, 3, 4, 5, 6, 7) + 1;
}

START_TEST(unwinder_finds_the_caller_from_original_and_memo)
{
	__typeof__(&unwind_here) f = route(19, unwind_here, CKPT_VECTOR_XMM);

	reset();
	stack_size = 8;
	verdict = MISS;
	ck_assert_int_eq(call_traced(f), 29);
	ck_assert(trace.found);
	inside = unwind_inside;
	verdict = HIT;
	ck_assert_int_eq(call_traced(f), 29);
	ck_assert(trace.found);
}
END_TEST

static int cleaned_up;

static void clean_up(void *argument)
{
	(void)argument;
	cleaned_up++;
}

static long end_thread(void)
{
	pthread_exit((void *)42);
}

static void *run_thread(void *f)
{
	pthread_cleanup_push(clean_up, NULL);
	(void)((__typeof__(&end_thread))f)();
	pthread_cleanup_pop(0);
	return NULL;
}

START_TEST(pthread_exit_inside_a_miss_runs_the_cleanups)
{
	void *f = (void *)route(20, end_thread, CKPT_VECTOR_XMM);
	void *result = NULL;
	pthread_t thread;

	reset();
	verdict = MISS;
	ck_assert_int_eq(pthread_create(&thread, NULL, run_thread, f), 0);
	ck_assert_int_eq(pthread_join(thread, &result), 0);
	ck_assert_ptr_eq(result, (void *)42);
	ck_assert_int_eq(cleaned_up, 1);
}
END_TEST

UNIT_MAIN("thunk_flow", bypass_leaves_nothing_on_the_stack,
	  static_chain_arrives, disabled_thunk_and_bypassed_entry_ask_nobody,
	  every_stub_finds_its_own_entry,
	  longjmp_out_of_a_miss_leaves_later_calls_working,
	  unwinder_finds_the_caller_from_original_and_memo,
	  pthread_exit_inside_a_miss_runs_the_cleanups)
