/* SPDX-License-Identifier: MIT */
#include "tools/bench/backend.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

uint8_t *bench_copy;

static int create_file(const char *directory, const char *name)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	fd = open(path, O_CREAT | O_RDWR | O_TRUNC, 0600);
	if (fd < 0)
		perror(path);
	return fd;
}

/* ---- a log ---- */

struct log {
	int fd;
	off_t end;
};

static void *open_log(const struct bench_load *load)
{
	struct log *log = calloc(1, sizeof(*log));

	if (log)
		log->fd = create_file(load->directory, "log");
	return log;
}

static bool put_log(void *state, struct ckpt_hash128 key, const void *value,
		    size_t size)
{
	struct log *log = state;
	uint64_t sum = ckpt_hash64(value, size) ^ key.lo;
	bool is_done = pwrite(log->fd, value, size, log->end) == (ssize_t)size;

	log->end += (off_t)size;
	return is_done && sum;
}

static void close_log(void *state)
{
	struct log *log = state;

	close(log->fd);
	free(log);
}

const struct bench_backend bench_log = {
	.name = "log",
	.open = open_log,
	.put = put_log,
	.close = close_log,
};

/* ---- mapped tables ---- */

struct wide_slot {
	struct ckpt_hash128 key;
	uint64_t off;
	uint64_t size;
};

/* As much as a record of ours says of an entry besides its value. */
struct dense_record {
	struct ckpt_hash128 key;
	uint64_t sum;
	uint64_t size;
	uint8_t times_and_names[48];
};

struct table {
	void *slots;
	uint64_t mask;
	size_t slots_size;
	uint8_t *segment;
	size_t segment_size;
	uint64_t used;
};

static void *map_file(const char *directory, const char *name, size_t size)
{
	int fd = create_file(directory, name);
	void *data = MAP_FAILED;

	if (fd >= 0 && !posix_fallocate(fd, 0, (off_t)size))
		data = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
			    0);
	if (fd >= 0)
		close(fd);
	return data == MAP_FAILED ? NULL : data;
}

static void *open_table(const struct bench_load *load, size_t slot_size)
{
	struct table *table = calloc(1, sizeof(*table));
	size_t slots = 1024;

	while (slots < 2 * load->count)
		slots *= 2;
	if (!table)
		return NULL;
	table->mask = slots - 1;
	table->slots_size = slots * slot_size;
	table->segment_size =
		load->count * (load->size + sizeof(struct dense_record) + 16) +
		4096;
	table->used = 16;
	table->slots = map_file(load->directory, "slots", table->slots_size);
	table->segment =
		map_file(load->directory, "segment", table->segment_size);
	return table->slots && table->segment ? table : NULL;
}

static void close_table(void *state)
{
	struct table *table = state;

	munmap(table->slots, table->slots_size);
	munmap(table->segment, table->segment_size);
	free(table);
}

static void use_up(struct table *table, size_t size)
{
	table->used += (size + 15) & ~(uint64_t)15;
}

static void *open_limit(const struct bench_load *load)
{
	return open_table(load, sizeof(struct wide_slot));
}

static bool put_limit(void *state, struct ckpt_hash128 key, const void *value,
		      size_t size)
{
	struct table *table = state;
	struct wide_slot *slots = table->slots;
	uint64_t at = key.lo & table->mask;

	while (slots[at].size)
		at = (at + 1) & table->mask;
	slots[at] = (struct wide_slot){key, table->used, size};
	memcpy(table->segment + table->used, value, size);
	use_up(table, size);
	return true;
}

static size_t get_limit(void *state, struct ckpt_hash128 key, uint64_t *word)
{
	struct table *table = state;
	const struct wide_slot *slots = table->slots;
	uint64_t at = key.lo & table->mask;

	for (; slots[at].size; at = (at + 1) & table->mask) {
		if (!ckpt_hash_equal(slots[at].key, key))
			continue;
		memcpy(bench_copy, table->segment + slots[at].off,
		       slots[at].size);
		memcpy(word, bench_copy, sizeof(*word));
		return slots[at].size;
	}
	return 0;
}

const struct bench_backend bench_limit = {
	.name = "limit",
	.open = open_limit,
	.put = put_limit,
	.get = get_limit,
	.close = close_table,
};

