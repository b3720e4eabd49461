/* SPDX-License-Identifier: MIT */
/*
 * What happens to a store in bad company: killed and stopped writers, full and
 * broken disks, hosts that fork at any moment.
 * CKPT_TEST_FULL=1 takes the long way.
 */
#include "tests/unit/store_fixture.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>

enum { WRITERS = 4, NUMBERS = 1 << 20, BIG = 70000 };

static bool is_full(void)
{
	return getenv("CKPT_TEST_FULL") != NULL;
}

static double read_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Sizes up to a few KB, now and then a big one. */
static size_t size_of(uint64_t number)
{
	return number % 64 == 0 ? BIG : number * 2654435761U % 3000;
}

/* ---- kill -9 ---- */

struct chaos {
	uint64_t next[WRITERS];
	uint64_t wrong;
	uint8_t is_acknowledged[NUMBERS];
};

static void write_for_ever(struct chaos *chaos, int writer,
			   const struct ckpt_store_options *options)
{
	struct ckpt_store *store = fixture_open_with(options);

	for (;;) {
		uint64_t number = chaos->next[writer]++;
		uint64_t other;

		if (number * WRITERS + WRITERS >= NUMBERS)
			pause();
		number = number * WRITERS + (uint64_t)writer;
		if (fixture_put(store, number, size_of(number)) == CKPT_OK)
			chaos->is_acknowledged[number] = 1;
		other = number * 7919 % (number + 1);
		if (fixture_check(store, other, size_of(other)) < 0)
			chaos->wrong++;
	}
}

static pid_t start_writer(struct chaos *chaos, int writer,
			  const struct ckpt_store_options *options)
{
	pid_t pid = fork();

	if (!pid)
		write_for_ever(chaos, writer, options);
	return pid;
}

