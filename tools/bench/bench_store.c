/* SPDX-License-Identifier: MIT */
/*
 * The store beside the limits of the machine and beside stores that people
 * know, in one run; how each value is kept, see backend.h. A hit finds the key
 * and copies the value into warm memory, and each key depends on the value
 * before. ckpt and the limits take turns in bursts of a millisecond; a time is
 * the median of its bursts, a ratio the median of the ratios of bursts side by
 * side, so that a busy machine disturbs both alike.
 *
 * usage: bench_store [--large]   with --large also ten million entries, which
 * take 8 GB in TMPDIR
 */
#include "tools/bench/backend.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS = 31, BACKENDS_MAX = 7, BURST_NS = 1000000, WARM_UP = 3000 };

static char top[64];
static uint8_t *value; /* what is put */
static int row_count;

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

static int compare_doubles(const void *left, const void *right)
{
	const double *a = left, *b = right;

	return (*a > *b) - (*a < *b);
}

static double median(const double *values, int count)
{
	double sorted[64];

	memcpy(sorted, values, (size_t)count * sizeof(*sorted));
	qsort(sorted, (size_t)count, sizeof(*sorted), compare_doubles);
	return sorted[count / 2];
}

static double median_ratio(const double *ours, const double *others, int count)
{
	double ratios[64];

	for (int i = 0; i < count; i++)
		ratios[i] = ours[i] / others[i];
	return median(ratios, count);
}

/* ---- printing ---- */

/* Three digits and a unit, in eight columns. */
static void print_time(double ns)
{
	static const char *const units[] = {"ns", "us", "ms", "s"};
	int unit = 0;

	for (; ns >= 999.5 && unit < 3; unit++)
		ns /= 1000;
	printf(" %4.*f %-2s", ns < 9.995 && unit ? 2 : ns < 99.95 && unit, ns,
	       units[unit]);
}

static void print_verdict(double ratio, const char *of, double target)
{
	printf("  %5.2f x %-5s", ratio, of);
	if (target > 0)
		printf(" <= %-4.3g %s", target,
		       ratio <= target ? "met" : "MISSED");
}

static void print_head(const char *title, const struct bench_backend *const *b)
{
	printf("\n%s\n entries    bytes", title);
	for (; *b; b++)
		printf(" %7s", (*b)->name);
	printf("  ckpt is         wanted\n");
	fflush(stdout);
}

/* ---- rows ---- */

/* One line of a table. */
struct row {
	const struct bench_backend *const *backends; /* NULL-terminated */
	size_t count;
	size_t size;
	int base;      /* the backend that ckpt is compared with */
	int ours;      /* which of them is ckpt */
	double target; /* times the base; 0: none is set */
};

struct run {
	const struct row *row;
	void *states[BACKENDS_MAX];
	double times[BACKENDS_MAX][ROUNDS];
	uint64_t next; /* fresh keys for puts, other keys for each burst */
	char directory[80];
};

static void remove_all(const char *directory)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s/*", directory);
	if (system(command))
		exit(EXIT_FAILURE);
}

static void open_all(struct run *run, const struct row *row)
{
	run->row = row;
	run->next = 0;
	snprintf(run->directory, sizeof(run->directory), "%s/%d", top,
		 row_count++);
	mkdir(run->directory, 0700);
	bench_spread(run->directory);
	for (int b = 0; row->backends[b]; b++) {
		char path[128];
		struct bench_load load = {path, row->count, row->size};

		(void)snprintf(path, sizeof(path), "%s/%s", run->directory,
			       row->backends[b]->name);
		mkdir(path, 0700);
		run->states[b] = row->backends[b]->open(&load);
	}
}

static void close_all(struct run *run)
{
	for (int b = 0; run->row->backends[b]; b++)
		if (run->states[b])
			run->row->backends[b]->close(run->states[b]);
}

static void fail(const struct bench_backend *backend, const char *what)
{
	fprintf(stderr, "%s: %s\n", backend->name, what);
	exit(EXIT_FAILURE);
}

/* Nanoseconds a hit, each key chosen by the value before. */
static double time_hits(struct run *run, int b, size_t hits)
{
	static const uint64_t prime = 0x9e3779b97f4a7c15U;
	const struct row *row = run->row;
	uint64_t word = 1, state = 88172645463325252U + prime * run->next++;
	double start = read_ns();

	for (size_t i = 0; i < hits; i++) {
		state = (state ^ word) * prime + i;
		if (row->backends[b]->get(run->states[b],
					  make_key((state >> 20) % row->count),
					  &word) != row->size)
			fail(row->backends[b], "a value is missing");
	}
	return (read_ns() - start) / (double)hits;
}

