/* SPDX-License-Identifier: MIT */
/* readelf is the oracle. */
#include "shim/planner/elf/unwind.h"

#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

static struct ckpt_image *open_library(const char *path)
{
	struct ckpt_image *image = NULL;
	struct ckpt_err err = {0};

	ck_assert_msg(ckpt_image_open(path, &image, &err) == CKPT_OK, "%s",
		      err.text);
	return image;
}

/* Each "pc=FROM..TO" that readelf prints is an entry. */
static size_t check_against_readelf(const char *path,
				    const struct ckpt_unwind_entry *entries,
				    size_t count)
{
	char command[256], line[1024];
	size_t found = 0;
	FILE *pipe;

	(void)snprintf(command, sizeof(command),
		       "readelf -W --debug-dump=frames %s 2>/dev/null", path);
	pipe = popen(command, "r");
	ck_assert_ptr_nonnull(pipe);
	while (fgets(line, sizeof(line), pipe)) {
		const char *text = strstr(line, " pc=");
		unsigned long from, to;
		size_t i = 0;

		if (!text || sscanf(text, " pc=%lx..%lx", &from, &to) != 2)
			continue;
		while (i < count && entries[i].vaddr != from)
			i++;
		ck_assert_msg(i < count, "no entry at 0x%lx", from);
		ck_assert_uint_eq(entries[i].size, to - from);
		found++;
	}
	ck_assert_int_eq(pclose(pipe), 0);
	return found;
}

START_TEST(functions_begin_and_end_where_readelf_says)
{
	static const char path[] = "/lib/x86_64-linux-gnu/libz.so.1";
	struct ckpt_image *image = open_library(path);
	struct ckpt_unwind_entry *entries = NULL;
	size_t count;
	bool is_partial;

	ck_assert_int_eq(ckpt_unwind_read(image, &entries, &count, &is_partial),
			 CKPT_OK);
	ck_assert(!is_partial);
	ck_assert_uint_gt(count, 20);
	ck_assert_uint_eq(check_against_readelf(path, entries, count), count);
	free(entries);
	ckpt_image_close(image);
}
END_TEST

START_TEST(exception_tables_of_the_c_runtime_can_be_read)
{
	struct ckpt_image *image =
		open_library("/lib/x86_64-linux-gnu/libc.so.6");
	struct ckpt_unwind_entry *entries = NULL;
	size_t count, tables = 0;
	bool is_partial;

	ck_assert_int_eq(ckpt_unwind_read(image, &entries, &count, &is_partial),
			 CKPT_OK);
	for (size_t i = 0; i < count; i++) {
		struct ckpt_lsda lsda;

		if (!entries[i].lsda)
			continue;
		ck_assert_int_eq(
			ckpt_unwind_read_lsda(image, entries[i].lsda, &lsda),
			CKPT_OK);
		ck_assert_uint_gt(lsda.size, 3);
		tables++;
	}
	ck_assert_uint_gt(tables, 10);
	free(entries);
	ckpt_image_close(image);
}
END_TEST

UNIT_MAIN("unwind", functions_begin_and_end_where_readelf_says,
	  exception_tables_of_the_c_runtime_can_be_read)
