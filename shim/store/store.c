/* SPDX-License-Identifier: MIT */
#include "shim/store/store.h"

#include <time.h>

#include "shim/common/sys_x86_64.h"
#include "shim/store/blob.h"
#include "shim/store/io.h"
#include "shim/store/layout.h"
#include "shim/store/record.h"

enum {
	/* After a failed write nothing is put for so long: the disk is full,
	 * and trying costs more than it gives. */
	PAUSE_S = 10,
};

struct ckpt_store {
	struct ckpt_layout layout;
	struct ckpt_store_options options;
	struct ckpt_pool pool;
	int64_t paused_until_s; /* CLOCK_MONOTONIC; 0: not paused */
	uint64_t damaged_count;
};

static int64_t read_clock(clockid_t clock)
{
	struct timespec now = {0};

	(void)clock_gettime(clock, &now);
	return now.tv_sec;
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
	status =
		ckpt_layout_open(&store->layout, directory,
				 options->is_readonly, options->is_shared, err);
	if (status) {
		(void)ckpt_sys_munmap(store, sizeof(*store));
		return status;
	}
	*ret = store;
	return CKPT_OK;
}

void ckpt_store_close(struct ckpt_store *store)
{
	if (!store)
		return;
	ckpt_pool_deinit(&store->pool);
	ckpt_layout_close(&store->layout);
	(void)ckpt_sys_munmap(store, sizeof(*store));
}

const struct ckpt_hash_secret *ckpt_store_secret(const struct ckpt_store *store)
{
	return &store->layout.secret;
}

uint64_t ckpt_store_damaged(const struct ckpt_store *store)
{
	return __atomic_load_n(&store->damaged_count, __ATOMIC_RELAXED);
}

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
	age = read_clock(CLOCK_REALTIME) - entry->info.created_s;
	return age > 0 && (uint64_t)age > limit;
}

enum ckpt_status ckpt_store_get(struct ckpt_store *store,
				struct ckpt_hash128 key, uint64_t max_age_s,
				struct ckpt_entry *ret)
{
	enum ckpt_status status;

	status = ckpt_blob_get(&store->layout, &store->pool, key, ret);
	if (status == CKPT_BADDATA) {
		__atomic_fetch_add(&store->damaged_count, 1, __ATOMIC_RELAXED);
		if (!store->layout.is_readonly)
			(void)!ckpt_blob_remove(&store->layout, key);
	}
	if (status)
		return CKPT_NOTFOUND;
	if (is_too_old(store, ret, max_age_s)) {
		ckpt_store_release(store, ret);
		return CKPT_NOTFOUND;
	}
	return CKPT_OK;
}

void ckpt_store_release(struct ckpt_store *store, struct ckpt_entry *entry)
{
	ckpt_pool_give(&store->pool, entry->memory, entry->memory_size);
	entry->memory = NULL;
	entry->payload = NULL;
}

static bool is_paused(struct ckpt_store *store)
{
	int64_t until =
		__atomic_load_n(&store->paused_until_s, __ATOMIC_RELAXED);

	return until && read_clock(CLOCK_MONOTONIC) < until;
}

enum ckpt_status ckpt_store_put(struct ckpt_store *store,
				struct ckpt_hash128 key,
				const struct ckpt_entry_info *info,
				const struct iovec *parts, int part_count)
{
	struct ckpt_record_head head;
	enum ckpt_status status;
	uint64_t payload_size;

	if (store->layout.is_readonly || is_paused(store))
		return CKPT_UNSUPPORTED;
	status = ckpt_record_build(key, info, parts, part_count, &head,
				   &payload_size);
	if (status)
		return status;
	status = ckpt_blob_put(&store->layout, key, &head, parts, part_count,
			       payload_size);
	if (status == CKPT_IO)
		__atomic_store_n(&store->paused_until_s,
				 read_clock(CLOCK_MONOTONIC) + PAUSE_S,
				 __ATOMIC_RELAXED);
	return status;
}

enum ckpt_status ckpt_store_remove(struct ckpt_store *store,
				   struct ckpt_hash128 key)
{
	enum ckpt_status status;

	if (store->layout.is_readonly)
		return CKPT_UNSUPPORTED;
	status = ckpt_blob_remove(&store->layout, key);
	return status == CKPT_NOTFOUND ? CKPT_OK : status;
}

enum ckpt_status ckpt_store_clear(struct ckpt_store *store, size_t *ret_count,
				  struct ckpt_err *err)
{
	char name[] = "big/x";
	size_t count = 0;

	if (store->layout.is_readonly)
		return ckpt_err_set(err, CKPT_UNSUPPORTED, "%s: is read-only",
				    store->layout.path);
	for (int i = 0; i < 16; i++) {
		name[4] = "0123456789abcdef"[i];
		count += ckpt_layout_empty_dir(&store->layout, name);
	}
	(void)ckpt_layout_empty_dir(&store->layout, "tmp");
	*ret_count = count;
	return CKPT_OK;
}
