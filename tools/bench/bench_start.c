/* SPDX-License-Identifier: MIT */
/*
 * What the library adds to the start of a process that has a plan: the wall
 * time from spawning a small program to its end, beside the same program with
 * an empty library preloaded. Medians over runs of all modes in turn, since
 * the machine's mood changes.
 *
 * usage: bench_start [RUNS [PROGRAM]]; makes its files in a directory of its
 * own below TMPDIR. The program is not asked to call anything.
 */
#include <errno.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { RUNS = 400, RUNS_MAX = 20000, TEXT_MAX = 512 };

/* The program with many libraries and the functions in one of them. */
enum { FILLERS = 58, FUNCTIONS = 10 };

enum mode {
	PLAIN,
	EMPTY,
	NO_CONFIG,
	NOTHING_TO_DO,
	ONE_FUNCTION,
	MANY_EMPTY,
	MANY_FUNCTIONS,
	MODE_COUNT
};

static const struct {
	const char *name;
	const char *library; /* NULL: none; "": ours */
	const char *config;  /* NULL: none */
	bool is_many;	     /* the program with many libraries */
} modes[MODE_COUNT] = {
	[PLAIN] = {"plain", NULL, NULL},
	[EMPTY] = {"empty library", "empty.so", NULL},
	[NO_CONFIG] = {"ckpt, no config", "", NULL},
	[NOTHING_TO_DO] = {"ckpt, plan without functions", "",
			   "functions = [\"no_such_function\"]\n"},
	[ONE_FUNCTION] = {"ckpt, plan with one function", "",
			  "[[function]]\nname = \"strtol\"\n"
			  "signature = \"long strtol(const char *s, char **end,"
			  " int base)\"\n"
			  "[function.memory]\n\"s\" = \"string\"\n"
			  "\"end\" = \"ignore\"\n"},
	[MANY_EMPTY] = {"60 libraries, empty library", "empty.so", NULL, true},
	[MANY_FUNCTIONS] = {"60 libraries, ten functions", "",
			    "functions = [\"many_?\"]\n", true},
};

struct bench {
	char directory[TEXT_MAX];
	char library[TEXT_MAX];
	char many[TEXT_MAX + 32];
	const char *program;
	double *times[MODE_COUNT]; /* microseconds */
	int runs;
};

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static double now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static void put_config(const struct bench *bench, enum mode mode)
{
	char path[TEXT_MAX + 32];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%d", bench->directory, mode);
	if (mkdir(path, 0700) && errno != EEXIST)
		die(path);
	if (!modes[mode].config)
		return;
	snprintf(path, sizeof(path), "%s/%d/ckpt.toml", bench->directory, mode);
	file = fopen(path, "w");
	if (!file || fputs(modes[mode].config, file) < 0 || fclose(file))
		die(path);
}

/* For the mode's process: its directory and what is preloaded. */
static void enter_mode(const struct bench *bench, enum mode mode)
{
	char path[2 * TEXT_MAX];

	snprintf(path, sizeof(path), "%s/%d", bench->directory, mode);
	if (chdir(path))
		die(path);
	if (!modes[mode].library) {
		unsetenv("LD_PRELOAD");
		return;
	}
	snprintf(path, sizeof(path), "%s/%s", bench->directory,
		 modes[mode].library);
	setenv("LD_PRELOAD", modes[mode].library[0] ? path : bench->library, 1);
}

static double run_once(const struct bench *bench, enum mode mode)
{
	const char *program =
		modes[mode].is_many ? bench->many : bench->program;
	char *arguments[] = {(char *)program, NULL};
	double start = now_us();
	int status;
	pid_t pid;

	if (posix_spawn(&pid, program, NULL, NULL, arguments, environ))
		die(program);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			die("waitpid");
	if (!WIFEXITED(status) || WEXITSTATUS(status)) {
		fprintf(stderr, "%s fails\n", program);
		exit(1);
	}
	return now_us() - start;
}

/* Libraries that use libc as most do, one with the functions, and a program
 * that needs all of them. */
