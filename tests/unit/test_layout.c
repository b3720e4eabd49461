/* SPDX-License-Identifier: MIT */
#include "tests/unit/store_fixture.h"

#include <sys/file.h>

enum { CREATORS = 200, BIG = 200000 };

static void assert_mode(const char *name, unsigned mode)
{
	char path[400];
	struct stat st;

	fixture_path(path, sizeof(path), name);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_msg((st.st_mode & 07777) == mode, "%s has mode %o", path,
		      st.st_mode & 07777);
}

static enum ckpt_status try_open(bool is_shared, struct ckpt_err *err)
{
	struct ckpt_store_options options = {.is_shared = is_shared};
	struct ckpt_store *store = NULL;
	enum ckpt_status status =
		ckpt_store_open(fixture_directory, &options, &store, err);

	ckpt_store_close(store);
	return status;
}

static void blob_name(uint64_t number, char *to, size_t size)
{
	char text[CKPT_HASH_TEXT_SIZE];

	ckpt_hash_text(fixture_key(number), text);
	snprintf(to, size, "v1/big/%c/%s", text[0], text);
}

START_TEST(modes_do_not_depend_on_the_umask)
{
	static const mode_t masks[] = {0, 022, 077, 0777};

	for (int i = 0; i < 4; i++) {
		struct ckpt_store *store;
		char name[100];

		umask(masks[i]);
		store = fixture_open();
		ck_assert_int_eq(fixture_put(store, 1, BIG), CKPT_OK);
		ckpt_store_close(store);
		assert_mode("", 0700);
		assert_mode("v1", 0700);
		assert_mode("v1/big", 0700);
		assert_mode("v1/big/f", 0700);
		assert_mode("v1/meta", 0600);
		assert_mode("v1/CACHEDIR.TAG", 0600);
		blob_name(1, name, sizeof(name));
		assert_mode(name, 0600);
		umask(022);
		strcat(fixture_directory, "x");
	}
	printf("4 masks: 0700 and 0600 under each\n");
}
END_TEST

START_TEST(a_shared_store_is_for_the_group)
{
	struct ckpt_store_options options = {.is_shared = true};
	struct ckpt_store *store;
	char name[100];

	umask(077);
	store = fixture_open_with(&options);
	ck_assert_int_eq(fixture_put(store, 1, BIG), CKPT_OK);
	ckpt_store_close(store);
	assert_mode("v1", 02770);
	assert_mode("v1/big/0", 02770);
	assert_mode("v1/meta", 0660);
	blob_name(1, name, sizeof(name));
	assert_mode(name, 0660);
	/* It was meant to be shared: without saying so it is refused. */
	ck_assert_int_eq(try_open(false, NULL), CKPT_INVALID);
	ck_assert_int_eq(try_open(true, NULL), CKPT_OK);
}
END_TEST

START_TEST(a_store_that_others_can_write_is_refused)
{
	static const char *const names[] = {"", "v1"};
	struct ckpt_err err;
	char path[400];

	ck_assert_int_eq(try_open(false, &err), CKPT_OK);
	for (int i = 0; i < 2; i++) {
		fixture_path(path, sizeof(path), names[i]);
		ck_assert_int_eq(chmod(path, 0770), 0);
		ck_assert_int_eq(try_open(false, &err), CKPT_INVALID);
		ck_assert_ptr_nonnull(strstr(err.text, "chmod"));
		ck_assert_int_eq(chmod(path, 0702), 0);
		ck_assert_int_eq(try_open(true, &err), CKPT_INVALID);
		ck_assert_int_eq(chmod(path, 0700), 0);
	}
	ck_assert_int_eq(try_open(false, &err), CKPT_OK);
}
END_TEST

START_TEST(a_store_of_another_user_is_refused)
{
	struct ckpt_err err;
	char path[400];

	if (geteuid() != 0)
		return;
	ck_assert_int_eq(try_open(false, &err), CKPT_OK);
	fixture_path(path, sizeof(path), "v1");
	ck_assert_int_eq(chown(path, 12345, 12345), 0);
	ck_assert_int_eq(try_open(false, &err), CKPT_INVALID);
	ck_assert_ptr_nonnull(strstr(err.text, "another user"));
	ck_assert_int_eq(chown(path, 0, 0), 0);
	ck_assert_int_eq(chown(fixture_directory, 12345, 12345), 0);
	ck_assert_int_eq(try_open(false, &err), CKPT_INVALID);
}
END_TEST

