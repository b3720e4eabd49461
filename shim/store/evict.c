/* SPDX-License-Identifier: MIT */
#include "shim/store/evict.h"

#include <string.h>
#include <sys/file.h>

#include "shim/common/sys_x86_64.h"
#include "shim/store/mark.h"
#include "shim/store/path.h"
#include "shim/store/scan.h"

enum {
	BIG_DIRS = 16,
	ORPHAN_AGE_S = 3600,
	/* Of a segment, at most this part is kept. */
	KEPT_PART = 4,
};

static uint64_t load(const uint64_t *value)
{
	return __atomic_load_n(value, __ATOMIC_RELAXED);
}

bool ckpt_evict_is_due(const struct ckpt_index *index,
		       const struct ckpt_evict_limits *limits)
{
	int64_t size = (int64_t)load(&index->header->disk_size);
	int64_t count = (int64_t)load(&index->header->count);

	return (limits->max_size && size > 0 &&
		(uint64_t)size > limits->max_size) ||
	       (limits->max_entries && count > 0 &&
		(uint64_t)count > limits->max_entries);
}

static bool is_above_goal(const struct ckpt_evict *evict)
{
	return ckpt_evict_is_due(evict->index, &evict->goal);
}

static bool is_too_old(const struct ckpt_evict *evict, int64_t modified_s)
{
	int64_t age = evict->now_s - modified_s;

	return evict->limits.max_age_s && age > 0 &&
	       (uint64_t)age > evict->limits.max_age_s;
}

static void count_freed(struct ckpt_evict *evict, uint64_t size)
{
	evict->freed_size += size;
	__atomic_fetch_sub(&evict->index->header->disk_size, size,
			   __ATOMIC_RELAXED);
}

/* ---- segments ---- */

/* Append a record that stays somewhere else. */
static bool move_record(struct ckpt_evict *evict, const struct ckpt_scan *scan,
			const struct ckpt_index_find *find)
{
	struct ckpt_record_draft draft;
	const struct ckpt_record *record = &scan->record;
	struct ckpt_entry_info info;
	struct iovec part = {
		.iov_base = (void *)(uintptr_t)record->payload,
		.iov_len = record->payload_size,
	};
	uint64_t location;

	ckpt_record_describe(record, &info);
	if (ckpt_record_build(record->key, &info, &part, 1, &draft) ||
	    ckpt_writer_append(evict->writer, evict->layout,
			       evict->index->header, &draft, &location) ||
	    !ckpt_index_replace(find, location))
		return false;
	__atomic_fetch_add(&evict->index->header->disk_size, scan->record_size,
			   __ATOMIC_RELAXED);
	ckpt_mark_clear(find->mark);
	evict->kept_count++;
	return true;
}

/* Take every record of the segment out of the index; the used ones are moved
 * if `may_keep`. */
static void empty_segment(struct ckpt_evict *evict, struct ckpt_scan *scan,
			  bool may_keep)
{
	uint64_t kept_size = 0;

	while (ckpt_scan_next(scan)) {
		struct ckpt_index_find find;
		uint64_t location =
			ckpt_location_make(scan->id, scan->record_off);

		if (!ckpt_index_find_location(evict->index, scan->record.key,
					      location, &find))
			continue;
		if (may_keep && kept_size < scan->size / KEPT_PART &&
		    ckpt_mark_is_used(find.mark) &&
		    !is_too_old(evict, scan->record.created_s) &&
		    move_record(evict, scan, &find)) {
			kept_size += scan->record_size;
			continue;
		}
		if (ckpt_index_remove(evict->index, &find))
			evict->removed_count++;
	}
}

/* False: a process writes to it. */
static bool retire_segment(struct ckpt_evict *evict, unsigned id, bool may_keep)
{
	char name[CKPT_LAYOUT_NAME_SIZE];
	struct ckpt_scan scan;

	ckpt_segment_name(id, name);
	switch (ckpt_scan_open(&scan, evict->layout, id)) {
	case CKPT_OK:
		break;
	case CKPT_BADDATA:
		/* Not a segment: nothing in it can be found. */
		return !ckpt_sys_unlinkat(ckpt_layout_dir(evict->layout), name,
					  0);
	default:
		return false;
	}
	if (ckpt_sys_flock(scan.fd, LOCK_EX | LOCK_NB)) {
		ckpt_scan_close(&scan);
		return false;
	}
	empty_segment(evict, &scan, may_keep);
	if (!ckpt_sys_unlinkat(ckpt_layout_dir(evict->layout), name, 0))
		count_freed(evict, scan.size);
	ckpt_scan_close(&scan);
	return true;
}

