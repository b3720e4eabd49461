/* SPDX-License-Identifier: MIT */
#include "tests/unit/store_fixture.h"

#include "shim/store/misses.h"
#include "shim/store/stats.h"

#include <pthread.h>

static const char *const names[] = {"alpha", "beta"};
static const char *const objects[] = {"libx.so.1", "liby.so.2"};

static struct ckpt_stats *stats;
static struct ckpt_misslog *misslog;

static void set_up(void)
{
	fixture_set_up();
	ckpt_store_close(fixture_open());
	ck_assert_int_eq(ckpt_stats_open(fixture_directory, names, objects, 2,
					 &stats, NULL),
			 CKPT_OK);
	misslog = ckpt_stats_misses(stats);
	ck_assert_ptr_nonnull(misslog);
}

static void tear_down(void)
{
	ckpt_stats_close(stats);
	fixture_tear_down();
}

static struct ckpt_misses read_misses(void)
{
	struct ckpt_misses misses = {0};

	ck_assert_int_eq(ckpt_misses_read(fixture_directory, &misses, NULL),
			 CKPT_OK);
	return misses;
}

static uint64_t note(uint32_t row, uint64_t key)
{
	return ckpt_misslog_note(misslog, row, fixture_key(key),
				 CKPT_MISS_NO_ENTRY);
}

START_TEST(misses_are_told_with_how_they_ended)
{
	uint64_t stored = note(0, 1), refused = note(1, 2);
	uint16_t reason = ckpt_misslog_add(misslog, 1, 77, 1, "it prints");
	struct ckpt_misses misses;

	(void)note(1, 3);
	ckpt_misslog_end(misslog, stored, 500, CKPT_MISS_STORED, 0);
	ckpt_misslog_end(misslog, refused, 600, CKPT_MISS_NOT_STORED, reason);
	misses = read_misses();
	ck_assert_uint_eq(misses.count, 3);
	ck_assert_str_eq(misses.items[0].name, "alpha");
	ck_assert_str_eq(misses.items[0].object, "libx.so.1");
	ck_assert(ckpt_hash_equal(misses.items[0].key, fixture_key(1)));
	ck_assert_uint_eq(misses.items[0].duration_ns, 500);
	ck_assert_int_eq(misses.items[0].end, CKPT_MISS_STORED);
	ck_assert_str_eq(misses.items[0].reason, "");
	ck_assert_str_eq(misses.items[1].name, "beta");
	ck_assert_int_eq(misses.items[1].end, CKPT_MISS_NOT_STORED);
	ck_assert_str_eq(misses.items[1].reason, "it prints");
	ck_assert_int_eq(misses.items[2].end, CKPT_MISS_OPEN);
	ck_assert_uint_eq(misses.forgotten_count, 0);
	ckpt_misses_deinit(&misses);
}
END_TEST

START_TEST(the_newest_misses_are_remembered)
{
	uint64_t first = note(0, 0);
	struct ckpt_misses misses;

	for (uint64_t i = 1; i < CKPT_MISSLOG_MISSES + 10; i++)
		(void)note(0, i);
	/* Its place is another's by now. */
	ckpt_misslog_end(misslog, first, 1, CKPT_MISS_STORED, 0);
	misses = read_misses();
	ck_assert_uint_eq(misses.count, CKPT_MISSLOG_MISSES);
	ck_assert_uint_eq(misses.forgotten_count, 10);
	ck_assert(ckpt_hash_equal(misses.items[0].key, fixture_key(10)));
	ck_assert_int_eq(misses.items[0].end, CKPT_MISS_OPEN);
	ckpt_misses_deinit(&misses);
}
END_TEST

START_TEST(a_torn_miss_is_none)
{
	struct ckpt_misses misses;

	(void)note(0, 1);
	(void)note(0, 2);
	misslog->misses[0].key.lo ^= 1;
	misses = read_misses();
	ck_assert_uint_eq(misses.count, 1);
	ck_assert(ckpt_hash_equal(misses.items[0].key, fixture_key(2)));
	ckpt_misses_deinit(&misses);
}
END_TEST

START_TEST(no_byte_of_a_log_is_believed_blindly)
{
	uint8_t *bytes = (uint8_t *)misslog;
	struct ckpt_misses misses;

	ckpt_misslog_end(misslog, note(0, 1), 5, CKPT_MISS_NOT_STORED,
			 ckpt_misslog_add(misslog, 0, 1, 1, "reason"));
	for (size_t i = 0; i < sizeof(*misslog); i++)
		bytes[i] ^= 0xff;
	misses = read_misses();
	ckpt_misses_deinit(&misses);
	for (size_t i = 0; i < sizeof(*misslog); i++)
		bytes[i] = (uint8_t)(i * 131);
	misses = read_misses();
	for (size_t i = 0; i < misses.reason_count; i++)
		ck_assert_uint_lt(strlen(misses.reasons[i].text), 232);
	ckpt_misses_deinit(&misses);
}
END_TEST