static void *open_dense(const struct bench_load *load)
{
	return open_table(load, sizeof(uint64_t));
}

/* A slot: 24 bits of the key, offset / 16. */
static bool put_dense(void *state, struct ckpt_hash128 key, const void *value,
		      size_t size)
{
	struct table *table = state;
	uint64_t *slots = table->slots;
	uint64_t at = key.lo & table->mask;
	struct dense_record record = {
		.key = key,
		.sum = ckpt_hash64(value, size),
		.size = size,
	};

	while (slots[at])
		at = (at + 1) & table->mask;
	slots[at] = key.hi >> 40 << 40 | table->used >> 4;
	memcpy(table->segment + table->used, &record, sizeof(record));
	memcpy(table->segment + table->used + sizeof(record), value, size);
	use_up(table, sizeof(record) + size);
	return true;
}

static size_t get_dense(void *state, struct ckpt_hash128 key, uint64_t *word)
{
	struct table *table = state;
	const uint64_t *slots = table->slots;
	uint64_t at = key.lo & table->mask;

	for (; slots[at]; at = (at + 1) & table->mask) {
		struct dense_record record;
		const uint8_t *from;

		if (slots[at] >> 40 != key.hi >> 40)
			continue;
		from = table->segment + (slots[at] << 24 >> 24 << 4);
		memcpy(&record, from,
		       offsetof(struct dense_record, times_and_names));
		if (!ckpt_hash_equal(record.key, key))
			continue;
		memcpy(bench_copy, from + sizeof(record), record.size);
		memcpy(word, bench_copy, sizeof(*word));
		return ckpt_hash64(bench_copy, record.size) == record.sum
			       ? record.size
			       : 0;
	}
	return 0;
}

const struct bench_backend bench_dense = {
	.name = "dense",
	.open = open_dense,
	.put = put_dense,
	.get = get_dense,
	.close = close_table,
};

/* ---- a file per entry ---- */

static void *open_files(const struct bench_load *load)
{
	char path[256];

	for (int i = 0; i < 16; i++) {
		snprintf(path, sizeof(path), "%s/%c", load->directory,
			 "0123456789abcdef"[i]);
		mkdir(path, 0700);
	}
	return strdup(load->directory);
}

static void name_file(const char *directory, struct ckpt_hash128 key,
		      char path[256])
{
	char text[CKPT_HASH_TEXT_SIZE];

	ckpt_hash_text(key, text);
	snprintf(path, 256, "%s/%c/%s", directory, text[0], text);
}

static bool put_file(void *state, struct ckpt_hash128 key, const void *value,
		     size_t size)
{
	char path[256];
	bool is_done;
	int fd;

	name_file(state, key, path);
	fd = open(path, O_CREAT | O_WRONLY, 0600);
	if (fd < 0)
		return false;
	is_done = write(fd, value, size) == (ssize_t)size;
	close(fd);
	return is_done;
}

static size_t get_file(void *state, struct ckpt_hash128 key, uint64_t *word)
{
	struct stat st;
	char path[256];
	ssize_t n = -1;
	int fd;

	name_file(state, key, path);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return 0;
	if (!fstat(fd, &st))
		n = read(fd, bench_copy, (size_t)st.st_size);
	close(fd);
	memcpy(word, bench_copy, sizeof(*word));
	return n < 0 ? 0 : (size_t)n;
}

const struct bench_backend bench_file = {
	.name = "file",
	.open = open_files,
	.put = put_file,
	.get = get_file,
	.close = free,
};

/* ---- the ground they stand on ---- */

void bench_spread(const char *directory)
{
	int fd = open(directory, O_RDONLY);
	int flags = 0;

	if (!ioctl(fd, FS_IOC_GETFLAGS, &flags)) {
		flags |= FS_TOPDIR_FL;
		(void)!ioctl(fd, FS_IOC_SETFLAGS, &flags);
	}
	close(fd);
}

void bench_touch_memory(void)
{
	size_t size = 1 << 30;
	uint8_t *memory = malloc(size);

	for (size_t at = 0; memory && at < size; at += 4096)
		((volatile uint8_t *)memory)[at] = 1;
	free(memory);
}
