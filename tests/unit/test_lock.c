/* SPDX-License-Identifier: MIT */
#include "shim/runtime/guest/lock.h"

#include "tests/unit/unit.h"

#include <pthread.h>
#include <semaphore.h>
#include <sys/wait.h>
#include <unistd.h>

static struct ckpt_lock lock;
static long counter;

static void set_up(void)
{
	ck_assert_int_eq(ckpt_lock_init(&lock), CKPT_OK);
	counter = 0;
}

static void *count(void *unused)
{
	for (int i = 0; i < 20000; i++) {
		ck_assert(ckpt_lock_take(&lock));
		counter++;
		ckpt_lock_give(&lock);
	}
	return unused;
}

START_TEST(one_thread_at_a_time_is_inside)
{
	pthread_t threads[4];

	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, count, NULL),
				 0);
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
	ck_assert_int_eq(counter, 80000);
}
END_TEST

START_TEST(its_owner_is_told_and_does_not_wait)
{
	ck_assert(ckpt_lock_take(&lock));
	ck_assert(!ckpt_lock_take(&lock));
	ckpt_lock_give(&lock);
	ck_assert(ckpt_lock_take(&lock));
	ckpt_lock_give(&lock);
}
END_TEST

static int child_takes(void)
{
	pid_t child = fork();
	int status = -1;

	if (!child)
		_exit(ckpt_lock_take(&lock) ? 1 : 2);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	return WEXITSTATUS(status);
}

START_TEST(a_forked_child_can_take_a_free_lock)
{
	ck_assert_int_eq(child_takes(), 1);
}
END_TEST

static sem_t taken, done;

static void *hold(void *unused)
{
	ck_assert(ckpt_lock_take(&lock));
	(void)sem_post(&taken);
	(void)sem_wait(&done);
	ckpt_lock_give(&lock);
	return unused;
}

START_TEST(a_child_forked_while_another_thread_was_inside_is_told)
{
	pthread_t thread;

	(void)sem_init(&taken, 0, 0);
	(void)sem_init(&done, 0, 0);
	ck_assert_int_eq(pthread_create(&thread, NULL, hold, NULL), 0);
	(void)sem_wait(&taken);
	ck_assert_int_eq(child_takes(), 2);
	(void)sem_post(&done);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
}
END_TEST

UNIT_MAIN_WITH("lock", set_up, NULL, one_thread_at_a_time_is_inside,
	       its_owner_is_told_and_does_not_wait,
	       a_forked_child_can_take_a_free_lock,
	       a_child_forked_while_another_thread_was_inside_is_told)
