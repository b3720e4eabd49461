/* SPDX-License-Identifier: MIT */
#include "shim/runtime/calls/dynamic.h"

#include <elf.h>
#include <fnmatch.h>
#include <string.h>

enum {
	VERSION_MASK = 0x7fff,
	VERSION_HIDDEN = 0x8000,
	VERSION_FIRST = 2, /* 0 is local, 1 is global without a version */
};

/* The loader adds the base to the addresses it finds, except where the
 * section is read-only (the vdso). */
static const void *address_of(uintptr_t base, const Elf64_Dyn *entry)
{
	uintptr_t address = entry->d_un.d_ptr;

	return (const void *)(address < base ? address + base : address);
}

/* RELATIVE relocations come first (DT_RELACOUNT) and name no symbol. */
static void skip_relative(struct ckpt_dynamic *dynamic, size_t count)
{
	if (count > dynamic->rela_count)
		count = dynamic->rela_count;
	dynamic->relas += count;
	dynamic->rela_count -= count;
	dynamic->relative_count = count;
}

static void read_flags(struct ckpt_dynamic *ret, const Elf64_Dyn *entry)
{
	switch (entry->d_tag) {
	case DT_SYMBOLIC:
		ret->is_symbolic = true;
		break;
	case DT_TEXTREL:
		ret->has_textrel = true;
		break;
	case DT_FLAGS:
		ret->is_symbolic |= (entry->d_un.d_val & DF_SYMBOLIC) != 0;
		ret->has_textrel |= (entry->d_un.d_val & DF_TEXTREL) != 0;
		break;
	case DT_RPATH:
		ret->has_rpath = true;
		break;
	case DT_RUNPATH:
		ret->has_runpath = true;
		break;
	}
}

static void read_table(struct ckpt_dynamic *ret, const Elf64_Dyn *entry)
{
	const void *table = address_of(ret->base, entry);

	switch (entry->d_tag) {
	case DT_SYMTAB:
		ret->symbols = table;
		break;
	case DT_STRTAB:
		ret->strings = table;
		break;
	case DT_VERSYM:
		ret->versyms = table;
		break;
	case DT_VERDEF:
		ret->verdefs = table;
		break;
	case DT_VERNEED:
		ret->verneeds = table;
		break;
	case DT_GNU_HASH:
		ret->gnu_hash = table;
		break;
	case DT_HASH:
		ret->sysv_hash = table;
		break;
	case DT_RELA:
		ret->relas = table;
		break;
	case DT_JMPREL:
		ret->plt_relas = table;
		break;
	case DT_RELR:
		ret->relrs = table;
		break;
	}
}

void ckpt_dynamic_read(const Elf64_Dyn *entries, uintptr_t base,
		       struct ckpt_dynamic *ret)
{
	const Elf64_Dyn *soname = NULL;
	size_t relative_count = 0;

	memset(ret, 0, sizeof(*ret));
	ret->base = base;
	ret->entries = entries;
	if (!entries)
		return;
	for (const Elf64_Dyn *d = entries; d->d_tag != DT_NULL; d++) {
		read_table(ret, d);
		read_flags(ret, d);
		if (d->d_tag == DT_SONAME)
			soname = d;
		else if (d->d_tag == DT_RELASZ)
			ret->rela_count = d->d_un.d_val / sizeof(Elf64_Rela);
		else if (d->d_tag == DT_RELACOUNT)
			relative_count = d->d_un.d_val;
		else if (d->d_tag == DT_PLTRELSZ)
			ret->plt_rela_count =
				d->d_un.d_val / sizeof(Elf64_Rela);
		else if (d->d_tag == DT_RELRSZ)
			ret->relr_count = d->d_un.d_val / sizeof(uint64_t);
	}
	if (ret->has_runpath)
		ret->has_rpath = false;
	if (!ret->symbols || !ret->strings)
		ret->rela_count = ret->plt_rela_count = 0;
	if (!ret->relas)
		ret->rela_count = 0;
	if (!ret->plt_relas)
		ret->plt_rela_count = 0;
	if (!ret->relrs)
		ret->relr_count = 0;
	if (soname && ret->strings)
		ret->soname = ret->strings + soname->d_un.d_val;
	skip_relative(ret, relative_count);
}

static const char *find_verdef(const struct ckpt_dynamic *dynamic,
			       unsigned index)
{
	const Elf64_Verdef *def = dynamic->verdefs;

	while (def) {
		const char *at = (const char *)def;

		if ((def->vd_ndx & VERSION_MASK) == index) {
			const Elf64_Verdaux *aux =
				(const void *)(at + def->vd_aux);

			return dynamic->strings + aux->vda_name;
		}
		def = def->vd_next ? (const void *)(at + def->vd_next) : NULL;
	}
	return NULL;
}

