/* SPDX-License-Identifier: MIT */
#include "shim/planner/elf/image.h"

#include "shim/common/cleanup.h"
#include "shim/planner/elf/image_private.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

/* Relocation sections of a program that has no PT_DYNAMIC. */
static enum ckpt_status read_static_relocations(struct ckpt_image *image,
						struct ckpt_err *err)
{
	for (size_t i = 1; i < image->section_count; i++) {
		const struct ckpt_section *section = &image->sections[i];
		enum ckpt_status status;

		if (section->type != SHT_RELA || !(section->flags & SHF_ALLOC))
			continue;
		status = ckpt_image_add_rela(image, section->name,
					     image->data + section->file_off,
					     section->size, false, err);
		if (status)
			return status;
	}
	return CKPT_OK;
}

static int compare_relocations(const void *a, const void *b)
{
	uint64_t x = ((const struct ckpt_relocation *)a)->vaddr;
	uint64_t y = ((const struct ckpt_relocation *)b)->vaddr;

	return (x > y) - (x < y);
}

static enum ckpt_status read_image(struct ckpt_image *image,
				   struct ckpt_err *err)
{
	enum ckpt_status status = ckpt_image_read_headers(image, err);

	if (status)
		return status;
	if (image->is_debug_only)
		return CKPT_OK;
	status = image->dynamic_phdr.p_filesz > 0
			 ? ckpt_image_read_dynamic(image, err)
			 : read_static_relocations(image, err);
	if (status)
		return status;
	if (image->relocation_count > 0)
		qsort(image->relocations, image->relocation_count,
		      sizeof(*image->relocations), compare_relocations);
	return CKPT_OK;
}

static enum ckpt_status open_over(const char *name, const void *data,
				  size_t size, void *mapping,
				  struct ckpt_image **ret, struct ckpt_err *err)
{
	struct ckpt_image *image = calloc(1, sizeof(*image));
	enum ckpt_status status = CKPT_NOMEM;

	if (!image) {
		if (mapping)
			(void)munmap(mapping, size);
		return ckpt_err_set(err, CKPT_NOMEM, "%s: out of memory", name);
	}
	image->data = data;
	image->size = size;
	image->mapping = mapping;
	image->path = strdup(name);
	if (image->path)
		status = read_image(image, err);
	if (status == CKPT_NOMEM)
		(void)ckpt_err_set(err, status, "%s: out of memory", name);
	if (status) {
		ckpt_image_close(image);
		return status;
	}
	*ret = image;
	return CKPT_OK;
}

enum ckpt_status ckpt_image_open_memory(const char *name, const void *data,
					size_t size, struct ckpt_image **ret,
					struct ckpt_err *err)
{
	return open_over(name, data, size, NULL, ret, err);
}

enum ckpt_status ckpt_image_open(const char *path, struct ckpt_image **ret,
				 struct ckpt_err *err)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	struct stat st;
	void *mapping;

	if (fd < 0 || fstat(fd, &st) != 0)
		return ckpt_err_set(err,
				    errno == ENOENT ? CKPT_NOTFOUND : CKPT_IO,
				    "%s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode) || st.st_size == 0)
		return ckpt_err_set(err, CKPT_UNSUPPORTED,
				    "%s: not an ELF file", path);
	mapping = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (mapping == MAP_FAILED)
		return ckpt_err_set(err, CKPT_IO, "%s: %s", path,
				    strerror(errno));
	return open_over(path, mapping, (size_t)st.st_size, mapping, ret, err);
}

void ckpt_image_close(struct ckpt_image *image)
{
	if (!image)
		return;
	if (image->elf)
		(void)elf_end(image->elf);
	free(image->segments);
	free(image->sections);
	free(image->by_address);
	free(image->needed);
	free(image->dynamic_symbols);
	free(image->static_symbols);
	free(image->relocations);
	free(image->buckets);
	free(image->chains);
	if (image->mapping)
		(void)munmap(image->mapping, image->size);
	free(image->path);
	free(image);
}

const struct ckpt_section *ckpt_image_section(const struct ckpt_image *image,
					      const char *name)
{
	for (size_t i = 1; i < image->section_count; i++)
		if (strcmp(image->sections[i].name, name) == 0)
			return &image->sections[i];
	return NULL;
}

