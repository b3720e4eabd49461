/* SPDX-License-Identifier: MIT */
/*
 * One bit of a real library flipped: inside what a closure covers, the
 * identity has to change; outside, the number of identities that change
 * without need is printed. The library is GSL's CBLAS, stripped, as the
 * distribution ships it.
 */
#include "tests/unit/codebuild.h"

#include <sys/stat.h>

static const char library[] = "/usr/lib/x86_64-linux-gnu/libgslcblas.so.0";
static const char function[] = "cblas_dgemv";

enum { SAMPLES = 400 };

struct bytes {
	uint8_t *data;
	size_t size;
};

static struct bytes read_library(void)
{
	struct bytes bytes = {0};
	FILE *file = fopen(library, "r");
	struct stat st;

	if (!file)
		return bytes;
	ck_assert_int_eq(fstat(fileno(file), &st), 0);
	bytes.size = (size_t)st.st_size;
	bytes.data = malloc(bytes.size);
	ck_assert_ptr_nonnull(bytes.data);
	ck_assert_uint_eq(fread(bytes.data, 1, bytes.size, file), bytes.size);
	ck_assert_int_eq(fclose(file), 0);
	return bytes;
}

/* A scope of the library at `path` as program, and the C runtime. */
static struct ckpt_scope *open_scope(const char *path)
{
	static const char *const runtime[] = {
		"/lib/x86_64-linux-gnu/libm.so.6",
		"/lib/x86_64-linux-gnu/libc.so.6",
	};
	struct ckpt_scope *scope = NULL;
	struct ckpt_err err = {0};
	char text[1024];
	size_t used = 0;

	for (size_t i = 0; i < 3; i++) {
		const char *file = i == 0 ? path : runtime[i - 1];
		struct stat st;

		ck_assert_int_eq(stat(file, &st), 0);
		used += (size_t)snprintf(text + used, sizeof(text) - used,
					 "%lx %lx g %s\n",
					 (unsigned long)st.st_dev,
					 (unsigned long)st.st_ino, file);
	}
	ck_assert_msg(ckpt_scope_parse(text, NULL, &scope, &err) == CKPT_OK,
		      "%s", err.text);
	return scope;
}

/* False: the library cannot be analysed any more, and nothing is served. */
static bool identify(struct bytes bytes, const char *name,
		     struct ckpt_closure *ret, struct ckpt_scope **ret_scope)
{
	char path[128];
	FILE *file;
	const struct ckpt_image *image;
	const struct ckpt_symbol *symbol;

	(void)snprintf(path, sizeof(path), "%s/%s", directory, name);
	file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(bytes.data, 1, bytes.size, file), bytes.size);
	ck_assert_int_eq(fclose(file), 0);
	*ret_scope = open_scope(path);
	image = ckpt_scope_image(*ret_scope, 0, NULL);
	symbol = image ? ckpt_image_find_export(image, function, NULL) : NULL;
	if (symbol && ckpt_closure_compute(*ret_scope, 0, symbol->vaddr, NULL,
					   ret, NULL) == CKPT_OK)
		return true;
	ckpt_scope_destroy(*ret_scope);
	return false;
}

/* Where byte `off` of the file is mapped, or 0. */
static uint64_t address_of(const struct ckpt_image *image, size_t off)
{
	size_t count;
	const struct ckpt_segment *segments =
		ckpt_image_segments(image, &count);

	for (size_t i = 0; i < count; i++)
		if (off >= segments[i].file_off &&
		    off - segments[i].file_off < segments[i].file_size)
			return segments[i].vaddr + (off - segments[i].file_off);
	return 0;
}

static bool is_covered(const struct ckpt_closure *closure, uint64_t vaddr)
{
	for (size_t i = 0; i < closure->item_count; i++) {
		const struct ckpt_closure_item *item = &closure->items[i];

		if (item->object == 0 && vaddr >= item->vaddr &&
		    vaddr - item->vaddr < item->size)
			return true;
	}
	return false;
}

/* Does byte `off` mean something to a process at all? */
static bool is_content(const struct ckpt_image *image, uint64_t vaddr)
{
	const struct ckpt_section *section =
		vaddr ? ckpt_image_section_at(image, vaddr) : NULL;

	return section && (strcmp(section->name, ".text") == 0 ||
			   strcmp(section->name, ".rodata") == 0);
}

struct tally {
	size_t inside, outside, needless;
};

static void flip(struct bytes bytes, size_t off,
		 const struct ckpt_closure *before, bool is_inside,
		 struct tally *tally)
{
	struct ckpt_closure after;
	struct ckpt_scope *scope;
	uint8_t bit = (uint8_t)(1u << (off * 7 % 8));
	bool is_known, is_same = false;

	bytes.data[off] ^= bit;
	is_known = identify(bytes, "flipped.so", &after, &scope);
	bytes.data[off] ^= bit;
	if (is_known) {
		is_same = ckpt_hash_equal(before->digest, after.digest) &&
			  !after.refusal;
		ckpt_closure_deinit(&after);
		ckpt_scope_destroy(scope);
	}
	if (is_inside) {
		tally->inside++;
		ck_assert_msg(!is_same, "byte 0x%zx of the closure: the same",
			      off);
	} else {
		tally->outside++;
		tally->needless += !is_same;
	}
}

START_TEST(every_flipped_bit_of_a_closure_changes_its_identity)
{
	struct bytes bytes = read_library();
	struct ckpt_closure before;
	struct ckpt_scope *scope;
	struct tally tally = {0};
	const struct ckpt_image *image;
	size_t off = 4099;

	if (!bytes.data)
		return;
	make_directory();
	ck_assert(identify(bytes, "before.so", &before, &scope));
	image = ckpt_scope_image(scope, 0, NULL);
	/* A full cycle over the file, without a random seed. */
	while (tally.inside + tally.outside < SAMPLES) {
		uint64_t vaddr;
		bool is_inside;

		off = (off + 15486047) % bytes.size;
		vaddr = address_of(image, off);
		is_inside = vaddr && is_covered(&before, vaddr);
		if (!is_content(image, vaddr) ||
		    (!is_inside && tally.outside >= SAMPLES / 2))
			continue;
		flip(bytes, off, &before, is_inside, &tally);
	}
	(void)printf("%s: %zu flips inside, %zu outside, %zu of them changed "
		     "it without need\n",
		     function, tally.inside, tally.outside, tally.needless);
	ckpt_closure_deinit(&before);
	ckpt_scope_destroy(scope);
	free(bytes.data);
	remove_directory();
}
END_TEST

UNIT_MAIN("codehash mutation",
	  every_flipped_bit_of_a_closure_changes_its_identity)
