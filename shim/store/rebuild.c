/* SPDX-License-Identifier: MIT */
#include "shim/store/rebuild.h"

#include <string.h>

#include "shim/common/sys_x86_64.h"
#include "shim/store/path.h"
#include "shim/store/scan.h"

enum { LOCK_WAIT_MS = 100 };

static const uint64_t location_mask = (1ULL << CKPT_LOCATION_BITS) - 1;

/* Is the slot that was found the key's, and not one of the same tag? */
static bool is_slot_of(struct ckpt_segments *segments, struct ckpt_hash128 key,
		       uint64_t slot)
{
	uint64_t location = slot & location_mask;
	unsigned id = ckpt_location_segment(location);
	struct ckpt_hash128 found;

	if (id == CKPT_SEGMENT_BIG)
		return location == ckpt_location_make_big(key);
	return !ckpt_segments_get_key(segments, id, ckpt_location_off(location),
				      &found) &&
	       ckpt_hash_equal(found, key);
}

bool ckpt_rebuild_find(const struct ckpt_index *index,
		       struct ckpt_segments *segments, struct ckpt_hash128 key,
		       struct ckpt_index_find *find)
{
	while (ckpt_index_find(index, key, find))
		if (is_slot_of(segments, key, find->value))
			return true;
	return false;
}

bool ckpt_rebuild_point(const struct ckpt_index *index,
			struct ckpt_segments *segments, struct ckpt_hash128 key,
			uint64_t location, uint64_t *ret_old)
{
	struct ckpt_index_find find = {.position = 0};

	while (ckpt_rebuild_find(index, segments, key, &find)) {
		*ret_old = find.value & location_mask;
		if (*ret_old == location)
			return true;
		if (ckpt_index_replace(&find, location))
			return true;
		/* Another one was quicker: look at the slot again. */
		find.position--;
	}
	*ret_old = 0;
	return ckpt_index_insert(index, key, location, 0);
}

/* ---- counting ---- */

static uint64_t count_segment(const struct ckpt_layout *layout, unsigned id)
{
	struct ckpt_scan scan;
	uint64_t count = 0;

	if (ckpt_scan_open(&scan, layout, id))
		return 0;
	scan.is_trusting = true;
	while (ckpt_scan_next(&scan))
		count++;
	ckpt_scan_close(&scan);
	return count;
}

static void name_big_dir(char name[8], int i)
{
	memcpy(name, "big/x", 6);
	name[4] = "0123456789abcdef"[i];
}

static uint64_t count_files(const struct ckpt_layout *layout)
{
	struct ckpt_path_list list;
	uint64_t count = 0;
	char name[8];

	for (int i = 0; i < 16; i++) {
		name_big_dir(name, i);
		ckpt_path_list_open(&list, ckpt_layout_dir(layout), name);
		while (ckpt_path_list_next(&list))
			count++;
		ckpt_path_list_close(&list);
	}
	return count;
}

static uint64_t count_entries(const struct ckpt_layout *layout)
{
	uint64_t count = count_files(layout);
	unsigned id = 0;

	while ((id = ckpt_scan_next_id(layout, id)))
		count += count_segment(layout, id);
	return count;
}

/* ---- filling ---- */

static void add_segment(const struct ckpt_index *index,
			const struct ckpt_layout *layout,
			struct ckpt_segments *segments, unsigned id)
{
	struct ckpt_scan scan;
	uint64_t old;

	if (ckpt_scan_open(&scan, layout, id))
		return;
	while (ckpt_scan_next(&scan))
		(void)ckpt_rebuild_point(
			index, segments, scan.record.key,
			ckpt_location_make(id, scan.record_off), &old);
	index->header->disk_size += scan.size;
	ckpt_scan_close(&scan);
}

static void add_files(const struct ckpt_index *index,
		      const struct ckpt_layout *layout,
		      struct ckpt_segments *segments, int i)
{
	struct ckpt_path_list list;
	const char *entry;
	char name[8];

