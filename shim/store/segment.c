/* SPDX-License-Identifier: MIT */
#include "shim/store/segment.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "shim/common/sys_x86_64.h"
#include "shim/store/path.h"

enum {
	MAP_COUNT = 1 << 16,
	CHECK_INTERVAL_MS = 4,
	PREFETCH_LINES = 6,
};

_Static_assert(sizeof(struct ckpt_segment_header) == 64, "no holes");

void ckpt_segment_name(unsigned id, char name[CKPT_LAYOUT_NAME_SIZE])
{
	static const char digits[] = "0123456789abcdef";

	memcpy(name, "seg/", 4);
	for (int i = 0; i < 4; i++)
		name[4 + i] = digits[id >> (12 - 4 * i) & 15];
	name[8] = '\0';
}

unsigned ckpt_segment_parse_name(const char *name)
{
	unsigned id = 0;

	for (int i = 0; i < 4; i++) {
		char c = name[i];

		if (c >= '0' && c <= '9')
			id = id << 4 | (unsigned)(c - '0');
		else if (c >= 'a' && c <= 'f')
			id = id << 4 | (unsigned)(c - 'a' + 10);
		else
			return 0;
	}
	return name[4] || id > CKPT_SEGMENT_LAST_ID ? 0 : id;
}

static uint64_t sum_header(const struct ckpt_segment_header *header)
{
	return ckpt_hash64(header,
			   offsetof(struct ckpt_segment_header, checksum));
}

void ckpt_segment_init_header(struct ckpt_segment_header *header, unsigned id)
{
	struct timespec now = {0};

	(void)clock_gettime(CLOCK_REALTIME, &now);
	*header = (struct ckpt_segment_header){
		.magic = CKPT_SEGMENT_MAGIC,
		.format = CKPT_SEGMENT_FORMAT,
		.id = id,
		.created_s = now.tv_sec,
	};
	header->checksum = sum_header(header);
}

bool ckpt_segment_is_header(const struct ckpt_segment_header *header,
			    unsigned id)
{
	return !memcmp(header->magic, CKPT_SEGMENT_MAGIC, 8) &&
	       header->format == CKPT_SEGMENT_FORMAT && header->id == id &&
	       header->checksum == sum_header(header);
}

static int open_segment(const struct ckpt_layout *layout, unsigned id)
{
	char name[CKPT_LAYOUT_NAME_SIZE];

	ckpt_segment_name(id, name);
	return ckpt_sys_openat(ckpt_layout_dir(layout), name,
			       O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK,
			       0);
}

/* ---- mapped ---- */

static struct ckpt_segment_map *get_maps(struct ckpt_segments *segments)
{
	size_t size = MAP_COUNT * sizeof(struct ckpt_segment_map);
	struct ckpt_segment_map *maps =
		__atomic_load_n(&segments->maps, __ATOMIC_ACQUIRE);
	struct ckpt_segment_map *made;

