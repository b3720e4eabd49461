/* SPDX-License-Identifier: MIT */
#include "shim/runtime/plan/planner_child.h"

#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* A shell script stands in for the planner; what it wrote is in `wrote`. */
static char dir[] = "/tmp/test_planner_XXXXXX";
static char script_path[64], output_path[64], wrote[8192];
static char *variables[] = {(char *)"PATH=/usr/bin:/bin",
			    (char *)"LD_PRELOAD=/no/such.so",
			    (char *)"CKPT_DISABLE=0", (char *)"KEPT=yes", NULL};

static void make_planner(const char *body)
{
	FILE *file;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(script_path, sizeof(script_path), "%s/planner", dir);
	snprintf(output_path, sizeof(output_path), "%s/out", dir);
	file = fopen(script_path, "w");
	fprintf(file, "#!/bin/sh\n%s\n", body);
	fchmod(fileno(file), 0700);
	fclose(file);
}

static struct ckpt_planner_result run_planner(unsigned wait_ms)
{
	static const char objects[] = "1 2 g /bin/true\n";
	struct ckpt_planner_request request = {
		.planner = script_path,
		.config = "/etc/ckpt.toml",
		.output = output_path,
		.objects = objects,
		.objects_size = sizeof(objects) - 1,
		.environment = variables,
		.wait_ms = wait_ms,
	};

	return ckpt_planner_child_run(&request);
}

static const char *read_output(void)
{
	int fd = open(output_path, O_RDONLY);
	ssize_t size = read(fd, wrote, sizeof(wrote) - 1);

	wrote[size > 0 ? size : 0] = '\0';
	close(fd);
	return wrote;
}

static void remove_planner(void)
{
	unlink(output_path);
	unlink(script_path);
	rmdir(dir);
}

/* Run the script; it must succeed. */
static const char *planned(const char *body)
{
	struct ckpt_planner_result result;

	make_planner(body);
	result = run_planner(10000);
	ck_assert_int_eq(result.outcome, CKPT_PLANNER_DONE);
	(void)read_output();
	remove_planner();
	return wrote;
}

START_TEST(the_planner_gets_config_objects_and_output)
{
	ck_assert_str_eq(planned("{ echo $1 $2 $3 $4 $5 $6; cat; } >$7"),
			 "plan --config /etc/ckpt.toml --objects - --output\n"
			 "1 2 g /bin/true\n");
}
END_TEST

START_TEST(the_planner_is_not_preloaded_into_and_caches_nothing)
{
	const char *out = planned("env >$7");

	ck_assert_ptr_null(strstr(out, "LD_PRELOAD"));
	ck_assert_ptr_nonnull(strstr(out, "CKPT_DISABLE=1\n"));
	ck_assert_ptr_null(strstr(out, "CKPT_DISABLE=0"));
	ck_assert_ptr_nonnull(strstr(out, "KEPT=yes\n"));
}
END_TEST

START_TEST(the_planner_inherits_no_descriptor)
{
	for (int i = 0; i < 20; i++)
		ck_assert_int_ge(dup(0), 0);
	ck_assert_str_eq(planned("ls /proc/self/fd >$7"), "0\n1\n2\n3\n");
}
END_TEST

START_TEST(closed_standard_descriptors_do_no_harm)
{
	for (int fd = 0; fd < 3; fd++)
		close(fd);
	ck_assert_str_eq(planned("cat >$7; ls -l /proc/self/fd/1 >&2"),
			 "1 2 g /bin/true\n");
	for (int fd = 0; fd < 3; fd++)
		ck_assert_int_eq(fcntl(fd, F_GETFD), -1);
}
END_TEST

