/* SPDX-License-Identifier: MIT */
#ifndef CKPT_TESTS_UNIT_STORE_FIXTURE_H
#define CKPT_TESTS_UNIT_STORE_FIXTURE_H

/*
 * A fresh store directory for each test of the store's modules, and values
 * that can be recognised.
 */

#include "tests/unit/unit.h"

#include "shim/store/store.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Below TMPDIR or /tmp; not there yet. */
static char fixture_directory[256];
static char fixture_top[64];

static inline void fixture_set_up(void)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(fixture_top, sizeof(fixture_top), "%s/ckpt-unit-XXXXXX",
		 tmp ? tmp : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(fixture_top));
	snprintf(fixture_directory, sizeof(fixture_directory), "%s/store",
		 fixture_top);
}

static inline void fixture_tear_down(void)
{
	char command[400];

	snprintf(command, sizeof(command), "chmod -R u+rwx %s; rm -rf %s",
		 fixture_top, fixture_top);
	ck_assert_int_eq(system(command), 0);
}

static inline struct ckpt_store *
fixture_open_with(const struct ckpt_store_options *options)
{
	struct ckpt_store *store = NULL;
	struct ckpt_err err = {.text = ""};

	ck_assert_msg(
		!ckpt_store_open(fixture_directory, options, &store, &err),
		"%s", err.text);
	return store;
}

static inline struct ckpt_store *fixture_open(void)
{
	static const struct ckpt_store_options options = {0};

	return fixture_open_with(&options);
}

static inline struct ckpt_hash128 fixture_key(uint64_t number)
{
	return (struct ckpt_hash128){
		.lo = number * 0x9e3779b97f4a7c15U + 1,
		.hi = (number ^ 0x5bd1e995) * 0xc2b2ae3d27d4eb4fU,
	};
}

/* Byte i of the value of `number`. */
static inline uint8_t fixture_byte(uint64_t number, size_t i)
{
	return (uint8_t)((number * 131 + i * 7 + (i >> 8)) >> 1);
}

static inline enum ckpt_status fixture_put(struct ckpt_store *store,
					   uint64_t number, size_t size)
{
	struct ckpt_entry_info info = {.function = "simulate",
				       .object = "libmodel.so.1",
				       .created_s = 1700000000,
				       .duration_ns = number};
	uint8_t *value = malloc(size + 1);
	struct iovec parts[2];
	enum ckpt_status status;

	for (size_t i = 0; i < size; i++)
		value[i] = fixture_byte(number, i);
	parts[0].iov_base = value;
	parts[0].iov_len = size / 3;
	parts[1].iov_base = value + size / 3;
	parts[1].iov_len = size - size / 3;
	status = ckpt_store_put(store, fixture_key(number), &info, parts, 2);
	free(value);
	return status;
}

/* 1: there and right; 0: not there; -1: WRONG. */
static inline int fixture_check(struct ckpt_store *store, uint64_t number,
				size_t size)
{
	struct ckpt_entry_info info;
	struct ckpt_entry entry;
	const uint8_t *bytes;
	int result = 1;

	if (ckpt_store_get(store, fixture_key(number), 0, &entry))
		return 0;
	bytes = entry.payload;
	ckpt_entry_describe(&entry, &info);
	if (entry.payload_size != size || entry.duration_ns != number ||
	    strcmp(info.function, "simulate") != 0 ||
	    strcmp(info.object, "libmodel.so.1") != 0)
		result = -1;
	for (size_t i = 0; i < size && result == 1; i++)
		if (bytes[i] != fixture_byte(number, i))
			result = -1;
	ckpt_store_release(store, &entry);
	return result;
}

static inline void fixture_path(char *to, size_t size, const char *name)
{
	ck_assert_int_lt(snprintf(to, size, "%s/%s", fixture_directory, name),
			 (int)size);
}

/* The exit status of a child that runs `function`. */
static inline int fixture_fork(int (*function)(void *), void *argument)
{
	pid_t pid = fork();
	int status = -1;

	if (pid == 0)
		_exit(function(argument));
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + status;
}

#endif
