/* SPDX-License-Identifier: MIT */
#include "shim/store/writer.h"

#include <sys/file.h>

#include "shim/common/sys_x86_64.h"
#include "shim/store/path.h"

enum {
	LIMIT_MIN = 1 << 20,
	ADOPT_TRIES = 16,
	CREATE_TRIES = CKPT_SEGMENT_LAST_ID,
	FORK_RESETTING = 2,
	FORK_OURS = 1,
};

void ckpt_writer_init(struct ckpt_writer *writer, uint64_t max_size)
{
	uint64_t limit = max_size / 16;

	for (int i = 0; i < CKPT_WRITER_SEGMENTS; i++)
		writer->segments[i].fd = -1;
	if (!max_size || limit > CKPT_SEGMENT_MAX_SIZE)
		limit = CKPT_SEGMENT_MAX_SIZE;
	writer->limit = limit < LIMIT_MIN ? LIMIT_MIN : limit;
}

/* The page that a forked child finds wiped; made for the first record. */
static uint32_t *get_fork_word(struct ckpt_writer *writer)
{
	uint32_t *word = __atomic_load_n(&writer->fork_word, __ATOMIC_ACQUIRE);
	uint32_t *page;

	if (word)
		return word;
	page = ckpt_sys_mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (ckpt_sys_is_error(page))
		return NULL;
	*page = FORK_OURS;
	if (!ckpt_sys_madvise(page, 4096, MADV_WIPEONFORK) &&
	    __atomic_compare_exchange_n(&writer->fork_word, &word, page, false,
					__ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		return page;
	(void)ckpt_sys_munmap(page, 4096);
	return word;
}

/* Cheaper than fstat(2), which also makes the next write update the time of
 * the file. */
static bool is_ours(const struct ckpt_writer_segment *segment)
{
	return ckpt_sys_lseek(segment->fd, 0, SEEK_CUR) == segment->token;
}

/* Between 2^38 and 2^39: every file system can have such a position, and no
 * host is there by chance. */
static off_t set_token(int fd)
{
	uint64_t random = 0;

	(void)ckpt_sys_getrandom(&random, sizeof(random), 0);
	random = random >> 26 | 1ULL << 38;
	return ckpt_sys_lseek(fd, (off_t)random, SEEK_SET);
}

static void close_segment(struct ckpt_writer_segment *segment)
{
	if (segment->fd >= 0 && is_ours(segment))
		(void)ckpt_sys_close(segment->fd);
	segment->fd = -1;
}

void ckpt_writer_deinit(struct ckpt_writer *writer)
{
	for (int i = 0; i < CKPT_WRITER_SEGMENTS; i++)
		close_segment(&writer->segments[i]);
	writer->current = 0;
	if (writer->fork_word)
		(void)ckpt_sys_munmap(writer->fork_word, 4096);
	writer->fork_word = NULL;
}

/* In a forked child: what is open belongs to the parent. False: another
 * thread is at it. */
static bool check_fork(struct ckpt_writer *writer)
{
	uint32_t *fork_word = get_fork_word(writer);
	uint32_t word;

	if (!fork_word)
		return false;
	word = __atomic_load_n(fork_word, __ATOMIC_ACQUIRE);
	if (word == FORK_OURS)
		return true;
	if (word || !__atomic_compare_exchange_n(
			    fork_word, &word, FORK_RESETTING, false,
			    __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
		return false;
	for (int i = 0; i < CKPT_WRITER_SEGMENTS; i++) {
		close_segment(&writer->segments[i]);
		writer->segments[i].users = 0;
	}
	writer->current = 0;
	writer->is_switching = 0;
	__atomic_store_n(fork_word, FORK_OURS, __ATOMIC_RELEASE);
	return true;
}

/* The last one out closes. From then on the place may be another segment's. */
static void release_segment(struct ckpt_writer_segment *segment)
{
	struct ckpt_writer_segment copy = *segment;

	if (__atomic_sub_fetch(&segment->users, 1, __ATOMIC_ACQ_REL) == 0)
		close_segment(&copy);
}

static struct ckpt_writer_segment *acquire_segment(struct ckpt_writer *writer)
{
	for (;;) {
		uint32_t current =
			__atomic_load_n(&writer->current, __ATOMIC_ACQUIRE);
		struct ckpt_writer_segment *segment;

		if (!current)
			return NULL;
		segment = &writer->segments[current - 1];
		__atomic_fetch_add(&segment->users, 1, __ATOMIC_ACQ_REL);
		if (__atomic_load_n(&writer->current, __ATOMIC_ACQUIRE) ==
		    current)
			return segment;
		release_segment(segment);
	}
}

/* `fd` is locked and has a valid header: it becomes the current segment. */
static bool install_segment(struct ckpt_writer *writer, int fd, unsigned id,
			    uint64_t tail)
{
	off_t token;

	fd = ckpt_io_move_fd(fd);
	token = set_token(fd);
	for (uint32_t i = 0; token > 0 && i < CKPT_WRITER_SEGMENTS; i++) {
		struct ckpt_writer_segment *segment = &writer->segments[i];
		uint32_t users = 0;

		if (!__atomic_compare_exchange_n(&segment->users, &users, 1,
						 false, __ATOMIC_ACQ_REL,
						 __ATOMIC_RELAXED))
			continue;
		segment->fd = fd;
		segment->token = token;
		segment->id = id;
		__atomic_store_n(&segment->tail, tail, __ATOMIC_RELEASE);
		__atomic_store_n(&writer->current, i + 1, __ATOMIC_RELEASE);
		return true;
	}
	(void)ckpt_sys_close(fd);
	return false;
}

/* Is the locked file a segment with room, and still of its name? Then where
 * to go on. A file without a header gets one. */
static bool prepare_file(int fd, unsigned id, uint64_t limit,
			 uint64_t *ret_tail)
{
	struct ckpt_segment_header header;
	struct stat st;

	if (ckpt_sys_fstat(fd, &st) || !S_ISREG(st.st_mode) || !st.st_nlink ||
	    (uint64_t)st.st_size + CKPT_SEGMENT_RECORD_MAX > limit)
		return false;
	if ((size_t)st.st_size < sizeof(header)) {
		ckpt_segment_init_header(&header, id);
		if (ckpt_io_exceeds_limit(sizeof(header)) ||
		    ckpt_io_write_all(fd, &header, sizeof(header), 0))
			return false;
		*ret_tail = sizeof(header);
		return true;
	}
	if (ckpt_io_read_all(fd, &header, sizeof(header), 0) ||
	    !ckpt_segment_is_header(&header, id))
		return false;
	*ret_tail = ((uint64_t)st.st_size + CKPT_RECORD_ALIGNMENT - 1) &
		    ~(uint64_t)(CKPT_RECORD_ALIGNMENT - 1);
	return true;
}

static bool take_file(struct ckpt_writer *writer,
		      const struct ckpt_layout *layout, unsigned id, int flags)
{
	char name[CKPT_LAYOUT_NAME_SIZE];
	uint64_t tail;
	int fd;

	ckpt_segment_name(id, name);
	fd = ckpt_sys_openat(ckpt_layout_dir(layout), name,
			     flags | O_RDWR | O_CLOEXEC | O_NOFOLLOW |
				     O_NONBLOCK,
			     layout->file_mode);
	if (fd < 0)
		return false;
	if (flags & O_CREAT)
		(void)ckpt_sys_fchmod(fd, layout->file_mode);
	if (!ckpt_sys_flock(fd, LOCK_EX | LOCK_NB)) {
		if (prepare_file(fd, id, writer->limit, &tail))
			return install_segment(writer, fd, id, tail);
		/* Left behind, it would look like a name that is taken. */
		if (flags & O_CREAT)
			(void)ckpt_sys_unlinkat(ckpt_layout_dir(layout), name,
						0);
	}
	(void)ckpt_sys_close(fd);
	return false;
}

static bool has_room(const struct ckpt_writer *writer,
		     const struct ckpt_layout *layout, unsigned id)
{
	char name[CKPT_LAYOUT_NAME_SIZE];
	struct stat st;

	ckpt_segment_name(id, name);
	return !ckpt_sys_fstatat(ckpt_layout_dir(layout), name, &st,
				 AT_SYMLINK_NOFOLLOW) &&
	       S_ISREG(st.st_mode) &&
	       (uint64_t)st.st_size + CKPT_SEGMENT_RECORD_MAX <= writer->limit;
}

/* A segment that nobody writes to and that has room. */
static bool adopt_segment(struct ckpt_writer *writer,
			  const struct ckpt_layout *layout)
{
	struct ckpt_path_list list;
	bool is_adopted = false;
	const char *name;
	int tries = 0;

	ckpt_path_list_open(&list, ckpt_layout_dir(layout), "seg");
	while (!is_adopted && tries < ADOPT_TRIES &&
	       (name = ckpt_path_list_next(&list))) {
		unsigned id = ckpt_segment_parse_name(name);

		if (!id || !has_room(writer, layout, id))
			continue;
		tries++;
		is_adopted = take_file(writer, layout, id, 0);
	}
	ckpt_path_list_close(&list);
	return is_adopted;
}

static bool create_segment(struct ckpt_writer *writer,
			   const struct ckpt_layout *layout,
			   struct ckpt_index_header *header)
{
	for (int i = 0; i < CREATE_TRIES; i++) {
		uint64_t next = __atomic_fetch_add(&header->next_segment, 1,
						   __ATOMIC_RELAXED);
		unsigned id = (unsigned)(next % CKPT_SEGMENT_LAST_ID) +
			      CKPT_SEGMENT_FIRST_ID;
		char name[CKPT_LAYOUT_NAME_SIZE];
		struct stat st;

		ckpt_segment_name(id, name);
		if (take_file(writer, layout, id, O_CREAT | O_EXCL))
			return true;
		/* Only a name that is taken is a reason to try the next. */
		if (ckpt_sys_fstatat(ckpt_layout_dir(layout), name, &st,
				     AT_SYMLINK_NOFOLLOW))
			return false;
	}
	return false;
}

void ckpt_writer_leave(struct ckpt_writer *writer)
{
	uint32_t current =
		__atomic_exchange_n(&writer->current, 0, __ATOMIC_ACQ_REL);

	if (current)
		release_segment(&writer->segments[current - 1]);
}

/* Another segment than `full` (NULL: any) becomes current. */
static bool switch_segment(struct ckpt_writer *writer,
			   const struct ckpt_layout *layout,
			   struct ckpt_index_header *header, uint32_t full)
{
	bool is_done;

	if (__atomic_exchange_n(&writer->is_switching, 1, __ATOMIC_ACQUIRE))
		return false;
	/* Someone may have done it before us. */
	is_done = __atomic_load_n(&writer->current, __ATOMIC_ACQUIRE) != full;
	if (!is_done) {
		ckpt_writer_leave(writer);
		is_done = adopt_segment(writer, layout) ||
			  create_segment(writer, layout, header);
		writer->switch_count++;
	}
	__atomic_store_n(&writer->is_switching, 0, __ATOMIC_RELEASE);
	return is_done;
}

/* Write to the acquired segment. UNSUPPORTED: it is full, or no longer ours. */
static enum ckpt_status append_to(struct ckpt_writer_segment *segment,
				  uint64_t limit,
				  const struct ckpt_record_draft *draft,
				  uint64_t *ret)
{
	uint64_t reserved = (draft->size + CKPT_RECORD_ALIGNMENT - 1) &
			    ~(uint64_t)(CKPT_RECORD_ALIGNMENT - 1);
	uint64_t off =
		__atomic_fetch_add(&segment->tail, reserved, __ATOMIC_RELAXED);

	if (off > limit || reserved > limit - off || !is_ours(segment))
		return CKPT_UNSUPPORTED;
	if (ckpt_io_exceeds_limit(off + draft->size))
		return CKPT_NOMEM;
	if (ckpt_io_write_parts(segment->fd, draft->head, draft->head_size,
				draft->parts, draft->part_count, (off_t)off))
		return CKPT_IO;
	*ret = ckpt_location_make(segment->id, off);
	return CKPT_OK;
}

enum ckpt_status ckpt_writer_append(struct ckpt_writer *writer,
				    const struct ckpt_layout *layout,
				    struct ckpt_index_header *header,
				    const struct ckpt_record_draft *draft,
				    uint64_t *ret)
{
	if (!check_fork(writer))
		return CKPT_UNSUPPORTED;
	for (int attempt = 0; attempt < 3; attempt++) {
		struct ckpt_writer_segment *segment = acquire_segment(writer);
		uint32_t full = 0;
		enum ckpt_status status = CKPT_UNSUPPORTED;

		if (segment) {
			full = (uint32_t)(segment - writer->segments) + 1;
			status = append_to(segment, writer->limit, draft, ret);
			release_segment(segment);
		}
		if (status != CKPT_UNSUPPORTED)
			return status == CKPT_NOMEM ? CKPT_UNSUPPORTED : status;
		if (!switch_segment(writer, layout, header, full))
			return CKPT_UNSUPPORTED;
	}
	return CKPT_UNSUPPORTED;
}
