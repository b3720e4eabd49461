/* SPDX-License-Identifier: MIT */
#include "shim/planner/elf/deps.h"

#include "tests/unit/unit.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

START_TEST(a_file_is_noted_once_with_its_stat)
{
	struct ckpt_deps deps = {0};
	struct stat st;
	size_t first = 9, again = 9;

	ck_assert_int_eq(stat("/bin/sh", &st), 0);
	ck_assert_int_eq(ckpt_deps_add(&deps, "/bin/sh", &first), CKPT_OK);
	ck_assert_int_eq(ckpt_deps_add(&deps, "/bin/sh", &again), CKPT_OK);
	ck_assert_uint_eq(deps.count, 1);
	ck_assert_uint_eq(first, again);
	ck_assert(deps.items[0].is_present);
	ck_assert_uint_eq(deps.items[0].inode, st.st_ino);
	ck_assert_uint_eq(deps.items[0].size, (uint64_t)st.st_size);
	ckpt_deps_deinit(&deps);
}
END_TEST

START_TEST(a_file_looked_for_in_vain_is_noted_too)
{
	struct ckpt_deps deps = {0};

	ck_assert_int_eq(ckpt_deps_add(&deps, "/nowhere/at/all", NULL),
			 CKPT_OK);
	ck_assert_uint_eq(deps.count, 1);
	ck_assert(!deps.items[0].is_present);
	ckpt_deps_deinit(&deps);
}
END_TEST

START_TEST(paths_become_absolute)
{
	struct ckpt_deps deps = {0};

	ck_assert_int_eq(chdir("/bin"), 0);
	ck_assert_int_eq(ckpt_deps_add(&deps, "sh", NULL), CKPT_OK);
	ck_assert_int_eq(deps.items[0].path[0], '/');
	ck_assert_str_eq(strrchr(deps.items[0].path, '/'), "/sh");
	ck_assert(deps.items[0].is_present);
	ckpt_deps_deinit(&deps);
}
END_TEST

START_TEST(without_a_list_nothing_happens)
{
	ck_assert_int_eq(ckpt_deps_add(NULL, "/bin/sh", NULL), CKPT_OK);
}
END_TEST

UNIT_MAIN("deps", a_file_is_noted_once_with_its_stat,
	  a_file_looked_for_in_vain_is_noted_too, paths_become_absolute,
	  without_a_list_nothing_happens)
