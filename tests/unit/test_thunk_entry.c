/* SPDX-License-Identifier: MIT */
/* The thunk of patched entries: every register but the results survives. */
#include "tests/unit/thunk_double.h"

#include <setjmp.h>
#include <unwind.h>

enum { GENERAL = 9, VECTORS = 32, MASKS = 8 };

/* Registers before and after a call. r10 and r11 among the general ones:
 * rax rcx rdx rsi rdi r8 r9 r10 r11. */
struct registers {
	uint64_t general[GENERAL];
	uint64_t reserved[7];
	uint64_t vector[VECTORS][8];
	uint64_t mask[MASKS];
};

static struct registers before __attribute__((aligned(64)));
static struct registers after __attribute__((aligned(64)));

/* Call `function` with all registers as in `before`; `after` has what it left.
 * What the psABI lets a function change, it is caught changing. */
void call_with_registers(void *function);
__asm__(".text\n"
	".type call_with_registers, @function\n"
	"call_with_registers:\n"
	"push %rbx; push %rbp; push %r12; push %r13\n"
	"push %rdi\n"
	"lea before(%rip), %rbx\n"
	"mov use_masks(%rip), %r12\n"
	"lea after(%rip), %r13\n"
	".macro each what, list:vararg\n"
	".irp n, \\list\n"
	"\\what \\n\n"
	".endr\n"
	".endm\n"
	".macro load_zmm n\n vmovaps 128+64*\\n(%rbx), %zmm\\n\n .endm\n"
	".macro load_xmm n\n movaps 128+64*\\n(%rbx), %xmm\\n\n .endm\n"
	".macro load_k n\n kmovq 2176+8*\\n(%rbx), %k\\n\n .endm\n"
	".macro save_zmm n\n vmovaps %zmm\\n, 128+64*\\n(%r13)\n .endm\n"
	".macro save_xmm n\n movaps %xmm\\n, 128+64*\\n(%r13)\n .endm\n"
	".macro save_k n\n kmovq %k\\n, 2176+8*\\n(%r13)\n .endm\n"
	"test %r12, %r12\n jz 1f\n"
	"each load_zmm 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n"
	"each load_zmm 16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n"
	"each load_k 0,1,2,3,4,5,6,7\n"
	"jmp 2f\n"
	"1: each load_xmm 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n"
	"2: mov 0(%rbx), %rax; mov 8(%rbx), %rcx; mov 16(%rbx), %rdx\n"
	"mov 24(%rbx), %rsi; mov 32(%rbx), %rdi; mov 40(%rbx), %r8\n"
	"mov 48(%rbx), %r9; mov 56(%rbx), %r10; mov 64(%rbx), %r11\n"
	"call *(%rsp)\n"
	"mov %rax, 0(%r13); mov %rcx, 8(%r13); mov %rdx, 16(%r13)\n"
	"mov %rsi, 24(%r13); mov %rdi, 32(%r13); mov %r8, 40(%r13)\n"
	"mov %r9, 48(%r13); mov %r10, 56(%r13); mov %r11, 64(%r13)\n"
	"test %r12, %r12\n jz 3f\n"
	"each save_zmm 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n"
	"each save_zmm 16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n"
	"each save_k 0,1,2,3,4,5,6,7\n"
	"vzeroupper\n"
	"jmp 4f\n"
	"3: each save_xmm 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n"
	"4: add $8, %rsp\n"
	"pop %r13; pop %r12; pop %rbp; pop %rbx\n"
	"ret\n");

extern uint64_t use_masks;
uint64_t use_masks;

/* rax = rdi + rsi + the stack's alignment; changes nothing else. */
void add_only(void);
__asm__(".text\n"
	".type add_only, @function\n"
	"add_only:\n"
	"incl original_runs_of_entry(%rip)\n"
	"lea (%rdi,%rsi), %rax\n"
	"ret\n");
extern int original_runs_of_entry;
int original_runs_of_entry;

/* xmm0 += xmm1, and nothing else. */
void add_vectors(void);
__asm__(".text\n"
	".type add_vectors, @function\n"
	"add_vectors:\n"
	"incl original_runs_of_entry(%rip)\n"
	"paddq %xmm1, %xmm0\n"
	"ret\n");

static void *entry_route(uint32_t id, void (*original)(void))
{
	ckpt_thunk_entries[id] = (struct ckpt_thunk_entry){
		.original = (void *)original,
		.vector_width = CKPT_VECTOR_XMM,
		.preserved_width = (uint8_t)ckpt_thunk_preserved(),
	};
	return ckpt_thunk_entry_stub(id);
}

static void fill(void)
{
	uint64_t *words = (uint64_t *)&before;

	for (size_t i = 0; i < sizeof(before) / sizeof(*words); i++)
		words[i] = 0x0101010101010101u * (i % 251) + i;
	memset(&after, 0, sizeof(after));
	use_masks = ckpt_thunk_preserved() == CKPT_VECTOR_ZMM;
}

