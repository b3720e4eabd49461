/* SPDX-License-Identifier: MIT */
#include "shim/store/index.h"

#include <errno.h>
#include <string.h>

#include "shim/common/sys_x86_64.h"
#include "shim/store/io.h"

_Static_assert(sizeof(struct ckpt_index_bucket) == 64, "a cache line");
_Static_assert(offsetof(struct ckpt_index_header, is_superseded) == 64 &&
		       offsetof(struct ckpt_index_header, count) == 128,
	       "what is written often has a cache line of its own");

enum { DISTANCE_SHIFT = CKPT_LOCATION_BITS };

static const uint64_t location_mask = (1ULL << CKPT_LOCATION_BITS) - 1;
static const unsigned tag_shift = CKPT_LOCATION_BITS + CKPT_SLOT_DISTANCE_BITS;

static uint64_t make_tag(struct ckpt_hash128 key)
{
	return key.lo >> CKPT_INDEX_BASE_BITS &
	       ((1U << CKPT_SLOT_TAG_BITS) - 1);
}

static uint64_t load_slot(const uint64_t *slot)
{
	return __atomic_load_n(slot, __ATOMIC_ACQUIRE);
}

static size_t measure_index(unsigned bits)
{
	return CKPT_INDEX_HEADER_SIZE +
	       ((size_t)sizeof(struct ckpt_index_bucket) << bits);
}

static uint64_t sum_header(const struct ckpt_index_header *header)
{
	return ckpt_hash64(header,
			   offsetof(struct ckpt_index_header, checksum));
}

static bool is_header_valid(const struct ckpt_index_header *header,
			    uint64_t file_size)
{
	return !memcmp(header->magic, CKPT_INDEX_MAGIC, 8) &&
	       header->format == CKPT_INDEX_FORMAT &&
	       header->checksum == sum_header(header) &&
	       header->bucket_bits >= CKPT_INDEX_BASE_BITS &&
	       header->bucket_bits <= CKPT_INDEX_MAX_BITS &&
	       file_size == measure_index(header->bucket_bits);
}

/* The whole file; `bits` is what its header says. */
static enum ckpt_status map_index(struct ckpt_index *index, int fd,
				  unsigned bits, const struct stat *st,
				  bool is_readonly)
{
	size_t size = measure_index(bits);
	int protection = is_readonly ? PROT_READ : PROT_READ | PROT_WRITE;
	uint8_t *data =
		ckpt_sys_mmap(NULL, size, protection, MAP_SHARED, fd, 0);

	if (ckpt_sys_is_error(data))
		return CKPT_NOMEM;
	*index = (struct ckpt_index){
		.header = (void *)data,
		.buckets = (void *)(data + CKPT_INDEX_HEADER_SIZE),
		.mask = (1ULL << bits) - 1,
		.bits = bits,
		.is_readonly = is_readonly,
		.size = size,
		.dev = st->st_dev,
		.inode = st->st_ino,
	};
	return CKPT_OK;
}

static enum ckpt_status open_fd(struct ckpt_index *index, int fd,
				bool is_readonly)
{
	struct ckpt_index_header header;
	struct stat st;

	if (ckpt_sys_fstat(fd, &st))
		return CKPT_IO;
	if (!S_ISREG(st.st_mode) ||
	    ckpt_io_read_all(fd, &header, sizeof(header), 0) ||
	    !is_header_valid(&header, (uint64_t)st.st_size))
		return CKPT_BADDATA;
	return map_index(index, fd, header.bucket_bits, &st, is_readonly);
}

enum ckpt_status ckpt_index_open(struct ckpt_index *index,
				 const struct ckpt_layout *layout)
{
	int access = layout->is_readonly ? O_RDONLY : O_RDWR;
	int fd = ckpt_sys_openat(ckpt_layout_dir(layout), "index",
				 access | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK,
				 0);
	enum ckpt_status status;

	if (fd == -ENOENT)
		return CKPT_NOTFOUND;
	if (fd < 0)
		return CKPT_IO;
	status = open_fd(index, fd, layout->is_readonly);
	(void)ckpt_sys_close(fd);
	return status;
}

static enum ckpt_status write_empty(int fd, unsigned bits)
{
	struct ckpt_index_header header = {
		.magic = CKPT_INDEX_MAGIC,
		.format = CKPT_INDEX_FORMAT,
		.bucket_bits = bits,
		.next_segment = 1,
	};
	size_t size = measure_index(bits);

	(void)ckpt_sys_getrandom(&header.generation, sizeof(header.generation),
				 0);
	header.checksum = sum_header(&header);
	if (ckpt_io_exceeds_limit(size))
		return CKPT_UNSUPPORTED;
	if (ckpt_io_reserve(fd, size) ||
	    ckpt_io_write_all(fd, &header, sizeof(header), 0))
		return CKPT_IO;
	return CKPT_OK;
}

