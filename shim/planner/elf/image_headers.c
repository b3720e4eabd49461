/* SPDX-License-Identifier: MIT */
#include "shim/planner/elf/image_private.h"

#include "shim/common/buf.h"

#include <gelf.h>
#include <stdlib.h>
#include <string.h>

enum { PHDR_MAX = 4096, SECTION_MAX = 1 << 20 };

/* Is [off, off + size) inside the file? */
static bool is_in_file(const struct ckpt_image *image, uint64_t off,
		       uint64_t size)
{
	return off <= image->size && size <= image->size - off;
}

static enum ckpt_status check_ident(const struct ckpt_image *image,
				    struct ckpt_err *err)
{
	const uint8_t *ident = image->data;

	if (image->size < sizeof(Elf64_Ehdr) ||
	    memcmp(ident, ELFMAG, SELFMAG) != 0)
		return ckpt_err_set(err, CKPT_UNSUPPORTED,
				    "%s: not an ELF file", image->path);
	if (ident[EI_CLASS] != ELFCLASS64 || ident[EI_DATA] != ELFDATA2LSB)
		return ckpt_err_set(err, CKPT_UNSUPPORTED,
				    "%s: not a 64-bit little-endian object",
				    image->path);
	return CKPT_OK;
}

static enum ckpt_status read_ehdr(struct ckpt_image *image,
				  struct ckpt_err *err)
{
	GElf_Ehdr ehdr;

	if (!gelf_getehdr(image->elf, &ehdr))
		return bad(image, "ELF header", elf_errmsg(-1), err);
	if (ehdr.e_machine != EM_X86_64)
		return ckpt_err_set(err, CKPT_UNSUPPORTED,
				    "%s: machine %u is not x86-64", image->path,
				    ehdr.e_machine);
	if (ehdr.e_type != ET_EXEC && ehdr.e_type != ET_DYN)
		return ckpt_err_set(
			err, CKPT_UNSUPPORTED,
			"%s: type %u is neither program nor shared object",
			image->path, ehdr.e_type);
	image->type = ehdr.e_type;
	return CKPT_OK;
}

/* gABI "Note Section"; a build-id is NT_GNU_BUILD_ID of owner "GNU". */
static void read_notes(struct ckpt_image *image, uint64_t off, uint64_t size,
		       uint64_t align)
{
	struct ckpt_reader r;

	ckpt_reader_init(&r, image->data + off, size);
	align = align == 8 ? 8 : 4;
	while (ckpt_reader_left(&r) > 0) {
		uint32_t name_size, content_size, type;
		const void *name, *content;

		if (ckpt_read_u32(&r, &name_size) ||
		    ckpt_read_u32(&r, &content_size) ||
		    ckpt_read_u32(&r, &type) ||
		    ckpt_read_bytes(&r, (name_size + 3ull) & ~3ull, &name) ||
		    ckpt_read_bytes(&r, content_size, &content))
			return;
		if (type == NT_GNU_BUILD_ID && name_size == 4 &&
		    memcmp(name, "GNU", 4) == 0 && content_size > 0) {
			image->build_id = content;
			image->build_id_size = content_size;
			return;
		}
		if (ckpt_reader_seek(&r, (ckpt_reader_offset(&r) + align - 1) &
						 ~(align - 1)))
			return;
	}
}

static enum ckpt_status add_segment(struct ckpt_image *image,
				    const GElf_Phdr *phdr, struct ckpt_err *err)
{
	const struct ckpt_segment *last =
		image->segment_count
			? &image->segments[image->segment_count - 1]
			: NULL;

	if (phdr->p_filesz > phdr->p_memsz ||
	    phdr->p_vaddr + phdr->p_memsz < phdr->p_vaddr)
		return bad(image, "program header", "impossible segment size",
			   err);
	if (last && phdr->p_vaddr < last->vaddr + last->mem_size)
		return bad(image, "program header",
			   "segments overlap or are out of order", err);
	image->segments[image->segment_count++] = (struct ckpt_segment){
		.vaddr = phdr->p_vaddr,
		.file_off = phdr->p_offset,
		.file_size = image->is_debug_only ? 0 : phdr->p_filesz,
		.mem_size = phdr->p_memsz,
		.flags = phdr->p_flags,
	};
	return CKPT_OK;
}

static enum ckpt_status read_interpreter(struct ckpt_image *image,
					 const GElf_Phdr *phdr,
					 struct ckpt_err *err)
{
	const char *text = (const char *)image->data + phdr->p_offset;

