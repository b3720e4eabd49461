/* SPDX-License-Identifier: MIT */
#include "tests/unit/store_fixture.h"

#include "shim/store/runid.h"
#include "shim/store/tally.h"

#include <signal.h>

static const char *const names[] = {"alpha", "beta"};
static const char *const objects[] = {"libx.so.1", "liby.so.2"};

static struct ckpt_stats *open_stats(void)
{
	struct ckpt_stats *stats = NULL;
	struct ckpt_err err = {.text = ""};

	ck_assert_msg(!ckpt_stats_open(fixture_directory, names, objects, 2,
				       &stats, &err),
		      "%s", err.text);
	return stats;
}

/* The line of alpha or beta; zeroes if there is none. */
static struct ckpt_tally_line read_line(const char *name, int last_run_only)
{
	struct ckpt_tally_line *lines = NULL;
	struct ckpt_tally_line line = {.name = ""};
	size_t count = 0;
	int found = 0;

	ck_assert_int_eq(ckpt_tally_read(fixture_directory, last_run_only,
					 &lines, &count, NULL),
			 CKPT_OK);
	for (size_t i = 0; i < count; i++) {
		if (!strcmp(lines[i].name, name)) {
			line = lines[i];
			found++;
		}
	}
	ck_assert_int_le(found, 1);
	free(lines);
	return line;
}

static int count_files(void)
{
	char path[400];
	DIR *dir;
	int count = -2;

	fixture_path(path, sizeof(path), "v1/runs");
	dir = opendir(path);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

/* A process of its own run: a child counts and ends as told. */
static void run_child(uint64_t hits, int signal)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		struct ckpt_stats *stats = open_stats();

		ckpt_stats_row(stats, 0)->hits += hits;
		ckpt_stats_row(stats, 1)->misses += 1;
		if (signal)
			kill(getpid(), signal);
		ckpt_stats_close(stats);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	/* The start time of a process is counted in hundredths of a second. */
	usleep(15000);
}

static void set_up(void)
{
	fixture_set_up();
	ckpt_store_close(fixture_open());
}

START_TEST(without_a_store_there_is_nothing_to_read)
{
	struct ckpt_tally_line *lines;
	size_t count;

	strcat(fixture_directory, "-not");
	ck_assert_int_eq(
		ckpt_tally_read(fixture_directory, 0, &lines, &count, NULL),
		CKPT_NOTFOUND);
}
END_TEST

START_TEST(counts_of_a_living_process_are_seen_at_once)
{
	struct ckpt_stats *stats = open_stats();

	ckpt_stats_row(stats, 1)->hits = 5;
	ckpt_stats_row(stats, 1)->saved_ns = 7;
	ck_assert_uint_eq(read_line("beta", 0).counters.hits, 5);
	ck_assert_uint_eq(read_line("beta", 1).counters.saved_ns, 7);
	ck_assert_str_eq(read_line("beta", 0).object, "liby.so.2");
	ck_assert_uint_eq(read_line("alpha", 0).counters.hits, 0);
	ckpt_stats_close(stats);
	ck_assert_uint_eq(read_line("beta", 0).counters.hits, 5);
}
END_TEST

START_TEST(a_killed_process_loses_no_count)
{
	run_child(3, SIGKILL);
	run_child(4, 0);
	run_child(5, SIGSEGV);
	ck_assert_uint_eq(read_line("alpha", 0).counters.hits, 12);
	ck_assert_uint_eq(read_line("beta", 0).counters.misses, 3);
}
END_TEST

START_TEST(processes_that_are_gone_are_folded_once)
{
	for (int i = 0; i < 10; i++)
		run_child(1, 0);
	for (int i = 0; i < 3; i++)
		ck_assert_uint_eq(read_line("alpha", 0).counters.hits, 10);
	/* The newest run stays for --last-run. */
	ck_assert_int_eq(count_files(), 1);
	ck_assert_uint_eq(read_line("alpha", 1).counters.hits, 1);
	run_child(100, 0);
	ck_assert_uint_eq(read_line("alpha", 0).counters.hits, 110);
	ck_assert_uint_eq(read_line("alpha", 1).counters.hits, 100);
}
END_TEST

