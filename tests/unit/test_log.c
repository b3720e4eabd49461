/* SPDX-License-Identifier: MIT */
#include "shim/runtime/guest/log.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct ckpt_log plain;
static char told[4096];

/* Standard error becomes a pipe; its reading end. */
static int catch_stderr(void)
{
	int ends[2];

	ck_assert_int_eq(pipe(ends), 0);
	ck_assert_int_eq(dup2(ends[1], 2), 2);
	close(ends[1]);
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	return ends[0];
}

static const char *read_told(int fd)
{
	ssize_t size = read(fd, told, sizeof(told) - 1);

	told[size > 0 ? size : 0] = '\0';
	return told;
}

START_TEST(a_message_is_one_line_with_the_prefix)
{
	int fd = catch_stderr();

	ckpt_log_init(&plain, NULL, true);
	ckpt_log_write(&plain, CKPT_LOG_WARN, "%s: %d calls", "crypt", 3);
	ck_assert_str_eq(read_told(fd), "ckpt: crypt: 3 calls\n");
}
END_TEST

START_TEST(the_default_level_is_warn)
{
	int fd = catch_stderr();

	ckpt_log_init(&plain, NULL, true);
	ckpt_log_write(&plain, CKPT_LOG_INFO, "info");
	ckpt_log_write(&plain, CKPT_LOG_DEBUG, "debug");
	ck_assert_str_eq(read_told(fd), "");
}
END_TEST

START_TEST(the_setting_wins_over_the_plan)
{
	ckpt_log_init(&plain, "debug", true);
	ckpt_log_set_level(&plain, CKPT_LOG_OFF);
	ck_assert(ckpt_log_is_on(&plain, CKPT_LOG_DEBUG));
	ckpt_log_init(&plain, NULL, true);
	ckpt_log_set_level(&plain, CKPT_LOG_OFF);
	ck_assert(!ckpt_log_is_on(&plain, CKPT_LOG_WARN));
}
END_TEST

START_TEST(a_setting_not_understood_is_told_and_is_as_if_unset)
{
	int fd = catch_stderr();

	ckpt_log_init(&plain, "verbose", true);
	ck_assert_ptr_nonnull(strstr(read_told(fd), "CKPT_LOG=verbose"));
	ck_assert_int_eq(plain.level, CKPT_LOG_WARN);
}
END_TEST

START_TEST(each_function_and_cause_is_told_once)
{
	int fd = catch_stderr();

	ckpt_log_init(&plain, NULL, true);
	ckpt_log_error(&plain, "f", CKPT_ON_ERROR_WARN, "a", "first");
	ckpt_log_error(&plain, "f", CKPT_ON_ERROR_WARN, "a", "again");
	ckpt_log_error(&plain, "f", CKPT_ON_ERROR_WARN, "b", "other cause");
	ckpt_log_error(&plain, "g", CKPT_ON_ERROR_WARN, "a", "other name");
	ckpt_log_error(&plain, NULL, CKPT_ON_ERROR_WARN, "a", "process");
	ck_assert_str_eq(read_told(fd), "ckpt: f: first\n"
					"ckpt: f: other cause\n"
					"ckpt: g: other name\n"
					"ckpt: process\n");
}
END_TEST

START_TEST(ignore_says_nothing)
{
	int fd = catch_stderr();

	ckpt_log_init(&plain, NULL, true);
	ckpt_log_error(&plain, "f", CKPT_ON_ERROR_IGNORE, "a", "first");
	ck_assert_str_eq(read_told(fd), "");
}
END_TEST

START_TEST(raise_prints_and_aborts)
{
	int fd = catch_stderr(), status;
	pid_t pid;

	ckpt_log_init(&plain, "off", true);
	pid = fork();
	if (!pid) {
		ckpt_log_error(&plain, "f", CKPT_ON_ERROR_RAISE, "a", "why");
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFSIGNALED(status));
	ck_assert_int_eq(WTERMSIG(status), SIGABRT);
	ck_assert_ptr_nonnull(strstr(read_told(fd), "ckpt: f: why\n"));
}
END_TEST

START_TEST(every_line_of_a_message_gets_the_prefix)
{
	int fd = catch_stderr();

	ckpt_log_init(&plain, NULL, true);
	ckpt_log_write(&plain, CKPT_LOG_WARN, "one\ntwo\033[2J\n");
	ck_assert_str_eq(read_told(fd), "ckpt: one\nckpt: two?[2J\n");
}
END_TEST

