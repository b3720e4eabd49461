/* SPDX-License-Identifier: MIT */
#include "shim/common/measuretable.h"

#include "shim/common/sys_x86_64.h"

#include <cpuid.h>
#include <string.h>
#include <time.h>
#include <x86intrin.h>

enum {
	VERSION = 1,
	HEADER_SIZE = 4096,
	ROWS_SIZE = CKPT_MEASURE_ROWS * sizeof(struct ckpt_measure_row),
	FILE_SIZE =
		HEADER_SIZE + ROWS_SIZE + CKPT_MEASURE_KEYS * sizeof(uint64_t),
	PROBES_MAX = 64,
};

_Static_assert(sizeof(struct ckpt_measure_header) <= HEADER_SIZE, "header");
_Static_assert(sizeof(struct ckpt_measure_row) <= 1024, "one row");

static const char magic[8] = "ckptmeas";

/* Does the counter run at one pace, whatever the processor does (Intel SDM 3,
 * 18.17.1, "Invariant TSC")? */
static bool has_even_tsc(void)
{
	unsigned a, b, c, d;

	return __get_cpuid(0x80000007, &a, &b, &c, &d) && (d & 1u << 8);
}

static void set_places(void *memory, struct ckpt_measuretable *ret)
{
	ret->header = memory;
	ret->rows = (void *)((uint8_t *)memory + HEADER_SIZE);
	ret->keys = (void *)((uint8_t *)memory + HEADER_SIZE + ROWS_SIZE);
}

static enum ckpt_status map_file(int fd, struct ckpt_measuretable *ret)
{
	void *memory = ckpt_sys_mmap(NULL, FILE_SIZE, PROT_READ | PROT_WRITE,
				     MAP_SHARED, fd, 0);

	if (ckpt_sys_is_error(memory))
		return CKPT_IO;
	set_places(memory, ret);
	return CKPT_OK;
}

static uint64_t now_ns(void)
{
	struct timespec now = {0};

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static uint64_t count_ticks(const struct ckpt_measuretable *table)
{
	enum { SPAN_NS = 2000000 };
	uint64_t start_ns = now_ns();
	uint64_t start = ckpt_measuretable_now(table), spent_ns = 0;

	while (spent_ns < SPAN_NS)
		spent_ns = now_ns() - start_ns;
	return (ckpt_measuretable_now(table) - start) * 1000 / spent_ns;
}

static void fill_header(const struct ckpt_measuretable *table)
{
	struct ckpt_measure_header *header = table->header;
	uint8_t *secret = header->secret.bytes;

	memcpy(header->magic, magic, sizeof(magic));
	header->version = VERSION;
	header->has_tsc = has_even_tsc();
	header->ticks_per_us = count_ticks(table);
	/* Only spreads: nobody chooses keys against it. */
	for (size_t i = 0; i < sizeof(header->secret.bytes); i++)
		secret[i] = (uint8_t)(i * 167 + (i * i) / 3 + 89);
}

enum ckpt_status ckpt_measuretable_create(const char *path,
					  struct ckpt_measuretable *ret,
					  struct ckpt_err *err)
{
	int fd = ckpt_sys_openat(AT_FDCWD, path,
				 O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	enum ckpt_status status = CKPT_IO;

	if (fd >= 0 && !ckpt_sys_ftruncate(fd, FILE_SIZE))
		status = map_file(fd, ret);
	if (fd >= 0)
		(void)ckpt_sys_close(fd);
	if (status)
		return ckpt_err_set(err, status, "%s: cannot be made", path);
	fill_header(ret);
	return CKPT_OK;
}

static bool has_size(int fd)
{
	struct stat st;

	return !ckpt_sys_fstat(fd, &st) && st.st_size == FILE_SIZE;
}

enum ckpt_status ckpt_measuretable_open(const char *path,
					struct ckpt_measuretable *ret)
{
	int fd = ckpt_sys_openat(AT_FDCWD, path, O_RDWR | O_CLOEXEC, 0);
	struct ckpt_measuretable table;
	enum ckpt_status status = CKPT_IO;

	if (fd < 0)
		return CKPT_IO;
	if (has_size(fd))
		status = map_file(fd, &table);
	(void)ckpt_sys_close(fd);
	if (status)
		return status;
	if (memcmp(table.header->magic, magic, sizeof(magic)) != 0 ||
	    table.header->version != VERSION) {
		ckpt_measuretable_close(&table);
		return CKPT_IO;
	}
	*ret = table;
	return CKPT_OK;
}

void ckpt_measuretable_close(struct ckpt_measuretable *table)
{
	if (table->header)
		(void)ckpt_sys_munmap(table->header, FILE_SIZE);
	table->header = NULL;
}

static void copy_text(char *to, size_t size, const char *from)
{
	size_t length = strnlen(from, size - 1);

	memcpy(to, from, length);
	to[length] = '\0';
}

/* 0 for none. */
static uint64_t make_id(const char *name, const char *object)
{
	struct ckpt_hasher hasher;
	uint64_t id;

	ckpt_hasher_init(&hasher, NULL);
	ckpt_hasher_update(&hasher, name, strlen(name) + 1);
	ckpt_hasher_update(&hasher, object, strlen(object));
	id = ckpt_hasher_final64(&hasher);
	return id ? id : 1;
}

struct ckpt_measure_row *
ckpt_measuretable_row(const struct ckpt_measuretable *table, const char *name,
		      const char *object)
{
	uint64_t id = make_id(name, object);

	for (uint64_t i = 0; i < CKPT_MEASURE_ROWS; i++) {
		struct ckpt_measure_row *row =
			&table->rows[(id + i) % CKPT_MEASURE_ROWS];
		uint64_t found = 0;

		if (__atomic_compare_exchange_n(&row->id, &found, id, false,
						__ATOMIC_ACQ_REL,
						__ATOMIC_ACQUIRE)) {
			copy_text(row->name, sizeof(row->name), name);
			copy_text(row->object, sizeof(row->object), object);
			return row;
		}
		if (found == id)
			return row;
	}
	return NULL;
}

bool ckpt_measuretable_note(const struct ckpt_measuretable *table,
			    const struct ckpt_measure_row *row,
			    struct ckpt_hash128 key)
{
	uint64_t id = key.lo ^ row->id;

	id += !id;
	for (uint64_t i = 0; i < PROBES_MAX; i++) {
		uint64_t *place = &table->keys[(id + i) % CKPT_MEASURE_KEYS];
		uint64_t found = 0;

		if (__atomic_compare_exchange_n(place, &found, id, false,
						__ATOMIC_RELAXED,
						__ATOMIC_RELAXED))
			return false;
		if (found == id)
			return true;
	}
	return false;
}

uint64_t ckpt_measuretable_now(const struct ckpt_measuretable *table)
{
	return table->header->has_tsc ? __rdtsc() : now_ns();
}
