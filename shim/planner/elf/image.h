/* SPDX-License-Identifier: MIT */
#ifndef CKPT_PLANNER_IMAGE_H
#define CKPT_PLANNER_IMAGE_H

/*
 * One ELF object as a file: segments, sections, symbols with versions,
 * relocations, build-id, separate debug file. The header tables are read
 * through libelf, everything behind PT_DYNAMIC by address, so that objects
 * without section headers are served too. Malformed input is BADDATA with the
 * place, never a crash. x86-64 ELF64 executables and shared objects only.
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

/* A stretch of addresses of an object; size 0: there is none. */
struct ckpt_extent {
	uint64_t vaddr, size;
};

struct ckpt_section {
	const char *name;
	uint32_t type;	/* SHT_* */
	uint64_t flags; /* SHF_* */
	uint64_t vaddr, file_off, size, entry_size;
};

struct ckpt_symbol {
	const char *name;
	const char *version; /* NULL if unversioned */
	/* f@@V, or unversioned: what a reference without version means. */
	bool is_default_version;
	/* Of the first version of the object (or none): the loader takes it
	 * for a reference without version even where it is not the default. */
	bool is_base_version;
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
/* The same over `size` bytes in memory, which stay the caller's and must
 * outlive the image; `name` stands for the path in messages. */
enum ckpt_status ckpt_image_open_memory(const char *name, const void *data,
					size_t size, struct ckpt_image **ret,
					struct ckpt_err *err) CKPT_MUST_CHECK;
void ckpt_image_close(struct ckpt_image *image); /* NULL is fine */

const char *ckpt_image_path(const struct ckpt_image *image);
const char *ckpt_image_soname(const struct ckpt_image *image); /* or NULL */
uint16_t ckpt_image_type(const struct ckpt_image *image); /* ET_EXEC, ET_DYN */
bool ckpt_image_is_executable(const struct ckpt_image *image); /* PT_INTERP */
/* PT_INTERP's path, or NULL. */
const char *ckpt_image_interpreter(const struct ckpt_image *image);
/* DT_SYMBOLIC or DF_SYMBOLIC: its own definitions come first. */
bool ckpt_image_is_symbolic(const struct ckpt_image *image);
/* The whole file. */
const void *ckpt_image_file(const struct ckpt_image *image, size_t *ret_size);

/* Build-id bytes, or NULL with *ret_size 0. */
const uint8_t *ckpt_image_build_id(const struct ckpt_image *image,
				   size_t *ret_size);
/* .gnu_debuglink's file name and the CRC of that file; NULL if none. */
const char *ckpt_image_debuglink(const struct ckpt_image *image,
				 uint32_t *ret_crc);

const struct ckpt_segment *ckpt_image_segments(const struct ckpt_image *image,
					       size_t *ret_count);
/* PT_GNU_RELRO; PT_TLS (its vaddr is the template's, size in memory). */
struct ckpt_extent ckpt_image_relro(const struct ckpt_image *image);
struct ckpt_extent ckpt_image_tls(const struct ckpt_image *image);
/* PT_GNU_EH_FRAME: .eh_frame_hdr. */
struct ckpt_extent ckpt_image_unwind(const struct ckpt_image *image);
uint64_t ckpt_image_tls_alignment(const struct ckpt_image *image);
/* Bytes of the TLS template that are in the file; the rest is zero. */
uint64_t ckpt_image_tls_file_size(const struct ckpt_image *image);

const struct ckpt_section *ckpt_image_sections(const struct ckpt_image *image,
					       size_t *ret_count);
const struct ckpt_section *ckpt_image_section(const struct ckpt_image *image,
					      const char *name); /* or NULL */
/* The allocated section that holds `vaddr`, or NULL. Thread-local zeroes
 * (.tbss), which take no addresses, are never it. */
const struct ckpt_section *ckpt_image_section_at(const struct ckpt_image *image,
						 uint64_t vaddr);

/* The dynamic symbols (index 0 is the null symbol, as in the file). */
const struct ckpt_symbol *
ckpt_image_dynamic_symbols(const struct ckpt_image *image, size_t *ret_count);
/* .symtab, if there is one. */
const struct ckpt_symbol *
ckpt_image_static_symbols(const struct ckpt_image *image, size_t *ret_count);

/* Defined, exported, by name and version (NULL: the default one). NULL if
 * there is none. */
const struct ckpt_symbol *ckpt_image_find_export(const struct ckpt_image *image,
						 const char *name,
						 const char *version);

/*
 * What the loader takes for a reference to `name` at `version` from another
 * object (glibc's do_lookup_x): as above, but an unversioned definition also
 * serves a versioned reference, and a reference without version takes the
 * base version, or the only default one.
 */
const struct ckpt_symbol *ckpt_image_match(const struct ckpt_image *image,
					   const char *name,
					   const char *version);

/* DT_RELA, DT_RELR (as R_X86_64_RELATIVE) and DT_JMPREL, by address. In a
 * program without PT_DYNAMIC: its allocated relocation sections. */
const struct ckpt_relocation *
ckpt_image_relocations(const struct ckpt_image *image, size_t *ret_count);
/* Index of the first relocation at or above `vaddr`. */
size_t ckpt_image_relocation_from(const struct ckpt_image *image,
				  uint64_t vaddr);

/* DT_NEEDED names in order. */
const char *const *ckpt_image_needed(const struct ckpt_image *image,
				     size_t *ret_count);

/* The bytes at [vaddr, vaddr + size) as in the file (before relocation), or
 * NULL if they are not all in the file. */
const void *ckpt_image_bytes(const struct ckpt_image *image, uint64_t vaddr,
			     uint64_t size);

/* The segment that holds `vaddr`, or NULL. */
const struct ckpt_segment *ckpt_image_segment_at(const struct ckpt_image *image,
						 uint64_t vaddr);

#endif
