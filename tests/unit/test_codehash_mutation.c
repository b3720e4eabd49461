/* SPDX-License-Identifier: MIT */
/*
 * One bit of a real library flipped: inside what a closure covers, the
 * identity has to change; outside, the share of identities that change without
 * need is printed. The libraries are stripped, as the distribution ships them,
 * and kept symbols are looked for. CKPT_TEST_FULL=1: thousands of flips, in
 * each function and constant of a closure.
 */
#include "tests/unit/codebuild.h"

#include "shim/planner/code/codebase.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

struct subject {
	const char *library, *other; /* that it needs, or NULL */
	const char *function;
	/* indirect = "object": the whole library counts, and flips inside are
	 * anywhere in it. */
	bool is_whole;
	unsigned share; /* of the flips, in percent: large files take long */
};

#define LIB "/usr/lib/x86_64-linux-gnu/"

static const struct subject subjects[] = {
	{LIB "libgslcblas.so.0", NULL, "cblas_dgemv", false, 100},
	{LIB "libgsl.so.27", LIB "libgslcblas.so.0", "gsl_stats_mean", false,
	 30},
	{LIB "libgsl.so.27", LIB "libgslcblas.so.0", "gsl_poly_solve_quadratic",
	 false, 30},
	{LIB "libgsl.so.27", LIB "libgslcblas.so.0", "gsl_linalg_LU_decomp",
	 true, 10},
	{LIB "libsvm.so.3", LIB "libstdc++.so.6", "svm_predict_values", false,
	 100},
	{LIB "libsvm.so.3", LIB "libstdc++.so.6", "svm_train", true, 50},
	{LIB "libcrypt.so.1", NULL, "crypt_r", true, 50},
	{LIB "libdivsufsort.so.3", NULL, "divsufsort", false, 100},
	{LIB "libz.so.1", NULL, "crc32", false, 100},
	{LIB "libz.so.1", NULL, "compress2", true, 50},
	{LIB "liblzma.so.5", NULL, "lzma_crc32", false, 100},
	{LIB "liblzma.so.5", NULL, "lzma_easy_buffer_encode", true, 50},
	{LIB "openblas-pthread/libopenblas.so.0", NULL, "cblas_ddot", true, 3},
};

enum { FLIPS = 60, FLIPS_FULL = 2000 };

/* A private copy of a library. */
struct copy {
	char path[128];
	int fd;
	size_t size;
};

struct tally {
	size_t inside, outside, needless;
};

static unsigned flip_count(const struct subject *subject)
{
	unsigned all = getenv("CKPT_TEST_FULL") ? FLIPS_FULL : FLIPS;

	return all * subject->share / 100 + 1;
}

static struct copy copy_library(const struct subject *subject)
{
	struct copy copy = {.fd = -1};
	struct stat st;

	(void)snprintf(copy.path, sizeof(copy.path), "%s/copy.so", directory);
	run("cp -L %s %s && chmod u+w %s", subject->library, copy.path,
	    copy.path);
	copy.fd = open(copy.path, O_RDWR | O_CLOEXEC);
	ck_assert_int_ge(copy.fd, 0);
	ck_assert_int_eq(fstat(copy.fd, &st), 0);
	copy.size = (size_t)st.st_size;
	return copy;
}

static void flip_bit(const struct copy *copy, size_t off)
{
	uint8_t byte;

	ck_assert_int_eq(pread(copy->fd, &byte, 1, (off_t)off), 1);
	byte ^= (uint8_t)(1u << (off * 7 % 8));
	ck_assert_int_eq(pwrite(copy->fd, &byte, 1, (off_t)off), 1);
}

/* The copy as program, what it needs, and the C runtime. */
static struct ckpt_scope *open_scope(const struct subject *subject,
				     const struct copy *copy)
{
	const char *const files[] = {copy->path, subject->other,
				     LIB "libm.so.6", LIB "libc.so.6"};
	struct ckpt_scope *scope = NULL;
	struct ckpt_err err = {0};
	char text[1024];
	size_t used = 0;

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct stat st;

		if (!files[i])
			continue;
		ck_assert_int_eq(stat(files[i], &st), 0);
		used += (size_t)snprintf(text + used, sizeof(text) - used,
					 "%lx %lx g %s\n",
					 (unsigned long)st.st_dev,
					 (unsigned long)st.st_ino, files[i]);
	}
	ck_assert_msg(ckpt_scope_parse(text, NULL, &scope, &err) == CKPT_OK,
		      "%s", err.text);
	ck_assert_int_eq(ckpt_codebase_keep_symbols(scope, directory), CKPT_OK);
	return scope;
}

/* False: the library cannot be analysed any more, and nothing is served. */
static bool identify(const struct subject *subject, const struct copy *copy,
		     struct ckpt_closure *ret, struct ckpt_scope **ret_scope)
{
	struct ckpt_function_config config = {.is_indirect_object =
						      subject->is_whole};
	const struct ckpt_image *image;
	const struct ckpt_symbol *symbol;

