/* SPDX-License-Identifier: MIT */
#include "shim/store/blob.h"

#include <errno.h>
#include <string.h>

#include "shim/common/sys_x86_64.h"
#include "shim/store/path.h"

/* Read and hashed while it is in the second-level cache. */
enum { CHUNK_SIZE = 256 << 10 };

void ckpt_blob_name(struct ckpt_hash128 key, char name[CKPT_LAYOUT_NAME_SIZE])
{
	char text[CKPT_HASH_TEXT_SIZE];

	ckpt_hash_text(key, text);
	(void)ckpt_path_join(name, CKPT_LAYOUT_NAME_SIZE, "big/x/", text);
	name[4] = text[0];
}

bool ckpt_blob_stat(const struct ckpt_layout *layout, struct ckpt_hash128 key,
		    struct stat *ret)
{
	char name[CKPT_LAYOUT_NAME_SIZE];

	ckpt_blob_name(key, name);
	return !ckpt_sys_fstatat(ckpt_layout_dir(layout), name, ret,
				 AT_SYMLINK_NOFOLLOW) &&
	       S_ISREG(ret->st_mode);
}

static int open_blob(struct ckpt_layout *layout, struct ckpt_hash128 key)
{
	static const int flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
	char name[CKPT_LAYOUT_NAME_SIZE];
	int fd;

	ckpt_blob_name(key, name);
	fd = ckpt_sys_openat(ckpt_layout_dir(layout), name, flags, 0);
	if (fd < 0 && ckpt_layout_revive(layout))
		fd = ckpt_sys_openat(ckpt_layout_dir(layout), name, flags, 0);
	return fd;
}

/* The rest of the record behind its header, and the sum of all. */
static int read_rest(int fd, uint8_t *record, size_t size, uint64_t *ret_sum)
{
	size_t off = sizeof(struct ckpt_record_header);
	struct ckpt_hasher hasher;

	ckpt_hasher_init(&hasher, NULL);
	ckpt_hasher_update(&hasher, record + CKPT_RECORD_SUM_OFF,
			   off - CKPT_RECORD_SUM_OFF);
	while (off < size) {
		size_t n = size - off < CHUNK_SIZE ? size - off : CHUNK_SIZE;
		int error = ckpt_io_read_all(fd, record + off, n, (off_t)off);

		if (error)
			return error;
		ckpt_hasher_update(&hasher, record + off, n);
		off += n;
	}
	*ret_sum = ckpt_hasher_final64(&hasher);
	return 0;
}

/* Is the open file a record of this key, by its size and header? */
static enum ckpt_status check_blob(int fd, struct ckpt_hash128 key,
				   struct ckpt_record_header *ret,
				   size_t *ret_size)
{
	enum ckpt_status status;
	struct stat st;
	uint64_t size;

	if (ckpt_sys_fstat(fd, &st) || !S_ISREG(st.st_mode) ||
	    ckpt_io_read_all(fd, ret, sizeof(*ret), 0))
		return CKPT_BADDATA;
	status = ckpt_record_measure(ret, sizeof(*ret), &size);
	if (status)
		return status;
	if (size != (uint64_t)st.st_size || !ckpt_hash_equal(ret->key, key))
		return CKPT_BADDATA;
	*ret_size = size;
	return CKPT_OK;
}

static enum ckpt_status read_blob(struct ckpt_io_pool *pool, int fd,
				  struct ckpt_hash128 key,
				  struct ckpt_entry *ret)
{
	struct ckpt_record_header header;
	struct ckpt_record record;
	enum ckpt_status status;
	uint64_t sum;
	size_t size;

	status = check_blob(fd, key, &header, &size);
	if (status)
		return status;
	ret->memory = ckpt_io_pool_take(pool, size, &ret->memory_token);
	if (!ret->memory)
		return CKPT_NOMEM;
	memcpy(ret->memory, &header, sizeof(header));
	status = CKPT_BADDATA;
	if (!read_rest(fd, ret->memory, size, &sum))
		status = ckpt_record_parse_summed(ret->memory, size, sum,
						  &record);
	if (status) {
		ckpt_io_pool_give(pool, ret->memory, ret->memory_token);
		ret->memory = NULL;
		return status;
	}
	ret->created_s = record.created_s;
	ret->duration_ns = record.duration_ns;
	ret->payload = record.payload;
	ret->payload_size = record.payload_size;
	return CKPT_OK;
}

enum ckpt_status ckpt_blob_get(struct ckpt_layout *layout,
			       struct ckpt_io_pool *pool,
			       struct ckpt_hash128 key, struct ckpt_entry *ret)
{
	int fd = open_blob(layout, key);
	enum ckpt_status status;

	if (fd == -ENOENT)
		return CKPT_NOTFOUND;
	/* A symbolic link in its place. */
	if (fd == -ELOOP)
		return CKPT_BADDATA;
	if (fd < 0)
		return CKPT_IO;
	status = read_blob(pool, fd, key, ret);
	(void)ckpt_sys_close(fd);
	return status;
}

static int write_blob(struct ckpt_layout *layout, const char *name,
		      const struct ckpt_record_draft *draft)
{
	char dir_name[] = "big/x";
	char tmp_name[CKPT_LAYOUT_NAME_SIZE];
	int error;
	int fd;

	dir_name[4] = name[4];
	fd = ckpt_layout_create_file(layout, dir_name, tmp_name);
	if (fd < 0)
		return fd;
	error = ckpt_io_write_parts(fd, draft->head, draft->head_size,
				    draft->parts, draft->part_count, 0);
	if (!error)
		error = ckpt_layout_publish_file(layout, fd, tmp_name, name,
						 true);
	ckpt_layout_drop_file(layout, fd, error ? tmp_name : "");
	return error;
}

enum ckpt_status ckpt_blob_put(struct ckpt_layout *layout,
			       const struct ckpt_record_draft *draft)
{
	char name[CKPT_LAYOUT_NAME_SIZE];
	int error;

	if (ckpt_io_exceeds_limit(draft->size))
		return CKPT_UNSUPPORTED;
	ckpt_blob_name(draft->key, name);
	error = write_blob(layout, name, draft);
	if (error && error != -ENOSPC && error != -EDQUOT &&
	    ckpt_layout_revive(layout))
		error = write_blob(layout, name, draft);
	return error ? CKPT_IO : CKPT_OK;
}

enum ckpt_status ckpt_blob_remove(struct ckpt_layout *layout,
				  struct ckpt_hash128 key)
{
	char name[CKPT_LAYOUT_NAME_SIZE];
	int error;

	ckpt_blob_name(key, name);
	error = ckpt_sys_unlinkat(ckpt_layout_dir(layout), name, 0);
	if (error && ckpt_layout_revive(layout))
		error = ckpt_sys_unlinkat(ckpt_layout_dir(layout), name, 0);
	if (error == -ENOENT)
		return CKPT_NOTFOUND;
	return error ? CKPT_IO : CKPT_OK;
}
