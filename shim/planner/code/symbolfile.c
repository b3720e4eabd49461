/* SPDX-License-Identifier: MIT */
#include "shim/planner/code/symbolfile.h"

#include "shim/common/cleanup.h"
#include "shim/planner/plan/planwriter.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/*
 * magic, identity, checksum, count; `count` symbols; their names. Whole files
 * come into being by a rename, and the checksum covers all that follows it:
 * after a crash there is the old file, the new one, or one that is not used.
 */
static const char magic[8] = "ckptsym1";

enum { HEAD_SIZE = 8 + 16, CHECKED_FROM = HEAD_SIZE + 8, SYMBOL_SIZE = 24 };

void ckpt_symbolfile_deinit(struct ckpt_symbolfile *file)
{
	free(file->symbols);
	free(file->data);
	*file = (struct ckpt_symbolfile){0};
}

static void add_symbol(struct ckpt_buf *out, const struct ckpt_symbol *symbol,
		       uint32_t name_off)
{
	ckpt_buf_add_u64(out, symbol->vaddr);
	ckpt_buf_add_u64(out, symbol->size);
	ckpt_buf_add_u32(out, name_off);
	ckpt_buf_add(out, &symbol->shndx, sizeof(symbol->shndx));
	ckpt_buf_add_u8(out, symbol->type);
	ckpt_buf_add_u8(out, symbol->binding);
}

void ckpt_symbolfile_build(struct ckpt_hash128 identity,
			   const struct ckpt_symbol *symbols, size_t count,
			   struct ckpt_buf *out)
{
	size_t start = out->size, defined = 0;
	uint64_t checksum = 0;
	uint32_t name_off = 0;

	ckpt_buf_add(out, magic, sizeof(magic));
	ckpt_buf_add(out, &identity, sizeof(identity));
	ckpt_buf_add_u64(out, checksum);
	for (size_t i = 0; i < count; i++)
		defined += symbols[i].shndx != SHN_UNDEF;
	ckpt_buf_add_u64(out, defined);
	for (size_t i = 0; i < count; i++) {
		if (symbols[i].shndx == SHN_UNDEF)
			continue;
		add_symbol(out, &symbols[i], name_off);
		name_off += (uint32_t)strlen(symbols[i].name) + 1;
	}
	for (size_t i = 0; i < count; i++)
		if (symbols[i].shndx != SHN_UNDEF)
			ckpt_buf_add(out, symbols[i].name,
				     strlen(symbols[i].name) + 1);
	if (ckpt_buf_status(out))
		return;
	checksum = ckpt_hash64(out->data + start + CHECKED_FROM,
			       out->size - start - CHECKED_FROM);
	memcpy(out->data + start + HEAD_SIZE, &checksum, sizeof(checksum));
}

static enum ckpt_status read_head(struct ckpt_reader *reader,
				  struct ckpt_hash128 identity,
				  uint64_t *ret_count)
{
	char found[sizeof(magic)];
	struct ckpt_hash128 of;
	uint64_t checksum;
	enum ckpt_status status;

	if ((status = ckpt_read_copy(reader, found, sizeof(found))) ||
	    (status = ckpt_read_copy(reader, &of, sizeof(of))) ||
	    (status = ckpt_read_u64(reader, &checksum)))
		return status;
	if (memcmp(found, magic, sizeof(magic)) != 0 ||
	    !ckpt_hash_equal(of, identity) ||
	    ckpt_hash64(reader->next, ckpt_reader_left(reader)) != checksum)
		return CKPT_BADDATA;
	if ((status = ckpt_read_u64(reader, ret_count)))
		return status;
	return *ret_count > ckpt_reader_left(reader) / SYMBOL_SIZE
		       ? CKPT_BADDATA
		       : CKPT_OK;
}

static enum ckpt_status read_symbol(struct ckpt_reader *reader,
				    struct ckpt_reader names,
				    struct ckpt_symbol *ret)
{
	struct ckpt_symbol symbol = {.visibility = STV_DEFAULT};
	uint32_t name_off;
	enum ckpt_status status;