START_TEST(a_symbolic_link_is_not_followed)
{
	char command[1000];

	ck_assert_int_eq(try_open(false, NULL), CKPT_OK);
	snprintf(command, sizeof(command),
		 "mv %s/v1 %s/real && ln -s %s/real %s/v1", fixture_directory,
		 fixture_top, fixture_top, fixture_directory);
	ck_assert_int_eq(system(command), 0);
	ck_assert_int_ne(try_open(false, NULL), CKPT_OK);
}
END_TEST

START_TEST(it_tells_backups_and_git_to_leave_it_out)
{
	char line[100] = "";
	char path[400];
	FILE *file;

	ck_assert_int_eq(try_open(false, NULL), CKPT_OK);
	fixture_path(path, sizeof(path), "v1/CACHEDIR.TAG");
	file = fopen(path, "r");
	ck_assert_ptr_nonnull(file);
	ck_assert_ptr_nonnull(fgets(line, sizeof(line), file));
	/* bford.info/cachedir */
	ck_assert_str_eq(line, "Signature: 8a477f597d28d172789f06886806bc55\n");
	fclose(file);
	fixture_path(path, sizeof(path), ".gitignore");
	file = fopen(path, "r");
	ck_assert_ptr_nonnull(file);
	ck_assert_ptr_nonnull(fgets(line, sizeof(line), file));
	ck_assert_str_eq(line, "*\n");
	fclose(file);
}
END_TEST

/* Each waits for the lock on `gate`, then all rush. */
static int create_one(void *argument)
{
	int gate = open(argument, O_RDONLY);
	struct ckpt_store_options options = {0};
	struct ckpt_store *store = NULL;
	int result;

	flock(gate, LOCK_SH);
	if (ckpt_store_open(fixture_directory, &options, &store, NULL))
		return 1;
	result = fixture_put(store, getpid(), 5000) ||
		 fixture_check(store, getpid(), 5000) != 1;
	ckpt_store_close(store);
	return result;
}

START_TEST(two_hundred_processes_may_create_it_at_once)
{
	pid_t pids[CREATORS];
	struct ckpt_store *store;
	char gate_path[300];
	int gate;

	umask(0777);
	snprintf(gate_path, sizeof(gate_path), "%s/gate", fixture_top);
	gate = open(gate_path, O_CREAT | O_RDWR, 0600);
	fchmod(gate, 0600);
	flock(gate, LOCK_EX);
	for (int i = 0; i < CREATORS; i++) {
		pids[i] = fork();
		if (!pids[i])
			_exit(create_one(gate_path));
	}
	flock(gate, LOCK_UN);
	for (int i = 0; i < CREATORS; i++) {
		int status;

		ck_assert_int_eq(waitpid(pids[i], &status, 0), pids[i]);
		ck_assert_int_eq(status, 0);
	}
	store = fixture_open();
	for (int i = 0; i < CREATORS; i++)
		ck_assert_int_eq(fixture_check(store, pids[i], 5000), 1);
	printf("%d processes made the store at once: no entry lost\n",
	       CREATORS);
	ckpt_store_close(store);
}
END_TEST

START_TEST(a_meta_damaged_in_any_bit_costs_only_the_entries)
{
	struct ckpt_store *store = fixture_open();
	char path[400];
	char bytes[240];
	int fd;

	ck_assert_int_eq(fixture_put(store, 1, 100), CKPT_OK);
	ckpt_store_close(store);
	fixture_path(path, sizeof(path), "v1/meta");
	fd = open(path, O_RDONLY);
	ck_assert_int_eq(read(fd, bytes, sizeof(bytes)), sizeof(bytes));
	close(fd);
	for (size_t i = 0; i < sizeof(bytes) * 8; i += 5) {
		bytes[i / 8] ^= (char)(1 << i % 8);
		fd = open(path, O_WRONLY | O_TRUNC);
		ck_assert_int_eq(write(fd, bytes, sizeof(bytes)),
				 sizeof(bytes));
		close(fd);
		bytes[i / 8] ^= (char)(1 << i % 8);
		store = fixture_open();
		ck_assert_mem_ne(ckpt_store_secret(store), bytes + 40, 192);
		ckpt_store_close(store);
	}
	ck_assert_int_eq(truncate(path, 0), 0);
	ckpt_store_close(fixture_open());
}
END_TEST

