/* SPDX-License-Identifier: MIT */
#include "shim/store/store.h"

#include <string.h>
#include <time.h>

#include "shim/common/sys_x86_64.h"
#include "shim/store/blob.h"
#include "shim/store/evict.h"
#include "shim/store/io.h"
#include "shim/store/layout.h"
#include "shim/store/mark.h"
#include "shim/store/memory.h"
#include "shim/store/rebuild.h"
#include "shim/store/record.h"
#include "shim/store/room.h"
#include "shim/store/secret.h"
#include "shim/store/segment.h"
#include "shim/store/tables.h"
#include "shim/store/writer.h"

enum {
	/* An eviction that could not free enough is not tried again at once. */
	EVICT_PAUSE_MS = 1000,
};

struct ckpt_store {
	struct ckpt_layout layout;
	struct ckpt_store_options options;
	struct ckpt_hash_secret secret; /* of the namespace */
	struct ckpt_store *lower;	/* asked when this one has no answer */
	struct ckpt_evict_limits limits;
	struct ckpt_io_pool pool;
	struct ckpt_memory memory;
	struct ckpt_segments segments;
	struct ckpt_writer writer;
	struct ckpt_tables tables;
	struct ckpt_room room;
	uint64_t evict_again_ms;
	uint32_t aged_at_switch;
	uint64_t damaged_count;
};

/* Which hits of an entry that has many are counted: any numbers will do. */
static __thread uint32_t dice;