START_TEST(a_descriptor_two_that_became_another_file_is_left_alone)
{
	char path[] = "/tmp/test_log_XXXXXX";
	int fd = mkstemp(path);

	catch_stderr();
	ckpt_log_init(&plain, NULL, true);
	dup2(fd, 2);
	ckpt_log_write(&plain, CKPT_LOG_WARN, "not into your data");
	ck_assert_int_eq(lseek(fd, 0, SEEK_END), 0);
	unlink(path);
}
END_TEST

START_TEST(a_closed_descriptor_two_is_left_alone)
{
	char path[] = "/tmp/test_log_XXXXXX";
	int fd;

	close(2);
	ckpt_log_init(&plain, NULL, true);
	fd = mkstemp(path);
	ck_assert_int_eq(fd, 2);
	ckpt_log_write(&plain, CKPT_LOG_WARN, "not into your data");
	ck_assert_int_eq(lseek(fd, 0, SEEK_END), 0);
	unlink(path);
}
END_TEST

START_TEST(a_broken_pipe_raises_no_signal)
{
	uint64_t mask;
	sigset_t pending;
	int fd = catch_stderr();

	signal(SIGPIPE, SIG_DFL);
	ckpt_log_init(&plain, NULL, true);
	close(fd);
	errno = 77;
	ckpt_log_write(&plain, CKPT_LOG_WARN, "nobody reads");
	ck_assert_int_eq(errno, 77);
	sigpending(&pending);
	ck_assert(!sigismember(&pending, SIGPIPE));
	sigprocmask(SIG_SETMASK, NULL,
		    (sigset_t *)memset(&pending, 0, sizeof(pending)));
	memcpy(&mask, &pending, sizeof(mask));
	ck_assert_uint_eq(mask, 0);
}
END_TEST

START_TEST(a_full_pipe_does_not_block)
{
	int fd = catch_stderr();
	char page[4096] = {0};

	fcntl(2, F_SETFL, O_NONBLOCK);
	while (write(2, page, sizeof(page)) > 0)
		;
	fcntl(2, F_SETFL, 0);
	ckpt_log_init(&plain, NULL, true);
	alarm(2);
	ckpt_log_write(&plain, CKPT_LOG_WARN, "no room");
	close(fd);
}
END_TEST

START_TEST(a_file_can_be_named_and_is_appended_to)
{
	char setting[64] = "info:", directory[] = "/tmp/test_log_XXXXXX";
	int fd;

	ck_assert_ptr_nonnull(mkdtemp(directory));
	ck_assert_int_eq(chdir(directory), 0);
	strcat(setting, "log");
	ckpt_log_init(&plain, setting, true);
	ck_assert_int_eq(chdir("/"), 0);
	ckpt_log_write(&plain, CKPT_LOG_INFO, "one");
	ckpt_log_note(&plain, "f", "c", "two");
	ck_assert_int_eq(chdir(directory), 0);
	fd = open("log", O_RDONLY);
	ck_assert_str_eq(read_told(fd), "ckpt: one\nckpt: f: two\n");
	unlink("log");
	rmdir(directory);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("log");
	TCase *c = tcase_create("log");
	SRunner *runner;
	int failed;

	tcase_add_test(c, a_message_is_one_line_with_the_prefix);
	tcase_add_test(c, the_default_level_is_warn);
	tcase_add_test(c, the_setting_wins_over_the_plan);
	tcase_add_test(c, a_setting_not_understood_is_told_and_is_as_if_unset);
	tcase_add_test(c, each_function_and_cause_is_told_once);
	tcase_add_test(c, ignore_says_nothing);
	tcase_add_test(c, raise_prints_and_aborts);
	tcase_add_test(c, every_line_of_a_message_gets_the_prefix);
	tcase_add_test(c,
		       a_descriptor_two_that_became_another_file_is_left_alone);
	tcase_add_test(c, a_closed_descriptor_two_is_left_alone);
	tcase_add_test(c, a_broken_pipe_raises_no_signal);
	tcase_add_test(c, a_full_pipe_does_not_block);
	tcase_add_test(c, a_file_can_be_named_and_is_appended_to);
	suite_add_tcase(suite, c);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