START_TEST(the_planner_starts_with_default_signals)
{
	const char *out;
	sigset_t set;

	signal(SIGINT, SIG_IGN);
	signal(SIGCHLD, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	out = planned("grep -E 'Sig(Blk|Ign)' /proc/self/status >$7");
	ck_assert_ptr_nonnull(strstr(out, "SigBlk:\t0000000000000000\n"));
	ck_assert_ptr_nonnull(strstr(out, "SigIgn:\t0000000000000000\n"));
	ck_assert_ptr_eq(signal(SIGINT, SIG_IGN), SIG_IGN);
	sigprocmask(SIG_SETMASK, NULL, &set);
	ck_assert_int_eq(sigismember(&set, SIGTERM), 1);
	ck_assert_int_eq(sigismember(&set, SIGUSR1), 0);
}
END_TEST

static volatile sig_atomic_t chld_count;

static void count_signal(int number)
{
	(void)number;
	chld_count++;
}

START_TEST(the_target_sees_no_sigchld_and_no_child)
{
	signal(SIGCHLD, count_signal);
	(void)planned("exit 0");
	ck_assert_int_eq(chld_count, 0);
	ck_assert_int_eq(wait(NULL), -1);
	ck_assert_int_eq(errno, ECHILD);
	ck_assert_int_eq(waitpid(-1, NULL, __WALL), -1);
	ck_assert_int_eq(errno, ECHILD);
}
END_TEST

START_TEST(a_target_that_waits_meanwhile_does_not_get_the_planner)
{
	struct ckpt_planner_result result;

	signal(SIGCHLD, count_signal);
	make_planner("sleep 0.4");
	result = run_planner(20);
	ck_assert_int_eq(result.outcome, CKPT_PLANNER_SLOW);
	ck_assert_int_eq(wait(NULL), -1);
	ck_assert_int_eq(errno, ECHILD);
	while (!ckpt_planner_child_reap(result.guard))
		usleep(10000);
	ck_assert_int_eq(chld_count, 0);
	remove_planner();
}
END_TEST

START_TEST(an_ignored_sigchld_does_not_lose_the_status)
{
	struct ckpt_planner_result result;

	signal(SIGCHLD, SIG_IGN);
	make_planner("exit 3");
	result = run_planner(10000);
	ck_assert_int_eq(result.outcome, CKPT_PLANNER_FAILED);
	ck_assert_int_eq(result.detail, 3);
	remove_planner();
}
END_TEST

START_TEST(a_killed_planner_has_failed)
{
	struct ckpt_planner_result result;

	make_planner("kill -SEGV $$");
	result = run_planner(10000);
	ck_assert_int_eq(result.outcome, CKPT_PLANNER_FAILED);
	ck_assert_int_eq(result.detail, 128 + SIGSEGV);
	remove_planner();
}
END_TEST

START_TEST(a_slow_planner_is_left_running)
{
	struct ckpt_planner_result result;

	make_planner("sleep 0.3; echo late >$7");
	result = run_planner(50);
	ck_assert_int_eq(result.outcome, CKPT_PLANNER_SLOW);
	while (!ckpt_planner_child_reap(result.guard))
		usleep(10000);
	ck_assert_str_eq(read_output(), "late\n");
	remove_planner();
}
END_TEST

START_TEST(a_planner_may_say_that_it_goes_on_alone)
{
	struct ckpt_planner_result result;

	make_planner("exit 75");
	result = run_planner(10000);
	ck_assert_int_eq(result.outcome, CKPT_PLANNER_SLOW);
	ck_assert_int_eq(result.guard, 0);
	remove_planner();
}
END_TEST

START_TEST(a_planner_that_cannot_be_run_is_absent)
{
	struct ckpt_planner_result result;

	make_planner("exit 0");
	chmod(script_path, 0600);
	result = run_planner(10000);
	ck_assert_int_eq(result.outcome, CKPT_PLANNER_ABSENT);
	remove_planner();
}
END_TEST

START_TEST(what_the_planner_prints_stays_out_of_the_targets_output)
{
	int ends[2];
	char byte;

	ck_assert_int_eq(pipe(ends), 0);
	dup2(ends[1], 1);
	dup2(ends[1], 2);
	close(ends[1]);
	(void)planned("echo out; echo err >&2");
	close(1);
	close(2);
	ck_assert_int_eq(read(ends[0], &byte, 1), 0);
}
END_TEST

START_TEST(errno_and_alarm_are_kept)
{
	alarm(100);
	errno = 99;
	(void)run_planner(1000);
	ck_assert_int_eq(errno, 99);
	ck_assert_uint_gt(alarm(0), 90);
}
END_TEST

static bool is_over;

static void *allocate_all_the_time(void *argument)
{
	while (!__atomic_load_n(&is_over, __ATOMIC_RELAXED))
		free(malloc(1000));
	return argument;
}

START_TEST(it_works_while_other_threads_allocate)
{
	pthread_t threads[3];

	for (int i = 0; i < 3; i++)
		pthread_create(&threads[i], NULL, allocate_all_the_time, NULL);
	make_planner("exit 0");
	for (int i = 0; i < 20; i++)
		ck_assert_int_eq(run_planner(10000).outcome, CKPT_PLANNER_DONE);
	__atomic_store_n(&is_over, true, __ATOMIC_RELAXED);
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	remove_planner();
}
END_TEST

START_TEST(the_command_is_found_beside_the_library)
{
	char path[CKPT_PLANNER_PATH_MAX], library[96], name[96];

	make_planner("exit 0");
	snprintf(library, sizeof(library), "%s/libckpt.so", dir);
	ck_assert(!ckpt_planner_child_find(NULL, library, path));
	ck_assert(ckpt_planner_child_find(script_path, library, path));
	ck_assert_str_eq(path, script_path);
	ck_assert(!ckpt_planner_child_find("/no/such/ckpt", library, path));
	snprintf(name, sizeof(name), "%s/ckpt", dir);
	rename(script_path, name);
	ck_assert(ckpt_planner_child_find("", library, path));
	ck_assert_str_eq(path, name);
	snprintf(library, sizeof(library), "%s/lib/libckpt.so", dir);
	unlink(name);
	rmdir(dir);
}
END_TEST

UNIT_MAIN("planner_child", the_planner_gets_config_objects_and_output,
	  the_planner_is_not_preloaded_into_and_caches_nothing,
	  the_planner_inherits_no_descriptor,
	  closed_standard_descriptors_do_no_harm,
	  the_planner_starts_with_default_signals,
	  the_target_sees_no_sigchld_and_no_child,
	  a_target_that_waits_meanwhile_does_not_get_the_planner,
	  an_ignored_sigchld_does_not_lose_the_status,
	  a_killed_planner_has_failed, a_slow_planner_is_left_running,
	  a_planner_may_say_that_it_goes_on_alone,
	  a_planner_that_cannot_be_run_is_absent,
	  what_the_planner_prints_stays_out_of_the_targets_output,
	  errno_and_alarm_are_kept, it_works_while_other_threads_allocate,
	  the_command_is_found_beside_the_library)
