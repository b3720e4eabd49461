/* SPDX-License-Identifier: MIT */
/*
 * The store beside the limits of the machine, in one run: a bare hash table in
 * a mapped file ("limit"), the same with slots of eight bytes and a checksum
 * ("dense"), and a file per entry. A hit finds the key and copies the value
 * into a warm buffer; each key depends on the last value. Medians of rounds
 * that take turns.
 */
#include "shim/common/hash.h"
#include "shim/store/store.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS = 7, BACKENDS = 4, MAX_VALUE = 64 << 20 };

static char top[64];
static uint8_t *value_buffer; /* what is put, and what is copied into */
static uint8_t *copy_buffer;
static const uint64_t big_prime = 0x9e3779b97f4a7c15U;

static double read_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static struct ckpt_hash128 make_key(uint64_t number)
{
	uint64_t words[2] = {number, ~number};

	return ckpt_hash(NULL, words, sizeof(words));
}

/* ---- limit and dense: mapped files written by ourselves ---- */

struct wide_slot {
	struct ckpt_hash128 key;
	uint64_t off;
	uint64_t size;
};

struct bare {
	struct wide_slot *wide;
	uint64_t *dense; /* tag 24, offset / 16 */
	uint64_t mask;
	uint8_t *segment;
	uint64_t used;
	struct {
		struct ckpt_hash128 key;
		uint64_t sum;
		uint64_t size;
	} head;
};

static void *map_file(const char *name, size_t size)
{
	char path[128];
	void *data;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", top, name);
	fd = open(path, O_CREAT | O_RDWR | O_TRUNC, 0600);
	if (fd < 0 || posix_fallocate(fd, 0, (off_t)size)) {
		perror(path);
		exit(EXIT_FAILURE);
	}
	data = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	return data;
}

static void open_bare(struct bare *bare, size_t count, size_t size)
{
	size_t slots = 1024;

	while (slots < 2 * count)
		slots *= 2;
	bare->mask = slots - 1;
	bare->wide = map_file("wide", slots * sizeof(struct wide_slot));
	bare->dense = map_file("dense", slots * sizeof(uint64_t));
	bare->segment = map_file("segment", count * (size + 48) + 4096);
	bare->used = 16;
}

static void put_bare(struct bare *bare, struct ckpt_hash128 key,
		     const void *value, size_t size)
{
	uint64_t at = key.lo & bare->mask;
	uint8_t *to = bare->segment + bare->used;
	uint64_t sum = ckpt_hash64(value, size);

	while (bare->wide[at].size)
		at = (at + 1) & bare->mask;
	bare->wide[at] = (struct wide_slot){key, bare->used + 32, size};
	bare->dense[at] = key.hi >> 40 << 40 | bare->used >> 4;
	memcpy(to, &key, 16);
	memcpy(to + 16, &sum, 8);
	memcpy(to + 24, &size, 8);
	memcpy(to + 32, value, size);
	bare->used += (32 + size + 15) & ~(uint64_t)15;
}

static size_t get_limit(struct bare *bare, struct ckpt_hash128 key)
{
	uint64_t at = key.lo & bare->mask;

	for (; bare->wide[at].size; at = (at + 1) & bare->mask) {
		const struct wide_slot *slot = &bare->wide[at];

		if (!ckpt_hash_equal(slot->key, key))
			continue;
		memcpy(copy_buffer, bare->segment + slot->off, slot->size);
		return slot->size;
	}
	return 0;
}

static size_t get_dense(struct bare *bare, struct ckpt_hash128 key)
{
	uint64_t at = key.lo & bare->mask;

	for (; bare->dense[at]; at = (at + 1) & bare->mask) {
		const uint8_t *from;
		uint64_t sum, size;

		if (bare->dense[at] >> 40 != key.hi >> 40)
			continue;
		from = bare->segment + ((bare->dense[at] << 24 >> 24) << 4);
		if (memcmp(from, &key, 16) != 0)
			continue;
		memcpy(&sum, from + 16, 8);
		memcpy(&size, from + 24, 8);
		memcpy(copy_buffer, from + 32, size);
		return ckpt_hash64(copy_buffer, size) == sum ? size : 0;
	}
	return 0;
}

/* ---- a file per entry ---- */

static void name_file(struct ckpt_hash128 key, char path[160])
{
	char text[CKPT_HASH_TEXT_SIZE];

	ckpt_hash_text(key, text);
	snprintf(path, 160, "%s/files/%c/%s", top, text[0], text);
}