static const char *find_verneed(const struct ckpt_dynamic *dynamic,
				unsigned index)
{
	const Elf64_Verneed *need = dynamic->verneeds;

	while (need) {
		const char *at = (const char *)need;
		const char *aux_at = at + need->vn_aux;

		for (unsigned i = 0; i < need->vn_cnt; i++) {
			const Elf64_Vernaux *aux = (const void *)aux_at;

			if ((aux->vna_other & VERSION_MASK) == index)
				return dynamic->strings + aux->vna_name;
			aux_at += aux->vna_next;
		}
		need = need->vn_next ? (const void *)(at + need->vn_next)
				     : NULL;
	}
	return NULL;
}

static const char *name_version(const struct ckpt_dynamic *dynamic,
				unsigned index)
{
	const char *name;

	if (index < VERSION_FIRST)
		return NULL;
	name = find_verneed(dynamic, index);
	return name ? name : find_verdef(dynamic, index);
}

const char *ckpt_dynamic_version(const struct ckpt_dynamic *dynamic,
				 uint32_t symbol)
{
	if (!dynamic->versyms)
		return NULL;
	return name_version(dynamic, dynamic->versyms[symbol] & VERSION_MASK);
}

static uint32_t hash_gnu(const char *name)
{
	uint32_t hash = 5381;

	for (; *name; name++)
		hash = hash * 33 + (unsigned char)*name;
	return hash;
}

/* gABI "Hash Table". */
static uint32_t hash_sysv(const char *name)
{
	uint32_t hash = 0;

	for (; *name; name++) {
		uint32_t high;

		hash = (hash << 4) + (unsigned char)*name;
		high = hash & 0xf0000000;
		hash ^= high >> 24;
		hash &= ~high;
	}
	return hash;
}

void ckpt_wanted_init(struct ckpt_wanted *wanted, const char *name,
		      const char *version, bool is_plt)
{
	wanted->name = name;
	wanted->version = version;
	wanted->gnu_hash = hash_gnu(name);
	wanted->sysv_hash = hash_sysv(name);
	wanted->is_plt = is_plt;
	wanted->is_newest = false;
}

/* A definition met that is only right if there is no other version of it. */
struct found {
	const Elf64_Sym *versioned;
	unsigned version_count;
};

static bool is_definition(const Elf64_Sym *symbol, bool is_plt)
{
	unsigned type = ELF64_ST_TYPE(symbol->st_info);
	unsigned binding = ELF64_ST_BIND(symbol->st_info);

	if (binding != STB_GLOBAL && binding != STB_WEAK &&
	    binding != STB_GNU_UNIQUE)
		return false;
	if (symbol->st_value == 0 && symbol->st_shndx != SHN_ABS &&
	    type != STT_TLS)
		return false;
	if (is_plt && symbol->st_shndx == SHN_UNDEF)
		return false;
	return type <= STT_FUNC || type == STT_COMMON || type == STT_TLS ||
	       type == STT_GNU_IFUNC;
}

/* glibc's check_match: may `symbol` stand for what is wanted? */
static bool matches(const struct ckpt_dynamic *dynamic,
		    const struct ckpt_wanted *wanted, uint32_t index,
		    struct found *found)
{
	const Elf64_Sym *symbol = &dynamic->symbols[index];
	const char *version;
	unsigned versym;

	if (!is_definition(symbol, wanted->is_plt) ||
	    strcmp(dynamic->strings + symbol->st_name, wanted->name) != 0)
		return false;
	if (!dynamic->versyms)
		return true;
	versym = dynamic->versyms[index];
	if (!wanted->version) {
		unsigned base = VERSION_FIRST - wanted->is_newest;

		/* The base definition, or the only one that is not hidden. */
		if ((versym & VERSION_MASK) <= base)
			return true;
		if (!(versym & VERSION_HIDDEN) && found->version_count++ == 0)
			found->versioned = symbol;
		return false;
	}
	version = name_version(dynamic, versym & VERSION_MASK);
	if (version)
		return strcmp(version, wanted->version) == 0;
	return !(versym & VERSION_HIDDEN);
}

