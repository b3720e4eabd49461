/* SPDX-License-Identifier: MIT */
#ifndef CKPT_PLANNER_IMAGE_PRIVATE_H
#define CKPT_PLANNER_IMAGE_PRIVATE_H

/*
 * The inside of an image, shared by image.c (file and headers) and
 * image_dynamic.c (what PT_DYNAMIC leads to). Nobody else includes it.
 */

#include "shim/planner/elf/image.h"

#include <libelf.h>

struct ckpt_image {
	char *path;
	const uint8_t *data;
	size_t size;
	void *mapping; /* NULL: the caller's memory */
	Elf *elf;
	uint16_t type;
	bool is_debug_only; /* addresses, but nothing at them */
	/* Program headers that matter. */
	struct ckpt_segment *segments;
	size_t segment_count;
	struct ckpt_extent relro, tls, unwind;
	uint64_t tls_file_size, tls_alignment;
	Elf64_Phdr dynamic_phdr; /* p_filesz 0: none */
	const char *interpreter;
	const uint8_t *build_id;
	size_t build_id_size;
	/* Section headers, and those with SHF_ALLOC by address. */
	struct ckpt_section *sections;
	size_t section_count;
	uint32_t *by_address;
	size_t by_address_count;
	const char *debuglink;
	uint32_t debuglink_crc;
	/* From PT_DYNAMIC. */
	const char *soname;
	bool is_symbolic;
	const char **needed;
	size_t needed_count;
	struct ckpt_symbol *dynamic_symbols;
	size_t dynamic_symbol_count;
	struct ckpt_symbol *static_symbols;
	size_t static_symbol_count;
	struct ckpt_relocation *relocations;
	size_t relocation_count, relocation_capacity;
	/* Exports by name: heads of chains, then the next of each symbol;
	 * 0 ends a chain. */
	uint32_t *buckets, *chains;
	size_t bucket_count;
};

/* "FILE: where: what" */
static inline enum ckpt_status bad(const struct ckpt_image *image,
				   const char *where, const char *what,
				   struct ckpt_err *err)
{
	return ckpt_err_set(err, CKPT_BADDATA, "%s: %s: %s", image->path, where,
			    what);
}

/* Program and section headers, notes, .symtab. */
enum ckpt_status ckpt_image_read_headers(struct ckpt_image *image,
					 struct ckpt_err *err) CKPT_MUST_CHECK;

/* Fill the members below "From PT_DYNAMIC". */
enum ckpt_status ckpt_image_read_dynamic(struct ckpt_image *image,
					 struct ckpt_err *err) CKPT_MUST_CHECK;

/* The symbols of `count` entries at `data`, with names in the string table of
 * `strings_size` bytes. Versions are left empty. */
enum ckpt_status ckpt_image_read_symbols(const struct ckpt_image *image,
					 const char *where, const void *data,
					 size_t count, const char *strings,
					 uint64_t strings_size, bool is_dynamic,
					 struct ckpt_symbol **ret,
					 struct ckpt_err *err) CKPT_MUST_CHECK;

/* Index the dynamic symbols that other objects can be bound to. */
enum ckpt_status
ckpt_image_index_exports(struct ckpt_image *image) CKPT_MUST_CHECK;

/* Append the RELA entries in `size` bytes at `data`. */
enum ckpt_status ckpt_image_add_rela(struct ckpt_image *image,
				     const char *where, const void *data,
				     uint64_t size, bool is_plt,
				     struct ckpt_err *err) CKPT_MUST_CHECK;

#endif