static double time_puts(struct run *run, int b, size_t puts)
{
	const struct row *row = run->row;
	double start = read_ns();

	for (size_t i = 0; i < puts; i++)
		if (!row->backends[b]->put(run->states[b],
					   make_key(run->next++), value,
					   row->size))
			fail(row->backends[b], "a value was not stored");
	return (read_ns() - start) / (double)puts;
}

static void fill_all(struct run *run)
{
	const struct row *row = run->row;

	for (uint64_t i = 0; i < row->count; i++) {
		struct ckpt_hash128 key = make_key(i);

		memcpy(value, &key, sizeof(key));
		for (int b = 0; row->backends[b]; b++)
			if (run->states[b] &&
			    !row->backends[b]->put(run->states[b], key, value,
						   row->size))
				fail(row->backends[b],
				     "a value was not stored");
	}
}

static void measure_round(struct run *run,
			  double (*burst)(struct run *, int, size_t), int b,
			  int round, size_t count)
{
	/* What the others have driven out of the caches. */
	if (run->row->count < WARM_UP)
		(void)burst(run, b, count);
	run->times[b][round] = burst(run, b, count);
}

static void measure(struct run *run, double (*burst)(struct run *, int, size_t),
		    size_t warm_up, size_t most)
{
	size_t counts[BACKENDS_MAX];

	for (int b = 0; run->row->backends[b]; b++) {
		if (!run->states[b])
			continue;
		counts[b] = (size_t)(BURST_NS / burst(run, b, warm_up)) + 1;
		if (counts[b] > most)
			counts[b] = most;
	}
	/* Those that are compared side by side; then each of the others. */
	for (int round = 0; round < ROUNDS; round++)
		for (int b = 0; b <= run->row->ours; b++)
			measure_round(run, burst, b, round, counts[b]);
	for (int b = run->row->ours + 1; run->row->backends[b]; b++)
		for (int round = 0; run->states[b] && round < ROUNDS; round++)
			measure_round(run, burst, b, round, counts[b]);
}

static void print_row(const struct run *run)
{
	const struct row *row = run->row;

	printf("%8zu %8zu", row->count, row->size);
	for (int b = 0; row->backends[b]; b++)
		if (run->states[b])
			print_time(median(run->times[b], ROUNDS));
		else
			printf(" %7s", "-");
	print_verdict(median_ratio(run->times[row->ours], run->times[row->base],
				   ROUNDS),
		      row->backends[row->base]->name, row->target);
	printf("\n");
	fflush(stdout);
}

/* The median time of a hit of ckpt. */
static double bench_hits(const struct row *row)
{
	struct run run;

	open_all(&run, row);
	fill_all(&run);
	measure(&run, time_hits, row->size < 1 << 20 ? WARM_UP : 3, 200000);
	print_row(&run);
	close_all(&run);
	remove_all(run.directory);
	return median(run.times[row->ours], ROUNDS);
}

/* Nothing is removed meanwhile (bench_spread). */
static void bench_puts(const struct row *row)
{
	struct run run;

	open_all(&run, row);
	measure(&run, time_puts, row->size < 1 << 20 ? 100 : 3,
		row->size < 1 << 20 ? 2000 : 20);
	print_row(&run);
	close_all(&run);
}

/* ---- what is not a row ---- */

static void bench_miss(void)
{
	static const struct bench_backend *const backends[] = {
		&bench_dense, &bench_ckpt, NULL};
	static const struct row row = {
		.backends = backends, .count = 100000, .size = 256};
	enum { MISSES = 100000 };
	struct run run;
	double ns;

	open_all(&run, &row);
	fill_all(&run);
	for (int round = 0; round < ROUNDS; round++)
		for (int b = 0; backends[b]; b++) {
			double start = read_ns();
			uint64_t word;

			for (uint64_t i = 0; i < MISSES; i++)
				if (backends[b]->get(run.states[b],
						     make_key(~i), &word))
					fail(backends[b], "a wrong value");
			run.times[b][round] = (read_ns() - start) / MISSES;
		}
	ns = median(run.times[1], ROUNDS);
	printf("\nmiss at 100000 entries, hashing the key included: dense %.0f "
	       "ns, ckpt %.0f ns (<= 60 %s)\n",
	       median(run.times[0], ROUNDS), ns, ns <= 60 ? "met" : "MISSED");
	close_all(&run);
	remove_all(run.directory);
}