static const Elf64_Sym *find_gnu(const struct ckpt_dynamic *dynamic,
				 const struct ckpt_wanted *wanted,
				 struct found *found)
{
	const uint32_t *table = dynamic->gnu_hash;
	uint32_t bucket_count = table[0], first = table[1];
	uint32_t bloom_count = table[2], shift = table[3];
	const Elf64_Addr *bloom = (const void *)&table[4];
	const uint32_t *buckets = (const void *)&bloom[bloom_count];
	const uint32_t *chain = &buckets[bucket_count];
	uint32_t hash = wanted->gnu_hash, index;
	Elf64_Addr word = bloom[hash / 64 & (bloom_count - 1)];

	if (!(word >> hash % 64 & word >> (hash >> shift) % 64 & 1) ||
	    bucket_count == 0)
		return NULL;
	index = buckets[hash % bucket_count];
	if (index < first)
		return NULL;
	for (;; index++) {
		uint32_t entry = chain[index - first];

		if ((entry | 1) == (hash | 1) &&
		    matches(dynamic, wanted, index, found))
			return &dynamic->symbols[index];
		if (entry & 1)
			return NULL;
	}
}

static const Elf64_Sym *find_sysv(const struct ckpt_dynamic *dynamic,
				  const struct ckpt_wanted *wanted,
				  struct found *found)
{
	uint32_t bucket_count = dynamic->sysv_hash[0];
	const uint32_t *buckets = &dynamic->sysv_hash[2];
	const uint32_t *chain = &buckets[bucket_count];

	if (bucket_count == 0)
		return NULL;
	for (uint32_t index = buckets[wanted->sysv_hash % bucket_count];
	     index != STN_UNDEF; index = chain[index])
		if (matches(dynamic, wanted, index, found))
			return &dynamic->symbols[index];
	return NULL;
}

const Elf64_Sym *ckpt_dynamic_find(const struct ckpt_dynamic *dynamic,
				   const struct ckpt_wanted *wanted)
{
	struct found found = {0};
	const Elf64_Sym *symbol = NULL;

	if (!dynamic->symbols || !dynamic->strings)
		return NULL;
	if (dynamic->gnu_hash)
		symbol = find_gnu(dynamic, wanted, &found);
	else if (dynamic->sysv_hash)
		symbol = find_sysv(dynamic, wanted, &found);
	if (symbol)
		return symbol;
	return found.version_count == 1 ? found.versioned : NULL;
}

const char *ckpt_dynamic_needed(const struct ckpt_dynamic *dynamic,
				size_t *position)
{
	const Elf64_Dyn *entries = dynamic->entries;

	while (entries && entries[*position].d_tag != DT_NULL) {
		const Elf64_Dyn *entry = &entries[(*position)++];

		if (entry->d_tag == DT_NEEDED && dynamic->strings)
			return dynamic->strings + entry->d_un.d_val;
	}
	return NULL;
}

static bool is_match(const struct ckpt_dynamic *dynamic, uint32_t index,
		     const char *pattern)
{
	const Elf64_Sym *symbol = &dynamic->symbols[index];

	return symbol->st_shndx != SHN_UNDEF &&
	       fnmatch(pattern, ckpt_dynamic_name(dynamic, index), 0) == 0;
}

/* The chain of one bucket. */
static bool chain_matches(const struct ckpt_dynamic *dynamic,
			  const uint32_t *chain, uint32_t first, uint32_t index,
			  const char *pattern)
{
	if (index < first)
		return false;
	for (;; index++) {
		if (is_match(dynamic, index, pattern))
			return true;
		if (chain[index - first] & 1)
			return false;
	}
}

static bool gnu_matches(const struct ckpt_dynamic *dynamic, const char *pattern)
{
	const uint32_t *table = dynamic->gnu_hash;
	uint32_t bucket_count = table[0], first = table[1];
	const Elf64_Addr *bloom = (const void *)&table[4];
	const uint32_t *buckets = (const void *)&bloom[table[2]];

	for (uint32_t i = 0; i < bucket_count; i++)
		if (chain_matches(dynamic, &buckets[bucket_count], first,
				  buckets[i], pattern))
			return true;
	return false;
}

bool ckpt_dynamic_matches(const struct ckpt_dynamic *dynamic,
			  const char *pattern)
{
	uint32_t count;

	if (!dynamic->symbols)
		return false;
	if (dynamic->gnu_hash)
		return gnu_matches(dynamic, pattern);
	count = dynamic->sysv_hash ? dynamic->sysv_hash[1] : 0;
	for (uint32_t i = 1; i < count; i++)
		if (is_match(dynamic, i, pattern))
			return true;
	return false;
}
