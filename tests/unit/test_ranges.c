/* SPDX-License-Identifier: MIT */
#include "shim/runtime/marshal/ranges.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PAGE = 4096 };

static struct ckpt_ranges ranges;

static uint8_t *map_pages(size_t count, int protection)
{
	uint8_t *pages = mmap(NULL, count * PAGE, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ck_assert_ptr_ne(pages, MAP_FAILED);
	ck_assert_int_eq(mprotect(pages, count * PAGE, protection), 0);
	return pages;
}

START_TEST(mapped_memory_can_be_read_and_a_guard_page_cannot)
{
	uint8_t *pages = map_pages(2, PROT_READ | PROT_WRITE);

	ck_assert_int_eq(mprotect(pages + PAGE, PAGE, PROT_NONE), 0);
	ck_assert(ckpt_ranges_can_read(&ranges, pages, PAGE));
	ck_assert(ckpt_ranges_can_read(&ranges, pages + PAGE - 1, 1));
	ck_assert(!ckpt_ranges_can_read(&ranges, pages + PAGE - 1, 2));
	ck_assert(!ckpt_ranges_can_read(&ranges, pages + PAGE, 1));
}
END_TEST

START_TEST(unmapped_memory_cannot_be_read)
{
	uint8_t *pages = map_pages(1, PROT_READ);

	ck_assert_int_eq(munmap(pages, PAGE), 0);
	ck_assert(!ckpt_ranges_can_read(&ranges, pages, 1));
	ck_assert(!ckpt_ranges_can_read(&ranges, NULL, 1));
	ck_assert(!ckpt_ranges_can_read(&ranges, (void *)UINTPTR_MAX, 1));
	ck_assert(!ckpt_ranges_can_read(&ranges, pages, UINT64_MAX));
}
END_TEST

START_TEST(nothing_can_be_read_from_anywhere)
{
	ck_assert(ckpt_ranges_can_read(&ranges, NULL, 0));
}
END_TEST

START_TEST(read_only_memory_cannot_be_written)
{
	uint8_t *pages = map_pages(1, PROT_READ);

	ck_assert(ckpt_ranges_can_read(&ranges, pages, PAGE));
	ck_assert(!ckpt_ranges_can_write(&ranges, pages, 1));
	ck_assert_int_eq(mprotect(pages, PAGE, PROT_READ | PROT_WRITE), 0);
	ck_assert(ckpt_ranges_can_write(&ranges, pages, 1));
}
END_TEST

START_TEST(the_stack_can_be_read_and_written)
{
	char local[64] = {0};

	ck_assert(ckpt_ranges_can_read(&ranges, local, sizeof(local)));
	ck_assert(ckpt_ranges_can_write(&ranges, local, sizeof(local)));
}
END_TEST

START_TEST(a_known_range_needs_no_system_call)
{
	uint8_t *pages = map_pages(4, PROT_READ);

	ck_assert(ckpt_ranges_can_read(&ranges, pages, 4 * PAGE));
	ranges.is_mute = true;
	ck_assert(ckpt_ranges_can_read(&ranges, pages + PAGE, 2 * PAGE));
	ck_assert(!ckpt_ranges_can_read(&ranges, map_pages(1, PROT_READ), 1));
}
END_TEST

START_TEST(segments_of_objects_are_known)
{
	static const struct ckpt_segment items[] = {
		{0x10000, 0x12000, 0, false, false},
		{0x12000, 0x13000, 0, true, false},
		{0x20000, 0x21000, 1, true, false},
	};
	static const struct ckpt_segments segments = {items, 3};

	ranges.segments = &segments;
	ranges.is_mute = true;
	ck_assert(ckpt_ranges_can_read(&ranges, (void *)0x11ff0, 16));
	ck_assert(!ckpt_ranges_can_read(&ranges, (void *)0x12ff0, 17));
	ck_assert(!ckpt_ranges_can_write(&ranges, (void *)0x11000, 1));
	ck_assert(ckpt_ranges_can_write(&ranges, (void *)0x12000, 0x1000));
	ck_assert_ptr_eq(ckpt_ranges_segment(&ranges, (void *)0x20fff),
			 &items[2]);
	ck_assert_ptr_null(ckpt_ranges_segment(&ranges, (void *)0x13000));
	ck_assert_ptr_null(ckpt_ranges_segment(&ranges, (void *)0xffff));
}
END_TEST

START_TEST(more_ranges_than_fit_are_forgotten_not_mistaken)
{
	uint8_t *pages = map_pages(400, PROT_READ);

	for (size_t i = 1; i < 400; i += 2)
		ck_assert_int_eq(mprotect(pages + i * PAGE, PAGE, PROT_NONE),
				 0);
	for (size_t i = 0; i < 400; i++)
		ck_assert(ckpt_ranges_can_read(&ranges, pages + i * PAGE, 1) ==
			  (i % 2 == 0));
	for (size_t i = 0; i < 400; i++)
		ck_assert(ckpt_ranges_can_read(&ranges, pages + i * PAGE, 1) ==
			  (i % 2 == 0));
}
END_TEST

START_TEST(readable_ends_where_memory_ends)
{
	uint8_t *pages = map_pages(1, PROT_READ | PROT_WRITE);

	ck_assert_int_eq(munmap(pages, PAGE), 0);
	pages = map_pages(2, PROT_READ | PROT_WRITE);
	ck_assert_int_eq(mprotect(pages + PAGE, PAGE, PROT_NONE), 0);
	ck_assert_uint_eq(ckpt_ranges_readable(&ranges, pages + PAGE - 9, 1000),
			  9);
	ck_assert_uint_eq(ckpt_ranges_readable(&ranges, pages, 5), 5);
	ck_assert_uint_eq(ckpt_ranges_readable(&ranges, pages + PAGE, 5), 0);
}
END_TEST

START_TEST(reading_beyond_the_end_of_a_mapped_file_is_found_out)
{
	FILE *file = tmpfile();
	uint8_t *pages;

	ck_assert_ptr_nonnull(file);
	ck_assert_int_eq(ftruncate(fileno(file), PAGE), 0);
	pages = mmap(NULL, 2 * PAGE, PROT_READ, MAP_SHARED, fileno(file), 0);
	ck_assert_ptr_ne(pages, MAP_FAILED);
	ck_assert(ckpt_ranges_can_read(&ranges, pages, PAGE));
	ck_assert(!ckpt_ranges_can_read(&ranges, pages + PAGE, 1));
	ck_assert_int_eq(fclose(file), 0);
}
END_TEST

UNIT_MAIN("ranges", mapped_memory_can_be_read_and_a_guard_page_cannot,
	  unmapped_memory_cannot_be_read, nothing_can_be_read_from_anywhere,
	  read_only_memory_cannot_be_written, the_stack_can_be_read_and_written,
	  a_known_range_needs_no_system_call, segments_of_objects_are_known,
	  more_ranges_than_fit_are_forgotten_not_mistaken,
	  readable_ends_where_memory_ends,
	  reading_beyond_the_end_of_a_mapped_file_is_found_out)