START_TEST(a_store_from_the_future_is_left_alone)
{
	/* The header is checksummed, so only one that a newer ckpt wrote can
	 * say so: built here from the format's description. */
	struct ckpt_store *store = fixture_open();
	struct ckpt_err err;
	uint8_t bytes[240];
	uint64_t sum;
	char path[400];
	int fd;

	ckpt_store_close(store);
	fixture_path(path, sizeof(path), "v1/meta");
	fd = open(path, O_RDWR);
	ck_assert_int_eq(pread(fd, bytes, sizeof(bytes), 0), sizeof(bytes));
	bytes[28] = 1; /* incompat */
	sum = ckpt_hash64(bytes, 232);
	memcpy(bytes + 232, &sum, 8);
	ck_assert_int_eq(pwrite(fd, bytes, sizeof(bytes), 0), sizeof(bytes));
	ck_assert_int_eq(try_open(false, &err), CKPT_UNSUPPORTED);
	bytes[28] = 0;
	bytes[24] = 1; /* ro_compat: readable */
	sum = ckpt_hash64(bytes, 232);
	memcpy(bytes + 232, &sum, 8);
	ck_assert_int_eq(pwrite(fd, bytes, sizeof(bytes), 0), sizeof(bytes));
	store = fixture_open();
	ck_assert_int_eq(fixture_put(store, 1, 10), CKPT_UNSUPPORTED);
	ckpt_store_close(store);
	close(fd);
}
END_TEST

START_TEST(another_version_of_the_format_is_left_alone)
{
	struct ckpt_store *store;
	char command[900];

	ck_assert_int_eq(try_open(false, NULL), CKPT_OK);
	snprintf(command, sizeof(command),
		 "cd %s && cp -a v1 v2 && echo other > v2/index && "
		 "find v2 -type f | xargs md5sum > ../before",
		 fixture_directory);
	ck_assert_int_eq(system(command), 0);
	store = fixture_open();
	for (uint64_t i = 0; i < 100; i++)
		ck_assert_int_eq(fixture_put(store, i, i * 1000), CKPT_OK);
	for (uint64_t i = 0; i < 100; i++)
		ck_assert_int_eq(fixture_check(store, i, i * 1000), 1);
	ckpt_store_close(store);
	snprintf(command, sizeof(command),
		 "cd %s && md5sum --quiet -c ../before && "
		 "test $(find v2 -type f | wc -l) = $(wc -l < ../before)",
		 fixture_directory);
	ck_assert_int_eq(system(command), 0);
}
END_TEST

START_TEST(descriptors_closed_by_the_host_are_opened_again)
{
	struct ckpt_store *store = fixture_open();

	ck_assert_int_eq(fixture_put(store, 1, 100), CKPT_OK);
	ck_assert_int_eq(fixture_put(store, 2, BIG), CKPT_OK);
	for (int fd = 3; fd < 1024; fd++)
		close(fd);
	ck_assert_int_eq(fixture_check(store, 1, 100), 1);
	ck_assert_int_eq(fixture_check(store, 2, BIG), 1);
	for (int fd = 3; fd < 1024; fd++)
		close(fd);
	ck_assert_int_eq(fixture_put(store, 3, 100), CKPT_OK);
	ck_assert_int_eq(fixture_put(store, 4, BIG), CKPT_OK);
	ck_assert_int_eq(fixture_check(store, 3, 100), 1);
	ck_assert_int_eq(fixture_check(store, 4, BIG), 1);
	printf("all descriptors closed twice: 2 look-ups and 2 puts, nothing "
	       "lost\n");
	ckpt_store_close(store);
}
END_TEST