/* All but what `result` says: 0 rax, 1 xmm0. */
static void check_registers(int result)
{
	size_t width = use_masks ? 8 : 2;

	for (int i = result == 0; i < GENERAL; i++)
		if (after.general[i] != before.general[i])
			ck_abort_msg("verdict %d: general register %d", verdict,
				     i);
	for (int i = result == 1; i < (use_masks ? 32 : 16); i++)
		for (size_t k = 0; k < width; k++)
			if (after.vector[i][k] != before.vector[i][k])
				ck_abort_msg("verdict %d: vector register %d "
					     "word %zu",
					     verdict, i, k);
	for (int i = 0; use_masks && i < MASKS; i++)
		ck_assert_uint_eq(after.mask[i], before.mask[i]);
}

START_TEST(all_registers_but_rax_survive)
{
	void *f = entry_route(3, add_only);
	uint64_t sum;

	reset();
	fill();
	sum = before.general[4] + before.general[3];
	for (verdict = BYPASS; verdict != -1; verdict = verdict == BYPASS ? MISS
							: verdict == MISS
								? HIT
								: -1) {
		int runs = original_runs_of_entry;

		call_with_registers(f);
		ck_assert_uint_eq(after.general[0], sum);
		check_registers(0);
		ck_assert_int_eq(original_runs_of_entry - runs, verdict != HIT);
		ck_assert(is_frame_aligned);
		ck_assert_uint_eq(seen_route, 3);
	}
	ck_assert_int_eq(entered, 3);
	ck_assert_int_eq(left, 1);
}
END_TEST

START_TEST(all_registers_but_xmm0_survive)
{
	void *f = entry_route(4, add_vectors);

	reset();
	fill();
	for (verdict = BYPASS; verdict != -1; verdict = verdict == BYPASS ? MISS
							: verdict == MISS
								? HIT
								: -1) {
		call_with_registers(f);
		ck_assert_uint_eq(after.vector[0][0],
				  before.vector[0][0] + before.vector[1][0]);
		ck_assert_uint_eq(after.vector[0][1],
				  before.vector[0][1] + before.vector[1][1]);
		check_registers(1);
	}
}
END_TEST

START_TEST(switched_off_entry_touches_nothing)
{
	void *f = entry_route(5, add_only);

	reset();
	fill();
	ckpt_thunk_entries[5].is_bypassed = 1;
	call_with_registers(f);
	check_registers(0);
	ck_assert_int_eq(entered, 0);
	ckpt_thunk_entries[5].is_bypassed = 0;
	ckpt_thunk_disabled = 1;
	call_with_registers(f);
	check_registers(0);
	ck_assert_int_eq(entered, 0);
}
END_TEST

__attribute__((noinline)) static long
sum_nine(long a, long b, long c, long d, long e, long f, long g, long h, long i)
{
	ck_assert_uint_eq((uintptr_t)__builtin_frame_address(0) % 16, 0);
	return a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f + 7 * g + 8 * h +
	       9 * i;
}

START_TEST(stack_arguments_arrive)
{
	long (*f)(long, long, long, long, long, long, long, long, long) =
		(void *)entry_route(6, (void (*)(void))sum_nine);

	reset();
	stack_size = 24;
	for (verdict = BYPASS; verdict <= MISS; verdict += 2)
		ck_assert_int_eq(f(1, 2, 3, 4, 5, 6, 7, 8, 9), 285);
}
END_TEST

static jmp_buf target;

static void jump_out(void)
{
	longjmp(target, 1);
}

static struct {
	int depth;
	bool found;
	uintptr_t wanted;
} trace;

static _Unwind_Reason_Code see_frame(struct _Unwind_Context *context,
				     void *argument)
{
	(void)argument;
	if (_Unwind_GetCFA(context) == trace.wanted)
		trace.found = true;
	return trace.depth++ < 100 ? _URC_NO_REASON : _URC_END_OF_STACK;
}

static void unwind_here(void)
{
	(void)_Unwind_Backtrace(see_frame, NULL);
}

__attribute__((noinline)) static int call_traced(void (*f)(void))
{
	trace.wanted = (uintptr_t)__builtin_frame_address(0) + 16;
	trace.depth = 0;
	trace.found = false;
	f();
	return 1;
}

START_TEST(unwinder_and_longjmp_pass_through)
{
	void (*f)(void) = (void (*)(void))entry_route(7, unwind_here);
	void (*g)(void) = (void (*)(void))entry_route(8, jump_out);

	reset();
	for (verdict = BYPASS; verdict <= MISS; verdict += 2) {
		ck_assert_int_eq(call_traced(f), 1);
		ck_assert(trace.found);
	}
	for (volatile int i = 0; i < 1000; i++)
		if (!setjmp(target))
			g();
}
END_TEST

UNIT_MAIN("thunk_entry", all_registers_but_rax_survive,
	  all_registers_but_xmm0_survive, switched_off_entry_touches_nothing,
	  stack_arguments_arrive, unwinder_and_longjmp_pass_through)
