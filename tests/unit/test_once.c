/* SPDX-License-Identifier: MIT */
#include "shim/store/once.h"

#include "tests/unit/store_fixture.h"

#include <pthread.h>
#include <signal.h>

static const struct ckpt_hash128 key = {1, 2};
static const struct ckpt_hash128 other_key = {3, 4};

static struct ckpt_store *store;

static void set_up(void)
{
	fixture_set_up();
	store = fixture_open();
}

static void tear_down(void)
{
	ckpt_store_close(store);
	fixture_tear_down();
}

static enum ckpt_once_state try(struct ckpt_once_lock *lock)
{
	return ckpt_store_once(store, key, false, lock);
}

/* What another process gets, on its own descriptor of the store. */
static enum ckpt_once_state try_elsewhere(bool is_private)
{
	pid_t child = fork();
	int status;

	if (!child) {
		struct ckpt_once_lock lock = {0};

		_exit((int)ckpt_store_once(store, key, is_private, &lock));
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFEXITED(status));
	return (enum ckpt_once_state)WEXITSTATUS(status);
}

START_TEST(first_owns_and_second_does_not)
{
	struct ckpt_once_lock first = {0}, second = {0}, third = {0};

	ck_assert_int_eq(try(&first), CKPT_ONCE_MINE);
	ck_assert_int_eq(try(&second), CKPT_ONCE_OTHERS);
	ck_assert_int_eq(try_elsewhere(false), CKPT_ONCE_OTHERS);
	ck_assert_int_eq(ckpt_store_once(store, other_key, false, &third),
			 CKPT_ONCE_MINE);
	ckpt_once_release(&first);
	ck_assert_int_eq(try(&second), CKPT_ONCE_MINE);
	ckpt_once_release(&second);
	ckpt_once_release(&third);
	ckpt_once_release(&third);
}
END_TEST

START_TEST(private_lock_is_not_seen_by_other_processes)
{
	struct ckpt_once_lock first = {0}, second = {0};

	ck_assert_int_eq(ckpt_store_once(store, key, true, &first),
			 CKPT_ONCE_MINE);
	ck_assert_int_eq(ckpt_store_once(store, key, true, &second),
			 CKPT_ONCE_OTHERS);
	ck_assert_int_eq(try_elsewhere(true), CKPT_ONCE_MINE);
	ckpt_once_release(&first);
}
END_TEST

START_TEST(nothing_is_left_after_release)
{
	struct ckpt_once_lock lock = {0};
	char command[400];

	ck_assert_int_eq(try(&lock), CKPT_ONCE_MINE);
	ckpt_once_release(&lock);
	(void)snprintf(command, sizeof(command), "test -z \"$(ls %s/v1/once)\"",
		       fixture_directory);
	ck_assert_int_eq(system(command), 0);
}
END_TEST

/* A process that owns the key, and if asked a child of it with a copy of the
 * lock; ends with `signal`. */
static void leave_owner_dead(bool has_child, int signal)
{
	pid_t owner = fork();
	int status;

	if (!owner) {
		struct ckpt_once_lock lock = {0};

		if (try(&lock) != CKPT_ONCE_MINE)
			_exit(1);
		if (has_child && !fork())
			for (;;)
				pause();
		(void)raise(signal);
		_exit(2);
	}
	ck_assert_int_eq(waitpid(owner, &status, 0), owner);
	ck_assert(WIFSIGNALED(status));
}

START_TEST(killed_owner_frees_the_key)
{
	struct ckpt_once_lock lock = {0};

	leave_owner_dead(false, SIGKILL);
	ck_assert_int_eq(try(&lock), CKPT_ONCE_MINE);
	ckpt_once_release(&lock);
}
END_TEST

START_TEST(killed_owner_that_nobody_waited_for_frees_the_key)
{
	struct ckpt_once_lock lock = {0};
	int ends[2], status;
	pid_t owner;
	char byte;

	ck_assert_int_eq(pipe(ends), 0);
	owner = fork();
	if (!owner) {
		/* The child has a copy of the lock, and of the pipe's end. */
		if (try(&lock) == CKPT_ONCE_MINE && !fork()) {
			(void)close(ends[1]);
			for (;;)
				pause();
		}
		(void)raise(SIGKILL);
	}
	(void)close(ends[1]);
	ck_assert_int_eq(read(ends[0], &byte, 1), 0);
	ck_assert_int_eq(waitid(P_PID, (id_t)owner, NULL, WEXITED | WNOWAIT),
			 0);
	ck_assert_int_eq(try(&lock), CKPT_ONCE_MINE);
	ckpt_once_release(&lock);
	ck_assert_int_eq(waitpid(owner, &status, 0), owner);
}
END_TEST

START_TEST(killed_owner_with_a_living_child_frees_the_key)
{
	struct ckpt_once_lock lock = {0}, second = {0};

	leave_owner_dead(true, SIGKILL);
	ck_assert_int_eq(try(&lock), CKPT_ONCE_MINE);
	ck_assert_int_eq(try(&second), CKPT_ONCE_OTHERS);
	ckpt_once_release(&lock);
	ck_assert_int_eq(try(&second), CKPT_ONCE_MINE);
	ckpt_once_release(&second);
}
END_TEST

static void *own_and_end(void *unused)
{
	struct ckpt_once_lock lock = {0};

	ck_assert_int_eq(try(&lock), CKPT_ONCE_MINE);
	return unused;
}

START_TEST(ended_thread_frees_the_key)
{
	struct ckpt_once_lock lock = {0};
	enum ckpt_once_state state = CKPT_ONCE_OTHERS;
	pthread_t thread;

	ck_assert_int_eq(pthread_create(&thread, NULL, own_and_end, NULL), 0);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	/* The kernel lets go of a thread a moment after it was joined. */
	for (int i = 0; i < 100 && state == CKPT_ONCE_OTHERS; i++) {
		state = try(&lock);
		usleep(1000);
	}
	ck_assert_int_eq(state, CKPT_ONCE_MINE);
	ckpt_once_release(&lock);
}
END_TEST

START_TEST(child_that_drops_its_copy_leaves_the_parents)
{
	struct ckpt_once_lock lock = {0}, second = {0};
	pid_t child;
	int status;

	ck_assert_int_eq(try(&lock), CKPT_ONCE_MINE);
	child = fork();
	if (!child) {
		ckpt_once_release(&lock);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(try(&second), CKPT_ONCE_OTHERS);
	ckpt_once_release(&lock);
}
END_TEST

UNIT_MAIN_WITH("once", set_up, tear_down, first_owns_and_second_does_not,
	       private_lock_is_not_seen_by_other_processes,
	       nothing_is_left_after_release, killed_owner_frees_the_key,
	       killed_owner_that_nobody_waited_for_frees_the_key,
	       killed_owner_with_a_living_child_frees_the_key,
	       ended_thread_frees_the_key,
	       child_that_drops_its_copy_leaves_the_parents)