START_TEST(descriptors_replaced_by_the_host_are_left_alone)
{
	struct ckpt_store *store = fixture_open();
	char path[400];
	struct stat st;
	int host;

	ck_assert_int_eq(fixture_put(store, 1, 100), CKPT_OK);
	snprintf(path, sizeof(path), "%s/host", fixture_top);
	host = open(path, O_CREAT | O_RDWR, 0600);
	for (int fd = 512; fd < 1024; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			ck_assert_int_eq(dup2(host, fd), fd);
	ck_assert_int_eq(fixture_check(store, 1, 100), 1);
	for (int fd = 512; fd < 1024; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			ck_assert_int_eq(dup2(host, fd), fd);
	ck_assert_int_eq(fixture_put(store, 2, 100), CKPT_OK);
	ck_assert_int_eq(fixture_put(store, 3, BIG), CKPT_OK);
	ck_assert_int_eq(fixture_check(store, 2, 100), 1);
	ck_assert_int_eq(fixture_check(store, 3, BIG), 1);
	ckpt_store_close(store);
	ck_assert_int_eq(fstat(host, &st), 0);
	ck_assert_int_eq(st.st_size, 0);
	printf("all descriptors replaced twice: %d bytes in the host's file\n",
	       (int)st.st_size);
}
END_TEST

START_TEST(descriptors_are_high_and_do_not_survive_exec)
{
	struct ckpt_store *store = fixture_open();
	int probe;

	ck_assert_int_eq(fixture_put(store, 1, 100), CKPT_OK);
	ck_assert_int_eq(fixture_check(store, 1, 100), 1);
	probe = open("/dev/null", O_RDONLY);
	ck_assert_int_lt(probe, 10);
	for (int fd = 512; fd < 1024; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
	close(probe);
	ckpt_store_close(store);
	for (int fd = 512; fd < 1024; fd++)
		ck_assert_int_lt(fcntl(fd, F_GETFD), 0);
}
END_TEST

START_TEST(a_store_deleted_or_moved_while_in_use_harms_nobody)
{
	struct ckpt_store *store = fixture_open();
	char path[400];
	char command[900];

	ck_assert_int_eq(fixture_put(store, 1, 100), CKPT_OK);
	ck_assert_int_eq(chdir("/"), 0);
	snprintf(path, sizeof(path), "%s-moved", fixture_directory);
	ck_assert_int_eq(rename(fixture_directory, path), 0);
	ck_assert_int_eq(fixture_check(store, 1, 100), 1);
	ck_assert_int_eq(fixture_put(store, 2, BIG), CKPT_OK);
	ck_assert_int_eq(fixture_check(store, 2, BIG), 1);
	snprintf(command, sizeof(command), "rm -rf %s", path);
	ck_assert_int_eq(system(command), 0);
	ck_assert_int_eq(fixture_check(store, 2, BIG), 0);
	(void)!fixture_put(store, 3, BIG);
	ck_assert_int_ge(fixture_check(store, 3, BIG), 0);
	(void)!fixture_put(store, 4, 100);
	ck_assert_int_ge(fixture_check(store, 4, 100), 0);
	ckpt_store_close(store);
}
END_TEST

START_TEST(directories_cleared_by_hand_are_made_again)
{
	struct ckpt_store *store = fixture_open();
	char command[900];

	ck_assert_int_eq(fixture_put(store, 1, BIG), CKPT_OK);
	snprintf(command, sizeof(command), "rm -rf %s/v1/big %s/v1/tmp",
		 fixture_directory, fixture_directory);
	ck_assert_int_eq(system(command), 0);
	ck_assert_int_eq(fixture_check(store, 1, BIG), 0);
	ck_assert_int_eq(fixture_put(store, 2, BIG), CKPT_OK);
	ck_assert_int_eq(fixture_check(store, 2, BIG), 1);
	ckpt_store_close(store);
}
END_TEST

UNIT_MAIN_WITH("layout", fixture_set_up, fixture_tear_down,
	       modes_do_not_depend_on_the_umask,
	       a_shared_store_is_for_the_group,
	       a_store_that_others_can_write_is_refused,
	       a_store_of_another_user_is_refused,
	       a_symbolic_link_is_not_followed,
	       it_tells_backups_and_git_to_leave_it_out,
	       two_hundred_processes_may_create_it_at_once,
	       a_meta_damaged_in_any_bit_costs_only_the_entries,
	       a_store_from_the_future_is_left_alone,
	       another_version_of_the_format_is_left_alone,
	       descriptors_closed_by_the_host_are_opened_again,
	       descriptors_replaced_by_the_host_are_left_alone,
	       descriptors_are_high_and_do_not_survive_exec,
	       a_store_deleted_or_moved_while_in_use_harms_nobody,
	       directories_cleared_by_hand_are_made_again)