const struct ckpt_section *ckpt_image_section_at(const struct ckpt_image *image,
						 uint64_t vaddr)
{
	size_t low = 0, high = image->by_address_count;
	const struct ckpt_section *section;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (image->sections[image->by_address[middle]].vaddr <= vaddr)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0)
		return NULL;
	section = &image->sections[image->by_address[low - 1]];
	return vaddr - section->vaddr < section->size ? section : NULL;
}

const struct ckpt_segment *ckpt_image_segment_at(const struct ckpt_image *image,
						 uint64_t vaddr)
{
	for (size_t i = 0; i < image->segment_count; i++) {
		const struct ckpt_segment *segment = &image->segments[i];

		if (vaddr >= segment->vaddr &&
		    vaddr - segment->vaddr < segment->mem_size)
			return segment;
	}
	return NULL;
}

const void *ckpt_image_bytes(const struct ckpt_image *image, uint64_t vaddr,
			     uint64_t size)
{
	for (size_t i = 0; i < image->segment_count; i++) {
		const struct ckpt_segment *segment = &image->segments[i];
		uint64_t off = vaddr - segment->vaddr;

		if (vaddr >= segment->vaddr && off <= segment->file_size &&
		    size <= segment->file_size - off)
			return image->data + segment->file_off + off;
	}
	return NULL;
}

size_t ckpt_image_relocation_from(const struct ckpt_image *image,
				  uint64_t vaddr)
{
	size_t low = 0, high = image->relocation_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (image->relocations[middle].vaddr < vaddr)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const char *ckpt_image_path(const struct ckpt_image *image)
{
	return image->path;
}

const char *ckpt_image_soname(const struct ckpt_image *image)
{
	return image->soname;
}

uint16_t ckpt_image_type(const struct ckpt_image *image)
{
	return image->type;
}

bool ckpt_image_is_executable(const struct ckpt_image *image)
{
	return image->interpreter != NULL;
}

const char *ckpt_image_interpreter(const struct ckpt_image *image)
{
	return image->interpreter;
}

bool ckpt_image_is_symbolic(const struct ckpt_image *image)
{
	return image->is_symbolic;
}

const void *ckpt_image_file(const struct ckpt_image *image, size_t *ret_size)
{
	*ret_size = image->size;
	return image->data;
}

const uint8_t *ckpt_image_build_id(const struct ckpt_image *image,
				   size_t *ret_size)
{
	*ret_size = image->build_id_size;
	return image->build_id;
}

const char *ckpt_image_debuglink(const struct ckpt_image *image,
				 uint32_t *ret_crc)
{
	if (image->debuglink)
		*ret_crc = image->debuglink_crc;
	return image->debuglink;
}

const struct ckpt_segment *ckpt_image_segments(const struct ckpt_image *image,
					       size_t *ret_count)
{
	*ret_count = image->segment_count;
	return image->segments;
}

struct ckpt_extent ckpt_image_relro(const struct ckpt_image *image)
{
	return image->relro;
}

struct ckpt_extent ckpt_image_tls(const struct ckpt_image *image)
{
	return image->tls;
}

struct ckpt_extent ckpt_image_unwind(const struct ckpt_image *image)
{
	return image->unwind;
}

uint64_t ckpt_image_tls_alignment(const struct ckpt_image *image)
{
	return image->tls_alignment;
}

uint64_t ckpt_image_tls_file_size(const struct ckpt_image *image)
{
	return image->tls_file_size;
}

const struct ckpt_section *ckpt_image_sections(const struct ckpt_image *image,
					       size_t *ret_count)
{
	*ret_count = image->section_count;
	return image->sections;
}

const struct ckpt_symbol *
ckpt_image_dynamic_symbols(const struct ckpt_image *image, size_t *ret_count)
{
	*ret_count = image->dynamic_symbol_count;
	return image->dynamic_symbols;
}

const struct ckpt_symbol *
ckpt_image_static_symbols(const struct ckpt_image *image, size_t *ret_count)
{
	*ret_count = image->static_symbol_count;
	return image->static_symbols;
}

const struct ckpt_relocation *
ckpt_image_relocations(const struct ckpt_image *image, size_t *ret_count)
{
	*ret_count = image->relocation_count;
	return image->relocations;
}

const char *const *ckpt_image_needed(const struct ckpt_image *image,
				     size_t *ret_count)
{
	*ret_count = image->needed_count;
	return (const char *const *)image->needed;
}