static void put_file(struct ckpt_hash128 key, const void *value, size_t size)
{
	char path[160];
	int fd;

	name_file(key, path);
	fd = open(path, O_CREAT | O_WRONLY, 0600);
	if (fd < 0 || write(fd, value, size) != (ssize_t)size) {
		perror(path);
		exit(EXIT_FAILURE);
	}
	close(fd);
}

static size_t get_file(struct ckpt_hash128 key)
{
	struct stat st;
	char path[160];
	ssize_t n;
	int fd;

	name_file(key, path);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return 0;
	fstat(fd, &st);
	n = read(fd, copy_buffer, (size_t)st.st_size);
	close(fd);
	return n < 0 ? 0 : (size_t)n;
}

/* ---- measuring ---- */

struct bench {
	struct bare bare;
	struct ckpt_store *store;
	size_t count;
	size_t size;
};

static size_t get_store(struct ckpt_store *store, struct ckpt_hash128 key,
			uint64_t *ret_word)
{
	struct ckpt_entry entry;
	size_t size;

	if (ckpt_store_get(store, key, 0, &entry))
		return 0;
	memcpy(ret_word, entry.payload, sizeof(*ret_word));
	size = entry.payload_size;
	ckpt_store_release(store, &entry);
	return size;
}

static size_t get_one(struct bench *bench, int backend, struct ckpt_hash128 key,
		      uint64_t *ret_word)
{
	size_t size;

	switch (backend) {
	case 0:
		size = get_limit(&bench->bare, key);
		break;
	case 1:
		size = get_dense(&bench->bare, key);
		break;
	case 2:
		return get_store(bench->store, key, ret_word);
	default:
		size = get_file(key);
		break;
	}
	memcpy(ret_word, copy_buffer, sizeof(*ret_word));
	return size;
}

/* Nanoseconds a hit, each key chosen by the value before. */
static double time_hits(struct bench *bench, int backend, size_t hits)
{
	uint64_t word = 1;
	uint64_t state = 88172645463325252U;
	double start = read_ns();

	for (size_t i = 0; i < hits; i++) {
		state = (state ^ word) * big_prime + i;
		if (get_one(bench, backend,
			    make_key((state >> 20) % bench->count),
			    &word) != bench->size) {
			fprintf(stderr, "backend %d: a value is missing\n",
				backend);
			exit(EXIT_FAILURE);
		}
	}
	return (read_ns() - start) / (double)hits;
}

static int compare_doubles(const void *left, const void *right)
{
	const double *a = left, *b = right;

	return (*a > *b) - (*a < *b);
}

static double median(double *values, int count)
{
	qsort(values, (size_t)count, sizeof(*values), compare_doubles);
	return values[count / 2];
}

static void make_dirs(void)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/files", top);
	mkdir(path, 0700);
	for (int i = 0; i < 16; i++) {
		snprintf(path, sizeof(path), "%s/files/%c", top,
			 "0123456789abcdef"[i]);
		mkdir(path, 0700);
	}
}

