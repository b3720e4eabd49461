/* SPDX-License-Identifier: MIT */
/*
 * A store whose index, segment or meta holds any bytes: look-ups and puts do
 * not crash, and what is found is what was put.
 */
#include "shim/store/store.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { KEYS = 8, VALUE = 100 };

static const char *const names[] = {"index", "seg/0002", "meta", "stats"};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct ckpt_hash128 make_key(uint64_t i)
{
	return (struct ckpt_hash128){.lo = i * 0x9e3779b97f4a7c15U, .hi = ~i};
}

static void put_all(struct ckpt_store *store)
{
	static const struct ckpt_entry_info info = {.function = "f"};
	uint8_t value[VALUE];
	struct iovec part = {.iov_base = value, .iov_len = sizeof(value)};

	for (uint64_t i = 0; i < KEYS; i++) {
		memset(value, (int)i + 1, sizeof(value));
		(void)!ckpt_store_put(store, make_key(i), &info, &part, 1);
	}
}

static void check_all(struct ckpt_store *store)
{
	for (uint64_t i = 0; i < KEYS; i++) {
		struct ckpt_entry entry;

		if (ckpt_store_get(store, make_key(i), 0, &entry))
			continue;
		if (entry.payload_size != VALUE ||
		    ((const uint8_t *)entry.payload)[VALUE / 2] != i + 1)
			abort();
		ckpt_store_release(store, &entry);
	}
}

static struct ckpt_store *open_store(const char *directory, bool is_mapping)
{
	struct ckpt_store_options options = {.map_after = is_mapping};
	struct ckpt_store *store = NULL;

	if (ckpt_store_open(directory, &options, &store, NULL))
		return NULL;
	return store;
}

/* The first two bytes say which file and where, the rest goes there. */
static void damage(const char *directory, const uint8_t *data, size_t size)
{
	char path[256];
	off_t off;
	int fd;

	if (size < 4)
		return;
	snprintf(path, sizeof(path), "%s/v1/%s", directory, names[data[0] % 4]);
	off = data[1] % 2 ? data[2] * 8 : 4096 + data[2] * 64 + data[3];
	fd = open(path, O_WRONLY | (data[1] & 2 ? O_TRUNC : 0));
	if (fd < 0)
		return;
	if (pwrite(fd, data + 4, size - 4, off) < 0)
		perror(path);
	close(fd);
}

/* One store for all inputs, in memory; before each, its files as they were. */
struct original {
	char top[64];
	uint8_t *bytes[4];
	size_t sizes[4];
};

static void name_file(const struct original *o, int i, char path[128])
{
	snprintf(path, 128, "%s/v1/%s", o->top, names[i]);
}

static void keep_file(struct original *o, int i)
{
	char path[128];
	struct stat st;
	int fd;

	name_file(o, i, path);
	fd = open(path, O_RDONLY);
	if (fd < 0 || fstat(fd, &st))
		return;
	o->sizes[i] = (size_t)st.st_size;
	o->bytes[i] = malloc(o->sizes[i]);
	if (!o->bytes[i] ||
	    read(fd, o->bytes[i], o->sizes[i]) != (ssize_t)o->sizes[i])
		abort();
	close(fd);
}

static void restore_file(const struct original *o, int i)
{
	char path[128];
	int fd;

	name_file(o, i, path);
	(void)unlink(path);
	if (!o->bytes[i])
		return;
	fd = open(path, O_CREAT | O_WRONLY, 0600);
	if (write(fd, o->bytes[i], o->sizes[i]) != (ssize_t)o->sizes[i])
		abort();
	close(fd);
}

static struct original original;

static void remove_original(void)
{
	char command[100];

	snprintf(command, sizeof(command), "rm -rf %s", original.top);
	if (system(command))
		abort();
}

static void make_original(void)
{
	struct ckpt_store *store;

	snprintf(original.top, sizeof(original.top), "%s/ckpt-fuzz-XXXXXX",
		 access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm");
	if (!mkdtemp(original.top))
		abort();
	(void)atexit(remove_original);
	store = open_store(original.top, false);
	if (!store)
		abort();
	put_all(store);
	ckpt_store_close(store);
	for (int i = 0; i < 4; i++)
		keep_file(&original, i);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!original.top[0])
		make_original();
	for (int i = 0; i < 4; i++)
		restore_file(&original, i);
	damage(original.top, data, size);
	for (int i = 0; i < 2; i++) {
		struct ckpt_store *store = open_store(original.top, i);

		if (store) {
			check_all(store);
			put_all(store);
			check_all(store);
		}
		ckpt_store_close(store);
	}
	return 0;
}
