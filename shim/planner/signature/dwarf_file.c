/* SPDX-License-Identifier: MIT */
#include "shim/planner/signature/dwarf_file.h"

#include "shim/common/cleanup.h"

#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define DEBUG_ROOT "/usr/lib/debug"

struct finder {
	const struct ckpt_image *image;
	const char *symbol;
	uint64_t vaddr;
	struct ckpt_deps *deps;
	struct ckpt_debug_files *files;
};

void ckpt_debug_files_deinit(struct ckpt_debug_files *files)
{
	for (size_t i = 0; i < files->count; i++) {
		free(files->items[i].path);
		free(files->items[i].alt_path);
	}
	ckpt_buf_deinit(&files->notes);
	memset(files, 0, sizeof(*files));
}

static void close_image(struct ckpt_image **image)
{
	ckpt_image_close(*image);
}

#define _cleanup_image_ _cleanup_(close_image)

static void note(struct finder *finder, const char *path, const char *what)
{
	ckpt_buf_format(&finder->files->notes, "  %s: %s\n", path, what);
}

/* Content of a small section that is not loaded; 0 if there is none. */
static size_t read_section(const struct ckpt_image *image, const char *name,
			   void *data, size_t size)
{
	const struct ckpt_section *section = ckpt_image_section(image, name);
	_cleanup_close_ int fd = -1;

	if (!section || section->type == SHT_NOBITS || section->size > size)
		return 0;
	fd = open(ckpt_image_path(image), O_RDONLY | O_CLOEXEC);
	if (fd < 0 || pread(fd, data, section->size,
			    (off_t)section->file_off) != (ssize_t)section->size)
		return 0;
	return section->size;
}

/* Is this build-id in the file? Such files are no programs (they have type
 * ET_REL), and the note is the first thing in them. */
static bool has_id(const char *path, const void *id, size_t size)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	uint8_t head[4096];
	ssize_t count = fd < 0 ? -1 : read(fd, head, sizeof(head));

	return count > 0 && size >= 8 &&
	       memmem(head, (size_t)count, id, size) != NULL;
}

/* A file's common part that dwz moved into another file: its path, then that
 * file's build-id. NOTFOUND: it is not there, so neither is of use. */
static enum ckpt_status find_alt(struct finder *finder,
				 const struct ckpt_image *image, char **ret)
{
	char data[PATH_MAX + 64], where[PATH_MAX];
	size_t size =
		read_section(image, ".gnu_debugaltlink", data, sizeof(data));
	_cleanup_free_ char *path = NULL;
	struct ckpt_reader in;
	const char *name;

	ckpt_reader_init(&in, data, size);
	if (!size || ckpt_read_string(&in, &name))
		return CKPT_OK;
	(void)snprintf(where, sizeof(where), "%s", ckpt_image_path(image));
	if (asprintf(&path, "%s%s%s", *name == '/' ? "" : dirname(where),
		     *name == '/' ? "" : "/", name) < 0 ||
	    ckpt_deps_add(finder->deps, path, NULL))
		return CKPT_NOMEM;
	if (!has_id(path, in.next, ckpt_reader_left(&in))) {
		note(finder, path,
		     "the common part of debug info (dwz): does "
		     "not exist, or is of another version");
		return CKPT_NOTFOUND;
	}
	*ret = TAKE(path);
	return CKPT_OK;
}

static enum ckpt_status add(struct finder *finder,
			    const struct ckpt_image *image, uint64_t vaddr)
{
	struct ckpt_debug_files *files = finder->files;
	const char *path = ckpt_image_path(image);
	struct ckpt_debug_file file = {NULL, NULL, vaddr};
	enum ckpt_status status;

	for (size_t i = 0; i < files->count; i++)
		if (strcmp(files->items[i].path, path) == 0)
			return CKPT_OK;
	status = find_alt(finder, image, &file.alt_path);
	if (status || files->count == CKPT_DEBUG_FILES_MAX)
		return status == CKPT_NOTFOUND ? CKPT_OK : status;
	file.path = strdup(path);
	if (!file.path) {
		free(file.alt_path);
		return CKPT_NOMEM;
	}
	files->items[files->count++] = file;
	return CKPT_OK;
}

static bool has_info(const struct ckpt_image *image)
{
	const struct ckpt_section *section =
		ckpt_image_section(image, ".debug_info");

	if (!section)
		section = ckpt_image_section(image, ".zdebug_info");
	return section && section->type != SHT_NOBITS;
}

static bool have_same_id(const struct ckpt_image *a, const struct ckpt_image *b)
{
	size_t a_size, b_size;
	const uint8_t *a_id = ckpt_image_build_id(a, &a_size);
	const uint8_t *b_id = ckpt_image_build_id(b, &b_size);

	return a_id && b_id && a_size == b_size &&
	       memcmp(a_id, b_id, a_size) == 0;
}

