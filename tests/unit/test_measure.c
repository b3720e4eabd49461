/* SPDX-License-Identifier: MIT */
#include "shim/runtime/measure.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shim/runtime/memo.h"

enum { DEPTH = CKPT_MEASURE_DEPTH_MAX + 3 };

static char directory[64];
static char path[96];
static struct ckpt_measuring measuring;
static struct ckpt_measured outer, inner;

static void set_up(void)
{
	ck_assert_ptr_nonnull(
		mkdtemp(strcpy(directory, "/tmp/ckpt-test-measure-XXXXXX")));
	(void)snprintf(path, sizeof(path), "%s/table", directory);
	memset(&measuring, 0, sizeof(measuring));
	ck_assert_int_eq(ckpt_measuretable_create(path, &measuring.table, NULL),
			 CKPT_OK);
	outer = (struct ckpt_measured){
		.measuring = &measuring,
		.row = ckpt_measuretable_row(&measuring.table, "outer", ""),
	};
	inner = (struct ckpt_measured){
		.measuring = &measuring,
		.row = ckpt_measuretable_row(&measuring.table, "inner", ""),
	};
}

static void tear_down(void)
{
	ckpt_measuretable_close(&measuring.table);
	(void)unlink(path);
	(void)rmdir(directory);
}

/* Stacks grow down: the frame of a call inside another has a lower address.
 * Those that called the checks are higher still. */
struct frames {
	struct ckpt_frame items[DEPTH];
};

static struct ckpt_frame *frame_of(struct frames *frames, int depth)
{
	struct ckpt_frame *frame = &frames->items[DEPTH - 1 - depth];

	frame->entry_sp = (uint8_t *)frame;
	frame->vector_width = CKPT_VECTOR_XMM;
	frame->pass = 0;
	return frame;
}

START_TEST(call_that_returned_is_counted_and_timed)
{
	struct frames frames = {0};
	struct ckpt_frame *frame = frame_of(&frames, 0);

	ck_assert_uint_eq(ckpt_measure_enter(frame, &outer), CKPT_MISS);
	usleep(2000);
	ckpt_measure_leave(frame, &outer);
	ck_assert_uint_eq(outer.row->calls, 1);
	ck_assert_uint_eq(outer.row->timed, 1);
	ck_assert_uint_ge(outer.row->ticks,
			  1900 * measuring.table.header->ticks_per_us);
	ck_assert_uint_eq(outer.row->ticks, outer.row->own_ticks);
	ck_assert_int_eq(outer.row->running, 0);
}
END_TEST

START_TEST(arguments_on_the_stack_of_unknown_number_are_copied)
{
	struct frames frames = {0};
	struct ckpt_frame *frame = frame_of(&frames, 5);

	ck_assert_uint_eq(ckpt_measure_enter(frame, &outer), CKPT_MISS);
	ck_assert_uint_eq(frame->stack_size, CKPT_MEASURE_STACK_MAX);
	ck_assert_uint_ge(frame->stack_alignment, 32);
	ckpt_measure_leave(frame, &outer);
}
END_TEST

START_TEST(wide_registers_are_loaded_only_if_something_is_in_them)
{
	struct frames frames = {0};
	struct ckpt_frame *frame = frame_of(&frames, 0);

	frame->vector_width = CKPT_VECTOR_ZMM;
	memset(frame->vec[3], 1, 16);
	ck_assert_uint_eq(ckpt_measure_enter(frame, &outer), CKPT_MISS);
	ck_assert_uint_eq(frame->vector_width, CKPT_VECTOR_XMM);
	ckpt_measure_leave(frame, &outer);
	frame->vector_width = CKPT_VECTOR_ZMM;
	frame->vec[7][63] = 1;
	ck_assert_uint_eq(ckpt_measure_enter(frame, &outer), CKPT_MISS);
	ck_assert_uint_eq(frame->vector_width, CKPT_VECTOR_ZMM);
	ckpt_measure_leave(frame, &outer);
}
END_TEST

START_TEST(time_of_a_call_inside_is_not_the_callers_own)
{
	struct frames frames = {0};
	struct ckpt_frame *first = frame_of(&frames, 0);
	struct ckpt_frame *second = frame_of(&frames, 1);

	ck_assert_uint_eq(ckpt_measure_enter(first, &outer), CKPT_MISS);
	ck_assert_uint_eq(ckpt_measure_enter(second, &inner), CKPT_MISS);
	usleep(2000);
	ckpt_measure_leave(second, &inner);
	ckpt_measure_leave(first, &outer);
	ck_assert_uint_ge(outer.row->ticks, inner.row->ticks);
	ck_assert_uint_eq(outer.row->own_ticks,
			  outer.row->ticks - inner.row->ticks);
	ck_assert_uint_lt(outer.row->own_ticks, inner.row->ticks);
}
END_TEST

START_TEST(recursion_counts_its_time_once)
{
	struct frames frames = {0};
	struct ckpt_frame *first = frame_of(&frames, 0);
	struct ckpt_frame *second = frame_of(&frames, 1);
	uint64_t start = ckpt_measuretable_now(&measuring.table);

	ck_assert_uint_eq(ckpt_measure_enter(first, &outer), CKPT_MISS);
	ck_assert_uint_eq(ckpt_measure_enter(second, &outer), CKPT_MISS);
	usleep(1000);
	ckpt_measure_leave(second, &outer);
	ckpt_measure_leave(first, &outer);
	ck_assert_uint_eq(outer.row->calls, 2);
	ck_assert_uint_le(outer.row->ticks,
			  ckpt_measuretable_now(&measuring.table) - start);
	ck_assert_uint_eq(outer.row->own_ticks, outer.row->ticks);
}
END_TEST

