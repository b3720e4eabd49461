/* SPDX-License-Identifier: MIT */
#ifndef CKPT_PLANNER_IMAGE_H
#define CKPT_PLANNER_IMAGE_H

/*
 * One ELF object as a file: segments, sections, symbols with versions,
 * relocations, build-id, separate debug file. Reads through libelf; malformed
 * input is BADDATA with the place, never a crash. x86-64 ELF64 only.
 *
 * An image is immutable once open and may be shared by readers. Everything it
 * returns lives as long as it does. Set-up world.
 */

#include "shim/common/status.h"

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ckpt_image;

struct ckpt_segment { /* a PT_LOAD */
	uint64_t vaddr, file_off, file_size, mem_size;
	uint32_t flags; /* PF_R | PF_W | PF_X */
};

struct ckpt_section {
	const char *name;
	uint32_t type;	/* SHT_* */
	uint64_t flags; /* SHF_* */
	uint64_t vaddr, file_off, size, entry_size;
};

struct ckpt_symbol {
	const char *name;
	const char *version;	 /* NULL if unversioned */
	bool is_default_version; /* f@@V */
	uint64_t vaddr, size;
	uint8_t type;	    /* STT_* */
	uint8_t binding;    /* STB_* */
	uint8_t visibility; /* STV_* */
	uint16_t shndx;	    /* SHN_UNDEF: an import */
	bool is_dynamic;    /* .dynsym, not .symtab */
};

struct ckpt_relocation {
	uint64_t vaddr;	 /* of the word it sets */
	uint32_t type;	 /* R_X86_64_* */
	uint32_t symbol; /* index into dynamic symbols, 0 = none */
	int64_t addend;
	bool is_plt; /* DT_JMPREL */
};

enum ckpt_status ckpt_image_open(const char *path, struct ckpt_image **ret,
				 struct ckpt_err *err) CKPT_MUST_CHECK;
void ckpt_image_close(struct ckpt_image *image); /* NULL is fine */

const char *ckpt_image_path(const struct ckpt_image *image);
const char *ckpt_image_soname(const struct ckpt_image *image); /* or NULL */
uint16_t ckpt_image_type(const struct ckpt_image *image); /* ET_EXEC, ET_DYN */
bool ckpt_image_is_executable(const struct ckpt_image *image); /* PT_INTERP */

/* Build-id bytes, or NULL with *ret_size 0. */
const uint8_t *ckpt_image_build_id(const struct ckpt_image *image,
				   size_t *ret_size);

const struct ckpt_segment *ckpt_image_segments(const struct ckpt_image *image,
					       size_t *ret_count);
const struct ckpt_section *ckpt_image_sections(const struct ckpt_image *image,
					       size_t *ret_count);
const struct ckpt_section *ckpt_image_section(const struct ckpt_image *image,
					      const char *name); /* or NULL */
const struct ckpt_section *ckpt_image_section_at(const struct ckpt_image *image,
						 uint64_t vaddr);

/* The dynamic symbols (index 0 is the null symbol, as in the file), then all
 * of .symtab if there is one. */
const struct ckpt_symbol *
ckpt_image_dynamic_symbols(const struct ckpt_image *image, size_t *ret_count);
const struct ckpt_symbol *
ckpt_image_static_symbols(const struct ckpt_image *image, size_t *ret_count);

/* Defined, exported, by name and version (NULL: the default one). NULL if
 * there is none. Uses the hash table of the object. */
const struct ckpt_symbol *ckpt_image_find_export(const struct ckpt_image *image,
						 const char *name,
						 const char *version);

const struct ckpt_relocation *
ckpt_image_relocations(const struct ckpt_image *image, size_t *ret_count);

/* DT_NEEDED names in order. */
const char *const *ckpt_image_needed(const struct ckpt_image *image,
				     size_t *ret_count);

/* The bytes at [vaddr, vaddr + size) as in the file (before relocation), or
 * NULL if they are not all in the file. */
const void *ckpt_image_bytes(const struct ckpt_image *image, uint64_t vaddr,
			     uint64_t size);

#endif