/* Ids are given in a circle; this is how long ago. */
static unsigned measure_age(const struct ckpt_evict *evict, unsigned id)
{
	unsigned next = (unsigned)(load(&evict->index->header->next_segment) %
				   CKPT_SEGMENT_LAST_ID) +
			CKPT_SEGMENT_FIRST_ID;

	return (next + CKPT_SEGMENT_LAST_ID - id) % CKPT_SEGMENT_LAST_ID;
}

/* The oldest segment younger than `below`; 0: none. */
static unsigned find_oldest(const struct ckpt_evict *evict, unsigned below)
{
	struct ckpt_path_list list;
	unsigned best_age = 0;
	unsigned best = 0;
	const char *name;

	ckpt_path_list_open(&list, ckpt_layout_dir(evict->layout), "seg");
	while ((name = ckpt_path_list_next(&list))) {
		unsigned id = ckpt_segment_parse_name(name);
		unsigned age = id ? measure_age(evict, id) : 0;

		if (!id || age >= below || (best && age <= best_age))
			continue;
		best = id;
		best_age = age;
	}
	ckpt_path_list_close(&list);
	return best;
}

static void retire_segments(struct ckpt_evict *evict, uint64_t goal_size,
			    bool may_keep)
{
	uint64_t start = evict->freed_size;
	unsigned age = UINT32_MAX;
	unsigned id;

	while (is_above_goal(evict) && evict->freed_size - start < goal_size &&
	       (id = find_oldest(evict, age))) {
		age = measure_age(evict, id);
		(void)retire_segment(evict, id, may_keep);
	}
}

static void retire_old_segments(struct ckpt_evict *evict)
{
	unsigned id = 0;

	while ((id = ckpt_scan_next_id(evict->layout, id))) {
		char name[CKPT_LAYOUT_NAME_SIZE];
		struct stat st;

		ckpt_segment_name(id, name);
		if (!ckpt_sys_fstatat(ckpt_layout_dir(evict->layout), name, &st,
				      AT_SYMLINK_NOFOLLOW) &&
		    is_too_old(evict, st.st_mtim.tv_sec))
			(void)retire_segment(evict, id, false);
	}
}

/* ---- files ---- */

enum file_fate {
	FILE_STAYS,
	FILE_GOES,
};

/* What a walk through the files of big/ does with one of them. */
struct file_walk {
	struct ckpt_evict *evict;
	bool removes_unmarked; /* the clock: marked ones lose their mark */
	bool removes_orphans;
	bool removes_all;
};

static enum file_fate judge_file(const struct file_walk *walk,
				 struct ckpt_hash128 key, const struct stat *st)
{
	struct ckpt_evict *evict = walk->evict;
	struct ckpt_index_find find;

	if (!ckpt_index_find_location(evict->index, key,
				      ckpt_location_make_big(key), &find)) {
		int64_t age = evict->now_s - st->st_ctim.tv_sec;

		return walk->removes_all || (walk->removes_orphans &&
					     age > ORPHAN_AGE_S)
			       ? FILE_GOES
			       : FILE_STAYS;
	}
	if (!walk->removes_all && !is_too_old(evict, st->st_mtim.tv_sec)) {
		if (!walk->removes_unmarked)
			return FILE_STAYS;
		if (ckpt_mark_is_used(find.mark)) {
			ckpt_mark_clear(find.mark);
			evict->kept_count++;
			return FILE_STAYS;
		}
	}
	if (ckpt_index_remove(evict->index, &find))
		evict->removed_count++;
	return FILE_GOES;
}

/* One directory, until `goal_size` bytes are freed. */
static void walk_files(const struct file_walk *walk, unsigned dir,
		       uint64_t goal_size)
{
	uint64_t start = walk->evict->freed_size;
	struct ckpt_path_list list;
	char dir_name[] = "big/x";
	const char *name;

	dir_name[4] = "0123456789abcdef"[dir % BIG_DIRS];
	ckpt_path_list_open(&list, ckpt_layout_dir(walk->evict->layout),
			    dir_name);
	while (walk->evict->freed_size - start < goal_size &&
	       (name = ckpt_path_list_next(&list))) {
		struct ckpt_hash128 key;
		struct stat st;

		if (ckpt_hash_parse(name, &key) &&
		    !ckpt_sys_fstatat(list.fd, name, &st,
				      AT_SYMLINK_NOFOLLOW) &&
		    judge_file(walk, key, &st) == FILE_GOES &&
		    !ckpt_sys_unlinkat(list.fd, name, 0))
			count_freed(walk->evict, (uint64_t)st.st_size);
	}
	ckpt_path_list_close(&list);
}