START_TEST(a_living_process_is_not_folded)
{
	struct ckpt_stats *stats = open_stats();

	run_child(1, 0);
	(void)read_line("alpha", 0);
	ckpt_stats_row(stats, 0)->hits += 50;
	ck_assert_uint_eq(read_line("alpha", 0).counters.hits, 51);
	/* Not even if the host closed the descriptor that holds the lock. */
	for (int fd = 512; fd < 1024; fd++)
		close(fd);
	run_child(1, 0);
	(void)read_line("alpha", 0);
	ckpt_stats_row(stats, 0)->hits += 50;
	ck_assert_uint_eq(read_line("alpha", 0).counters.hits, 102);
	ckpt_stats_close(stats);
}
END_TEST

START_TEST(a_fold_that_was_interrupted_counts_nothing_twice)
{
	char command[1000];

	run_child(1, 0);
	run_child(10, 0);
	/* As if the process had died before unlinking what it had summed. */
	snprintf(command, sizeof(command), "cp -a %s/v1/runs %s/kept",
		 fixture_directory, fixture_top);
	ck_assert_int_eq(system(command), 0);
	ck_assert_uint_eq(read_line("alpha", 0).counters.hits, 11);
	snprintf(command, sizeof(command), "cp -a %s/kept/* %s/v1/runs/",
		 fixture_top, fixture_directory);
	ck_assert_int_eq(system(command), 0);
	ck_assert_uint_eq(read_line("alpha", 0).counters.hits, 11);
	run_child(100, 0);
	for (int i = 0; i < 3; i++)
		ck_assert_uint_eq(read_line("alpha", 0).counters.hits, 111);
}
END_TEST

START_TEST(damaged_files_are_passed_over)
{
	char command[1000];
	char path[400];
	FILE *file;

	run_child(1, 0);
	run_child(10, 0);
	fixture_path(path, sizeof(path), "v1/runs/1-x");
	file = fopen(path, "w");
	fputs("ckptstat and then nonsense", file);
	fclose(file);
	snprintf(command, sizeof(command),
		 "cd %s/v1 && truncate -s 100 runs/2-x && mkdir runs/3-x && "
		 "ln -s /etc/passwd runs/4-x && echo x > stats",
		 fixture_directory);
	ck_assert_int_eq(system(command), 0);
	ck_assert_uint_eq(read_line("alpha", 0).counters.hits, 11);
}
END_TEST

START_TEST(a_forked_child_counts_for_its_parent)
{
	struct ckpt_stats *stats = open_stats();
	pid_t pid = fork();

	if (!pid) {
		__atomic_fetch_add(&ckpt_stats_row(stats, 0)->hits, 2,
				   __ATOMIC_RELAXED);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	ck_assert_uint_eq(ckpt_stats_row(stats, 0)->hits, 2);
	ckpt_stats_close(stats);
}
END_TEST

START_TEST(days_are_kept_apart)
{
	struct ckpt_tally_line *lines = NULL;
	size_t count = 0;

	run_child(1, 0);
	run_child(1, 0);
	ck_assert_int_eq(
		ckpt_tally_read_days(fixture_directory, &lines, &count, NULL),
		CKPT_OK);
	ck_assert_uint_ge(count, 2);
	/* 2020-01-01 */
	ck_assert_int_gt(lines[0].day, 18262);
	free(lines);
}
END_TEST

START_TEST(a_run_is_the_tree_below_the_topmost_preloaded_process)
{
	struct ckpt_runid self = ckpt_runid_of(getpid());
	struct ckpt_runid run = ckpt_runid_find();

	/* Nobody above a unit test has the library. */
	ck_assert_uint_gt(self.start, 0);
	ck_assert_uint_eq(run.pid, getpid());
	ck_assert_uint_eq(run.start, self.start);
	ck_assert_uint_eq(ckpt_runid_of(4194305).start, 0);
}
END_TEST

UNIT_MAIN_WITH("stats", set_up, fixture_tear_down,
	       without_a_store_there_is_nothing_to_read,
	       counts_of_a_living_process_are_seen_at_once,
	       a_killed_process_loses_no_count,
	       processes_that_are_gone_are_folded_once,
	       a_living_process_is_not_folded,
	       a_fold_that_was_interrupted_counts_nothing_twice,
	       damaged_files_are_passed_over,
	       a_forked_child_counts_for_its_parent, days_are_kept_apart,
	       a_run_is_the_tree_below_the_topmost_preloaded_process)
