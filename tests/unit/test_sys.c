/* SPDX-License-Identifier: MIT */
#include "shim/common/sys_x86_64.h"

#include <check.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char child_stack[65536] __attribute__((aligned(16)));

START_TEST(an_error_is_the_negative_errno_and_errno_is_untouched)
{
	errno = 12345;
	ck_assert_int_eq(ckpt_sys_openat(AT_FDCWD, "/no/such/file",
					 O_RDONLY | O_CLOEXEC, 0),
			 -ENOENT);
	ck_assert_int_eq(ckpt_sys_close(-1), -EBADF);
	ck_assert_int_eq(errno, 12345);
}
END_TEST

START_TEST(bytes_written_at_an_offset_are_read_back_from_there)
{
	int fd = ckpt_sys_memfd_create("test", MFD_CLOEXEC);
	char text[6] = {0};
	struct stat st;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(ckpt_sys_pwrite(fd, "hello", 5, 7), 5);
	ck_assert_int_eq(ckpt_sys_pread(fd, text, 5, 7), 5);
	ck_assert_str_eq(text, "hello");
	ck_assert_int_eq(ckpt_sys_fstat(fd, &st), 0);
	ck_assert_int_eq(st.st_size, 12);
	ck_assert_int_eq(ckpt_sys_close(fd), 0);
}
END_TEST

START_TEST(vectored_io_puts_parts_one_after_the_other)
{
	int fd = ckpt_sys_memfd_create("test", MFD_CLOEXEC);
	struct iovec parts[2] = {{(void *)"ab", 2}, {(void *)"cde", 3}};
	char text[6] = {0};

	ck_assert_int_eq(ckpt_sys_pwritev(fd, parts, 2, 3), 5);
	ck_assert_int_eq(ckpt_sys_pread(fd, text, 6, 3), 5);
	ck_assert_str_eq(text, "abcde");
	(void)ckpt_sys_close(fd);
}
END_TEST

START_TEST(a_mapping_can_be_made_grown_and_removed)
{
	char *p = ckpt_sys_mmap(NULL, 4096, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ck_assert(!ckpt_sys_is_error(p));
	p[0] = 'x';
	p = ckpt_sys_mremap(p, 4096, 1 << 20, MREMAP_MAYMOVE);
	ck_assert(!ckpt_sys_is_error(p));
	ck_assert_int_eq(p[0], 'x');
	ck_assert_int_eq(p[(1 << 20) - 1], 0);
	ck_assert_int_eq(ckpt_sys_munmap(p, 1 << 20), 0);
	ck_assert(ckpt_sys_is_error(
		ckpt_sys_mmap(NULL, 0, PROT_READ, MAP_PRIVATE, -1, 0)));
}
END_TEST

static int add_two(void *argument)
{
	*(int *)argument += 2;
	return 7;
}

START_TEST(a_vfork_like_child_shares_memory_and_exits_with_the_result)
{
	int value = 40, status = 0;
	pid_t pid = ckpt_sys_clone_call(CLONE_VM | CLONE_VFORK,
					child_stack + sizeof(child_stack),
					add_two, &value);

	ck_assert_int_gt(pid, 0);
	ck_assert_int_eq(value, 42);
	ck_assert_int_eq(ckpt_sys_wait4(pid, &status, __WALL), pid);
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), 7);
}
END_TEST

static volatile sig_atomic_t child_signals;

static void count_signal(int number)
{
	(void)number;
	child_signals++;
}

START_TEST(a_child_with_exit_signal_zero_is_not_announced)
{
	int value = 0, status;
	pid_t pid;

	signal(SIGCHLD, count_signal);
	pid = ckpt_sys_clone_call(CLONE_VM | CLONE_VFORK,
				  child_stack + sizeof(child_stack), add_two,
				  &value);
	/* libc's wait() knows nothing of such children. */
	ck_assert_int_eq(wait(&status), -1);
	ck_assert_int_eq(errno, ECHILD);
	ck_assert_int_eq(ckpt_sys_wait4(pid, &status, __WALL), pid);
	ck_assert_int_eq(child_signals, 0);
	signal(SIGCHLD, SIG_DFL);
}
END_TEST

START_TEST(a_blocked_signal_shows_in_the_mask)
{
	uint64_t set = 1ull << (SIGUSR1 - 1), old = 0, now = 0;
	sigset_t seen;

	ck_assert_int_eq(ckpt_sys_sigprocmask(SIG_BLOCK, &set, &old), 0);
	ck_assert_int_eq(ckpt_sys_sigprocmask(SIG_SETMASK, NULL, &now), 0);
	sigprocmask(SIG_SETMASK, NULL, &seen);
	ck_assert_int_eq(sigismember(&seen, SIGUSR1), 1);
	ck_assert_uint_eq(now, old | set);
	ck_assert_int_eq(ckpt_sys_sigprocmask(SIG_SETMASK, &old, NULL), 0);
}
END_TEST

START_TEST(a_signal_action_is_read_as_libc_set_it)
{
	struct ckpt_sys_sigaction action = {0};

	signal(SIGUSR2, SIG_IGN);
	ck_assert_int_eq(ckpt_sys_sigaction(SIGUSR2, NULL, &action), 0);
	ck_assert_ptr_eq(action.handler, SIG_IGN);
	signal(SIGUSR2, SIG_DFL);
}
END_TEST

START_TEST(dup2_onto_itself_clears_close_on_exec)
{
	int fd = ckpt_sys_memfd_create("test", MFD_CLOEXEC);

	ck_assert_int_eq(ckpt_sys_fcntl(fd, F_GETFD, 0), FD_CLOEXEC);
	ck_assert_int_eq(ckpt_sys_dup2(fd, fd), fd);
	ck_assert_int_eq(ckpt_sys_fcntl(fd, F_GETFD, 0), 0);
	ck_assert_int_eq(ckpt_sys_dup2(-1, -1), -EBADF);
	(void)ckpt_sys_close(fd);
}
END_TEST

START_TEST(ids_agree_with_libc)
{
	ck_assert_int_eq(ckpt_sys_getpid(), getpid());
	ck_assert_int_eq(ckpt_sys_getppid(), getppid());
	ck_assert_int_eq(ckpt_sys_gettid(), gettid());
	ck_assert_uint_eq(ckpt_sys_geteuid(), geteuid());
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sys");
	TCase *c = tcase_create("sys");
	SRunner *runner;
	int failed;

	tcase_add_test(c,
		       an_error_is_the_negative_errno_and_errno_is_untouched);
	tcase_add_test(c, bytes_written_at_an_offset_are_read_back_from_there);
	tcase_add_test(c, vectored_io_puts_parts_one_after_the_other);
	tcase_add_test(c, a_mapping_can_be_made_grown_and_removed);
	tcase_add_test(
		c, a_vfork_like_child_shares_memory_and_exits_with_the_result);
	tcase_add_test(c, a_child_with_exit_signal_zero_is_not_announced);
	tcase_add_test(c, a_blocked_signal_shows_in_the_mask);
	tcase_add_test(c, a_signal_action_is_read_as_libc_set_it);
	tcase_add_test(c, dup2_onto_itself_clears_close_on_exec);
	tcase_add_test(c, ids_agree_with_libc);
	suite_add_tcase(suite, c);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