/* Twice around at most: the first time may only clear marks. */
static void retire_files(struct ckpt_evict *evict, uint64_t goal_size)
{
	struct file_walk walk = {.evict = evict, .removes_unmarked = true};
	uint64_t *hand = &evict->index->header->clock_hand;
	uint64_t start = evict->freed_size;

	for (unsigned i = 0; i < 2 * BIG_DIRS && is_above_goal(evict) &&
			     evict->freed_size - start < goal_size;
	     i++) {
		uint64_t dir = __atomic_fetch_add(hand, 1, __ATOMIC_RELAXED);

		/* On to the next one even if this was not gone through: who
		 * has just lost his mark must get time to be used. */
		walk_files(&walk, (unsigned)(dir % BIG_DIRS),
			   goal_size - (evict->freed_size - start));
	}
}

static void walk_all_files(struct file_walk *walk)
{
	for (unsigned i = 0; i < BIG_DIRS; i++)
		walk_files(walk, i, UINT64_MAX);
}

static uint64_t measure_segments(const struct ckpt_layout *layout)
{
	struct ckpt_path_list list;
	const char *name;
	uint64_t size = 0;

	ckpt_path_list_open(&list, ckpt_layout_dir(layout), "seg");
	while ((name = ckpt_path_list_next(&list))) {
		struct stat st;

		if (!ckpt_sys_fstatat(list.fd, name, &st, AT_SYMLINK_NOFOLLOW))
			size += (uint64_t)st.st_size;
	}
	ckpt_path_list_close(&list);
	return size;
}

/* Segments and files give in proportion to what they take. */
static void reach_size(struct ckpt_evict *evict)
{
	uint64_t size = load(&evict->index->header->disk_size);
	uint64_t in_segments = measure_segments(evict->layout);
	uint64_t in_files = size > in_segments ? size - in_segments : 0;
	uint64_t excess = size - evict->goal.max_size;

	retire_files(evict, (uint64_t)((double)excess * (double)in_files /
				       (double)size));
	retire_segments(evict, UINT64_MAX, true);
	retire_files(evict, UINT64_MAX);
	/* Nothing but our own segment is left. */
	if (is_above_goal(evict)) {
		ckpt_writer_leave(evict->writer);
		retire_segments(evict, UINT64_MAX, false);
	}
}

/* The oldest records of a segment leave the index, those that are used get
 * another chance. A segment without any left goes. */
static void trim_segment(struct ckpt_evict *evict, unsigned id)
{
	struct ckpt_scan scan;

	bool is_dead = true;

	if (ckpt_scan_open(&scan, evict->layout, id))
		return;
	while (is_above_goal(evict) && ckpt_scan_next(&scan)) {
		struct ckpt_index_find find;

		if (!ckpt_index_find_location(
			    evict->index, scan.record.key,
			    ckpt_location_make(id, scan.record_off), &find))
			continue;
		if (ckpt_mark_is_used(find.mark)) {
			ckpt_mark_clear(find.mark);
			evict->kept_count++;
			is_dead = false;
		} else if (ckpt_index_remove(evict->index, &find)) {
			evict->removed_count++;
		}
	}
	is_dead = is_dead && scan.off >= scan.size;
	ckpt_scan_close(&scan);
	if (is_dead)
		(void)retire_segment(evict, id, false);
}

/* Twice around at most, as with files. */
static void reach_entries(struct ckpt_evict *evict)
{
	retire_files(evict, UINT64_MAX);
	for (int round = 0; round < 2; round++) {
		unsigned age = UINT32_MAX;
		unsigned id;

		while (is_above_goal(evict) && (id = find_oldest(evict, age))) {
			age = measure_age(evict, id);
			trim_segment(evict, id);
		}
	}
}

void ckpt_evict_run(struct ckpt_evict *evict)
{
	struct ckpt_evict_limits size_goal = {
		.max_size = evict->limits.max_size / 10 * 9};
	struct ckpt_evict_limits entries_goal = {
		.max_entries = evict->limits.max_entries -
			       evict->limits.max_entries / 10};

	if (evict->limits.max_age_s) {
		struct file_walk walk = {.evict = evict};

		retire_old_segments(evict);
		walk_all_files(&walk);
	}
	evict->goal = size_goal;
	if (evict->limits.max_size &&
	    load(&evict->index->header->disk_size) > evict->limits.max_size)
		reach_size(evict);
	evict->goal = entries_goal;
	if (is_above_goal(evict))
		reach_entries(evict);
}

