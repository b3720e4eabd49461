/* SPDX-License-Identifier: MIT */
#ifndef CKPT_RUNTIME_DYNAMIC_H
#define CKPT_RUNTIME_DYNAMIC_H

/*
 * The dynamic section of one mapped object (gABI "Dynamic Section", GNU symbol
 * versions and hash): its tables, what a symbol it refers to is called and at
 * which version, and what it exports.
 *
 * Everything was accepted and relocated by the loader before us, so it is
 * trusted as far as the loader trusted it. Read-only, no allocation, no lock;
 * any thread, as long as the object stays mapped.
 */

#include "shim/common/status.h"

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ckpt_dynamic {
	uintptr_t base;
	const Elf64_Dyn *entries;
	const Elf64_Sym *symbols;
	const char *strings;
	const Elf64_Half *versyms; /* or NULL */
	const Elf64_Verdef *verdefs;
	const Elf64_Verneed *verneeds;
	const uint32_t *gnu_hash;  /* or NULL */
	const uint32_t *sysv_hash; /* or NULL */
	/* DT_RELA without the leading RELATIVE ones, and DT_JMPREL. */
	const Elf64_Rela *relas;
	size_t rela_count;
	size_t relative_count; /* of those that stand before `relas` */
	const uint64_t *relrs; /* DT_RELR */
	size_t relr_count;
	const Elf64_Rela *plt_relas;
	size_t plt_rela_count;
	const char *soname; /* or NULL */
	bool has_rpath;	    /* DT_RPATH without DT_RUNPATH */
	bool has_runpath;
	bool is_symbolic; /* looks its own exports up first */
	bool has_textrel;
};

/* `base` is the load address. OK also without a symbol table: then nothing
 * is found in it. */
void ckpt_dynamic_read(const Elf64_Dyn *entries, uintptr_t base,
		       struct ckpt_dynamic *ret);

static inline const char *ckpt_dynamic_name(const struct ckpt_dynamic *dynamic,
					    uint32_t symbol)
{
	return dynamic->strings + dynamic->symbols[symbol].st_name;
}

/* The version that symbol `symbol` asks for or is defined at; NULL if none. */
const char *ckpt_dynamic_version(const struct ckpt_dynamic *dynamic,
				 uint32_t symbol);

/* A name to look up, with what is computed from it once. */
struct ckpt_wanted {
	const char *name;
	const char *version; /* or NULL */
	uint32_t gnu_hash;
	uint32_t sysv_hash;
	/* A procedure linkage reference: an executable's own PLT entry (an
	 * undefined symbol with a value) does not count as a definition. */
	bool is_plt;
	/* Without a version: as dlsym, the default one, not the oldest. */
	bool is_newest;
};

/* is_newest is false afterwards. */
void ckpt_wanted_init(struct ckpt_wanted *wanted, const char *name,
		      const char *version, bool is_plt);

/* The symbol of this object that the loader would bind `wanted` to, or NULL:
 * do_lookup_x and check_match of glibc. */
const Elf64_Sym *ckpt_dynamic_find(const struct ckpt_dynamic *dynamic,
				   const struct ckpt_wanted *wanted);

/* Does any symbol that others can bind to have a name that matches `pattern`
 * (fnmatch)? Looks at all of them. */
bool ckpt_dynamic_matches(const struct ckpt_dynamic *dynamic,
			  const char *pattern);

/* Names of DT_NEEDED, one a call: start with *position 0; NULL at the end. */
const char *ckpt_dynamic_needed(const struct ckpt_dynamic *dynamic,
				size_t *position);

#endif
