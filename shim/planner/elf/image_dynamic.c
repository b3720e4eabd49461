/* SPDX-License-Identifier: MIT */
#include "shim/planner/elf/image_private.h"

#include "shim/common/buf.h"

#include <stdlib.h>
#include <string.h>

/* What PT_DYNAMIC says, as it stands in the file. */
struct dynamic {
	uint64_t strtab, strsz;
	uint64_t symtab;
	uint64_t hash, gnu_hash;
	uint64_t rela, relasz, jmprel, pltrelsz, relr, relrsz;
	uint64_t versym, verdef, verdefnum, verneed, verneednum;
	uint64_t soname;
	bool has_soname, is_rel;
	const char *strings;
};

/* Version names by index (gABI "Symbol Versioning"). */
struct versions {
	const char **names;
	const uint16_t *versym; /* NULL: the object has no versions */
};

enum { VERSION_INDEX_MAX = 0x7fff, VERSION_HIDDEN = 0x8000 };

static void note_entry(struct ckpt_image *image, struct dynamic *d, int64_t tag,
		       uint64_t value)
{
	const struct {
		int64_t tag;
		uint64_t *to;
	} values[] = {
		{DT_STRTAB, &d->strtab},     {DT_STRSZ, &d->strsz},
		{DT_SYMTAB, &d->symtab},     {DT_HASH, &d->hash},
		{DT_GNU_HASH, &d->gnu_hash}, {DT_RELA, &d->rela},
		{DT_RELASZ, &d->relasz},     {DT_JMPREL, &d->jmprel},
		{DT_PLTRELSZ, &d->pltrelsz}, {DT_RELR, &d->relr},
		{DT_RELRSZ, &d->relrsz},     {DT_VERSYM, &d->versym},
		{DT_VERDEF, &d->verdef},     {DT_VERDEFNUM, &d->verdefnum},
		{DT_VERNEED, &d->verneed},   {DT_VERNEEDNUM, &d->verneednum},
		{DT_SONAME, &d->soname},
	};

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		if (values[i].tag == tag)
			*values[i].to = value;
	if (tag == DT_SONAME)
		d->has_soname = true;
	else if (tag == DT_SYMBOLIC || (tag == DT_FLAGS && value & DF_SYMBOLIC))
		image->is_symbolic = true;
	else if (tag == DT_NEEDED)
		image->needed_count++;
	else if (tag == DT_REL)
		d->is_rel = true;
}

static void read_entries(struct ckpt_image *image, struct dynamic *d)
{
	struct ckpt_reader r;
	uint64_t tag, value;

	ckpt_reader_init(&r, image->data + image->dynamic_phdr.p_offset,
			 image->dynamic_phdr.p_filesz);
	while (!ckpt_read_u64(&r, &tag) && !ckpt_read_u64(&r, &value) &&
	       tag != DT_NULL)
		note_entry(image, d, (int64_t)tag, value);
}

/* A copy of what stands at `vaddr`, which may be unaligned. */
static bool copy_at(const struct ckpt_image *image, uint64_t vaddr, void *to,
		    size_t size)
{
	const void *bytes = ckpt_image_bytes(image, vaddr, size);

	if (bytes)
		memcpy(to, bytes, size);
	return bytes != NULL;
}

/* A string of DT_STRTAB, or NULL. The table's last byte is known to be NUL. */
static const char *string_at(const struct dynamic *d, uint64_t off)
{
	return off < d->strsz ? d->strings + off : NULL;
}

static enum ckpt_status read_strings(struct ckpt_image *image,
				     struct dynamic *d, struct ckpt_err *err)
{
	if (d->strsz == 0) {
		d->strings = NULL;
		return CKPT_OK;
	}
	d->strings = ckpt_image_bytes(image, d->strtab, d->strsz);
	if (!d->strings)
		return bad(image, "DT_STRTAB", "not in the file", err);
	if (d->strings[d->strsz - 1] != '\0')
		return bad(image, "DT_STRTAB", "does not end in NUL", err);
	if (d->has_soname) {
		image->soname = string_at(d, d->soname);
		if (!image->soname)
			return bad(image, "DT_SONAME", "out of bounds", err);
	}
	return CKPT_OK;
}

