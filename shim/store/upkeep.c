/* SPDX-License-Identifier: MIT */
#include "shim/store/upkeep.h"

#include <time.h>

#include "shim/common/sys_x86_64.h"

enum { LOCK_MS = 5000 };

static int64_t read_clock(void)
{
	struct timespec now = {0};

	(void)clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec;
}

/* The lock, or a negative number and a message. */
static int begin_upkeep(const struct ckpt_layout *layout,
			const struct ckpt_index *index, struct ckpt_err *err)
{
	int lock;

	if (layout->is_readonly || !index) {
		(void)ckpt_err_set(err, CKPT_UNSUPPORTED, "%s: %s",
				   layout->path,
				   index ? "is read-only" : "has no index");
		return -1;
	}
	lock = ckpt_layout_lock(layout, LOCK_MS);
	if (lock < 0)
		(void)ckpt_err_set(err, CKPT_IO,
				   "%s: another process keeps it locked",
				   layout->path);
	return lock;
}

static void end_upkeep(struct ckpt_evict *evict, int lock,
		       struct ckpt_upkeep *ret)
{
	*ret = (struct ckpt_upkeep){
		.removed_count = evict->removed_count,
		.freed_size = evict->freed_size,
		.count = evict->index->header->count,
		.size = evict->index->header->disk_size,
	};
	ckpt_writer_deinit(evict->writer);
	ckpt_layout_unlock(lock);
}

enum ckpt_status ckpt_upkeep_clear(const struct ckpt_store *store,
				   struct ckpt_upkeep *ret,
				   struct ckpt_err *err)
{
	struct ckpt_writer writer = {0};
	struct ckpt_evict evict = {
		.layout = ckpt_store_layout(store),
		.index = ckpt_store_index(store),
		.writer = &writer,
	};
	int lock = begin_upkeep(evict.layout, evict.index, err);

	if (lock < 0)
		return CKPT_IO;
	ckpt_writer_init(&writer, 0);
	ckpt_evict_all(&evict);
	(void)ckpt_layout_empty_dir(evict.layout, "tmp");
	ckpt_evict_clean(&evict);
	end_upkeep(&evict, lock, ret);
	return CKPT_OK;
}

enum ckpt_status ckpt_upkeep_collect(const struct ckpt_store *store,
				     const struct ckpt_evict_limits *limits,
				     struct ckpt_upkeep *ret,
				     struct ckpt_err *err)
{
	struct ckpt_writer writer = {0};
	struct ckpt_evict evict = {
		.layout = ckpt_store_layout(store),
		.index = ckpt_store_index(store),
		.writer = &writer,
		.limits = *limits,
		.now_s = read_clock(),
	};
	int lock = begin_upkeep(evict.layout, evict.index, err);

	if (lock < 0)
		return CKPT_IO;
	ckpt_writer_init(&writer, limits->max_size);
	ckpt_evict_clean(&evict);
	ckpt_evict_run(&evict);
	end_upkeep(&evict, lock, ret);
	return CKPT_OK;
}
