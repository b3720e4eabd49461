/* SPDX-License-Identifier: MIT */
#include "shim/runtime/marshal/ranges.h"

#include "shim/common/sys_x86_64.h"
#include "shim/plan.h"

#include <string.h>

/* Not in the headers of every libc we build on; linux/mman.h. */
enum { POPULATE_READ = 22, POPULATE_WRITE = 23 };

/* Pages on x86-64 are never smaller. */
enum { PAGE = 4096 };

/* User addresses of x86-64 with and without five-level page tables. */

enum { ADDRESS_QUESTIONS_MAX = 4096 };

static uintptr_t page_down(uintptr_t address)
{
	return address & ~(uintptr_t)(PAGE - 1);
}

static bool range_covers(const struct ckpt_range *range, uintptr_t start,
			 uintptr_t end, bool is_write)
{
	return start >= range->start && end <= range->end &&
	       (range->is_writable || !is_write);
}

const struct ckpt_segment *ckpt_ranges_segment(const struct ckpt_ranges *ranges,
					       const void *address)
{
	const struct ckpt_segments *segments = ranges->segments;
	uint32_t low = 0;
	uint32_t high = segments ? segments->count : 0;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		const struct ckpt_segment *segment = &segments->items[middle];

		if ((uintptr_t)address < segment->start)
			high = middle;
		else if ((uintptr_t)address >= segment->end)
			low = middle + 1;
		else
			return segment;
	}
	return NULL;
}

/* Does the table answer yes? Confirmed ranges first: they are few, and most
 * extents are heap or stack. */
static bool is_known(const struct ckpt_ranges *ranges, uintptr_t start,
		     uintptr_t end, bool is_write)
{
	const struct ckpt_segment *segment;

	for (uint32_t i = 0; i < ranges->count; i++) {
		if (range_covers(&ranges->items[i], start, end, is_write))
			return true;
	}
	segment = ckpt_ranges_segment(ranges, (const void *)start);
	return segment && end <= segment->end &&
	       (segment->is_writable || !is_write);
}

static void remember_range(struct ckpt_ranges *ranges, uintptr_t start,
			   uintptr_t end, bool is_write)
{
	struct ckpt_range *item;

	for (uint32_t i = 0; i < ranges->count; i++) {
		item = &ranges->items[i];
		if (item->is_writable != is_write || start > item->end ||
		    end < item->start)
			continue;
		if (start < item->start)
			item->start = start;
		if (end > item->end)
			item->end = end;
		return;
	}
	if (ranges->count < CKPT_RANGES_MAX) {
		item = &ranges->items[ranges->count++];
	} else {
		item = &ranges->items[ranges->next];
		ranges->next = (ranges->next + 1) % CKPT_RANGES_MAX;
	}
	*item = (struct ckpt_range){start, end, is_write};
}

/* A byte of each page, through the kernel, which honours protections. */
static bool probe_pages(uintptr_t start, uintptr_t end)
{
	pid_t self = ckpt_sys_getpid();

	for (uintptr_t page = start; page < end; page += PAGE) {
		char byte;
		struct iovec local = {&byte, 1};
		struct iovec remote = {(void *)page, 1};

		if (ckpt_syscall6(SYS_process_vm_readv, self, (long)&local, 1,
				  (long)&remote, 1, 0) != 1)
			return false;
	}
	return true;
}

/* EINVAL is an old kernel, but also PROT_NONE: ask again, more slowly. */
static bool ask_kernel(uintptr_t start, uintptr_t end, bool is_write)
{
	enum { EINTR_ = 4, EAGAIN_ = 11, EINVAL_ = 22 };
	int advice = is_write ? POPULATE_WRITE : POPULATE_READ;
	int result;

	do {
		result = ckpt_sys_madvise((void *)start, end - start, advice);
	} while (result == -EINTR_ || result == -EAGAIN_);
	if (result == -EINVAL_ && !is_write)
		return probe_pages(start, end);
	return result == 0;
}

/* [address, address + size) widened to pages; false if it wraps around. */
static bool page_span(const void *address, uint64_t size, uintptr_t *ret_start,
		      uintptr_t *ret_end)
{
	uintptr_t start = (uintptr_t)address;

	if (start > UINTPTR_MAX - PAGE || size > UINTPTR_MAX - PAGE - start)
		return false;
	*ret_start = page_down(start);
	*ret_end = page_down(start + size + PAGE - 1);
	return true;
}

static bool check_range(struct ckpt_ranges *ranges, const void *address,
			uint64_t size, bool is_write)
{
	uintptr_t start;
	uintptr_t end;

	if (!size)
		return true;
	if (!page_span(address, size, &start, &end))
		return false;
	if (is_known(ranges, (uintptr_t)address, (uintptr_t)address + size,
		     is_write))
		return true;
	if (ranges->is_mute || !ask_kernel(start, end, is_write))
		return false;
	remember_range(ranges, start, end, is_write);
	return true;
}

bool ckpt_ranges_can_read(struct ckpt_ranges *ranges, const void *address,
			  uint64_t size)
{
	return check_range(ranges, address, size, false);
}

bool ckpt_ranges_can_write(struct ckpt_ranges *ranges, const void *address,
			   uint64_t size)
{
	return check_range(ranges, address, size, true);
}

uint64_t ckpt_ranges_readable(struct ckpt_ranges *ranges, const void *address,
			      uint64_t limit)
{
	uint64_t left = PAGE - ((uintptr_t)address & (PAGE - 1));

	if (left > limit)
		left = limit;
	return check_range(ranges, address, left, false) ? left : 0;
}

/* mincore tells ENOMEM for what is not mapped, whatever its protection. */
static bool is_mapped(uint64_t word)
{
	enum { ENOMEM_ = 12 };
	unsigned char resident;

	return ckpt_sys_mincore((void *)page_down(word), PAGE, &resident) !=
	       -ENOMEM_;
}

/* Without a system call: in an object, or where memory was a moment ago. */
static bool is_known_address(const struct ckpt_ranges *ranges, uint64_t word)
{
	const void *address = (const void *)word;

	return is_known(ranges, word, word + 1, false) ||
	       ckpt_ranges_segment(ranges, (const char *)address - 1);
}

uint64_t ckpt_ranges_find_address(const struct ckpt_ranges *ranges,
				  const void *data, uint64_t off, uint64_t size,
				  const uint8_t *initial)
{
	const uint8_t *start = data;
	uint64_t next = off + (-((uintptr_t)start + off) & 7);
	uint64_t unmapped = 0;
	uint32_t questions = 0;

	for (; next + 8 <= size; next += 8) {
		uint64_t word;

		memcpy(&word, start + next, sizeof(word));
		if (word < CKPT_PLAN_ADDRESS_MIN ||
		    word >= CKPT_PLAN_ADDRESS_MAX)
			continue;
		if (initial && !memcmp(&word, initial + next, sizeof(word)))
			continue;
		if (is_known_address(ranges, word))
			return next;
		/* What is one past the end lies in no page of its own. */
		if (page_down(word) == unmapped && (word & (PAGE - 1)))
			continue;
		if (ranges->is_mute || ++questions > ADDRESS_QUESTIONS_MAX ||
		    is_mapped(word) || is_mapped(word - 1))
			return next;
		unmapped = page_down(word);
	}
	return size;
}