enum ckpt_status ckpt_index_create(struct ckpt_index *index,
				   const struct ckpt_layout *layout,
				   unsigned bits, struct ckpt_index_draft *ret)
{
	enum ckpt_status status;
	struct stat st;

	if (bits > CKPT_INDEX_MAX_BITS)
		return CKPT_UNSUPPORTED;
	ret->fd = ckpt_layout_create_file(layout, "tmp", ret->tmp_name);
	if (ret->fd < 0)
		return CKPT_IO;
	status = write_empty(ret->fd, bits);
	if (!status && ckpt_sys_fstat(ret->fd, &st))
		status = CKPT_IO;
	if (!status)
		status = map_index(index, ret->fd, bits, &st, false);
	if (status)
		ckpt_layout_drop_file(layout, ret->fd, ret->tmp_name);
	return status;
}

enum ckpt_status ckpt_index_publish(const struct ckpt_layout *layout,
				    struct ckpt_index_draft *draft,
				    bool is_replacing)
{
	int error = ckpt_layout_publish_file(layout, draft->fd, draft->tmp_name,
					     "index", is_replacing);

	ckpt_layout_drop_file(layout, draft->fd, error ? draft->tmp_name : "");
	if (error == -EEXIST)
		return CKPT_NOTFOUND;
	return error ? CKPT_IO : CKPT_OK;
}

void ckpt_index_close(struct ckpt_index *index)
{
	if (index->header)
		(void)ckpt_sys_munmap(index->header, index->size);
	*index = (struct ckpt_index){.header = NULL};
}

static bool stat_index(const struct ckpt_layout *layout, struct stat *ret)
{
	return !ckpt_sys_fstatat(ckpt_layout_dir(layout), "index", ret,
				 AT_SYMLINK_NOFOLLOW);
}

bool ckpt_index_is_current(const struct ckpt_index *index,
			   const struct ckpt_layout *layout)
{
	struct stat st;

	return stat_index(layout, &st) && st.st_ino == index->inode &&
	       st.st_dev == index->dev;
}

bool ckpt_index_is_whole(const struct ckpt_index *index,
			 const struct ckpt_layout *layout)
{
	struct stat st;

	/* Another file of the name, or none: ours is unlinked and safe. */
	return !stat_index(layout, &st) || st.st_ino != index->inode ||
	       st.st_dev != index->dev || (size_t)st.st_size >= index->size;
}

bool ckpt_index_find(const struct ckpt_index *index, struct ckpt_hash128 key,
		     struct ckpt_index_find *find)
{
	uint64_t tag = make_tag(key);
	unsigned distance = find->position / CKPT_INDEX_WAYS;
	unsigned way = find->position % CKPT_INDEX_WAYS;

	for (; distance < CKPT_INDEX_PROBES; distance++, way = 0) {
		struct ckpt_index_bucket *bucket =
			&index->buckets[(key.lo + distance) & index->mask];
		uint64_t want = tag << CKPT_SLOT_DISTANCE_BITS | distance;

		for (; way < CKPT_INDEX_WAYS; way++) {
			uint64_t value = load_slot(&bucket->slots[way]);

			if (value >> DISTANCE_SHIFT != want ||
			    !(value & location_mask))
				continue;
			find->position = distance * CKPT_INDEX_WAYS + way + 1;
			find->value = value;
			find->slot = &bucket->slots[way];
			find->mark = &bucket->marks[way];
			return true;
		}
		if (!__atomic_load_n(&bucket->is_overflowed, __ATOMIC_ACQUIRE))
			break;
	}
	return false;
}

bool ckpt_index_find_location(const struct ckpt_index *index,
			      struct ckpt_hash128 key, uint64_t location,
			      struct ckpt_index_find *find)
{
	find->position = 0;
	while (ckpt_index_find(index, key, find))
		if ((find->value & location_mask) == location)
			return true;
	return false;
}