	name_big_dir(name, i);
	ckpt_path_list_open(&list, ckpt_layout_dir(layout), name);
	while ((entry = ckpt_path_list_next(&list))) {
		struct ckpt_hash128 key;
		struct stat st;
		uint64_t old;

		if (!ckpt_hash_parse(entry, &key) ||
		    ckpt_sys_fstatat(list.fd, entry, &st, AT_SYMLINK_NOFOLLOW))
			continue;
		index->header->disk_size += (uint64_t)st.st_size;
		(void)ckpt_rebuild_point(index, segments, key,
					 ckpt_location_make_big(key), &old);
	}
	ckpt_path_list_close(&list);
}

/* Files first: a record in a segment is at least as new. */
static void fill_index(const struct ckpt_index *index,
		       const struct ckpt_layout *layout,
		       struct ckpt_segments *segments)
{
	unsigned last = 0;
	unsigned id = 0;

	for (int i = 0; i < 16; i++)
		add_files(index, layout, segments, i);
	while ((id = ckpt_scan_next_id(layout, id))) {
		add_segment(index, layout, segments, id);
		last = id;
	}
	index->header->next_segment = last + 1;
}

static unsigned choose_bits(uint64_t count)
{
	unsigned bits = CKPT_INDEX_BASE_BITS;

	/* Half full at most, and room to grow into. */
	while (bits < CKPT_INDEX_MAX_BITS &&
	       count > (uint64_t)(CKPT_INDEX_WAYS / 2) << bits)
		bits += 2;
	return bits;
}

static enum ckpt_status build_index(struct ckpt_index *index,
				    const struct ckpt_layout *layout,
				    struct ckpt_segments *segments,
				    uint64_t count, bool is_replacing)
{
	struct ckpt_index_draft draft;
	enum ckpt_status status;

	status = ckpt_index_create(index, layout, choose_bits(count), &draft);
	if (status)
		return status;
	if (count)
		fill_index(index, layout, segments);
	status = ckpt_index_publish(layout, &draft, is_replacing);
	if (status)
		ckpt_index_close(index);
	return status;
}

enum ckpt_status ckpt_rebuild_index(struct ckpt_index *index,
				    const struct ckpt_layout *layout,
				    struct ckpt_segments *segments)
{
	return build_index(index, layout, segments, count_entries(layout),
			   true);
}

static enum ckpt_status rebuild_locked(struct ckpt_index *index,
				       const struct ckpt_layout *layout,
				       struct ckpt_segments *segments)
{
	int lock = ckpt_layout_lock(layout, LOCK_WAIT_MS);
	enum ckpt_status status;

	if (lock < 0)
		return CKPT_IO;
	/* Someone may have done it while we waited. */
	status = ckpt_index_open(index, layout);
	if (status == CKPT_NOTFOUND || status == CKPT_BADDATA)
		status = ckpt_rebuild_index(index, layout, segments);
	ckpt_layout_unlock(lock);
	return status;
}

enum ckpt_status ckpt_rebuild_open(struct ckpt_index *index,
				   const struct ckpt_layout *layout,
				   struct ckpt_segments *segments)
{
	enum ckpt_status status;

	if (!layout->is_local)
		return CKPT_UNSUPPORTED;
	status = ckpt_index_open(index, layout);
	if (layout->is_readonly ||
	    (status != CKPT_NOTFOUND && status != CKPT_BADDATA))
		return status;
	/* A new store: of many creators the first one's index counts, and
	 * nobody has to wait. */
	if (status == CKPT_NOTFOUND && !ckpt_scan_next_id(layout, 0) &&
	    !count_files(layout)) {
		status = build_index(index, layout, segments, 0, false);
		if (status != CKPT_NOTFOUND)
			return status;
		status = ckpt_index_open(index, layout);
		if (!status)
			return status;
	}
	return rebuild_locked(index, layout, segments);
}
