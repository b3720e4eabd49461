/* SPDX-License-Identifier: MIT */
#include "shim/store/walk.h"

#include "shim/common/sys_x86_64.h"
#include "shim/store/evict.h"
#include "shim/store/index.h"
#include "shim/store/mark.h"

enum { DIRS = 16 };

void ckpt_walk_open(struct ckpt_walk *walk, const struct ckpt_store *store,
		    bool reads_files)
{
	*walk = (struct ckpt_walk){
		.layout = ckpt_store_layout(store),
		.index = ckpt_store_index(store),
		.reads_files = reads_files,
	};
	walk->total_size = ckpt_evict_measure(walk->layout);
}

static void drop_file(struct ckpt_walk *walk)
{
	if (walk->file)
		(void)ckpt_sys_munmap(walk->file, walk->file_size);
	walk->file = NULL;
}

void ckpt_walk_close(struct ckpt_walk *walk)
{
	drop_file(walk);
	if (walk->is_scanning)
		ckpt_scan_close(&walk->scan);
	if (walk->is_listing)
		ckpt_path_list_close(&walk->list);
	walk->is_scanning = false;
	walk->is_listing = false;
}

static bool find_slot(const struct ckpt_walk *walk, struct ckpt_hash128 key,
		      uint64_t location, struct ckpt_walk_entry *ret)
{
	struct ckpt_index_find find;
	uint64_t at;

	ret->location = location;
	if (!walk->index) {
		ret->slot = 0;
		ret->is_used = false;
		ret->hit_count = 0;
		return true;
	}
	if (!ckpt_index_find_location(walk->index, key, location, &find))
		return false;
	ret->is_used = ckpt_mark_is_used(find.mark);
	ret->hit_count = ckpt_mark_count(*find.mark);
	/* Slots begin a bucket of a cache line. */
	at = (uint64_t)((uint8_t *)find.slot - (uint8_t *)walk->index->buckets);
	ret->slot = at / sizeof(struct ckpt_index_bucket) * CKPT_INDEX_WAYS +
		    at % sizeof(struct ckpt_index_bucket) / sizeof(uint64_t);
	return true;
}

static void fill_entry(const struct ckpt_record *record, uint64_t size,
		       struct ckpt_walk_entry *ret)
{
	ret->key = record->key;
	ckpt_record_describe(record, &ret->info);
	ret->size = size;
	ret->payload_size = record->payload_size;
}

/* The next segment, or none. */
static bool next_segment(struct ckpt_walk *walk)
{
	while ((walk->id = ckpt_scan_next_id(walk->layout, walk->id))) {
		if (ckpt_scan_open(&walk->scan, walk->layout, walk->id))
			continue;
		walk->is_scanning = true;
		return true;
	}
	return false;
}

static bool next_in_segments(struct ckpt_walk *walk,
			     struct ckpt_walk_entry *ret)
{
	struct ckpt_scan *scan = &walk->scan;

	if (!walk->id && !walk->is_scanning && !walk->dir &&
	    !walk->is_listing && !next_segment(walk))
		return false;
	while (walk->is_scanning) {
		uint64_t off = scan->off;

		while (ckpt_scan_next(scan)) {
			walk->done_size += scan->off - off;
			off = scan->off;
			if (!find_slot(walk, scan->record.key,
				       ckpt_location_make(scan->id,
							  scan->record_off),
				       ret)) {
				walk->dead_count++;
				continue;
			}
			fill_entry(&scan->record, scan->record_size, ret);
			ret->is_file = false;
			ret->bytes = scan->bytes;
			return true;
		}
		walk->skipped_size += scan->skipped_size;
		ckpt_scan_close(scan);
		walk->is_scanning = false;
		if (!next_segment(walk))
			break;
	}
	return false;
}

/* Header and names only, or all of it. */
static bool read_file(struct ckpt_walk *walk, int fd, uint64_t size,
		      struct ckpt_record *ret)
{
	uint64_t wanted = walk->reads_files || size < CKPT_RECORD_HEAD_MAX
				  ? size
				  : CKPT_RECORD_HEAD_MAX;

	drop_file(walk);
	walk->file =
		ckpt_sys_mmap(NULL, wanted ? wanted : 1, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	walk->file_size = wanted ? wanted : 1;
	if (ckpt_sys_is_error(walk->file)) {
		walk->file = NULL;
		return false;
	}
	if (ckpt_io_read_all(fd, walk->file, wanted, 0))
		return false;
	if (walk->reads_files)
		return !ckpt_record_parse(walk->file, size, ret);
	return !ckpt_record_peek(walk->file, wanted, size, ret);
}

static bool open_file(struct ckpt_walk *walk, const char *name,
		      struct ckpt_hash128 key, struct ckpt_walk_entry *ret)
{
	int fd = ckpt_sys_openat(walk->list.fd, name,
				 O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK,
				 0);
	struct ckpt_record record;
	bool is_good = false;
	struct stat st;

	if (fd < 0)
		return false;
	if (!ckpt_sys_fstat(fd, &st) && S_ISREG(st.st_mode)) {
		walk->done_size += (uint64_t)st.st_size;
		is_good = read_file(walk, fd, (uint64_t)st.st_size, &record) &&
			  ckpt_hash_equal(record.key, key);
	}
	(void)ckpt_sys_close(fd);
	if (!is_good) {
		walk->damaged_count++;
		return false;
	}
	fill_entry(&record, (uint64_t)st.st_size, ret);
	ret->is_file = true;
	ret->bytes = walk->reads_files ? walk->file : NULL;
	return true;
}

static bool next_dir(struct ckpt_walk *walk)
{
	char name[] = "big/x";

	if (walk->is_listing)
		ckpt_path_list_close(&walk->list);
	walk->is_listing = false;
	if (walk->dir == DIRS)
		return false;
	name[4] = "0123456789abcdef"[walk->dir++];
	ckpt_path_list_open(&walk->list, ckpt_layout_dir(walk->layout), name);
	walk->is_listing = true;
	return true;
}

static bool next_in_files(struct ckpt_walk *walk, struct ckpt_walk_entry *ret)
{
	const char *name;

	if (!walk->is_listing && !next_dir(walk))
		return false;
	do {
		while ((name = ckpt_path_list_next(&walk->list))) {
			struct ckpt_hash128 key;

			if (!ckpt_hash_parse(name, &key)) {
				walk->damaged_count++;
				continue;
			}
			if (!find_slot(walk, key, ckpt_location_make_big(key),
				       ret)) {
				walk->orphan_count++;
				continue;
			}
			if (open_file(walk, name, key, ret))
				return true;
		}
	} while (next_dir(walk));
	return false;
}

bool ckpt_walk_next(struct ckpt_walk *walk, struct ckpt_walk_entry *ret)
{
	return next_in_segments(walk, ret) || next_in_files(walk, ret);
}