/* `home` is the first bucket, `slot` a value but for its distance. */
static bool insert_slot(const struct ckpt_index *index, uint64_t home,
			uint64_t slot, uint8_t mark)
{
	for (uint64_t distance = 0; distance < CKPT_INDEX_PROBES; distance++) {
		struct ckpt_index_bucket *bucket =
			&index->buckets[(home + distance) & index->mask];
		uint64_t value = slot | distance << DISTANCE_SHIFT;

		for (unsigned way = 0; way < CKPT_INDEX_WAYS; way++) {
			uint64_t empty = 0;

			if (load_slot(&bucket->slots[way]))
				continue;
			if (!__atomic_compare_exchange_n(
				    &bucket->slots[way], &empty, value, false,
				    __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
				continue;
			bucket->marks[way] = mark;
			__atomic_fetch_add(&index->header->count, 1,
					   __ATOMIC_RELAXED);
			return true;
		}
		/* For ever: a look-up must not stop here any more. */
		__atomic_store_n(&bucket->is_overflowed, 1, __ATOMIC_SEQ_CST);
	}
	return false;
}

bool ckpt_index_insert(const struct ckpt_index *index, struct ckpt_hash128 key,
		       uint64_t location, uint8_t mark)
{
	return insert_slot(index, key.lo, make_tag(key) << tag_shift | location,
			   mark);
}

bool ckpt_index_replace(const struct ckpt_index_find *find, uint64_t location)
{
	uint64_t expected = find->value;

	return __atomic_compare_exchange_n(
		find->slot, &expected, (expected & ~location_mask) | location,
		false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
}

bool ckpt_index_remove(const struct ckpt_index *index,
		       const struct ckpt_index_find *find)
{
	uint64_t expected = find->value;

	if (!__atomic_compare_exchange_n(find->slot, &expected, 0, false,
					 __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
		return false;
	__atomic_fetch_sub(&index->header->count, 1, __ATOMIC_RELAXED);
	return true;
}

bool ckpt_index_is_crowded(const struct ckpt_index *index)
{
	uint64_t count =
		__atomic_load_n(&index->header->count, __ATOMIC_RELAXED);

	/* 0.6 of 7 slots is 4.2 a bucket. A count that went below zero (a
	 * process died between two words) is no crowd. */
	return (int64_t)count > 0 && count > (index->mask + 1) * 21 / 5;
}

/* The first bucket, in a table of `bits`, of a slot found in bucket `at` of a
 * table of `old_bits`: what lies above comes from the tag. */
static uint64_t find_home(uint64_t at, uint64_t slot, unsigned old_bits,
			  unsigned bits)
{
	uint64_t distance =
		slot >> DISTANCE_SHIFT & ((1U << CKPT_SLOT_DISTANCE_BITS) - 1);
	uint64_t low = (at - distance) & ((1ULL << old_bits) - 1);
	uint64_t key_bits = slot >> tag_shift << CKPT_INDEX_BASE_BITS;
	uint64_t high = key_bits & ((1ULL << bits) - (1ULL << old_bits));

	return low | high;
}

static uint64_t drop_distance(uint64_t slot)
{
	return slot & ~((uint64_t)((1U << CKPT_SLOT_DISTANCE_BITS) - 1)
			<< DISTANCE_SHIFT);
}

static void remove_slot(const struct ckpt_index *index, uint64_t home,
			uint64_t slot)
{
	for (uint64_t distance = 0; distance < CKPT_INDEX_PROBES; distance++) {
		struct ckpt_index_bucket *bucket =
			&index->buckets[(home + distance) & index->mask];
		struct ckpt_index_find find = {
			.value = slot | distance << DISTANCE_SHIFT,
		};

		for (unsigned way = 0; way < CKPT_INDEX_WAYS; way++) {
			find.slot = &bucket->slots[way];
			if (load_slot(find.slot) == find.value &&
			    ckpt_index_remove(index, &find))
				return;
		}
	}
}

/* Bring `index` from what `seen` says to what `old` says now; `seen` becomes
 * that. It begins with nothing seen. */
static void copy_changes(const struct ckpt_index *old,
			 const struct ckpt_index *index, uint64_t *seen)
{
	for (uint64_t at = 0; at <= old->mask; at++) {
		const struct ckpt_index_bucket *bucket = &old->buckets[at];

		for (unsigned way = 0; way < CKPT_INDEX_WAYS; way++, seen++) {
			uint64_t value = load_slot(&bucket->slots[way]);

			if (value == *seen)
				continue;
			if (*seen)
				remove_slot(index,
					    find_home(at, *seen, old->bits,
						      index->bits),
					    drop_distance(*seen));
			if (value)
				(void)insert_slot(index,
						  find_home(at, value,
							    old->bits,
							    index->bits),
						  drop_distance(value),
						  bucket->marks[way]);
			*seen = value;
		}
	}
}

static void copy_hints(const struct ckpt_index_header *from,
		       struct ckpt_index_header *to)
{
	to->disk_size = __atomic_load_n(&from->disk_size, __ATOMIC_RELAXED);
	to->next_segment =
		__atomic_load_n(&from->next_segment, __ATOMIC_RELAXED);
}

enum ckpt_status ckpt_index_grow(struct ckpt_index *old,
				 const struct ckpt_layout *layout,
				 struct ckpt_index *index)
{
	size_t seen_size = (old->mask + 1) * CKPT_INDEX_WAYS * sizeof(uint64_t);
	struct ckpt_index_draft draft;
	enum ckpt_status status;
	uint64_t *seen;

	status = ckpt_index_create(index, layout, old->bits + 2, &draft);
	if (status)
		return status;
	seen = ckpt_sys_mmap(NULL, seen_size, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (ckpt_sys_is_error(seen)) {
		ckpt_layout_drop_file(layout, draft.fd, draft.tmp_name);
		ckpt_index_close(index);
		return CKPT_NOMEM;
	}
	__atomic_store_n(&old->header->is_superseded, 1, __ATOMIC_SEQ_CST);
	copy_changes(old, index, seen);
	copy_hints(old->header, index->header);
	status = ckpt_index_publish(layout, &draft, true);
	if (!status)
		copy_changes(old, index, seen);
	else
		ckpt_index_close(index);
	if (status)
		__atomic_store_n(&old->header->is_superseded, 0,
				 __ATOMIC_SEQ_CST);
	(void)ckpt_sys_munmap(seen, seen_size);
	return status;
}