/* --- debug_file --- */

static const struct ckpt_symbol *find_in(const struct ckpt_symbol *symbols,
					 size_t count, const char *name,
					 uint64_t vaddr)
{
	for (size_t i = 0; i < count; i++) {
		const struct ckpt_symbol *symbol = &symbols[i];

		if (symbol->shndx != SHN_UNDEF && symbol->name &&
		    symbol->size && symbol->type == STT_FUNC &&
		    (!vaddr || symbol->vaddr == vaddr) &&
		    (!name || strcmp(symbol->name, name) == 0))
			return symbol;
	}
	return NULL;
}

static const struct ckpt_symbol *find_symbol(const struct ckpt_image *image,
					     const char *name, uint64_t vaddr)
{
	size_t count;
	const struct ckpt_symbol *symbols, *found;

	symbols = ckpt_image_dynamic_symbols(image, &count);
	found = find_in(symbols, count, name, vaddr);
	if (found)
		return found;
	symbols = ckpt_image_static_symbols(image, &count);
	return find_in(symbols, count, name, vaddr);
}

static const void *get_code(const struct ckpt_image *image,
			    const struct ckpt_symbol *symbol)
{
	const struct ckpt_section *section =
		ckpt_image_section_at(image, symbol->vaddr);

	/* A stripped-off debug file has headers of code, but no code. */
	if (!section || section->type == SHT_NOBITS)
		return NULL;
	return ckpt_image_bytes(image, symbol->vaddr, symbol->size);
}

/* The function in `other`, if it has the very same bytes. */
static const struct ckpt_symbol *find_same_code(struct finder *finder,
						const struct ckpt_image *other)
{
	const struct ckpt_symbol *ours, *theirs;
	const void *a, *b;

	ours = find_symbol(finder->image, NULL, finder->vaddr);
	theirs = find_symbol(other, finder->symbol, 0);
	if (!ours || !theirs || ours->size != theirs->size)
		return NULL;
	a = get_code(finder->image, ours);
	b = get_code(other, theirs);
	return a && b && memcmp(a, b, ours->size) == 0 ? theirs : NULL;
}

static enum ckpt_status add_given(struct finder *finder, const char *path,
				  struct ckpt_err *err)
{
	_cleanup_image_ struct ckpt_image *image = NULL;
	const struct ckpt_symbol *symbol;
	enum ckpt_status status;

	status = ckpt_deps_add(finder->deps, path, NULL);
	if (!status)
		status = ckpt_image_open(path, &image, err);
	if (status)
		return ckpt_err_prefix(err, status, "debug_file");
	if (have_same_id(finder->image, image))
		return add(finder, image, finder->vaddr);
	symbol = find_same_code(finder, image);
	if (symbol)
		return add(finder, image, symbol->vaddr);
	return ckpt_err_set(err, CKPT_UNSUPPORTED,
			    "debug_file %s does not belong to %s: the build-id "
			    "differs, and so do the instructions of '%s' (a "
			    "file without its code cannot be compared)",
			    path, ckpt_image_path(finder->image),
			    finder->symbol);
}

/* --- the object, build-id directory --- */

static enum ckpt_status add_own(struct finder *finder)
{
	const char *path = ckpt_image_path(finder->image);

	if (has_info(finder->image))
		return add(finder, finder->image, finder->vaddr);
	note(finder, path, "no debug info");
	return CKPT_OK;
}

static enum ckpt_status add_by_id(struct finder *finder)
{
	_cleanup_image_ struct ckpt_image *image = NULL;
	char path[PATH_MAX];
	size_t size, used;
	const uint8_t *id = ckpt_image_build_id(finder->image, &size);

	if (!id || size < 2 || size > 64)
		return CKPT_OK;
	used = (size_t)sprintf(path, "%s/.build-id/%02x/", DEBUG_ROOT, id[0]);
	for (size_t i = 1; i < size; i++)
		used += (size_t)sprintf(path + used, "%02x", id[i]);
	(void)strcpy(path + used, ".debug");
	if (ckpt_deps_add(finder->deps, path, NULL))
		return CKPT_NOMEM;
	if (access(path, R_OK) != 0)
		note(finder, path, "does not exist");
	else if (ckpt_image_open(path, &image, NULL))
		note(finder, path, "is no ELF object");
	else if (!have_same_id(finder->image, image))
		note(finder, path, "has another build-id inside");
	else
		return add(finder, image, finder->vaddr);
	return CKPT_OK;
}

/* --- .gnu_debuglink --- */