	*ret_scope = open_scope(subject, copy);
	image = ckpt_scope_image(*ret_scope, 0, NULL);
	symbol = image ? ckpt_image_find_export(image, subject->function, NULL)
		       : NULL;
	if (symbol &&
	    ckpt_closure_compute(*ret_scope, 0, symbol->vaddr, &config, false,
				 ret, NULL) == CKPT_OK)
		return true;
	ckpt_scope_destroy(*ret_scope);
	return false;
}

/* Where the file has what is at `vaddr`; 0: nowhere. */
static size_t offset_of(const struct ckpt_image *image, uint64_t vaddr)
{
	const struct ckpt_segment *segment =
		ckpt_image_segment_at(image, vaddr);

	return segment && vaddr - segment->vaddr < segment->file_size
		       ? segment->file_off + (vaddr - segment->vaddr)
		       : 0;
}

static bool is_covered(const struct ckpt_closure *closure, uint64_t vaddr)
{
	for (size_t i = 0; i < closure->item_count; i++) {
		const struct ckpt_closure_item *item = &closure->items[i];

		if (item->object == 0 && (item->kind == CKPT_CLOSURE_OBJECT ||
					  (vaddr >= item->vaddr &&
					   vaddr - item->vaddr < item->size)))
			return true;
	}
	return false;
}

static void flip(const struct subject *subject, const struct copy *copy,
		 size_t off, const struct ckpt_closure *before, bool is_inside,
		 struct tally *tally)
{
	struct ckpt_closure after;
	struct ckpt_scope *scope;
	bool is_known, is_same = false;

	flip_bit(copy, off);
	is_known = identify(subject, copy, &after, &scope);
	flip_bit(copy, off);
	if (is_known) {
		is_same = ckpt_hash_equal(before->digest, after.digest) &&
			  !after.refusal;
		ckpt_closure_deinit(&after);
		ckpt_scope_destroy(scope);
	}
	if (is_inside) {
		tally->inside++;
		ck_assert_msg(!is_same, "%s: byte 0x%zx of %s: the same",
			      subject->function, off, subject->library);
	} else {
		tally->outside++;
		tally->needless += !is_same;
	}
}

/* Some bytes of each function and constant, more of larger ones. */
static void flip_items(const struct subject *subject, const struct copy *copy,
		       const struct ckpt_image *image,
		       const struct ckpt_closure *before, struct tally *tally)
{
	size_t total = 1;

	for (size_t i = 0; i < before->item_count; i++)
		if (before->items[i].object == 0)
			total += before->items[i].size;
	for (size_t i = 0; i < before->item_count; i++) {
		const struct ckpt_closure_item *item = &before->items[i];
		size_t count = 1 + flip_count(subject) * item->size / total;

		if (item->object != 0 || item->size == 0)
			continue;
		for (size_t k = 0; k < count; k++) {
			uint64_t vaddr =
				item->vaddr + (k * 15486047 + i) % item->size;
			size_t off = offset_of(image, vaddr);

			if (off)
				flip(subject, copy, off, before, true, tally);
		}
	}
}

/* Anywhere in code and constants. */
static void flip_sections(const struct subject *subject,
			  const struct copy *copy,
			  const struct ckpt_image *image,
			  const struct ckpt_closure *before,
			  struct tally *tally)
{
	static const char *const names[] = {".text", ".rodata"};

	for (size_t i = 0; i < 2; i++) {
		const struct ckpt_section *section =
			ckpt_image_section(image, names[i]);
		unsigned count = flip_count(subject) / 2;

		for (uint64_t k = 0; section && k < count; k++) {
			uint64_t vaddr =
				section->vaddr + k * 15486047 % section->size;

			flip(subject, copy, offset_of(image, vaddr), before,
			     is_covered(before, vaddr), tally);
		}
	}
}

START_TEST(every_flipped_bit_of_a_closure_changes_its_identity)
{
	const struct subject *subject = &subjects[_i];
	struct ckpt_closure before;
	struct ckpt_scope *scope;
	struct tally tally = {0};
	const struct ckpt_image *image;
	struct copy copy;

	if (access(subject->library, R_OK) ||
	    (subject->other && access(subject->other, R_OK))) {
		(void)printf("%s: not installed\n", subject->library);
		return;
	}
	make_directory();
	copy = copy_library(subject);
	ck_assert(identify(subject, &copy, &before, &scope));
	ck_assert_msg(!before.refusal, "%s", before.refusal);
	image = ckpt_scope_image(scope, 0, NULL);
	flip_items(subject, &copy, image, &before, &tally);
	flip_sections(subject, &copy, image, &before, &tally);
	(void)printf("%s: %zu flips inside, %zu outside, %zu of them changed "
		     "it without need\n",
		     subject->function, tally.inside, tally.outside,
		     tally.needless);
	ckpt_closure_deinit(&before);
	ckpt_scope_destroy(scope);
	ck_assert_int_eq(close(copy.fd), 0);
	remove_directory();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("codehash mutation");
	TCase *tcase = tcase_create("codehash mutation");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tcase, 600);
	tcase_add_loop_test(tcase,
			    every_flipped_bit_of_a_closure_changes_its_identity,
			    0, sizeof(subjects) / sizeof(subjects[0]));
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