static enum ckpt_status read_needed(struct ckpt_image *image,
				    const struct dynamic *d,
				    struct ckpt_err *err)
{
	struct ckpt_reader r;
	uint64_t tag, value;
	size_t count = 0;

	image->needed = calloc(image->needed_count + 1, sizeof(*image->needed));
	if (!image->needed)
		return CKPT_NOMEM;
	ckpt_reader_init(&r, image->data + image->dynamic_phdr.p_offset,
			 image->dynamic_phdr.p_filesz);
	while (!ckpt_read_u64(&r, &tag) && !ckpt_read_u64(&r, &value) &&
	       tag != DT_NULL) {
		if (tag != DT_NEEDED)
			continue;
		image->needed[count] = string_at(d, value);
		if (!image->needed[count++])
			return bad(image, "DT_NEEDED", "out of bounds", err);
	}
	return CKPT_OK;
}

/* Number of symbols by DT_GNU_HASH: behind the longest chain. */
static enum ckpt_status count_gnu_hash(const struct ckpt_image *image,
				       uint64_t vaddr, uint64_t *ret,
				       struct ckpt_err *err)
{
	struct {
		uint32_t bucket_count, first, bloom_count, shift;
	} head;
	uint64_t buckets_vaddr, chains_vaddr, last = 0;
	uint32_t word;

	if (!copy_at(image, vaddr, &head, sizeof(head)))
		return bad(image, "DT_GNU_HASH", "not in the file", err);
	buckets_vaddr = vaddr + sizeof(head) + 8ull * head.bloom_count;
	chains_vaddr = buckets_vaddr + 4ull * head.bucket_count;
	for (uint32_t i = 0; i < head.bucket_count; i++) {
		if (!copy_at(image, buckets_vaddr + 4ull * i, &word, 4))
			return bad(image, "DT_GNU_HASH",
				   "buckets not in the file", err);
		last = word > last ? word : last;
	}
	if (last < head.first) {
		*ret = head.first;
		return CKPT_OK;
	}
	do {
		if (!copy_at(image, chains_vaddr + 4 * (last - head.first),
			     &word, 4))
			return bad(image, "DT_GNU_HASH",
				   "chain not in the file", err);
		last++;
	} while (!(word & 1));
	*ret = last;
	return CKPT_OK;
}

/* The dynamic symbol table has no size of its own: the hash tables, the
 * relocations and the section header tell what is in use. */
static enum ckpt_status count_symbols(const struct ckpt_image *image,
				      const struct dynamic *d, uint64_t *ret,
				      struct ckpt_err *err)
{
	uint64_t count = 1;
	enum ckpt_status status;

	if (d->gnu_hash) {
		status = count_gnu_hash(image, d->gnu_hash, &count, err);
		if (status)
			return status;
	}
	if (d->hash) {
		uint32_t hash[2];

		if (!copy_at(image, d->hash, hash, sizeof(hash)))
			return bad(image, "DT_HASH", "not in the file", err);
		count = hash[1] > count ? hash[1] : count;
	}
	for (size_t i = 0; i < image->relocation_count; i++)
		if (image->relocations[i].symbol >= count)
			count = image->relocations[i].symbol + 1ull;
	for (size_t i = 0; i < image->section_count; i++) {
		const struct ckpt_section *section = &image->sections[i];

		if (section->type == SHT_DYNSYM &&
		    section->vaddr == d->symtab &&
		    section->size / sizeof(Elf64_Sym) > count)
			count = section->size / sizeof(Elf64_Sym);
	}
	*ret = count;
	return CKPT_OK;
}

enum ckpt_status ckpt_image_read_symbols(const struct ckpt_image *image,
					 const char *where, const void *data,
					 size_t count, const char *strings,
					 uint64_t strings_size, bool is_dynamic,
					 struct ckpt_symbol **ret,
					 struct ckpt_err *err)
{
	struct ckpt_symbol *symbols = calloc(count + 1, sizeof(*symbols));
	struct ckpt_reader r;