	if (phdr->p_filesz == 0 || text[phdr->p_filesz - 1] != '\0')
		return bad(image, "PT_INTERP", "not a string", err);
	image->interpreter = text;
	return CKPT_OK;
}

static enum ckpt_status read_phdr(struct ckpt_image *image,
				  const GElf_Phdr *phdr, struct ckpt_err *err)
{
	if (image->is_debug_only)
		return phdr->p_type == PT_LOAD ? add_segment(image, phdr, err)
					       : CKPT_OK;
	if (phdr->p_type != PT_GNU_STACK && phdr->p_type != PT_GNU_RELRO &&
	    !is_in_file(image, phdr->p_offset, phdr->p_filesz))
		return bad(image, "program header", "segment beyond the file",
			   err);
	switch (phdr->p_type) {
	case PT_LOAD:
		return add_segment(image, phdr, err);
	case PT_DYNAMIC:
		image->dynamic_phdr = *phdr;
		return CKPT_OK;
	case PT_INTERP:
		return read_interpreter(image, phdr, err);
	case PT_NOTE:
		if (!image->build_id)
			read_notes(image, phdr->p_offset, phdr->p_filesz,
				   phdr->p_align);
		return CKPT_OK;
	case PT_GNU_RELRO:
		image->relro =
			(struct ckpt_extent){phdr->p_vaddr, phdr->p_memsz};
		return CKPT_OK;
	case PT_TLS:
		if (phdr->p_filesz > phdr->p_memsz)
			return bad(image, "PT_TLS", "impossible size", err);
		image->tls = (struct ckpt_extent){phdr->p_vaddr, phdr->p_memsz};
		image->tls_file_size = phdr->p_filesz;
		image->tls_alignment = phdr->p_align;
		return CKPT_OK;
	case PT_GNU_EH_FRAME:
		image->unwind =
			(struct ckpt_extent){phdr->p_vaddr, phdr->p_memsz};
		return CKPT_OK;
	default:
		return CKPT_OK;
	}
}

static enum ckpt_status read_phdrs(struct ckpt_image *image,
				   struct ckpt_err *err)
{
	size_t count;

	if (elf_getphdrnum(image->elf, &count) != 0 || count > PHDR_MAX)
		return bad(image, "program headers", "cannot be read", err);
	image->segments = calloc(count ? count : 1, sizeof(*image->segments));
	if (!image->segments)
		return CKPT_NOMEM;
	for (size_t i = 0; i < count; i++) {
		GElf_Phdr phdr;
		enum ckpt_status status;

		if (!gelf_getphdr(image->elf, (int)i, &phdr))
			return bad(image, "program headers", elf_errmsg(-1),
				   err);
		status = read_phdr(image, &phdr, err);
		if (status)
			return status;
	}
	return CKPT_OK;
}

static enum ckpt_status read_section(struct ckpt_image *image, size_t index,
				     size_t names, struct ckpt_err *err)
{
	Elf_Scn *scn = elf_getscn(image->elf, index);
	struct ckpt_section *section = &image->sections[index];
	GElf_Shdr shdr;
	const char *name;

	if (!scn || !gelf_getshdr(scn, &shdr))
		return bad(image, "section headers", elf_errmsg(-1), err);
	name = names ? elf_strptr(image->elf, names, shdr.sh_name) : "";
	if (!name)
		return bad(image, "section headers", "name out of bounds", err);
	if (shdr.sh_type != SHT_NOBITS && shdr.sh_type != SHT_NULL &&
	    !is_in_file(image, shdr.sh_offset, shdr.sh_size))
		return bad(image, name, "section beyond the file", err);
	if (shdr.sh_addr + shdr.sh_size < shdr.sh_addr)
		return bad(image, name, "impossible section size", err);
	*section = (struct ckpt_section){
		.name = name,
		.type = shdr.sh_type,
		.flags = shdr.sh_flags,
		.vaddr = shdr.sh_addr,
		.file_off = shdr.sh_offset,
		.size = shdr.sh_size,
		.entry_size = shdr.sh_entsize,
	};
	return CKPT_OK;
}

static bool has_address(const struct ckpt_section *section)
{
	return (section->flags & SHF_ALLOC) && section->size > 0 &&
	       !((section->flags & SHF_TLS) && section->type == SHT_NOBITS);
}

static int compare_sections(const void *a, const void *b, void *sections)
{
	const struct ckpt_section *s = sections;
	uint64_t x = s[*(const uint32_t *)a].vaddr;
	uint64_t y = s[*(const uint32_t *)b].vaddr;

	return (x > y) - (x < y);
}