static uint64_t read_ms(clockid_t clock)
{
	struct timespec now = {0};

	(void)clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static struct ckpt_index *get_index(const struct ckpt_store *store)
{
	return ckpt_tables_get(&store->tables);
}

/* ---- the life of a store ---- */

/* The first lower store that exists, with those below it. */
static enum ckpt_status open_lower(struct ckpt_store *store,
				   struct ckpt_err *err)
{
	struct ckpt_store_options options = store->options;
	enum ckpt_status status = CKPT_NOTFOUND;

	options.is_readonly = true;
	options.secret = NULL;
	options.secret_file = NULL;
	while (options.lower && *options.lower && status == CKPT_NOTFOUND) {
		const char *directory = *options.lower++;

		status = ckpt_store_open(directory, &options, &store->lower,
					 err);
	}
	return status == CKPT_NOTFOUND ? CKPT_OK : status;
}

/* `wanted` is what secret_file says; NULL: nothing. */
static enum ckpt_status check_family(const struct ckpt_store *store,
				     const struct ckpt_hash_secret *wanted,
				     struct ckpt_err *err)
{
	const struct ckpt_hash_secret *own = &store->layout.secret;
	const struct ckpt_store *lower = store->lower;

	if (wanted && memcmp(own, wanted, sizeof(*own)) != 0)
		return ckpt_err_set(err, CKPT_INVALID,
				    "%s: was made with another secret than "
				    "that of %s; choose another directory",
				    store->layout.path,
				    store->options.secret_file);
	if (!lower || !memcmp(own, &lower->layout.secret, sizeof(*own)))
		return CKPT_OK;
	return ckpt_err_set(err, CKPT_INVALID,
			    "%s: was made with another secret than the lower "
			    "store %s, which can never have an answer for it; "
			    "remove one of them (a new store takes the secret "
			    "of its lower one)",
			    store->layout.path, lower->layout.path);
}

static enum ckpt_status open_parts(struct ckpt_store *store,
				   const char *directory, struct ckpt_err *err)
{
	struct ckpt_layout_options options = {
		.is_readonly = store->options.is_readonly,
		.is_shared = store->options.is_shared,
		.secret = store->options.secret};
	struct ckpt_hash_secret wanted;
	const char *file = store->options.secret_file;
	enum ckpt_status status = open_lower(store, err);

	if (!status && file)
		status =
			ckpt_secret_read(file, options.is_shared, &wanted, err);
	if (status)
		return status;
	if (file)
		options.secret = &wanted;
	else if (store->lower && !options.secret)
		options.secret = &store->lower->layout.secret;
	status = ckpt_layout_open(&store->layout, directory, &options, err);
	if (!status)
		status = check_family(store, file ? &wanted : NULL, err);
	store->secret = store->layout.secret;
	ckpt_secret_narrow(&store->secret, store->options.name_space);
	return status;
}

enum ckpt_status ckpt_store_open(const char *directory,
				 const struct ckpt_store_options *options,
				 struct ckpt_store **ret, struct ckpt_err *err)
{
	enum ckpt_status status;
	struct ckpt_store *store =
		ckpt_sys_mmap(NULL, sizeof(*store), PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (ckpt_sys_is_error(store))
		return ckpt_err_set(err, CKPT_NOMEM, "%s: out of memory",
				    directory);
	store->options = *options;
	store->layout.dir = -1;
	store->memory.limit =
		options->memory_size ? options->memory_size : CKPT_MEMORY_SIZE;
	store->limits.max_size = options->max_size;
	store->limits.max_entries = options->max_entries;
	store->limits.max_age_s = options->max_age_s;
	ckpt_writer_init(&store->writer, options->max_size);
	store->segments.layout = &store->layout;
	store->segments.pool = &store->pool;
	store->segments.map_after = options->map_after;
	status = open_parts(store, directory, err);
	if (status) {
		ckpt_store_close(store);
		return status;
	}
	ckpt_tables_open(&store->tables, &store->layout, &store->segments,
			 (uint32_t)read_ms(CLOCK_MONOTONIC_COARSE));
	*ret = store;
	return CKPT_OK;
}

void ckpt_store_close(struct ckpt_store *store)
{
	if (!store)
		return;
	ckpt_store_close(store->lower);
	ckpt_writer_deinit(&store->writer);
	ckpt_segments_deinit(&store->segments);
	ckpt_tables_close(&store->tables);
	ckpt_memory_deinit(&store->memory);
	ckpt_io_pool_deinit(&store->pool);
	ckpt_layout_close(&store->layout);
	(void)ckpt_sys_munmap(store, sizeof(*store));
}

bool ckpt_store_is_readonly(const struct ckpt_store *store)
{
	return store->layout.is_readonly;
}

const struct ckpt_hash_secret *ckpt_store_secret(const struct ckpt_store *store)
{
	return &store->secret;
}

uint64_t ckpt_store_damaged(const struct ckpt_store *store)
{
	return __atomic_load_n(&store->damaged_count, __ATOMIC_RELAXED);
}

static bool is_superseded(const struct ckpt_index *index)
{
	return __atomic_load_n(&index->header->is_superseded, __ATOMIC_SEQ_CST);
}

/* ---- get ---- */

/* An entry from the future (the clock was set back) is of age 0. */
static bool is_too_old(const struct ckpt_store *store,
		       const struct ckpt_entry *entry, uint64_t max_age_s)
{
	uint64_t limit = store->options.max_age_s;
	int64_t age;

	if (max_age_s && (!limit || max_age_s < limit))
		limit = max_age_s;
	if (!limit)
		return false;
	age = (int64_t)(read_ms(CLOCK_REALTIME) / 1000) - entry->created_s;
	return age > 0 && (uint64_t)age > limit;
}

static void count_damage(struct ckpt_store *store)
{
	__atomic_fetch_add(&store->damaged_count, 1, __ATOMIC_RELAXED);
}

static enum ckpt_status get_file(struct ckpt_store *store,
				 struct ckpt_hash128 key,
				 struct ckpt_entry *ret)
{
	enum ckpt_status status;
	struct stat st;
	bool is_there = ckpt_blob_stat(&store->layout, key, &st);

	if (is_there && ckpt_memory_take(&store->memory, key, &st, ret))
		return CKPT_OK;
	status = ckpt_blob_get(&store->layout, &store->pool, key, ret);
	if (!status && is_there)
		ckpt_memory_keep(&store->memory, key, &st, ret);
	if (status == CKPT_BADDATA) {
		count_damage(store);
		if (!store->layout.is_readonly)
			(void)!ckpt_blob_remove(&store->layout, key);
	}
	return status;
}

/* What a slot points at. INVALID: nothing, it can go. */
static enum ckpt_status get_at(struct ckpt_store *store,
			       const struct ckpt_segment_place *place,
			       struct ckpt_entry *ret)
{
	enum ckpt_status status;

	if (place->id == CKPT_SEGMENT_BIG) {
		status = get_file(store, place->key, ret);
		return status == CKPT_BADDATA || status == CKPT_NOTFOUND
			       ? CKPT_INVALID
			       : status;
	}
	status = ckpt_segments_get(&store->segments, place, ret);
	if (status != CKPT_BADDATA)
		return status;
	count_damage(store);
	return CKPT_INVALID;
}

static enum ckpt_status get_indexed(struct ckpt_store *store,
				    const struct ckpt_index *index,
				    struct ckpt_hash128 key, uint32_t now,
				    struct ckpt_entry *ret)
{
	struct ckpt_index_find find = {.position = 0};

	while (ckpt_index_find(index, key, &find)) {
		struct ckpt_segment_place place = {
			.id = ckpt_location_segment(find.value),
			.off = ckpt_location_off(find.value),
			.key = key,
			.now_ms = now};
		enum ckpt_status status = get_at(store, &place, ret);

		if (status == CKPT_INVALID && !index->is_readonly)
			(void)ckpt_index_remove(index, &find);
		if (status)
			continue;
		if (!index->is_readonly)
			ckpt_mark_hit(find.mark, &dice);
		return CKPT_OK;
	}
	return CKPT_NOTFOUND;
}

static enum ckpt_status get_own(struct ckpt_store *store,
				struct ckpt_hash128 key, uint64_t max_age_s,
				struct ckpt_entry *ret)
{
	uint32_t now = (uint32_t)read_ms(CLOCK_MONOTONIC_COARSE);
	struct ckpt_index *index = ckpt_tables_check(&store->tables, now);
	enum ckpt_status status;

	if (!index) {
		status = get_file(store, key, ret);
	} else {
		status = get_indexed(store, index, key, now, ret);
		if (status && is_superseded(index) &&
		    ckpt_tables_follow(&store->tables, index))
			status = get_indexed(store, get_index(store), key, now,
					     ret);
	}
	if (status)
		return CKPT_NOTFOUND;
	ret->owner = store;
	if (is_too_old(store, ret, max_age_s)) {
		ckpt_store_release(store, ret);
		return CKPT_UNSUPPORTED;
	}
	return CKPT_OK;
}

enum ckpt_status ckpt_store_get(struct ckpt_store *store,
				struct ckpt_hash128 key, uint64_t max_age_s,
				struct ckpt_entry *ret)
{
	enum ckpt_status answer = CKPT_NOTFOUND;

	for (; store; store = store->lower) {
		enum ckpt_status status = get_own(store, key, max_age_s, ret);

		if (!status)
			return status;
		if (status == CKPT_UNSUPPORTED)
			answer = status;
	}
	return answer;
}

void ckpt_store_release(struct ckpt_store *store, struct ckpt_entry *entry)
{
	(void)store;
	if (entry->memory != entry->small &&
	    !ckpt_memory_give(&entry->owner->memory, entry->memory_token))
		ckpt_io_pool_give(&entry->owner->pool, entry->memory,
				  entry->memory_token);
	entry->memory = NULL;
	entry->payload = NULL;
}

void ckpt_entry_describe(const struct ckpt_entry *entry,
			 struct ckpt_entry_info *ret)
{
	struct ckpt_record record = {.created_s = entry->created_s,
				     .duration_ns = entry->duration_ns,
				     .bytes = entry->memory};

	ckpt_record_describe(&record, ret);
}

/* ---- put ---- */

/* What no slot points at any more must not come back with a rebuild. */
static void drop_location(struct ckpt_store *store, struct ckpt_hash128 key,
			  uint64_t location)
{
	unsigned id = ckpt_location_segment(location);

	if (id == CKPT_SEGMENT_BIG)
		(void)!ckpt_blob_remove(&store->layout, key);
	else
		ckpt_segments_erase(&store->segments, id,
				    ckpt_location_off(location));
}

/* Make the key's slot point at `location`, in the table that has the name. */
static enum ckpt_status publish_location(struct ckpt_store *store,
					 struct ckpt_hash128 key,
					 uint64_t location)
{
	for (int attempt = 0; attempt < 4; attempt++) {
		struct ckpt_index *index = get_index(store);
		uint64_t old = 0;
		bool is_done;

		if (!index)
			return CKPT_UNSUPPORTED;
		is_done = ckpt_rebuild_point(index, &store->segments, key,
					     location, &old);
		if (old && old != location)
			drop_location(store, key, old);
		if (!is_done || ckpt_index_is_crowded(index))
			ckpt_tables_grow(&store->tables, index,
					 read_ms(CLOCK_MONOTONIC_COARSE));
		if (is_done && (!is_superseded(index) ||
				!ckpt_tables_follow(&store->tables, index)))
			return CKPT_OK;
	}
	return CKPT_UNSUPPORTED;
}

static void run_eviction(struct ckpt_store *store, struct ckpt_index *index)
{
	struct ckpt_evict evict = {
		.layout = &store->layout,
		.index = index,
		.writer = &store->writer,
		.limits = store->limits,
		.now_s = (int64_t)(read_ms(CLOCK_REALTIME) / 1000),
	};
	uint64_t now = read_ms(CLOCK_MONOTONIC_COARSE);
	int lock;

	if (now < __atomic_load_n(&store->evict_again_ms, __ATOMIC_RELAXED))
		return;
	lock = ckpt_layout_lock(&store->layout, 0);
	if (lock < 0)
		return;
	ckpt_evict_run(&evict);
	if (ckpt_evict_is_due(index, &store->limits))
		__atomic_store_n(&store->evict_again_ms, now + EVICT_PAUSE_MS,
				 __ATOMIC_RELAXED);
	ckpt_layout_unlock(lock);
}

/* Ages are looked at whenever this process takes a segment to write to. */
static bool is_age_due(struct ckpt_store *store)
{
	uint32_t count = store->writer.switch_count;

	return store->limits.max_age_s &&
	       __atomic_exchange_n(&store->aged_at_switch, count,
				   __ATOMIC_RELAXED) != count;
}

static void account_put(struct ckpt_store *store, uint64_t size)
{
	struct ckpt_index *index = get_index(store);

	if (!index)
		return;
	__atomic_fetch_add(&index->header->disk_size, size, __ATOMIC_RELAXED);
	if (ckpt_evict_is_due(index, &store->limits) || is_age_due(store))
		run_eviction(store, index);
}

static enum ckpt_status append_record(struct ckpt_store *store,
				      const struct ckpt_record_draft *draft,
				      uint64_t *ret)
{
	struct ckpt_index *index = get_index(store);

	if (!index)
		return CKPT_UNSUPPORTED;
	/* It comes while the kernel writes. */
	ckpt_index_prefetch(index, draft->key);
	return ckpt_writer_append(&store->writer, &store->layout, index->header,
				  draft, ret);
}

/* Into a segment if it is small enough and there is one, else into a file. */
static enum ckpt_status write_record(struct ckpt_store *store,
				     const struct ckpt_record_draft *draft,
				     uint64_t *ret)
{
	bool is_small = draft->size <= CKPT_SEGMENT_RECORD_MAX;
	enum ckpt_status status = CKPT_UNSUPPORTED;

	if (is_small)
		status = append_record(store, draft, ret);
	if (is_small && status == CKPT_UNSUPPORTED &&
	    ckpt_layout_revive(&store->layout))
		status = append_record(store, draft, ret);
	if (status != CKPT_UNSUPPORTED)
		return status;
	*ret = ckpt_location_make_big(draft->key);
	return ckpt_blob_put(&store->layout, draft);
}

enum ckpt_status ckpt_store_put(struct ckpt_store *store,
				struct ckpt_hash128 key,
				const struct ckpt_entry_info *info,
				const struct iovec *parts, int part_count)
{
	uint64_t now = read_ms(CLOCK_MONOTONIC_COARSE);
	struct ckpt_record_draft draft;
	enum ckpt_status status;
	uint64_t location;

	if (store->layout.is_readonly || ckpt_room_is_paused(&store->room, now))
		return CKPT_UNSUPPORTED;
	status = ckpt_record_build(key, info, parts, part_count, &draft);
	if (status)
		return status;
	if (ckpt_room_is_low(&store->room, ckpt_layout_dir(&store->layout),
			     draft.size, now))
		return CKPT_UNSUPPORTED;
	status = write_record(store, &draft, &location);
	if (status == CKPT_IO)
		ckpt_room_pause(&store->room, now);
	if (status || !get_index(store))
		return status;
	status = publish_location(store, key, location);
	account_put(store, draft.size);
	return status;
}

static void remove_indexed(struct ckpt_store *store,
			   const struct ckpt_index *index,
			   struct ckpt_hash128 key)
{
	struct ckpt_index_find find = {.position = 0};

	while (ckpt_rebuild_find(index, &store->segments, key, &find))
		if (ckpt_index_remove(index, &find))
			drop_location(store, key, find.value);
}

enum ckpt_status ckpt_store_remove(struct ckpt_store *store,
				   struct ckpt_hash128 key)
{
	struct ckpt_index *index = get_index(store);
	enum ckpt_status status;

	if (store->layout.is_readonly)
		return CKPT_UNSUPPORTED;
	if (!index) {
		status = ckpt_blob_remove(&store->layout, key);
		return status == CKPT_NOTFOUND ? CKPT_OK : status;
	}
	remove_indexed(store, index, key);
	if (is_superseded(index) && ckpt_tables_follow(&store->tables, index))
		remove_indexed(store, get_index(store), key);
	return CKPT_OK;
}

/* ---- the command's ---- */

struct ckpt_store *ckpt_store_lower(const struct ckpt_store *store)
{
	return store->lower;
}

const struct ckpt_layout *ckpt_store_layout(const struct ckpt_store *store)
{
	return &store->layout;
}

const struct ckpt_index *ckpt_store_index(const struct ckpt_store *store)
{
	return get_index(store);
}

enum ckpt_once_state ckpt_store_once(const struct ckpt_store *store,
				     struct ckpt_hash128 key, bool is_private,
				     struct ckpt_once_lock *lock)
{
	if (store->layout.is_readonly)
		return CKPT_ONCE_NONE;
	return ckpt_once_try(&store->layout, key, is_private, lock);
}