START_TEST(reasons_are_counted_and_few)
{
	char text[16];
	struct ckpt_misses misses;

	ck_assert_uint_eq(ckpt_misslog_count(misslog, 0, 5, 1), 0);
	ck_assert_uint_eq(ckpt_misslog_add(misslog, 0, 5, 1, "five"), 1);
	ck_assert_uint_eq(ckpt_misslog_count(misslog, 0, 5, 3), 1);
	/* The same of another function. */
	ck_assert_uint_eq(ckpt_misslog_count(misslog, 1, 5, 1), 0);
	for (uint16_t i = 1; i < CKPT_MISSLOG_REASONS; i++) {
		snprintf(text, sizeof(text), "%d", i);
		ck_assert_uint_eq(
			ckpt_misslog_add(misslog, 1, 100 + i, 1, text), i + 1);
	}
	ck_assert(!ckpt_misslog_has_room(misslog));
	ck_assert_uint_eq(ckpt_misslog_add(misslog, 1, 99, 1, "more"), 0);
	misses = read_misses();
	ck_assert_uint_eq(misses.reason_count, CKPT_MISSLOG_REASONS);
	ck_assert_str_eq(misses.reasons[0].text, "five");
	ck_assert_uint_eq(misses.reasons[0].count, 4);
	ckpt_misses_deinit(&misses);
}
END_TEST

START_TEST(a_forked_child_notes_in_its_parents_log)
{
	struct ckpt_misses misses;
	int status;
	pid_t pid = fork();

	if (!pid) {
		(void)note(0, 1);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	(void)note(0, 2);
	misses = read_misses();
	ck_assert_uint_eq(misses.count, 2);
	ck_assert(ckpt_hash_equal(misses.items[0].key, fixture_key(1)));
	ckpt_misses_deinit(&misses);
}
END_TEST

static void *note_many(void *argument)
{
	for (uint64_t i = 0; i < 20000; i++) {
		uint64_t number = note(0, i);

		if (ckpt_misslog_count(misslog, 0, 1, 1))
			ckpt_misslog_end(misslog, number, i, CKPT_MISS_STORED,
					 0);
	}
	return argument;
}

START_TEST(threads_may_note_at_once)
{
	pthread_t threads[3];
	struct ckpt_misses misses;

	(void)!ckpt_misslog_add(misslog, 0, 1, 0, "counted");
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(
			pthread_create(&threads[i], NULL, note_many, NULL), 0);
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	misses = read_misses();
	ck_assert_uint_eq(misses.count + misses.forgotten_count, 60000);
	ck_assert_uint_eq(misses.reasons[0].count, 60000);
	ckpt_misses_deinit(&misses);
}
END_TEST

START_TEST(without_a_miss_there_is_no_log)
{
	struct ckpt_stats *other;
	struct ckpt_misses misses;

	ck_assert_int_eq(ckpt_stats_open(fixture_directory, names, objects, 2,
					 &other, NULL),
			 CKPT_OK);
	(void)note(0, 1);
	/* Two files of one run, only one with a log. */
	misses = read_misses();
	ck_assert_uint_eq(misses.count, 1);
	ck_assert_int_gt(misses.started_ns, 0);
	ckpt_misses_deinit(&misses);
	ckpt_stats_close(other);
}
END_TEST

START_TEST(a_crowd_of_processes_takes_no_room_for_logs)
{
	struct ckpt_stats *other;
	char path[400];

	/* Names as long as theirs. */
	for (int i = 0; i < 8000; i++) {
		fixture_path(path, sizeof(path), "v1/runs/");
		snprintf(path + strlen(path), 64, "%07d-%016d", i, i);
		ck_assert_int_eq(close(open(path, O_CREAT | O_WRONLY, 0600)),
				 0);
	}
	ck_assert_int_eq(ckpt_stats_open(fixture_directory, names, objects, 2,
					 &other, NULL),
			 CKPT_OK);
	ck_assert_ptr_null(ckpt_stats_misses(other));
	ckpt_stats_row(other, 0)->misses = 1;
	ckpt_stats_close(other);
}
END_TEST

UNIT_MAIN_WITH("misses", set_up, tear_down, misses_are_told_with_how_they_ended,
	       the_newest_misses_are_remembered, a_torn_miss_is_none,
	       no_byte_of_a_log_is_believed_blindly,
	       reasons_are_counted_and_few,
	       a_forked_child_notes_in_its_parents_log,
	       threads_may_note_at_once, without_a_miss_there_is_no_log,
	       a_crowd_of_processes_takes_no_room_for_logs)