static enum ckpt_status sort_sections(struct ckpt_image *image)
{
	image->by_address =
		calloc(image->section_count + 1, sizeof(*image->by_address));
	if (!image->by_address)
		return CKPT_NOMEM;
	for (size_t i = 0; i < image->section_count; i++)
		if (has_address(&image->sections[i]))
			image->by_address[image->by_address_count++] =
				(uint32_t)i;
	qsort_r(image->by_address, image->by_address_count,
		sizeof(*image->by_address), compare_sections, image->sections);
	return CKPT_OK;
}

/* .gnu_debuglink: a name, zeroes to a multiple of four, a CRC32. */
static void read_debuglink(struct ckpt_image *image)
{
	const struct ckpt_section *section =
		ckpt_image_section(image, ".gnu_debuglink");
	struct ckpt_reader r;
	const char *name;
	uint32_t crc;

	if (!section || section->type != SHT_PROGBITS)
		return;
	ckpt_reader_init(&r, image->data + section->file_off, section->size);
	if (ckpt_read_string(&r, &name) ||
	    ckpt_reader_seek(&r, (ckpt_reader_offset(&r) + 3) & ~(size_t)3) ||
	    ckpt_read_u32(&r, &crc))
		return;
	image->debuglink = name;
	image->debuglink_crc = crc;
}

/* A file of debug information alone keeps the headers and the notes; its
 * program headers describe the other file. */
static void look_for_content(struct ckpt_image *image)
{
	const struct ckpt_section *text = ckpt_image_section(image, ".text");
	const struct ckpt_section *dynamic =
		ckpt_image_section(image, ".dynamic");

	image->is_debug_only = (text && text->type == SHT_NOBITS) ||
			       (dynamic && dynamic->type == SHT_NOBITS);
	for (size_t i = 1; image->is_debug_only && i < image->section_count;
	     i++) {
		const struct ckpt_section *section = &image->sections[i];

		if (section->type == SHT_NOTE && !image->build_id)
			read_notes(image, section->file_off, section->size, 4);
	}
}

static enum ckpt_status read_sections(struct ckpt_image *image,
				      struct ckpt_err *err)
{
	size_t count, names;

	if (elf_getshdrnum(image->elf, &count) != 0 || count > SECTION_MAX)
		return bad(image, "section headers", "cannot be read", err);
	if (count == 0)
		return CKPT_OK;
	if (elf_getshdrstrndx(image->elf, &names) != 0)
		return bad(image, "section headers", elf_errmsg(-1), err);
	image->sections = calloc(count, sizeof(*image->sections));
	if (!image->sections)
		return CKPT_NOMEM;
	image->section_count = count;
	image->sections[0].name = "";
	for (size_t i = 1; i < count; i++) {
		enum ckpt_status status = read_section(image, i, names, err);

		if (status)
			return status;
	}
	read_debuglink(image);
	look_for_content(image);
	return sort_sections(image);
}

static enum ckpt_status read_static_symbols(struct ckpt_image *image,
					    struct ckpt_err *err)
{
	for (size_t i = 1; i < image->section_count; i++) {
		const struct ckpt_section *table = &image->sections[i];
		const struct ckpt_section *strings;
		GElf_Shdr shdr;

		if (table->type != SHT_SYMTAB)
			continue;
		if (!gelf_getshdr(elf_getscn(image->elf, i), &shdr) ||
		    shdr.sh_link >= image->section_count)
			return bad(image, table->name, "no string table", err);
		strings = &image->sections[shdr.sh_link];
		if (strings->type != SHT_STRTAB)
			return bad(image, table->name, "no string table", err);
		image->static_symbol_count = table->size / sizeof(Elf64_Sym);
		return ckpt_image_read_symbols(
			image, table->name, image->data + table->file_off,
			image->static_symbol_count,
			(const char *)image->data + strings->file_off,
			strings->size, false, &image->static_symbols, err);
	}
	return CKPT_OK;
}

enum ckpt_status ckpt_image_read_headers(struct ckpt_image *image,
					 struct ckpt_err *err)
{
	enum ckpt_status status = check_ident(image, err);

	if (status)
		return status;
	(void)elf_version(EV_CURRENT);
	/* libelf only reads; the cast is its interface. */
	image->elf = elf_memory((char *)(uintptr_t)image->data, image->size);
	if (!image->elf)
		return bad(image, "ELF header", elf_errmsg(-1), err);
	if ((status = read_ehdr(image, err)) ||
	    (status = read_sections(image, err)) ||
	    (status = read_phdrs(image, err)))
		return status;
	return read_static_symbols(image, err);
}