/* In a new process, this program again: open and hits. */
static int open_and_hit(const char *directory, int hits)
{
	double start = read_ns();
	struct ckpt_store *store = bench_open_store(directory);
	uint64_t word, key = (uint64_t)getpid() * 7919;

	for (int i = 0; i < hits; i++, key += 104729)
		if (!bench_ckpt.get(store, make_key(key % 100000), &word))
			return EXIT_FAILURE;
	printf("%f\n", read_ns() - start);
	return EXIT_SUCCESS;
}

static double time_opening(const char *directory, int hits)
{
	enum { RUNS = 51 };
	double times[RUNS];
	char command[160];

	snprintf(command, sizeof(command), "/proc/%d/exe --open %s/ckpt %d",
		 (int)getpid(), directory, hits);
	for (int i = 0; i < RUNS; i++) {
		FILE *child = popen(command, "r");

		if (!child || fscanf(child, "%lf", &times[i]) != 1)
			fail(&bench_ckpt, "a new process did not answer");
		pclose(child);
	}
	return median(times, RUNS);
}

static void bench_open(void)
{
	static const struct bench_backend *const backends[] = {&bench_ckpt,
							       NULL};
	static const struct row row = {
		.backends = backends, .count = 100000, .size = 256};
	struct run run;
	double one, hundred;

	open_all(&run, &row);
	fill_all(&run);
	one = time_opening(run.directory, 1) / 1e3;
	hundred = time_opening(run.directory, 100) / 1e3;
	printf("in a new process, 100000 entries: open and first hit %.1f us "
	       "(<= 50 %s), each of the next 99 %.2f us\n",
	       one, one <= 50 ? "met" : "MISSED", (hundred - one) / 99);
	close_all(&run);
	remove_all(run.directory);
}

enum { WORK_NS = 400000000, WORK_ENTRIES = 10000 };

struct worker {
	struct ckpt_store *store;
	uint64_t first;
	uint64_t done;
};

/* One put in ten, for a while. */
static void *work(void *argument)
{
	struct worker *worker = argument;
	uint8_t bytes[256] = {1};
	double end = read_ns() + WORK_NS;
	uint64_t number = worker->first, word;

	while (read_ns() < end) {
		for (int i = 0; i < 100; i++)
			if (i % 10 == 0)
				bench_ckpt.put(worker->store,
					       make_key(number++), bytes,
					       sizeof(bytes));
			else
				bench_ckpt.get(
					worker->store,
					make_key(number * 7919 % WORK_ENTRIES),
					&word);
		worker->done += 100;
	}
	return NULL;
}

static uint64_t work_in_process(const char *directory, int threads,
				uint64_t first)
{
	struct ckpt_store *store = bench_open_store(directory);
	struct worker workers[2];
	pthread_t ids[2];
	uint64_t done = 0;

	for (int i = 0; i < threads; i++) {
		workers[i] = (struct worker){store,
					     first + (uint64_t)i * 10000000, 0};
		pthread_create(&ids[i], NULL, work, &workers[i]);
	}
	for (int i = 0; i < threads; i++) {
		pthread_join(ids[i], NULL);
		done += workers[i].done;
	}
	return done;
}

