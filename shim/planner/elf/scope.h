/* SPDX-License-Identifier: MIT */
#ifndef CKPT_PLANNER_SCOPE_H
#define CKPT_PLANNER_SCOPE_H

/*
 * The objects of one process in link-map order, and what a name means in it:
 * the loader's symbol lookup (gABI "Shared Object Dependencies", GNU symbol
 * versions) replayed over the files. Images are opened on first use.
 *
 * A scope comes from the runtime (the list a process wrote) or, for inspect
 * and check, from asking the program's own loader what it would load.
 *
 * Set-up world.
 */

#include "shim/planner/elf/deps.h"
#include "shim/planner/elf/image.h"

struct ckpt_scope_object {
	char *path; /* the program first, by its own path */
	uint64_t dev, inode;
	bool is_global;	 /* in the global scope; else only its own */
	bool is_kernel;	 /* the vdso: no file, no image */
	bool is_refused; /* what is mapped is not the file any more */
};

struct ckpt_scope;

/* From the list's text: lines "dev inode g|l path", numbers in hex, the
 * program first. A file whose dev or inode differs is marked refused. */
enum ckpt_status ckpt_scope_parse(const char *text, struct ckpt_deps *deps,
				  struct ckpt_scope **ret,
				  struct ckpt_err *err) CKPT_MUST_CHECK;
/* What `program` would load with the present LD_LIBRARY_PATH and LD_PRELOAD,
 * by its own loader (PT_INTERP --list). Does not run the program. One that is
 * linked statically is alone. */
enum ckpt_status ckpt_scope_of_program(const char *program,
				       struct ckpt_deps *deps,
				       struct ckpt_scope **ret,
				       struct ckpt_err *err) CKPT_MUST_CHECK;
void ckpt_scope_destroy(struct ckpt_scope *scope);

/* A place for what an analysis keeps as long as the scope; NULL at first.
 * `destroy` is called with it when the scope goes. */
void **ckpt_scope_annex(struct ckpt_scope *scope, void (*destroy)(void *));

size_t ckpt_scope_count(const struct ckpt_scope *scope);
const struct ckpt_scope_object *
ckpt_scope_object(const struct ckpt_scope *scope, uint32_t index);
/* Opened on first use; NULL with err if it cannot be read. */
const struct ckpt_image *ckpt_scope_image(struct ckpt_scope *scope,
					  uint32_t index, struct ckpt_err *err);

/*
 * What `name` (at `version`, NULL = none asked for) referred to from object
 * `from` is bound to: its own definition first if it is symbolic, then the
 * global objects in order, then the objects that dlopen brought in with it.
 * Only definitions count, never an executable's PLT entry. NOTFOUND: nobody
 * defines it (a weak reference). UNSUPPORTED: an object on the way cannot be
 * read. RTLD_DEEPBIND cannot be seen here; the runtime compares every binding
 * that was relied on with the real one.
 */
enum ckpt_status
ckpt_scope_lookup(struct ckpt_scope *scope, uint32_t from, const char *name,
		  const char *version, uint32_t *ret_object,
		  const struct ckpt_symbol **ret_symbol) CKPT_MUST_CHECK;

/* The same for the dynamic symbol `reference` of object `from`, as in a
 * relocation: local, hidden and protected symbols are their own definition. */
enum ckpt_status
ckpt_scope_bind(struct ckpt_scope *scope, uint32_t from,
		const struct ckpt_symbol *reference, uint32_t *ret_object,
		const struct ckpt_symbol **ret_symbol) CKPT_MUST_CHECK;

#endif