/* ---- the command's ---- */

static uint64_t measure_files(const struct ckpt_layout *layout)
{
	char dir_name[] = "big/x";
	uint64_t size = 0;

	for (unsigned i = 0; i < BIG_DIRS; i++) {
		struct ckpt_path_list list;
		const char *name;

		dir_name[4] = "0123456789abcdef"[i];
		ckpt_path_list_open(&list, ckpt_layout_dir(layout), dir_name);
		while ((name = ckpt_path_list_next(&list))) {
			struct stat st;

			if (!ckpt_sys_fstatat(list.fd, name, &st,
					      AT_SYMLINK_NOFOLLOW))
				size += (uint64_t)st.st_size;
		}
		ckpt_path_list_close(&list);
	}
	return size;
}

uint64_t ckpt_evict_measure(const struct ckpt_layout *layout)
{
	return measure_segments(layout) + measure_files(layout);
}

static void clean_tmp(struct ckpt_evict *evict)
{
	struct ckpt_path_list list;
	const char *name;

	ckpt_path_list_open(&list, ckpt_layout_dir(evict->layout), "tmp");
	while ((name = ckpt_path_list_next(&list))) {
		struct stat st;

		if (!ckpt_sys_fstatat(list.fd, name, &st,
				      AT_SYMLINK_NOFOLLOW) &&
		    evict->now_s - st.st_ctim.tv_sec > ORPHAN_AGE_S &&
		    !ckpt_sys_unlinkat(list.fd, name, 0))
			evict->freed_size += (uint64_t)st.st_size;
	}
	ckpt_path_list_close(&list);
}

/* Slots in use; those that point into a segment that is gone are freed. */
static uint64_t count_slots(const struct ckpt_evict *evict)
{
	const struct ckpt_index *index = evict->index;
	uint8_t is_there[CKPT_SEGMENT_BIG / 8 + 1] = {0};
	uint64_t count = 0;
	unsigned id = 0;

	is_there[CKPT_SEGMENT_BIG / 8] |= 1 << CKPT_SEGMENT_BIG % 8;
	while ((id = ckpt_scan_next_id(evict->layout, id)))
		is_there[id / 8] |= (uint8_t)(1 << id % 8);
	for (uint64_t at = 0; at <= index->mask; at++) {
		for (unsigned way = 0; way < CKPT_INDEX_WAYS; way++) {
			struct ckpt_index_find find = {
				.slot = &index->buckets[at].slots[way],
			};

			find.value = load(find.slot);
			id = ckpt_location_segment(find.value);
			if (!find.value)
				continue;
			if (is_there[id / 8] >> id % 8 & 1)
				count++;
			else
				(void)ckpt_index_remove(index, &find);
		}
	}
	return count;
}

void ckpt_evict_clean(struct ckpt_evict *evict)
{
	struct file_walk walk = {.evict = evict, .removes_orphans = true};
	struct ckpt_index_header *header = evict->index->header;

	walk_all_files(&walk);
	clean_tmp(evict);
	__atomic_store_n(&header->count, count_slots(evict), __ATOMIC_RELAXED);
	__atomic_store_n(&header->disk_size, ckpt_evict_measure(evict->layout),
			 __ATOMIC_RELAXED);
}

/* Records in a segment that someone writes to: it stays, they go. */
static void erase_records(const struct ckpt_evict *evict, unsigned id)
{
	static const uint32_t no_magic = 0;
	struct ckpt_scan scan;

	if (ckpt_scan_open(&scan, evict->layout, id))
		return;
	while (ckpt_scan_next(&scan))
		(void)ckpt_io_write_all(scan.fd, &no_magic, sizeof(no_magic),
					(off_t)scan.record_off);
	ckpt_scan_close(&scan);
}

void ckpt_evict_all(struct ckpt_evict *evict)
{
	struct file_walk walk = {.evict = evict, .removes_all = true};
	unsigned id = 0;

	ckpt_writer_leave(evict->writer);
	walk_all_files(&walk);
	while ((id = ckpt_scan_next_id(evict->layout, id)))
		if (!retire_segment(evict, id, false))
			erase_records(evict, id);
	for (uint64_t at = 0; at <= evict->index->mask; at++) {
		struct ckpt_index_bucket *bucket = &evict->index->buckets[at];

		for (unsigned way = 0; way < CKPT_INDEX_WAYS; way++) {
			struct ckpt_index_find find = {
				.slot = &bucket->slots[way],
			};

			find.value = load(find.slot);
			if (find.value &&
			    ckpt_index_remove(evict->index, &find))
				evict->removed_count++;
		}
	}
}