	if (!symbols)
		return CKPT_NOMEM;
	ckpt_reader_init(&r, data, count * sizeof(Elf64_Sym));
	for (size_t i = 0; i < count; i++) {
		Elf64_Sym sym;

		if (ckpt_read_copy(&r, &sym, sizeof(sym)) ||
		    sym.st_name >= strings_size ||
		    !memchr(strings + sym.st_name, '\0',
			    strings_size - sym.st_name)) {
			free(symbols);
			return ckpt_err_set(
				err, CKPT_BADDATA,
				"%s: %s: name of symbol %zu out of bounds",
				image->path, where, i);
		}
		symbols[i] = (struct ckpt_symbol){
			.name = strings + sym.st_name,
			.is_default_version = true,
			.is_base_version = true,
			.vaddr = sym.st_value,
			.size = sym.st_size,
			.type = ELF64_ST_TYPE(sym.st_info),
			.binding = ELF64_ST_BIND(sym.st_info),
			.visibility = ELF64_ST_VISIBILITY(sym.st_other),
			.shndx = sym.st_shndx,
			.is_dynamic = is_dynamic,
		};
	}
	*ret = symbols;
	return CKPT_OK;
}

static enum ckpt_status name_version(const struct ckpt_image *image,
				     const struct dynamic *d,
				     struct versions *versions, uint64_t index,
				     uint64_t name_off, struct ckpt_err *err)
{
	const char *name = string_at(d, name_off);

	if (!name)
		return bad(image, "symbol versions", "name out of bounds", err);
	versions->names[index & VERSION_INDEX_MAX] = name;
	return CKPT_OK;
}

static enum ckpt_status read_verdef(const struct ckpt_image *image,
				    const struct dynamic *d,
				    struct versions *versions,
				    struct ckpt_err *err)
{
	uint64_t at = d->verdef;

	for (uint64_t i = 0; i < d->verdefnum; i++) {
		Elf64_Verdef def;
		Elf64_Verdaux aux;
		enum ckpt_status status;

		if (!copy_at(image, at, &def, sizeof(def)) ||
		    !copy_at(image, at + def.vd_aux, &aux, sizeof(aux)))
			return bad(image, "DT_VERDEF", "not in the file", err);
		/* The base definition names the file, not a version. */
		if (!(def.vd_flags & VER_FLG_BASE)) {
			status = name_version(image, d, versions, def.vd_ndx,
					      aux.vda_name, err);
			if (status)
				return status;
		}
		if (def.vd_next == 0)
			break;
		at += def.vd_next;
	}
	return CKPT_OK;
}

static enum ckpt_status read_vernaux(const struct ckpt_image *image,
				     const struct dynamic *d,
				     struct versions *versions, uint64_t at,
				     unsigned count, struct ckpt_err *err)
{
	for (unsigned i = 0; i < count; i++) {
		Elf64_Vernaux aux;
		enum ckpt_status status;

		if (!copy_at(image, at, &aux, sizeof(aux)))
			return bad(image, "DT_VERNEED", "not in the file", err);
		status = name_version(image, d, versions, aux.vna_other,
				      aux.vna_name, err);
		if (status)
			return status;
		if (aux.vna_next == 0)
			break;
		at += aux.vna_next;
	}
	return CKPT_OK;
}

static enum ckpt_status read_verneed(const struct ckpt_image *image,
				     const struct dynamic *d,
				     struct versions *versions,
				     struct ckpt_err *err)
{
	uint64_t at = d->verneed;

	for (uint64_t i = 0; i < d->verneednum; i++) {
		Elf64_Verneed need;
		enum ckpt_status status;

		if (!copy_at(image, at, &need, sizeof(need)))
			return bad(image, "DT_VERNEED", "not in the file", err);
		status = read_vernaux(image, d, versions, at + need.vn_aux,
				      need.vn_cnt, err);
		if (status)
			return status;
		if (need.vn_next == 0)
			break;
		at += need.vn_next;
	}
	return CKPT_OK;
}

