/* SPDX-License-Identifier: MIT */
#ifndef CKPT_PLANNER_DWARF_H
#define CKPT_PLANNER_DWARF_H

/*
 * Prototypes and types from the debug info of one file. DWARF 2 to 5,
 * compressed sections, dwz'ed files with their common part. Split DWARF (.dwo)
 * is refused by name. Everything libdwarf touches is read in a child process
 * with limits; malformed debug info is BADDATA with the file's name, whatever
 * the library did about it.
 *
 * Which file to read is dwarf_file.h's business. Set-up world; forks, so the
 * process must have one thread.
 */

#include "shim/planner/signature/signature.h"

/* Where a parameter is when the function is entered. */
enum ckpt_location_kind {
	CKPT_LOCATION_NONE,  /* no location at all: optimised away */
	CKPT_LOCATION_OTHER, /* an expression that tells us nothing */
	CKPT_LOCATION_REGISTERS,
	CKPT_LOCATION_STACK, /* `off` from the first stack argument */
	CKPT_LOCATION_KIND_COUNT
};

enum { CKPT_LOCATION_REGISTERS_MAX = 4 };

struct ckpt_location {
	enum ckpt_location_kind kind;
	/* DWARF numbers of registers (psABI figure 3.36), for each piece. */
	uint8_t registers[CKPT_LOCATION_REGISTERS_MAX];
	uint8_t register_count;
	int64_t off;
};

struct ckpt_dwarf_request {
	const char *path;
	const char *alt_path; /* its common part, made by dwz; or NULL */
	const char *name;     /* symbol; linkage name in C++ */
	/* The definition that begins at `vaddr`; without, any entry of that
	 * name (for headers, where only declarations are). */
	bool has_vaddr;
	uint64_t vaddr;
	/* The symbol is exported: where no definition begins at `vaddr`, one of
	 * that name is taken which has lost its code, because the compiler
	 * found another function that does the same (identical code folding).
	 */
	bool is_exported;
	/* Types that shall be in `types` afterwards, if the file has them. */
	const char *const *type_names;
	size_t type_count;
	/* Where the answer may be already (dwarf_batch.h), or NULL. */
	const struct ckpt_dwarf_batch *batch;
};

struct ckpt_dwarf_batch;

struct ckpt_dwarf_function {
	struct ckpt_signature signature; /* its `source` is not set */
	struct ckpt_location *locations; /* of each parameter, at entry */
	bool is_external;		 /* visible outside its unit */
	bool is_definition;
	bool has_odd_convention; /* DW_AT_calling_convention is not normal */
	bool is_cxx;
};

/* NOTFOUND: the file has no (such) debug info. UNSUPPORTED: it has, in a form
 * or language we cannot trust; err says which. */
enum ckpt_status ckpt_dwarf_read_function(
	struct ckpt_types *types, const struct ckpt_dwarf_request *request,
	struct ckpt_dwarf_function *ret, struct ckpt_err *err) CKPT_MUST_CHECK;

/* The type of the variable at `vaddr`. */
enum ckpt_status ckpt_dwarf_read_variable(struct ckpt_types *types,
					  const char *path, uint64_t vaddr,
					  struct ckpt_type **ret,
					  struct ckpt_err *err) CKPT_MUST_CHECK;

#endif
