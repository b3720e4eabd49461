/* SPDX-License-Identifier: MIT */
#include "shim/common/measuretable.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char directory[] = "/tmp/ckpt-test-measuretable-XXXXXX";
static char path[64];
static struct ckpt_measuretable table;

static void set_up(void)
{
	ck_assert_ptr_nonnull(mkdtemp(
		strcpy(directory, "/tmp/ckpt-test-measuretable-XXXXXX")));
	(void)snprintf(path, sizeof(path), "%s/table", directory);
	ck_assert_int_eq(ckpt_measuretable_create(path, &table, NULL), CKPT_OK);
}

static void tear_down(void)
{
	ckpt_measuretable_close(&table);
	(void)unlink(path);
	(void)rmdir(directory);
}

START_TEST(row_is_the_same_for_the_same_name_and_object)
{
	struct ckpt_measure_row *row =
		ckpt_measuretable_row(&table, "f", "/lib/a.so");

	ck_assert_ptr_nonnull(row);
	ck_assert_str_eq(row->name, "f");
	ck_assert_str_eq(row->object, "/lib/a.so");
	ck_assert_ptr_eq(ckpt_measuretable_row(&table, "f", "/lib/a.so"), row);
	ck_assert_ptr_ne(ckpt_measuretable_row(&table, "f", "/lib/b.so"), row);
	ck_assert_ptr_ne(ckpt_measuretable_row(&table, "g", "/lib/a.so"), row);
}
END_TEST

START_TEST(rows_are_shared_by_processes)
{
	struct ckpt_measuretable other;
	struct ckpt_measure_row *row =
		ckpt_measuretable_row(&table, "f", "/lib/a.so");
	pid_t child = fork();
	int status = 0;

	if (!child) {
		if (ckpt_measuretable_open(path, &other))
			_exit(1);
		ckpt_measure_add(
			&ckpt_measuretable_row(&other, "f", "/lib/a.so")->calls,
			3);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	ck_assert_uint_eq(row->calls, 3);
}
END_TEST

START_TEST(no_row_is_left_when_all_are_taken)
{
	char name[32];

	for (int i = 0; i < CKPT_MEASURE_ROWS; i++) {
		(void)snprintf(name, sizeof(name), "f%d", i);
		ck_assert_ptr_nonnull(ckpt_measuretable_row(&table, name, ""));
	}
	ck_assert_ptr_null(ckpt_measuretable_row(&table, "more", ""));
	ck_assert_ptr_nonnull(ckpt_measuretable_row(&table, "f7", ""));
}
END_TEST

START_TEST(key_is_known_the_second_time_and_to_its_function_only)
{
	struct ckpt_measure_row *f = ckpt_measuretable_row(&table, "f", "");
	struct ckpt_measure_row *g = ckpt_measuretable_row(&table, "g", "");
	struct ckpt_hash128 key = {7, 9}, zero = {0, 0};

	ck_assert(!ckpt_measuretable_note(&table, f, key));
	ck_assert(ckpt_measuretable_note(&table, f, key));
	ck_assert(!ckpt_measuretable_note(&table, g, key));
	ck_assert(!ckpt_measuretable_note(&table, f, zero));
	ck_assert(ckpt_measuretable_note(&table, f, zero));
}
END_TEST

START_TEST(long_names_are_cut)
{
	char name[1000];
	struct ckpt_measure_row *row;

	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	row = ckpt_measuretable_row(&table, name, name);
	ck_assert_uint_eq(strlen(row->name), CKPT_MEASURE_NAME_SIZE - 1);
	ck_assert_uint_eq(strlen(row->object), CKPT_MEASURE_NAME_SIZE - 1);
}
END_TEST

START_TEST(clock_goes_forward)
{
	uint64_t before = ckpt_measuretable_now(&table);

	ck_assert_uint_gt(table.header->ticks_per_us, 0);
	usleep(1000);
	ck_assert_uint_gt(ckpt_measuretable_now(&table) - before,
			  500 * table.header->ticks_per_us);
}
END_TEST

START_TEST(file_that_is_there_is_not_taken)
{
	struct ckpt_measuretable other;

	ck_assert_int_eq(ckpt_measuretable_create(path, &other, NULL), CKPT_IO);
}
END_TEST

START_TEST(other_files_are_no_tables)
{
	struct ckpt_measuretable other;
	FILE *file;

	ck_assert_int_eq(ckpt_measuretable_open("/no/such", &other), CKPT_IO);
	ck_assert_int_eq(ckpt_measuretable_open("/etc/passwd", &other),
			 CKPT_IO);
	table.header->version++;
	ck_assert_int_eq(ckpt_measuretable_open(path, &other), CKPT_IO);
	table.header->version--;
	file = fopen(path, "r+");
	ck_assert_ptr_nonnull(file);
	ck_assert_int_eq(ftruncate(fileno(file), 8192), 0);
	(void)fclose(file);
	ck_assert_int_eq(ckpt_measuretable_open(path, &other), CKPT_IO);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("measuretable");
	TCase *tcase = tcase_create("table");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, row_is_the_same_for_the_same_name_and_object);
	tcase_add_test(tcase, rows_are_shared_by_processes);
	tcase_add_test(tcase, no_row_is_left_when_all_are_taken);
	tcase_add_test(tcase,
		       key_is_known_the_second_time_and_to_its_function_only);
	tcase_add_test(tcase, long_names_are_cut);
	tcase_add_test(tcase, clock_goes_forward);
	tcase_add_test(tcase, file_that_is_there_is_not_taken);
	tcase_add_test(tcase, other_files_are_no_tables);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