static void apply_version(struct ckpt_symbol *symbol,
			  const struct versions *versions, uint16_t versym)
{
	uint16_t index = versym & VERSION_INDEX_MAX;

	if (index >= 2)
		symbol->version = versions->names[index];
	symbol->is_base_version = index < 3;
	symbol->is_default_version = !(versym & VERSION_HIDDEN);
}

static enum ckpt_status read_versions(struct ckpt_image *image,
				      const struct dynamic *d,
				      struct ckpt_err *err)
{
	const char **names;
	struct versions versions = {0};
	enum ckpt_status status = CKPT_OK;

	if (!d->versym || image->dynamic_symbol_count == 0)
		return CKPT_OK;
	versions.versym = ckpt_image_bytes(image, d->versym,
					   image->dynamic_symbol_count * 2);
	if (!versions.versym)
		return bad(image, "DT_VERSYM", "not in the file", err);
	names = calloc(VERSION_INDEX_MAX + 1, sizeof(*names));
	if (!names)
		return CKPT_NOMEM;
	versions.names = names;
	if (d->verdef)
		status = read_verdef(image, d, &versions, err);
	if (!status && d->verneed)
		status = read_verneed(image, d, &versions, err);
	for (size_t i = 0; !status && i < image->dynamic_symbol_count; i++) {
		uint16_t versym;

		memcpy(&versym, versions.versym + i, sizeof(versym));
		apply_version(&image->dynamic_symbols[i], &versions, versym);
	}
	free(names);
	return status;
}

static enum ckpt_status add_relocation(struct ckpt_image *image,
				       const char *where,
				       const struct ckpt_relocation *relocation,
				       struct ckpt_err *err)
{
	struct ckpt_relocation *grown;

	/* No honest file has more relocations than bytes. */
	if (image->relocation_count >= image->size)
		return bad(image, where, "too many relocations", err);
	if (image->relocation_count == image->relocation_capacity) {
		size_t capacity = image->relocation_capacity
					  ? image->relocation_capacity * 2
					  : 256;

		grown = reallocarray(image->relocations, capacity,
				     sizeof(*grown));
		if (!grown)
			return CKPT_NOMEM;
		image->relocations = grown;
		image->relocation_capacity = capacity;
	}
	image->relocations[image->relocation_count++] = *relocation;
	return CKPT_OK;
}

enum ckpt_status ckpt_image_add_rela(struct ckpt_image *image,
				     const char *where, const void *data,
				     uint64_t size, bool is_plt,
				     struct ckpt_err *err)
{
	struct ckpt_reader r;
	Elf64_Rela rela;

	ckpt_reader_init(&r, data, size);
	while (!ckpt_read_copy(&r, &rela, sizeof(rela))) {
		struct ckpt_relocation relocation = {
			.vaddr = rela.r_offset,
			.type = ELF64_R_TYPE(rela.r_info),
			.symbol = ELF64_R_SYM(rela.r_info),
			.addend = rela.r_addend,
			.is_plt = is_plt,
		};
		enum ckpt_status status;

		if (relocation.type == R_X86_64_NONE)
			continue;
		status = add_relocation(image, where, &relocation, err);
		if (status)
			return status;
	}
	return CKPT_OK;
}

static enum ckpt_status read_rela(struct ckpt_image *image, const char *where,
				  uint64_t vaddr, uint64_t size, bool is_plt,
				  struct ckpt_err *err)
{
	const void *data = ckpt_image_bytes(image, vaddr, size);

	if (size == 0)
		return CKPT_OK;
	if (!data)
		return bad(image, where, "not in the file", err);
	return ckpt_image_add_rela(image, where, data, size, is_plt, err);
}

