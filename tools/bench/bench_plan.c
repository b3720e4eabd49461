/* SPDX-License-Identifier: MIT */
/*
 * What it costs to find out what a function depends on: for large libraries,
 * and one made for this that has a closure of 10,000 functions. Milliseconds
 * until the first answer, from opening the files on, and the least of RUNS more
 * that begin from nothing as well: what each later plan pays.
 *
 * usage: bench_plan [RUNS]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "shim/planner/code/codehash.h"

enum { RUNS = 5, RUNS_MAX = 1000, FUNCTIONS = 10000, LIMIT_MS = 2000 };

#define LIB "/usr/lib/x86_64-linux-gnu/"

struct subject {
	const char *library, *other, *function;
	bool is_whole;
};

static const struct subject subjects[] = {
	{LIB "libcrypto.so.3", NULL, "PKCS5_PBKDF2_HMAC", true},
	{LIB "libgsl.so.27", LIB "libgslcblas.so.0", "gsl_linalg_SV_decomp",
	 true},
	{LIB "lapack/liblapack.so.3", LIB "blas/libblas.so.3", "dgesv_", false},
	{LIB "openblas-pthread/libopenblas.so.0", NULL, "dgesv_", true},
	{"made.so", NULL, "f0", false},
};

struct figures {
	double ms;
	size_t functions, bytes;
	bool has_failed;
};

static double now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static struct ckpt_scope *open_scope(const struct subject *subject)
{
	const char *const files[] = {subject->library, subject->other,
				     LIB "libm.so.6", LIB "libc.so.6"};
	struct ckpt_scope *scope = NULL;
	char text[4096], path[1024];
	size_t used = 0;

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct stat st;

		if (!files[i] || !realpath(files[i], path) || stat(path, &st))
			continue;
		used += (size_t)snprintf(text + used, sizeof(text) - used,
					 "%lx %lx g %s\n",
					 (unsigned long)st.st_dev,
					 (unsigned long)st.st_ino, path);
	}
	return ckpt_scope_parse(text, NULL, &scope, NULL) ? NULL : scope;
}

static void count(const struct ckpt_closure *closure, struct figures *figures)
{
	for (size_t i = 0; i < closure->item_count; i++) {
		figures->functions +=
			closure->items[i].kind == CKPT_CLOSURE_CODE;
		figures->bytes += closure->items[i].size;
	}
}

/* All a planner does about the code of one function. */
static struct figures plan(const struct subject *subject)
{
	struct ckpt_function_config config = {.is_indirect_object =
						      subject->is_whole};
	struct figures figures = {.has_failed = true};
	double start = now_ms();
	struct ckpt_scope *scope = open_scope(subject);
	const struct ckpt_image *image =
		scope ? ckpt_scope_image(scope, 0, NULL) : NULL;
	const struct ckpt_symbol *symbol =
		image ? ckpt_image_find_export(image, subject->function, NULL)
		      : NULL;
	struct ckpt_closure closure;

	if (symbol && !ckpt_closure_compute(scope, 0, symbol->vaddr, &config,
					    false, &closure, NULL)) {
		figures.ms = now_ms() - start;
		figures.has_failed = closure.refusal != NULL;
		count(&closure, &figures);
		ckpt_closure_deinit(&closure);
	}
	ckpt_scope_destroy(scope);
	return figures;
}

static void measure(const struct subject *subject, int runs)
{
	struct figures first, next = {.has_failed = true};
	double least = 1e9;
	const char *name = strrchr(subject->library, '/');

	name = name ? name + 1 : subject->library;
	if (access(subject->library, R_OK)) {
		printf("%-18s not installed\n", name);
		return;
	}
	first = plan(subject);
	for (int i = 0; i < runs; i++) {
		next = plan(subject);
		if (next.ms < least)
			least = next.ms;
	}
	if (next.has_failed)
		printf("%-18s %s: refused\n", name, subject->function);
	else
		printf("%-18s %-22s %9zu %9zu %10.1f %10.1f\n", name,
		       subject->function, next.functions, next.bytes, first.ms,
		       least);
	if (!strcmp(subject->library, "made.so") &&
	    (next.has_failed || first.ms > LIMIT_MS)) {
		printf("over the limit of %d ms\n", LIMIT_MS);
		exit(1);
	}
}

/* Each function calls two others and has a constant, a string and a table. In
 * assembly: a compiler would take longer than all the rest. */
static void make_library(void)
{
	FILE *file = fopen("made.s", "w");

	if (!file)
		exit(1);
	for (int i = 0; i < FUNCTIONS; i++)
		fprintf(file,
			".text\n.globl f%d\n.type f%d, @function\nf%d:\n"
			".cfi_startproc\npush %%rbx\n.cfi_def_cfa_offset 16\n"
			"mov %%edi, %%ebx\nlea t%d(%%rip), %%rdx\n"
			"movslq %%edi, %%rax\nmov (%%rdx,%%rax,4), %%edi\n"
			"call f%d@plt\nlea -1(%%rbx), %%edi\ncall f%d@plt\n"
			"addsd c%d(%%rip), %%xmm0\nlea .Ls%d(%%rip), %%rdi\n"
			"pop %%rbx\nret\n.cfi_endproc\n.size f%d, .-f%d\n"
			".section .rodata\n.type t%d, @object\n.size t%d, 16\n"
			"t%d: .long %d, 2, 3, 4\nc%d: .double %d.25\n"
			".Ls%d: .string \"text %d\"\n.balign 8\n",
			i, i, i, i, (i * 7 + 1) % FUNCTIONS,
			(i + 1) % FUNCTIONS, i, i, i, i, i, i, i, i, i, i, i,
			i);
	fprintf(file, ".section .note.GNU-stack,\"\",@progbits\n");
	if (fclose(file) || system("cc -shared -o made.so made.s") != 0)
		exit(1);
}

int main(int argc, char **argv)
{
	char directory[] = "/tmp/ckpt-bench-XXXXXX";
	int runs = argc > 1 ? atoi(argv[1]) : RUNS;

	if (runs < 1 || runs > RUNS_MAX || !mkdtemp(directory) ||
	    chdir(directory))
		return 1;
	make_library();
	printf("%-18s %-22s %9s %9s %10s %10s\n", "library", "function",
	       "functions", "bytes", "first ms", "next ms");
	for (size_t i = 0; i < sizeof(subjects) / sizeof(subjects[0]); i++)
		measure(&subjects[i], runs);
	(void)unlink("made.s");
	(void)unlink("made.so");
	(void)rmdir(directory);
	return 0;
}
