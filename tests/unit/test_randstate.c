/* SPDX-License-Identifier: MIT */
#include "shim/runtime/guest/randstate.h"
#include "tests/unit/unit.h"

#include <pthread.h>

START_TEST(reading_does_not_disturb_the_sequence)
{
	struct ckpt_randstate state;
	int expected[3];

	srand(7);
	for (int i = 0; i < 3; i++)
		expected[i] = rand();
	srand(7);
	for (int i = 0; i < 3; i++) {
		ck_assert(ckpt_randstate_read(&state));
		ck_assert_int_eq(rand(), expected[i]);
	}
}
END_TEST

START_TEST(written_state_continues_where_it_was_read)
{
	struct ckpt_randstate state;
	int expected[40];

	srand(11);
	for (int i = 0; i < 100; i++)
		(void)rand();
	ck_assert(ckpt_randstate_read(&state));
	for (int i = 0; i < 40; i++)
		expected[i] = rand();
	srand(12);
	ck_assert(ckpt_randstate_write(&state));
	for (int i = 0; i < 40; i++)
		ck_assert_int_eq(rand(), expected[i]);
}
END_TEST

START_TEST(state_is_the_same_in_the_same_place_of_the_sequence)
{
	struct ckpt_randstate a, b;

	srand(3);
	(void)rand();
	ck_assert(ckpt_randstate_read(&a));
	(void)rand();
	ck_assert(ckpt_randstate_read(&b));
	ck_assert_mem_ne(a.words, b.words, sizeof(int32_t) * a.count);
	srand(3);
	(void)rand();
	ck_assert(ckpt_randstate_read(&b));
	ck_assert_uint_eq(a.count, b.count);
	ck_assert_mem_eq(a.words, b.words, sizeof(int32_t) * a.count);
}
END_TEST

START_TEST(every_kind_of_state_can_be_read)
{
	static const size_t sizes[] = {8, 32, 64, 128, 256};
	static char own[256] __attribute__((aligned(8)));

	for (int i = 0; i < 5; i++) {
		struct ckpt_randstate state;
		long expected;

		(void)initstate(5, own, sizes[i]);
		ck_assert(ckpt_randstate_read(&state));
		expected = random();
		(void)random();
		ck_assert(ckpt_randstate_write(&state));
		ck_assert_int_eq(random(), expected);
	}
}
END_TEST

START_TEST(state_of_another_kind_is_not_written)
{
	static char own[256] __attribute__((aligned(8)));
	struct ckpt_randstate state;
	long expected;

	ck_assert(ckpt_randstate_read(&state));
	(void)initstate(5, own, sizeof(own));
	expected = random();
	(void)initstate(5, own, sizeof(own));
	ck_assert(!ckpt_randstate_write(&state));
	ck_assert_int_eq(random(), expected);
}
END_TEST

static void *wait_for_lock(void *mutex)
{
	(void)pthread_mutex_lock(mutex);
	(void)pthread_mutex_unlock(mutex);
	return NULL;
}

START_TEST(process_with_threads_is_left_alone)
{
	static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
	struct ckpt_randstate state;
	pthread_t thread;

	(void)pthread_mutex_lock(&mutex);
	ck_assert_int_eq(pthread_create(&thread, NULL, wait_for_lock, &mutex),
			 0);
	ck_assert(!ckpt_randstate_read(&state));
	(void)pthread_mutex_unlock(&mutex);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
}
END_TEST

UNIT_MAIN("randstate", reading_does_not_disturb_the_sequence,
	  written_state_continues_where_it_was_read,
	  state_is_the_same_in_the_same_place_of_the_sequence,
	  every_kind_of_state_can_be_read, state_of_another_kind_is_not_written,
	  process_with_threads_is_left_alone)