static void make_many(struct bench *bench)
{
	static const char script[] =
		"cd '%s' && mkdir lib && {\n"
		"echo '#include <stdio.h>\n#include <stdlib.h>\n"
		"#include <string.h>\nvoid *use(char *p) { printf(p); "
		"strcpy(p, strchr(p, 1)); puts(p); free(p); "
		"return malloc(atoi(p)); }' |\n"
		"cc -w -O1 -fPIC -shared -xc - -o lib/0.so\n"
		"for i in $(seq %d); do cp lib/0.so lib/$i.so; done\n"
		"for i in $(seq 0 %d); do echo \"int many_$i(int x) "
		"{ return x * $i + x %% 7; }\"; done |\n"
		"cc -g -O1 -fPIC -shared -xc - -o lib/functions.so\n"
		"{ echo 'int main(int n, char **v) { int s = 0; if (n > 1) {'\n"
		"for i in $(seq 0 %d); do echo \"s += many_$i(n);\"; done\n"
		"echo '} return s; }'; } |\n"
		"cc -w -O1 -Wl,--no-as-needed -xc - -xnone \"$PWD\"/lib/*.so "
		"-o many; }";
	char command[sizeof(script) + TEXT_MAX];

	snprintf(command, sizeof(command), script, bench->directory, FILLERS,
		 FUNCTIONS - 1, FUNCTIONS - 1);
	if (system(command))
		die("cc");
	snprintf(bench->many, sizeof(bench->many), "%s/many", bench->directory);
}

static void prepare(struct bench *bench)
{
	const char *parent = getenv("TMPDIR");
	char command[2 * TEXT_MAX];

	snprintf(bench->directory, sizeof(bench->directory),
		 "%s/ckpt-bench.XXXXXX", parent ? parent : "/tmp");
	if (!mkdtemp(bench->directory))
		die(bench->directory);
	if (!realpath("build/libckpt.so", bench->library))
		die("build/libckpt.so");
	snprintf(command, sizeof(command),
		 "echo | cc -shared -fPIC -x c - -o %s/empty.so",
		 bench->directory);
	if (system(command))
		die("cc");
	make_many(bench);
	for (int mode = 0; mode < MODE_COUNT; mode++) {
		bench->times[mode] =
			calloc((size_t)bench->runs, sizeof(double));
		if (!bench->times[mode])
			die("calloc");
		put_config(bench, mode);
	}
}

static void clean_up(struct bench *bench)
{
	char command[2 * TEXT_MAX];

	unsetenv("LD_PRELOAD");
	if (chdir("/"))
		die("/");
	snprintf(command, sizeof(command), "rm -rf '%s'", bench->directory);
	if (system(command))
		die("rm");
	for (int mode = 0; mode < MODE_COUNT; mode++)
		free(bench->times[mode]);
}

static int compare_times(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void report(struct bench *bench, const double *first)
{
	double empty = 0;

	printf("start and end of %s, medians of %d runs\n", bench->program,
	       bench->runs);
	for (int mode = 0; mode < MODE_COUNT; mode++) {
		double *times = bench->times[mode], median;

		qsort(times, (size_t)bench->runs, sizeof(*times),
		      compare_times);
		median = times[bench->runs / 2];
		if (mode == EMPTY || mode == MANY_EMPTY)
			empty = median;
		printf("  %-30s %8.0f us", modes[mode].name, median);
		if (mode > EMPTY && mode != MANY_EMPTY)
			printf("  %+6.0f us over empty", median - empty);
		if (modes[mode].config)
			printf("  (first run %.1f ms)", first[mode] / 1e3);
		putchar('\n');
	}
}

int main(int argc, char **argv)
{
	struct bench bench = {.program = argc > 2 ? argv[2] : "/bin/true",
			      .runs = argc > 1 ? atoi(argv[1]) : RUNS};
	double first[MODE_COUNT];

	if (bench.runs < 1 || bench.runs > RUNS_MAX)
		bench.runs = RUNS;
	prepare(&bench);
	for (int mode = 0; mode < MODE_COUNT; mode++) {
		enter_mode(&bench, mode);
		first[mode] = run_once(&bench, mode);
	}
	for (int i = 0; i < bench.runs; i++)
		for (int mode = 0; mode < MODE_COUNT; mode++) {
			enter_mode(&bench, mode);
			bench.times[mode][i] = run_once(&bench, mode);
		}
	report(&bench, first);
	clean_up(&bench);
	return 0;
}