START_TEST(call_left_by_longjmp_is_counted_and_forgotten)
{
	struct frames frames = {0};
	struct ckpt_frame *first = frame_of(&frames, 0);
	struct ckpt_frame *lost = frame_of(&frames, 4);
	struct ckpt_frame *next = frame_of(&frames, 2);

	ck_assert_uint_eq(ckpt_measure_enter(first, &outer), CKPT_MISS);
	ck_assert_uint_eq(ckpt_measure_enter(lost, &inner), CKPT_MISS);
	ck_assert_uint_eq(ckpt_measure_enter(next, &inner), CKPT_MISS);
	ckpt_measure_leave(next, &inner);
	/* A frame that is gone tells nothing. */
	ckpt_measure_leave(lost, &inner);
	ckpt_measure_leave(first, &outer);
	ck_assert_uint_eq(inner.row->calls, 2);
	ck_assert_uint_eq(inner.row->timed, 1);
	ck_assert_uint_eq(outer.row->timed, 1);
	ck_assert_int_eq(inner.row->running, 0);
}
END_TEST

START_TEST(calls_too_deep_inside_others_are_only_counted)
{
	struct frames frames = {0};
	int depth = 0;

	for (; depth < CKPT_MEASURE_DEPTH_MAX; depth++)
		ck_assert_uint_eq(
			ckpt_measure_enter(frame_of(&frames, depth), &outer),
			CKPT_MISS);
	ck_assert_uint_eq(ckpt_measure_enter(frame_of(&frames, depth), &outer),
			  CKPT_BYPASS);
	while (depth > 0)
		ckpt_measure_leave(frame_of(&frames, --depth), &outer);
	ck_assert_uint_eq(outer.row->calls, CKPT_MEASURE_DEPTH_MAX + 1);
	ck_assert_uint_eq(outer.row->timed, CKPT_MEASURE_DEPTH_MAX);
}
END_TEST

START_TEST(short_calls_are_sampled)
{
	struct frames frames = {0};
	struct ckpt_frame *frame = frame_of(&frames, 0);
	uint64_t calls = 0;

	while (calls < 1000000) {
		uint32_t verdict;

		frame->pass = 0;
		verdict = ckpt_measure_enter(frame, &outer);
		if (verdict == CKPT_MISS)
			ckpt_measure_leave(frame, &outer);
		calls += 1 + frame->pass;
	}
	ck_assert_uint_eq(outer.row->calls, calls);
	ck_assert(outer.row->flags & CKPT_MEASURE_SAMPLED);
	ck_assert_uint_lt(outer.row->timed, calls / 300);
	ck_assert_uint_gt(outer.row->timed, calls / 900);
}
END_TEST

START_TEST(impure_functions_are_noted_in_all_calls_in_progress)
{
	struct ckpt_measured watched = {.measuring = &measuring,
					.classes = CKPT_IMPURE_CLOCK,
					.name = "time"};
	struct frames frames = {0};
	struct ckpt_frame *first = frame_of(&frames, 0);
	struct ckpt_frame *second = frame_of(&frames, 1);

	ck_assert_uint_eq(ckpt_measure_enter(first, &outer), CKPT_MISS);
	ck_assert_uint_eq(ckpt_measure_enter(second, &inner), CKPT_MISS);
	ckpt_measure_leave(second, &inner);
	ck_assert_uint_eq(ckpt_measure_enter(second, &watched), CKPT_BYPASS);
	ckpt_measure_leave(first, &outer);
	ck_assert_uint_eq(outer.row->impure, 1);
	ck_assert_uint_eq(outer.row->classes, CKPT_IMPURE_CLOCK);
	ck_assert_str_eq(outer.row->impure_name, "time");
	ck_assert_uint_eq(outer.row->usable, 0);
	ck_assert_uint_eq(inner.row->impure, 0);
	ck_assert_uint_eq(inner.row->usable, 1);
}
END_TEST

START_TEST(errno_is_kept)
{
	struct frames frames = {0};
	struct ckpt_frame *frame = frame_of(&frames, 0);

	errno = 77;
	ck_assert_uint_eq(ckpt_measure_enter(frame, &outer), CKPT_MISS);
	ck_assert_int_eq(errno, 77);
	ckpt_measure_leave(frame, &outer);
	ck_assert_int_eq(errno, 77);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("measure");
	TCase *tcase = tcase_create("measure");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, call_that_returned_is_counted_and_timed);
	tcase_add_test(tcase,
		       arguments_on_the_stack_of_unknown_number_are_copied);
	tcase_add_test(tcase,
		       wide_registers_are_loaded_only_if_something_is_in_them);
	tcase_add_test(tcase, time_of_a_call_inside_is_not_the_callers_own);
	tcase_add_test(tcase, recursion_counts_its_time_once);
	tcase_add_test(tcase, call_left_by_longjmp_is_counted_and_forgotten);
	tcase_add_test(tcase, calls_too_deep_inside_others_are_only_counted);
	tcase_add_test(tcase, short_calls_are_sampled);
	tcase_add_test(tcase,
		       impure_functions_are_noted_in_all_calls_in_progress);
	tcase_add_test(tcase, errno_is_kept);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