/* The checksum of binutils: CRC-32 of ISO 3309, bit by bit reversed. */
static uint32_t get_crc(const uint8_t *data, size_t size)
{
	uint32_t table[256], crc = UINT32_MAX;

	for (uint32_t i = 0; i < 256; i++) {
		uint32_t value = i;

		for (int bit = 0; bit < 8; bit++)
			value = value & 1 ? value >> 1 ^ 0xedb88320u
					  : value >> 1;
		table[i] = value;
	}
	for (size_t i = 0; i < size; i++)
		crc = crc >> 8 ^ table[(crc ^ data[i]) & 255];
	return ~crc;
}

static bool has_crc(const char *path, uint32_t expected)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	void *data;
	bool result;

	if (fd < 0 || fstat(fd, &st) != 0 || st.st_size <= 0)
		return false;
	data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (data == MAP_FAILED)
		return false;
	result = get_crc(data, (size_t)st.st_size) == expected;
	(void)munmap(data, (size_t)st.st_size);
	return result;
}

static enum ckpt_status try_link(struct finder *finder, const char *path,
				 uint32_t crc)
{
	_cleanup_image_ struct ckpt_image *image = NULL;

	if (ckpt_deps_add(finder->deps, path, NULL))
		return CKPT_NOMEM;
	if (access(path, R_OK) != 0)
		note(finder, path, "does not exist");
	else if (ckpt_image_open(path, &image, NULL))
		note(finder, path, "is no ELF object");
	else if (!have_same_id(finder->image, image) && !has_crc(path, crc))
		note(finder, path, "has another checksum");
	else if (strcmp(path, ckpt_image_path(finder->image)) != 0)
		return add(finder, image, finder->vaddr);
	return CKPT_OK;
}

/* Name and checksum of the section; false if there is none or it is broken. */
static bool read_link(const struct ckpt_image *image, char name[NAME_MAX + 1],
		      uint32_t *ret_crc)
{
	char data[NAME_MAX + 16];
	size_t size = read_section(image, ".gnu_debuglink", data, sizeof(data));
	struct ckpt_reader in;
	const char *text;
	size_t padded;

	ckpt_reader_init(&in, data, size);
	if (ckpt_read_string(&in, &text) || strlen(text) > NAME_MAX ||
	    strchr(text, '/'))
		return false;
	padded = (ckpt_reader_offset(&in) + 3) & ~(size_t)3;
	if (ckpt_reader_seek(&in, padded) || ckpt_read_u32(&in, ret_crc))
		return false;
	(void)strcpy(name, text);
	return true;
}

static enum ckpt_status try_links(struct finder *finder, const char *directory,
				  const char *name, uint32_t crc)
{
	static const struct {
		const char *root, *sub;
	} places[] = {{"", "/"}, {"", "/.debug/"}, {DEBUG_ROOT, "/"}};
	enum ckpt_status status = CKPT_OK;

	for (size_t i = 0; !status && i < 3; i++) {
		_cleanup_free_ char *path = NULL;

		if (asprintf(&path, "%s%s%s%s", places[i].root, directory,
			     places[i].sub, name) < 0)
			return CKPT_NOMEM;
		status = try_link(finder, path, crc);
	}
	return status;
}

static enum ckpt_status add_by_link(struct finder *finder)
{
	const char *path = ckpt_image_path(finder->image);
	_cleanup_free_ char *given = strdup(path);
	_cleanup_free_ char *real = realpath(path, NULL);
	char name[NAME_MAX + 1];
	uint32_t crc;
	enum ckpt_status status = CKPT_OK;
	const char *given_directory, *real_directory;

	if (!read_link(finder->image, name, &crc) || !given || !real)
		return CKPT_OK;
	given_directory = dirname(given);
	real_directory = dirname(real);
	if (*given_directory == '/')
		status = try_links(finder, given_directory, name, crc);
	if (!status && strcmp(given_directory, real_directory) != 0)
		status = try_links(finder, real_directory, name, crc);
	return status;
}

enum ckpt_status ckpt_debug_files_find(const struct ckpt_image *image,
				       const char *symbol, uint64_t vaddr,
				       const char *debug_file,
				       struct ckpt_deps *deps,
				       struct ckpt_debug_files *ret,
				       struct ckpt_err *err)
{
	struct finder finder = {image, symbol, vaddr, deps, ret};
	enum ckpt_status status = CKPT_OK;

	if (debug_file)
		status = add_given(&finder, debug_file, err);
	if (status)
		return status;
	status = add_own(&finder);
	if (!status)
		status = add_by_id(&finder);
	if (!status && !ret->count)
		status = add_by_link(&finder);
	if (status)
		return ckpt_err_set(err, status, "out of memory");
	return CKPT_OK;
}