	if ((status = ckpt_read_u64(reader, &symbol.vaddr)) ||
	    (status = ckpt_read_u64(reader, &symbol.size)) ||
	    (status = ckpt_read_u32(reader, &name_off)) ||
	    (status = ckpt_read_u16(reader, &symbol.shndx)) ||
	    (status = ckpt_read_u8(reader, &symbol.type)) ||
	    (status = ckpt_read_u8(reader, &symbol.binding)) ||
	    (status = ckpt_reader_seek(&names, name_off)) ||
	    (status = ckpt_read_string(&names, &symbol.name)))
		return status;
	*ret = symbol;
	return CKPT_OK;
}

enum ckpt_status ckpt_symbolfile_parse(struct ckpt_hash128 identity,
				       const void *data, size_t size,
				       struct ckpt_symbolfile *ret)
{
	_cleanup_free_ struct ckpt_symbol *symbols = NULL;
	struct ckpt_reader reader, names;
	uint64_t count = 0;
	enum ckpt_status status;

	ckpt_reader_init(&reader, data, size);
	status = read_head(&reader, identity, &count);
	if (status)
		return status;
	symbols = calloc(count + 1, sizeof(*symbols));
	if (!symbols)
		return CKPT_NOMEM;
	ckpt_reader_init(&names, reader.next + count * SYMBOL_SIZE,
			 ckpt_reader_left(&reader) - count * SYMBOL_SIZE);
	for (uint64_t i = 0; i < count; i++) {
		status = read_symbol(&reader, names, &symbols[i]);
		if (status)
			return status;
	}
	*ret = (struct ckpt_symbolfile){.symbols = TAKE(symbols),
					.count = count};
	return CKPT_OK;
}

static char *path_of(const char *directory, struct ckpt_hash128 identity)
{
	char digits[CKPT_HASH_TEXT_SIZE], *path;

	ckpt_hash_text(identity, digits);
	return asprintf(&path, "%s/%s.symbols", directory, digits) < 0 ? NULL
								       : path;
}

void ckpt_symbolfile_keep(const char *directory, struct ckpt_hash128 identity,
			  const struct ckpt_symbol *symbols, size_t count)
{
	_cleanup_(ckpt_buf_deinit) struct ckpt_buf buf = {0};
	_cleanup_free_ char *path = path_of(directory, identity);

	if (!path || access(path, F_OK) == 0)
		return;
	ckpt_symbolfile_build(identity, symbols, count, &buf);
	if (ckpt_buf_status(&buf) || buf.size > CKPT_SYMBOLFILE_MAX)
		return;
	(void)!ckpt_planwriter_write(path, buf.data, buf.size, NULL);
}

static enum ckpt_status read_file(const char *path, void **ret,
				  size_t *ret_size)
{
	_cleanup_close_ int fd =
		open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	_cleanup_free_ char *data = NULL;
	struct stat st;
	size_t size = 0;

	if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode) ||
	    st.st_size > CKPT_SYMBOLFILE_MAX)
		return CKPT_NOTFOUND;
	data = malloc((size_t)st.st_size + 1);
	if (!data)
		return CKPT_NOMEM;
	while (size < (size_t)st.st_size) {
		ssize_t part = read(fd, data + size, (size_t)st.st_size - size);

		if (part <= 0)
			return CKPT_NOTFOUND;
		size += (size_t)part;
	}
	*ret = TAKE(data);
	*ret_size = size;
	return CKPT_OK;
}

enum ckpt_status ckpt_symbolfile_find(const char *directory,
				      struct ckpt_hash128 identity,
				      struct ckpt_symbolfile *ret)
{
	_cleanup_free_ char *path = path_of(directory, identity);
	_cleanup_free_ void *data = NULL;
	size_t size;
	enum ckpt_status status =
		path ? read_file(path, &data, &size) : CKPT_NOMEM;

	if (status)
		return status;
	status = ckpt_symbolfile_parse(identity, data, size, ret);
	if (status)
		return status == CKPT_NOMEM ? status : CKPT_NOTFOUND;
	ret->data = TAKE(data);
	return CKPT_OK;
}