static enum ckpt_status add_relative(struct ckpt_image *image, uint64_t vaddr,
				     struct ckpt_err *err)
{
	const void *word = ckpt_image_bytes(image, vaddr, 8);
	struct ckpt_relocation relocation = {.vaddr = vaddr,
					     .type = R_X86_64_RELATIVE};

	if (!word)
		return bad(image, "DT_RELR", "word not in the file", err);
	memcpy(&relocation.addend, word, 8);
	return add_relocation(image, "DT_RELR", &relocation, err);
}

/* gABI proposal "Relative relocations": an even entry is an address, an odd
 * one a bitmap of the 63 words behind the last. */
static enum ckpt_status read_relr(struct ckpt_image *image,
				  const struct dynamic *d, struct ckpt_err *err)
{
	const void *data = ckpt_image_bytes(image, d->relr, d->relrsz);
	struct ckpt_reader r;
	uint64_t entry, next = 0;
	enum ckpt_status status;

	if (d->relrsz == 0)
		return CKPT_OK;
	if (!data)
		return bad(image, "DT_RELR", "not in the file", err);
	ckpt_reader_init(&r, data, d->relrsz);
	while (!ckpt_read_u64(&r, &entry)) {
		if ((entry & 1) == 0) {
			status = add_relative(image, entry, err);
			if (status)
				return status;
			next = entry + 8;
			continue;
		}
		for (unsigned i = 0; i < 63; i++) {
			if (!(entry >> (i + 1) & 1))
				continue;
			status = add_relative(image, next + 8ull * i, err);
			if (status)
				return status;
		}
		next += 63ull * 8;
	}
	return CKPT_OK;
}

static enum ckpt_status read_relocations(struct ckpt_image *image,
					 const struct dynamic *d,
					 struct ckpt_err *err)
{
	enum ckpt_status status;

	if (d->is_rel)
		return bad(image, "DT_REL", "x86-64 has only RELA", err);
	status = read_rela(image, "DT_RELA", d->rela, d->relasz, false, err);
	if (status)
		return status;
	status = read_rela(image, "DT_JMPREL", d->jmprel, d->pltrelsz, true,
			   err);
	if (status)
		return status;
	return read_relr(image, d, err);
}

static enum ckpt_status read_symbols(struct ckpt_image *image,
				     const struct dynamic *d,
				     struct ckpt_err *err)
{
	uint64_t count = 0;
	const void *data;
	enum ckpt_status status;

	if (!d->symtab || !d->strings)
		return CKPT_OK;
	status = count_symbols(image, d, &count, err);
	if (status)
		return status;
	data = count <= image->size / sizeof(Elf64_Sym)
		       ? ckpt_image_bytes(image, d->symtab,
					  count * sizeof(Elf64_Sym))
		       : NULL;
	if (!data)
		return bad(image, "DT_SYMTAB", "not in the file", err);
	image->dynamic_symbol_count = count;
	status = ckpt_image_read_symbols(image, "DT_SYMTAB", data, count,
					 d->strings, d->strsz, true,
					 &image->dynamic_symbols, err);
	if (status)
		return status;
	return read_versions(image, d, err);
}

/* A relocation may name a symbol that the table does not have. */
static enum ckpt_status check_relocations(const struct ckpt_image *image,
					  struct ckpt_err *err)
{
	for (size_t i = 0; i < image->relocation_count; i++)
		if (image->relocations[i].symbol > 0 &&
		    image->relocations[i].symbol >= image->dynamic_symbol_count)
			return bad(image, "relocations",
				   "symbol index out of bounds", err);
	return CKPT_OK;
}

enum ckpt_status ckpt_image_read_dynamic(struct ckpt_image *image,
					 struct ckpt_err *err)
{
	struct dynamic d = {0};
	enum ckpt_status status;

	read_entries(image, &d);
	if ((status = read_strings(image, &d, err)) ||
	    (status = read_needed(image, &d, err)) ||
	    (status = read_relocations(image, &d, err)) ||
	    (status = read_symbols(image, &d, err)) ||
	    (status = check_relocations(image, err)))
		return status;
	return ckpt_image_index_exports(image);
}