/* Operations a second. */
static double count_operations(const char *directory, int processes,
			       int threads, int round)
{
	double total = 0;
	int pipes[2];

	if (pipe(pipes))
		return 0;
	for (int p = 0; p < processes; p++) {
		if (!fork()) {
			uint64_t done = work_in_process(
				directory, threads,
				100000000ULL * (uint64_t)(1 + p + round * 8));

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
	return total / (WORK_NS / 1e9);
}

static void bench_threads(void)
{
	static const struct bench_backend *const backends[] = {&bench_ckpt,
							       NULL};
	static const struct row row = {
		.backends = backends, .count = WORK_ENTRIES, .size = 256};
	enum { TIMES = 5 };
	double one[TIMES], four[TIMES], ratio;
	struct run run;
	char path[128];

	open_all(&run, &row);
	snprintf(path, sizeof(path), "%s/ckpt", run.directory);
	fill_all(&run);
	for (int i = 0; i < TIMES; i++) {
		one[i] = count_operations(path, 1, 1, 2 * i);
		four[i] = count_operations(path, 2, 2, 2 * i + 1);
	}
	ratio = median_ratio(four, one, TIMES);
	printf("256 bytes, a put in ten: 1 thread %.2f M/s, 4 threads in 2 "
	       "processes %.2f M/s, %.2f x (>= 0.85 %s)\n",
	       median(one, TIMES) / 1e6, median(four, TIMES) / 1e6, ratio,
	       ratio >= 0.85 ? "met" : "MISSED");
	close_all(&run);
	remove_all(run.directory);
}

/* In its own language: a call with an integer, the result 16 bytes. */
static void bench_joblib(void)
{
	static const char script[] =
		"P=python3; $P -c 'import joblib' 2>/dev/null || "
		"P=/usr/bin/python3; $P -c 'import sys, time, joblib\n"
		"m = joblib.Memory(sys.argv[1], verbose=0)\n"
		"def f(x): return b\"x\" * 16\n"
		"g = m.cache(f); g(1)\n"
		"n = 2000; t = time.perf_counter()\n"
		"for i in range(n): g(1)\n"
		"print(\"joblib.Memory, hit of 16 bytes: %%.1f us\" %% "
		"((time.perf_counter() - t) / n * 1e6))' %s/joblib "
		"2>/dev/null || echo 'joblib.Memory: python3-joblib is not "
		"installed'";
	char command[1024];

	snprintf(command, sizeof(command), script, top);
	fflush(stdout);
	if (system(command))
		puts("joblib.Memory: not measured");
}

/* ---- the tables ---- */

static void bench_all_puts(void)
{
	static const struct bench_backend *const backends[] = {
		&bench_log,    &bench_ckpt,  &bench_file, &bench_lmdb,
		&bench_sqlite, &bench_redis, NULL};
	static const struct row rows[] = {
		{backends, 40000, 256, 0, 1, 1.6},
		{backends, 20000, 4096, 0, 1, 0},
		{backends, 4000, 65000, 0, 1, 1.3},
		{backends, 1000, 1 << 20, 0, 1, 1.3},
	};
	bench_touch_memory();
	print_head("put of a new key, not durable\n"
		   "log: checksum and pwrite to one file; file: a new one each",
		   backends);
	for (int i = 0; i < 4; i++)
		bench_puts(&rows[i]);
	remove_all(top);
}

static void bench_all_hits(bool has_large)
{
	static const struct bench_backend *const backends[] = {
		&bench_limit, &bench_dense,  &bench_ckpt,  &bench_file,
		&bench_lmdb,  &bench_sqlite, &bench_redis, NULL};
	static const struct bench_backend *const bare[] = {
		&bench_limit, &bench_dense, &bench_ckpt, NULL};
	static const struct row rows[] = {
		{backends, 1000, 16, 0, 2, 2},
		{backends, 1000, 256, 0, 2, 2},
		{backends, 1000, 4096, 0, 2, 1.7},
		{backends, 1000, 65000, 0, 2, 1.3},
		{backends, 100, 1 << 20, 0, 2, 1.3},
		{backends, 3, BENCH_VALUE_MAX, 0, 2, 1.2},
		{backends, 100000, 16, 1, 2, 1.2},
		{bare, 100000, 4096, 1, 2, 1.2},
		{backends, 100000, 256, 1, 2, 1.2},
	};
	static const struct row large = {bare, 10000000, 256, 1, 2, 1.2};
	double few = 0, many;

	print_head("hit, page cache warm\n"
		   "limit: mapped table and copy, not verified; dense: slots "
		   "of 8 bytes, verified",
		   backends);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		few = bench_hits(&rows[i]);
	if (!has_large)
		return;
	many = bench_hits(&large);
	printf("ten million entries beside a hundred thousand: %.2f x (<= 1.5 "
	       "%s)\n",
	       many / few, many <= 1.5 * few ? "met" : "MISSED");
}

int main(int argc, char **argv)
{
	const char *tmp = getenv("TMPDIR");

	ckpt_hash_init();
	if (argc == 4 && !strcmp(argv[1], "--open"))
		return open_and_hit(argv[2], atoi(argv[3]));
	snprintf(top, sizeof(top), "%.40s/ckpt-bench-XXXXXX",
		 tmp ? tmp : "/tmp");
	if (!mkdtemp(top)) {
		perror(top);
		return EXIT_FAILURE;
	}
	bench_spread(top);
	value = calloc(1, BENCH_VALUE_MAX);
	bench_copy = calloc(1, BENCH_VALUE_MAX + BENCH_SPARE);
	bench_all_puts();
	bench_all_hits(argc > 1 && !strcmp(argv[1], "--large"));
	bench_joblib();
	bench_miss();
	bench_open();
	bench_threads();
	remove_all(top);
	return rmdir(top) ? EXIT_FAILURE : EXIT_SUCCESS;
}
