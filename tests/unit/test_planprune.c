/* SPDX-License-Identifier: MIT */
#include "shim/planner/plan/planprune.h"

#include "tests/unit/unit.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[] = "/tmp/test_planprune_XXXXXX";

static void make_plan(int number, long used)
{
	struct timespec times[2] = {{.tv_sec = used}, {.tv_sec = used}};
	char name[64];
	int fd;

	snprintf(name, sizeof(name), "%032x.plan", (unsigned)number);
	fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(futimens(fd, times), 0);
	close(fd);
}

static bool has_plan(int number)
{
	char name[64];

	snprintf(name, sizeof(name), "%032x.plan", (unsigned)number);
	return access(name, F_OK) == 0;
}

static void enter(int count)
{
	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert_int_eq(chdir(dir), 0);
	/* The newest have the lowest numbers. */
	for (int i = 0; i < count; i++)
		make_plan(i, 2000000 - i);
}

static void prune(void)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/x.plan", dir);
	ckpt_planprune(path);
}

static void leave(void)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -rf %s", dir);
	ck_assert_int_eq(system(command), 0);
}

START_TEST(few_plans_are_all_kept)
{
	enter(CKPT_PLANPRUNE_MAX);
	prune();
	ck_assert(has_plan(0));
	ck_assert(has_plan(CKPT_PLANPRUNE_MAX - 1));
	leave();
}
END_TEST

START_TEST(of_too_many_plans_the_latest_used_are_kept)
{
	enter(CKPT_PLANPRUNE_MAX + 1);
	prune();
	ck_assert(has_plan(0));
	ck_assert(has_plan(CKPT_PLANPRUNE_KEPT - 1));
	ck_assert(!has_plan(CKPT_PLANPRUNE_KEPT));
	ck_assert(!has_plan(CKPT_PLANPRUNE_MAX));
	leave();
}
END_TEST

START_TEST(other_files_are_left_alone)
{
	enter(CKPT_PLANPRUNE_MAX + 1);
	close(open("notes.plan", O_WRONLY | O_CREAT, 0600));
	prune();
	ck_assert_int_eq(access("notes.plan", F_OK), 0);
	leave();
}
END_TEST

UNIT_MAIN("planprune", few_plans_are_all_kept,
	  of_too_many_plans_the_latest_used_are_kept,
	  other_files_are_left_alone)