	if (maps)
		return maps;
	made = ckpt_sys_mmap(NULL, size, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
			     0);
	if (ckpt_sys_is_error(made))
		return NULL;
	if (__atomic_compare_exchange_n(&segments->maps, &maps, made, false,
					__ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		return made;
	(void)ckpt_sys_munmap(made, size);
	return maps;
}

/* Map the file that has the name now; `map` may be another thread's too, who
 * then finds the same. An earlier mapping stays: someone may read from it. */
static bool map_segment(const struct ckpt_layout *layout,
			struct ckpt_segment_map *map,
			const struct ckpt_segment_place *place)
{
	int fd = open_segment(layout, place->id);
	struct stat st;
	uint8_t *base;

	if (fd < 0)
		return false;
	if (ckpt_sys_fstat(fd, &st) || !S_ISREG(st.st_mode) ||
	    st.st_size > CKPT_SEGMENT_MAX_SIZE) {
		(void)ckpt_sys_close(fd);
		return false;
	}
	base = ckpt_sys_mmap(NULL, CKPT_SEGMENT_MAX_SIZE, PROT_READ, MAP_SHARED,
			     fd, 0);
	(void)ckpt_sys_close(fd);
	if (ckpt_sys_is_error(base))
		return false;
	__atomic_store_n(&map->inode, st.st_ino, __ATOMIC_RELAXED);
	__atomic_store_n(&map->size, (uint32_t)st.st_size, __ATOMIC_RELAXED);
	__atomic_store_n(&map->checked_ms, place->now_ms, __ATOMIC_RELAXED);
	__atomic_store_n(&map->base, base, __ATOMIC_RELEASE);
	return true;
}

/* Look at the size again. A file that is gone from its name is never cut. */
static void check_map(const struct ckpt_layout *layout,
		      struct ckpt_segment_map *map,
		      const struct ckpt_segment_place *place)
{
	char name[CKPT_LAYOUT_NAME_SIZE];
	struct stat st;

	ckpt_segment_name(place->id, name);
	if (!ckpt_sys_fstatat(ckpt_layout_dir(layout), name, &st,
			      AT_SYMLINK_NOFOLLOW) &&
	    st.st_ino == __atomic_load_n(&map->inode, __ATOMIC_RELAXED))
		__atomic_store_n(&map->size,
				 st.st_size > CKPT_SEGMENT_MAX_SIZE
					 ? 0
					 : (uint32_t)st.st_size,
				 __ATOMIC_RELAXED);
	__atomic_store_n(&map->checked_ms, place->now_ms, __ATOMIC_RELAXED);
}

static bool is_inside(const struct ckpt_segment_map *map, uint64_t off,
		      uint64_t size)
{
	uint32_t file_size = __atomic_load_n(&map->size, __ATOMIC_RELAXED);

	return off <= file_size && size <= file_size - off;
}

/* `size` bytes at the place in the mapped segment, or NULL. */
static const uint8_t *view_map(const struct ckpt_layout *layout,
			       struct ckpt_segment_map *map,
			       const struct ckpt_segment_place *place,
			       uint64_t size)
{
	const uint8_t *base = __atomic_load_n(&map->base, __ATOMIC_ACQUIRE);
	uint32_t checked = __atomic_load_n(&map->checked_ms, __ATOMIC_RELAXED);

	if (place->now_ms - checked >= CHECK_INTERVAL_MS ||
	    !is_inside(map, place->off, size))
		check_map(layout, map, place);
	return is_inside(map, place->off, size) ? base + place->off : NULL;
}

/* ---- by pread ---- */

/* Use descriptor number `fd->fd` if it is still our file. */
static bool is_fd_ours(const struct ckpt_segment_fd *fd)
{
	struct stat st;

	return !ckpt_sys_fstat(fd->fd, &st) && st.st_ino == fd->inode &&
	       st.st_dev == fd->dev;
}

/* The number of an open descriptor of the segment, -1 if its place in the
 * table is taken or it cannot be opened. Another thread may forget it at any
 * time: what is read then is not a record, and the caller tries again. */
static int find_fd(struct ckpt_segments *segments, unsigned id)
{
	struct ckpt_segment_fd *place = &segments->fds[id % CKPT_SEGMENT_FDS];
	uint32_t found = __atomic_load_n(&place->id, __ATOMIC_ACQUIRE);
	struct stat st;
	int fd;

	if (found == id)
		return place->fd;
	if (found || __atomic_exchange_n(&place->is_busy, 1, __ATOMIC_ACQUIRE))
		return -1;
	fd = ckpt_io_move_fd(open_segment(segments->layout, id));
	if (fd >= 0 && !place->id && !ckpt_sys_fstat(fd, &st)) {
		place->fd = fd;
		place->dev = st.st_dev;
		place->inode = st.st_ino;
		__atomic_store_n(&place->id, id, __ATOMIC_RELEASE);
	} else if (fd >= 0) {
		(void)ckpt_sys_close(fd);
		fd = -1;
	}
	__atomic_store_n(&place->is_busy, 0, __ATOMIC_RELEASE);
	return fd < 0 ? -1 : fd;
}

/* The host may have closed it, or the segment of this id is another one now:
 * forget it. */
static void forget_fd(struct ckpt_segments *segments, unsigned id)
{
	struct ckpt_segment_fd *place = &segments->fds[id % CKPT_SEGMENT_FDS];

	if (__atomic_exchange_n(&place->is_busy, 1, __ATOMIC_ACQUIRE))
		return;
	if (place->id == id) {
		if (is_fd_ours(place))
			(void)ckpt_sys_close(place->fd);
		__atomic_store_n(&place->id, 0, __ATOMIC_RELEASE);
	}
	__atomic_store_n(&place->is_busy, 0, __ATOMIC_RELEASE);
}

static long pread_segment(struct ckpt_segments *segments, unsigned id, void *to,
			  size_t size, uint64_t off)
{
	int fd = find_fd(segments, id);
	long n;

	if (fd >= 0)
		return ckpt_sys_pread(fd, to, size, (off_t)off);
	fd = open_segment(segments->layout, id);
	if (fd < 0)
		return fd;
	n = ckpt_sys_pread(fd, to, size, (off_t)off);
	(void)ckpt_sys_close(fd);
	return n;
}

/* ---- both ---- */

/* Room for a record of `size` bytes: in the entry itself if it is small. */
static bool take_memory(struct ckpt_segments *segments, uint64_t size,
			struct ckpt_entry *entry)
{
	entry->memory = size <= sizeof(entry->small)
				? entry->small
				: ckpt_io_pool_take(segments->pool, size,
						    &entry->memory_token);
	return entry->memory;
}

static void give_memory(struct ckpt_segments *segments,
			struct ckpt_entry *entry)
{
	if (entry->memory != entry->small)
		ckpt_io_pool_give(segments->pool, entry->memory,
				  entry->memory_token);
}

static enum ckpt_status check_header(const struct ckpt_record_header *header,
				     struct ckpt_hash128 key,
				     uint64_t *ret_size)
{
	enum ckpt_status status = ckpt_record_measure_header(header, ret_size);

	if (status)
		return status;
	if (*ret_size > CKPT_SEGMENT_RECORD_MAX)
		return CKPT_BADDATA;
	return ckpt_hash_equal(header->key, key) ? CKPT_OK : CKPT_NOTFOUND;
}

/* ret->memory has the record whose header was checked; `sum` is that of the
 * bytes there. */
static enum ckpt_status finish_entry(struct ckpt_segments *segments,
				     const struct ckpt_record_header *header,
				     uint64_t size, uint64_t sum,
				     struct ckpt_entry *ret)
{
	/* The bytes that were summed are those that were checked. */
	if (sum != header->checksum ||
	    memcmp(ret->memory, header, sizeof(*header)) != 0) {
		give_memory(segments, ret);
		return CKPT_BADDATA;
	}
	ret->created_s = header->created_s;
	ret->duration_ns = header->duration_ns;
	ret->payload = (uint8_t *)ret->memory + size - header->payload_size;
	ret->payload_size = header->payload_size;
	return CKPT_OK;
}

static enum ckpt_status get_mapped(struct ckpt_segments *segments,
				   struct ckpt_segment_map *map,
				   const struct ckpt_segment_place *place,
				   struct ckpt_entry *ret)
{
	struct ckpt_record_header header;
	const uint8_t *bytes =
		view_map(segments->layout, map, place, sizeof(header));
	enum ckpt_status status;
	uint64_t size, sum;

	if (!bytes)
		return CKPT_BADDATA;
	/* What follows the header is not far off: fetch it meanwhile. Past the
	 * end of the mapping this does nothing. */
	for (int i = 1; i < PREFETCH_LINES; i++)
		__builtin_prefetch(bytes + 64 * i);
	memcpy(&header, bytes, sizeof(header));
	status = check_header(&header, place->key, &size);
	if (status)
		return status;
	if (!is_inside(map, place->off, size))
		return CKPT_BADDATA;
	if (!take_memory(segments, size, ret))
		return CKPT_NOMEM;
	memcpy(ret->memory, bytes, CKPT_RECORD_SUM_OFF);
	sum = ckpt_hash64_copy((uint8_t *)ret->memory + CKPT_RECORD_SUM_OFF,
			       bytes + CKPT_RECORD_SUM_OFF,
			       size - CKPT_RECORD_SUM_OFF);
	return finish_entry(segments, &header, size, sum, ret);
}

/* What of the record lies behind its first `first` bytes, which are read. */
static enum ckpt_status read_rest(struct ckpt_segments *segments,
				  const struct ckpt_segment_place *place,
				  uint64_t first, uint64_t size,
				  struct ckpt_entry *ret)
{
	uint8_t *bytes;
	long n;

	if (!take_memory(segments, size, ret))
		return CKPT_NOMEM;
	bytes = ret->memory;
	if (bytes != ret->small)
		memcpy(bytes, ret->small, first);
	if (size <= first)
		return CKPT_OK;
	/* If it ends before, the checksum tells. */
	memset(bytes + first, 0, size - first);
	n = pread_segment(segments, place->id, bytes + first, size - first,
			  place->off + first);
	if (n >= 0)
		return CKPT_OK;
	give_memory(segments, ret);
	return CKPT_IO;
}

static enum ckpt_status get_by_pread(struct ckpt_segments *segments,
				     const struct ckpt_segment_place *place,
				     struct ckpt_entry *ret)
{
	long n = pread_segment(segments, place->id, ret->small,
			       sizeof(ret->small), place->off);
	struct ckpt_record_header header;
	enum ckpt_status status;
	uint64_t size;

	if (n < 0)
		return n == -ENOENT ? CKPT_INVALID : CKPT_IO;
	if ((size_t)n < sizeof(header))
		return CKPT_BADDATA;
	memcpy(&header, ret->small, sizeof(header));
	status = check_header(&header, place->key, &size);
	if (!status)
		status = read_rest(segments, place, (uint64_t)n, size, ret);
	if (status)
		return status;
	return finish_entry(
		segments, &header, size,
		ckpt_hash64((uint8_t *)ret->memory + CKPT_RECORD_SUM_OFF,
			    size - CKPT_RECORD_SUM_OFF),
		ret);
}

/* The mapping to read from, or NULL while pread is better. */
static struct ckpt_segment_map *
choose_map(struct ckpt_segments *segments,
	   const struct ckpt_segment_place *place)
{
	uint32_t count =
		__atomic_load_n(&segments->read_count, __ATOMIC_RELAXED);
	uint32_t limit = segments->map_after ? segments->map_after
					     : CKPT_SEGMENT_MAP_AFTER;
	struct ckpt_segment_map *map;

	if (count < limit) {
		/* Not exact between threads, and need not be. */
		__atomic_store_n(&segments->read_count, count + 1,
				 __ATOMIC_RELAXED);
		return NULL;
	}
	map = limit == UINT32_MAX ? NULL : get_maps(segments);
	if (!map)
		return NULL;
	map += place->id;
	if (!__atomic_load_n(&map->base, __ATOMIC_ACQUIRE) &&
	    !map_segment(segments->layout, map, place))
		return NULL;
	return map;
}

/* What we have open under this id is not what has its name now. */
static bool is_stale(struct ckpt_segments *segments,
		     const struct ckpt_segment_place *place)
{
	char name[CKPT_LAYOUT_NAME_SIZE];
	struct ckpt_segment_map *map =
		__atomic_load_n(&segments->maps, __ATOMIC_ACQUIRE);
	struct stat st;

	(void)ckpt_layout_revive(segments->layout);
	forget_fd(segments, place->id);
	if (!map || !__atomic_load_n(&map[place->id].base, __ATOMIC_ACQUIRE))
		return true;
	map += place->id;
	ckpt_segment_name(place->id, name);
	if (ckpt_sys_fstatat(ckpt_layout_dir(segments->layout), name, &st,
			     AT_SYMLINK_NOFOLLOW) ||
	    st.st_ino == __atomic_load_n(&map->inode, __ATOMIC_RELAXED))
		return false;
	return map_segment(segments->layout, map, place);
}

enum ckpt_status ckpt_segments_get(struct ckpt_segments *segments,
				   const struct ckpt_segment_place *place,
				   struct ckpt_entry *ret)
{
	enum ckpt_status status = CKPT_IO;

	for (int attempt = 0; attempt < 2; attempt++) {
		struct ckpt_segment_map *map = choose_map(segments, place);

		if (map)
			status = get_mapped(segments, map, place, ret);
		else
			status = get_by_pread(segments, place, ret);
		if ((status != CKPT_BADDATA && status != CKPT_IO) ||
		    !is_stale(segments, place))
			break;
	}
	return status;
}

enum ckpt_status ckpt_segments_get_key(struct ckpt_segments *segments,
				       unsigned id, uint64_t off,
				       struct ckpt_hash128 *ret)
{
	struct ckpt_record_header header;
	uint64_t size;
	long n = pread_segment(segments, id, &header, sizeof(header), off);

	if (n < 0)
		return CKPT_IO;
	if (ckpt_record_measure(&header, (size_t)n, &size))
		return CKPT_BADDATA;
	*ret = header.key;
	return CKPT_OK;
}

void ckpt_segments_erase(struct ckpt_segments *segments, unsigned id,
			 uint64_t off)
{
	static const uint32_t no_magic = 0;
	char name[CKPT_LAYOUT_NAME_SIZE];
	struct ckpt_segment_header header;
	int fd;

	if (ckpt_io_exceeds_limit(off + sizeof(no_magic)))
		return;
	ckpt_segment_name(id, name);
	fd = ckpt_sys_openat(ckpt_layout_dir(segments->layout), name,
			     O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0);
	if (fd < 0)
		return;
	if (!ckpt_io_read_all(fd, &header, sizeof(header), 0) &&
	    ckpt_segment_is_header(&header, id))
		(void)ckpt_io_write_all(fd, &no_magic, sizeof(no_magic),
					(off_t)off);
	(void)ckpt_sys_close(fd);
}

void ckpt_segments_deinit(struct ckpt_segments *segments)
{
	for (unsigned i = 0; i < CKPT_SEGMENT_FDS; i++) {
		struct ckpt_segment_fd *place = &segments->fds[i];

		if (place->id && is_fd_ours(place))
			(void)ckpt_sys_close(place->fd);
		place->id = 0;
	}
	if (!segments->maps)
		return;
	for (size_t i = 0; i < MAP_COUNT; i++)
		if (segments->maps[i].base)
			(void)ckpt_sys_munmap(
				(void *)(uintptr_t)segments->maps[i].base,
				CKPT_SEGMENT_MAX_SIZE);
	(void)ckpt_sys_munmap(segments->maps,
			      MAP_COUNT * sizeof(struct ckpt_segment_map));
	segments->maps = NULL;
}