static void remove_all(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s/*", top);
	if (system(command))
		exit(EXIT_FAILURE);
}

static struct ckpt_store *open_store(void)
{
	struct ckpt_store_options options = {0};
	struct ckpt_store *store = NULL;
	struct ckpt_err err;
	char path[128];

	snprintf(path, sizeof(path), "%s/store", top);
	if (ckpt_store_open(path, &options, &store, &err)) {
		fprintf(stderr, "%s\n", err.text);
		exit(EXIT_FAILURE);
	}
	return store;
}

static void fill(struct bench *bench, bool has_files)
{
	struct ckpt_entry_info info = {.function = "f", .object = "libx.so"};
	struct iovec part = {.iov_base = value_buffer, .iov_len = bench->size};

	make_dirs();
	open_bare(&bench->bare, bench->count, bench->size);
	bench->store = open_store();
	for (size_t i = 0; i < bench->count; i++) {
		struct ckpt_hash128 key = make_key(i);

		memcpy(value_buffer, &key, 16);
		put_bare(&bench->bare, key, value_buffer, bench->size);
		if (has_files)
			put_file(key, value_buffer, bench->size);
		if (ckpt_store_put(bench->store, key, &info, &part, 1))
			fprintf(stderr, "a value was not stored\n");
	}
}

static void bench_hits(size_t count, size_t size, size_t hits)
{
	struct bench bench = {.count = count, .size = size};
	double times[BACKENDS][ROUNDS];
	double t[BACKENDS];

	fill(&bench, true);
	for (int b = 0; b < BACKENDS; b++)
		(void)time_hits(&bench, b, hits < 3000 ? hits : 3000);
	for (int round = 0; round < ROUNDS; round++)
		for (int b = 0; b < BACKENDS; b++)
			times[b][round] = time_hits(&bench, b, hits);
	for (int b = 0; b < BACKENDS; b++)
		t[b] = median(times[b], ROUNDS);
	printf("%8zu %9zu %11.0f %11.0f %11.0f %11.0f   %5.2f %6.2f\n", count,
	       size, t[0], t[1], t[2], t[3], t[2] / t[0], t[2] / t[1]);
	fflush(stdout);
	ckpt_store_close(bench.store);
	munmap(bench.bare.wide,
	       (bench.bare.mask + 1) * sizeof(struct wide_slot));
	munmap(bench.bare.dense, (bench.bare.mask + 1) * 8);
	munmap(bench.bare.segment, count * (size + 48) + 4096);
	remove_all();
}

static void bench_miss(size_t count)
{
	struct bench bench = {.count = count, .size = 256};
	double limit[ROUNDS], ours[ROUNDS];
	enum { MISSES = 200000 };

	fill(&bench, false);
	for (int round = 0; round < ROUNDS; round++) {
		double start = read_ns();
		struct ckpt_entry entry;

		for (uint64_t i = 0; i < MISSES; i++)
			(void)get_dense(&bench.bare, make_key(~i));
		limit[round] = (read_ns() - start) / MISSES;
		start = read_ns();
		for (uint64_t i = 0; i < MISSES; i++)
			(void)!ckpt_store_get(bench.store, make_key(~i), 0,
					      &entry);
		ours[round] = (read_ns() - start) / MISSES;
	}
	printf("miss at %zu entries: dense %.0f ns, ckpt %.0f ns (hashing the "
	       "key included)\n",
	       count, median(limit, ROUNDS), median(ours, ROUNDS));
	ckpt_store_close(bench.store);
	remove_all();
}

static void bench_put(size_t size, int count)
{
	struct ckpt_entry_info info = {.function = "f", .object = "libx.so"};
	struct iovec part = {.iov_base = value_buffer, .iov_len = size};
	struct ckpt_store *store = open_store();
	double limit[ROUNDS], ours[ROUNDS];
	char path[128];
	uint64_t number = 0;
	int fd;

	snprintf(path, sizeof(path), "%s/log", top);
	fd = open(path, O_CREAT | O_RDWR, 0600);
	for (int round = 0; round < ROUNDS; round++) {
		double start = read_ns();

		for (int i = 0; i < count; i++) {
			uint64_t sum = ckpt_hash64(value_buffer, size);

			value_buffer[0] = (uint8_t)sum;
			if (pwrite(fd, value_buffer, size,
				   (off_t)(number + (uint64_t)i) *
					   (off_t)size) < 0)
				perror("pwrite");
		}
		limit[round] = (read_ns() - start) / count;
		start = read_ns();
		for (int i = 0; i < count; i++)
			if (ckpt_store_put(store, make_key(number++), &info,
					   &part, 1))
				fprintf(stderr, "a value was not stored\n");
		ours[round] = (read_ns() - start) / count;
	}
	limit[0] = median(limit, ROUNDS);
	ours[0] = median(ours, ROUNDS);
	printf("put %9zu bytes: checksum + pwrite %8.0f ns, ckpt %8.0f ns, "
	       "%.2f\n",
	       size, limit[0], ours[0], ours[0] / limit[0]);
	close(fd);
	ckpt_store_close(store);
	remove_all();
}

/* In a fresh process: open and n hits. */
static void bench_open(int hits)
{
	double times[51];
	struct bench bench = {.count = 100000, .size = 256};
	int pipes[2];

	fill(&bench, false);
	if (pipe(pipes))
		return;
	for (int i = 0; i < 51; i++) {
		if (!fork()) {
			double start = read_ns();
			struct ckpt_store *store = open_store();
			uint64_t word;

			for (int n = 0; n < hits; n++)
				(void)get_store(store,
						make_key((uint64_t)(i + n * 7) %
							 bench.count),
						&word);
			start = read_ns() - start;
			_exit(write(pipes[1], &start, sizeof(start)) < 0);
		}
		if (read(pipes[0], &times[i], sizeof(times[i])) < 0)
			return;
		wait(NULL);
	}
	printf("open and %3d hits in a new process: %.1f us\n", hits,
	       median(times, 51) / 1e3);
	ckpt_store_close(bench.store);
	remove_all();
}

struct worker {
	struct ckpt_store *store;
	uint64_t first;
	double seconds;
	uint64_t done;
};

/* One put in ten, for a while. */
static void *work(void *argument)
{
	struct ckpt_entry_info info = {.function = "f", .object = "libx.so"};
	struct worker *worker = argument;
	uint8_t value[256] = {1};
	struct iovec part = {.iov_base = value, .iov_len = sizeof(value)};
	double end = read_ns() + worker->seconds * 1e9;
	uint64_t number = worker->first;
	uint64_t word;

	while (read_ns() < end) {
		for (int i = 0; i < 100; i++) {
			if (i % 10 == 0)
				(void)!ckpt_store_put(worker->store,
						      make_key(number++), &info,
						      &part, 1);
			else
				(void)get_store(worker->store,
						make_key(number * 7919 % 10000),
						&word);
		}
		worker->done += 100;
	}
	return NULL;
}

static uint64_t work_in_process(int threads, uint64_t first)
{
	struct worker workers[4];
	pthread_t ids[4];
	struct ckpt_store *store = open_store();
	uint64_t done = 0;

	for (int i = 0; i < threads; i++) {
		workers[i] = (struct worker){
			store, first + (uint64_t)i * 10000000, 0.4, 0};
		pthread_create(&ids[i], NULL, work, &workers[i]);
	}
	for (int i = 0; i < threads; i++) {
		pthread_join(ids[i], NULL);
		done += workers[i].done;
	}
	ckpt_store_close(store);
	return done;
}

static double count_operations(int processes, int threads, int round)
{
	int pipes[2];
	double total = 0;

	if (pipe(pipes))
		return 0;
	for (int p = 0; p < processes; p++) {
		if (!fork()) {
			uint64_t done = work_in_process(
				threads,
				20000 + 100000000ULL *
						(uint64_t)(p + round * 8));

			_exit(write(pipes[1], &done, sizeof(done)) < 0);
		}
	}
	for (int p = 0; p < processes; p++) {
		uint64_t done = 0;

		if (read(pipes[0], &done, sizeof(done)) < 0)
			return 0;
		total += (double)done;
		wait(NULL);
	}
	close(pipes[0]);
	close(pipes[1]);
	return total / 0.4;
}

static void bench_threads(void)
{
	struct bench bench = {.count = 10000, .size = 256};
	double one[5], four[5];

	fill(&bench, false);
	for (int round = 0; round < 5; round++) {
		one[round] = count_operations(1, 1, 2 * round);
		four[round] = count_operations(2, 2, 2 * round + 1);
	}
	printf("10%% puts of 256 bytes: 1 thread %.2f M/s, 4 threads in 2 "
	       "processes %.2f M/s\n",
	       median(one, 5) / 1e6, median(four, 5) / 1e6);
	ckpt_store_close(bench.store);
	remove_all();
}

int main(void)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(top, sizeof(top), "%s/ckpt-bench-XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(top))
		return EXIT_FAILURE;
	ckpt_hash_init();
	value_buffer = calloc(1, MAX_VALUE);
	copy_buffer = calloc(1, MAX_VALUE);
	puts("nanoseconds a hit; ratios of ckpt to limit and to dense\n"
	     " entries     bytes       limit       dense        ckpt        "
	     "file   limit  dense");
	bench_hits(1000, 16, 100000);
	bench_hits(1000, 256, 100000);
	bench_hits(1000, 4096, 50000);
	bench_hits(1000, 65000, 5000);
	bench_hits(100, 1 << 20, 300);
	bench_hits(3, MAX_VALUE, 5);
	bench_hits(100000, 16, 100000);
	bench_hits(100000, 256, 100000);
	bench_hits(100000, 4096, 50000);
	bench_miss(100000);
	bench_put(256, 20000);
	bench_put(4096, 5000);
	bench_put(65000, 500);
	bench_put(1 << 20, 50);
	bench_open(1);
	bench_open(100);
	bench_threads();
	remove_all();
	return rmdir(top) ? EXIT_FAILURE : EXIT_SUCCESS;
}