static struct chaos *run_chaos(int kills,
			       const struct ckpt_store_options *options)
{
	struct chaos *chaos = mmap(NULL, sizeof(*chaos), PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	unsigned random = 12345;
	pid_t pids[WRITERS];

	for (int i = 0; i < WRITERS; i++)
		pids[i] = start_writer(chaos, i, options);
	for (int i = 0; i < kills; i++) {
		int writer;

		random = random * 1103515245 + 12345;
		writer = (int)(random >> 16) % WRITERS;
		usleep(500 + (random >> 8) % 4000);
		kill(pids[writer], SIGKILL);
		waitpid(pids[writer], NULL, 0);
		pids[writer] = start_writer(chaos, writer, options);
	}
	for (int i = 0; i < WRITERS; i++) {
		kill(pids[i], SIGKILL);
		waitpid(pids[i], NULL, 0);
	}
	return chaos;
}

static uint64_t count_tried(const struct chaos *chaos)
{
	uint64_t most = 0;

	for (int i = 0; i < WRITERS; i++)
		most = chaos->next[i] > most ? chaos->next[i] : most;
	return most * WRITERS < NUMBERS ? most * WRITERS : NUMBERS;
}

START_TEST(a_thousand_kills_of_four_writers_give_no_wrong_value)
{
	static const struct ckpt_store_options options = {0};
	int kills = is_full() ? 1000 : 150;
	struct chaos *chaos = run_chaos(kills, &options);
	struct ckpt_store *store;
	char path[400];
	int puts = 0, lost = 0;

	/* Once with the index as it is, once with one made again. */
	for (int round = 0; round < 2; round++) {
		int lost_now = 0;

		store = fixture_open();
		puts = 0;
		for (uint64_t i = 0; i < count_tried(chaos); i++) {
			int found = fixture_check(store, i, size_of(i));

			ck_assert_int_ge(found, 0);
			puts += chaos->is_acknowledged[i];
			lost_now += chaos->is_acknowledged[i] && !found;
		}
		ck_assert_uint_eq(ckpt_store_damaged(store), 0);
		ckpt_store_close(store);
		lost = lost_now > lost ? lost_now : lost;
		fixture_path(path, sizeof(path), "v1/index");
		ck_assert_int_eq(unlink(path), 0);
	}
	printf("kill -9: %d kills, %d puts, %d lost, %d wrong\n", kills, puts,
	       lost, (int)chaos->wrong);
	ck_assert_uint_eq(chaos->wrong, 0);
	ck_assert_int_le(lost, kills);
	ck_assert_int_gt(puts, kills);
	munmap(chaos, sizeof(*chaos));
}
END_TEST

START_TEST(kills_while_evicting_give_no_wrong_value)
{
	static const struct ckpt_store_options options = {.max_size = 24 << 20};
	int kills = is_full() ? 500 : 80;
	struct chaos *chaos = run_chaos(kills, &options);
	struct ckpt_store *store = fixture_open_with(&options);
	int found = 0;

	for (uint64_t i = 0; i < count_tried(chaos); i++) {
		int is_there = fixture_check(store, i, size_of(i));

		ck_assert_int_ge(is_there, 0);
		found += is_there;
	}
	printf("kill -9 while evicting: %d kills, %d entries, %d wrong\n",
	       kills, found, (int)chaos->wrong);
	ck_assert_uint_eq(chaos->wrong, 0);
	ck_assert_int_gt(found, 0);
	ckpt_store_close(store);
	munmap(chaos, sizeof(*chaos));
}
END_TEST

START_TEST(a_stopped_writer_does_not_hold_up_others)
{
	static const struct ckpt_store_options options = {0};
	struct chaos *chaos = mmap(NULL, sizeof(*chaos), PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct ckpt_store *store = fixture_open();
	double longest = 0;

	for (int round = 0; round < (is_full() ? 100 : 20); round++) {
		pid_t pid = start_writer(chaos, 0, &options);

		usleep(3000);
		kill(pid, SIGSTOP);
		for (int i = 0; i < 20; i++) {
			uint64_t number = NUMBERS + round * 20 + i;
			double start = read_seconds();

			ck_assert_int_eq(fixture_put(store, number, 200),
					 CKPT_OK);
			ck_assert_int_eq(fixture_check(store, number, 200), 1);
			start = read_seconds() - start;
			longest = start > longest ? start : longest;
		}
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	printf("SIGSTOP of a writer: longest put and get %.3f ms\n",
	       longest * 1e3);
	/* Far above what is wanted (10 ms): the machine may be busy. */
	ck_assert_double_lt(longest, 1.0);
	ckpt_store_close(store);
}
END_TEST

/* ---- forks ---- */

struct storm {
	struct ckpt_store *store;
	uint64_t count;
	bool is_over;
};

static void *put_all_the_time(void *argument)
{
	struct storm *storm = argument;

	while (!__atomic_load_n(&storm->is_over, __ATOMIC_RELAXED)) {
		uint64_t number = storm->count;

		if (fixture_put(storm->store, number, size_of(number)))
			break;
		__atomic_store_n(&storm->count, number + 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

static int use_in_child(struct ckpt_store *store, uint64_t first)
{
	for (uint64_t i = first; i < first + 5; i++)
		if (fixture_put(store, i, 100 + i % 50) ||
		    fixture_check(store, i, 100 + i % 50) != 1)
			return 1;
	return 0;
}

static pid_t vfork_and_exit(void)
{
	pid_t pid = vfork();

	if (!pid)
		_exit(0);
	return pid;
}

/* fork(), raw clone(), vfork() in turn. */
static pid_t fork_somehow(struct storm *storm, int i)
{
	uint64_t first = NUMBERS + (uint64_t)i * 8;
	pid_t pid;

	if (i % 3 == 2)
		return vfork_and_exit();
	pid = i % 3 ? (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0) : fork();
	if (!pid)
		_exit(use_in_child(storm->store, first));
	return pid;
}

START_TEST(forks_in_the_middle_of_puts_share_nothing_they_should_not)
{
	int forks = is_full() ? 2000 : 300;
	struct storm storm = {.store = fixture_open(), .count = 1};
	pthread_t thread;

	ck_assert_int_eq(
		pthread_create(&thread, NULL, put_all_the_time, &storm), 0);
	for (int i = 0; i < forks; i++) {
		int status;
		pid_t pid = fork_somehow(&storm, i);

		ck_assert_int_eq(waitpid(pid, &status, 0), pid);
		ck_assert_int_eq(status, 0);
	}
	__atomic_store_n(&storm.is_over, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	for (uint64_t i = 1; i < storm.count; i++)
		ck_assert_int_eq(fixture_check(storm.store, i, size_of(i)), 1);
	for (int i = 0; i < forks; i++) {
		uint64_t first = NUMBERS + (uint64_t)i * 8;

		for (uint64_t n = first; i % 3 != 2 && n < first + 5; n++)
			ck_assert_int_eq(
				fixture_check(storm.store, n, 100 + n % 50), 1);
	}
	printf("fork storm: %d forks beside %d puts, all values right\n", forks,
	       (int)storm.count);
	ckpt_store_close(storm.store);
}
END_TEST

/* ---- disks ---- */

/* A mount of this test's process alone; false where that is not allowed. */
static bool mount_tmpfs(const char *options)
{
	if (unshare(CLONE_NEWNS) ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mkdir(fixture_directory, 0700) ||
	    mount("none", fixture_directory, "tmpfs", 0, options)) {
		printf("NOT RUN: no right to mount a file system here\n");
		return false;
	}
	return true;
}

START_TEST(a_full_disk_costs_only_what_did_not_fit)
{
	struct ckpt_store *store;
	int stored = 0;

	if (!mount_tmpfs("size=2m,mode=0700"))
		return;
	store = fixture_open();
	for (uint64_t i = 0; i < 20000; i++) {
		stored += fixture_put(store, i, size_of(i)) == CKPT_OK;
		ck_assert_int_ge(fixture_check(store, i, size_of(i)), 0);
	}
	ckpt_store_close(store);
	/* Now really to the last byte. */
	{
		char path[400];
		char *block = calloc(1, 1 << 20);
		int fd;

		fixture_path(path, sizeof(path), "filler");
		fd = open(path, O_CREAT | O_WRONLY, 0600);
		while (write(fd, block, 4096) > 0)
			;
		close(fd);
		free(block);
	}
	store = fixture_open();
	for (uint64_t i = 0; i < 20000; i++) {
		ck_assert_int_ne(fixture_put(store, NUMBERS + i, 500), CKPT_OK);
		ck_assert_int_ge(fixture_check(store, i, size_of(i)), 0);
	}
	ckpt_store_close(store);
	printf("full disk of 2 MB: %d of 20000 stored, none wrong\n", stored);
	ck_assert_int_gt(stored, 10);
}
END_TEST

START_TEST(a_store_on_a_readonly_mount_is_read)
{
	struct ckpt_store_options options = {.is_readonly = true};
	struct ckpt_store *store;

	if (!mount_tmpfs("size=8m,mode=0700"))
		return;
	store = fixture_open();
	ck_assert_int_eq(fixture_put(store, 1, 100), CKPT_OK);
	ck_assert_int_eq(fixture_put(store, 2, BIG), CKPT_OK);
	ckpt_store_close(store);
	ck_assert_int_eq(mount("none", fixture_directory, NULL,
			       MS_REMOUNT | MS_RDONLY, NULL),
			 0);
	store = fixture_open_with(&options);
	ck_assert_int_eq(fixture_check(store, 1, 100), 1);
	ck_assert_int_eq(fixture_check(store, 2, BIG), 1);
	ckpt_store_close(store);
}
END_TEST

/* From now on this system call fails in this process. */
static void break_call(unsigned number, int error)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)error),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {.len = 4, .filter = code};

	ck_assert_int_eq(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	ck_assert_int_eq(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program),
			 0);
}

/* In a child of its own: the filter stays for good. */
#define WANT(condition)             \
	do {                        \
		if (!(condition))   \
			return 100; \
	} while (0)

static int use_disk_without_write(void *argument)
{
	struct ckpt_store *store = argument;

	break_call(SYS_pwritev, EIO);
	break_call(SYS_pwrite64, EIO);
	WANT(fixture_put(store, 2, 100) == CKPT_IO);
	/* And not tried again for a while. */
	WANT(fixture_put(store, 3, BIG) == CKPT_UNSUPPORTED);
	WANT(fixture_check(store, 1, 100) == 1);
	WANT(fixture_check(store, 2, 100) == 0);
	return 0;
}

START_TEST(a_disk_that_does_not_write_is_left_alone)
{
	struct ckpt_store *store = fixture_open();

	ck_assert_int_eq(fixture_put(store, 1, 100), CKPT_OK);
	ck_assert_int_eq(fixture_fork(use_disk_without_write, store), 0);
	printf("EIO of every write: 2 puts refused, 1 of them tried\n");
	ckpt_store_close(store);
}
END_TEST

static int use_disk_without_read(void *argument)
{
	struct ckpt_store *store = argument;

	break_call(SYS_pread64, EIO);
	WANT(fixture_check(store, 1, 100) == 0);
	WANT(fixture_check(store, 2, BIG) == 0);
	return 0;
}

START_TEST(a_disk_that_does_not_read_is_a_miss)
{
	struct ckpt_store *store = fixture_open();

	ck_assert_int_eq(fixture_put(store, 1, 100), CKPT_OK);
	ck_assert_int_eq(fixture_put(store, 2, BIG), CKPT_OK);
	ck_assert_int_eq(fixture_fork(use_disk_without_read, store), 0);
	printf("EIO of every read: 2 look-ups, 2 misses\n");
	ckpt_store_close(store);
}
END_TEST

/* No lock, no fallocate: files only. */
static int use_poor_file_system(void *argument)
{
	struct ckpt_store *store = argument;

	break_call(SYS_fallocate, EOPNOTSUPP);
	break_call(SYS_flock, ENOLCK);
	store = fixture_open();
	for (uint64_t i = 0; i < 100; i++)
		WANT(fixture_put(store, i, size_of(i)) == CKPT_OK);
	for (uint64_t i = 0; i < 100; i++)
		WANT(fixture_check(store, i, size_of(i)) == 1);
	ckpt_store_close(store);
	return 0;
}

START_TEST(a_file_system_without_its_luxuries_does)
{
	ck_assert_int_eq(fixture_fork(use_poor_file_system, NULL), 0);
}
END_TEST

static void tear_down(void)
{
	/* What a test may have mounted there. */
	(void)!umount2(fixture_directory, MNT_DETACH);
	fixture_tear_down();
}

UNIT_MAIN_WITH("faults", fixture_set_up, tear_down,
	       a_thousand_kills_of_four_writers_give_no_wrong_value,
	       kills_while_evicting_give_no_wrong_value,
	       a_stopped_writer_does_not_hold_up_others,
	       forks_in_the_middle_of_puts_share_nothing_they_should_not,
	       a_full_disk_costs_only_what_did_not_fit,
	       a_store_on_a_readonly_mount_is_read,
	       a_disk_that_does_not_write_is_left_alone,
	       a_disk_that_does_not_read_is_a_miss,
	       a_file_system_without_its_luxuries_does)
