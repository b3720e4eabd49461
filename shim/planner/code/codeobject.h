/* SPDX-License-Identifier: MIT */
#ifndef CKPT_PLANNER_CODEOBJECT_H
#define CKPT_PLANNER_CODEOBJECT_H

/*
 * The map of one object for the analysis of code: what kind of memory stands
 * at an address, where the function or variable there begins and ends, and
 * what it is called. From segments, sections, symbols and .eh_frame; knows
 * nothing of instructions and of other objects.
 *
 * Extents are never too small: functions that overlap are one, and what no
 * symbol delimits reaches as far as its section. Set-up world.
 */

#include "shim/planner/elf/image.h"
#include "shim/planner/elf/unwind.h"

enum ckpt_code_place {
	CKPT_AT_OUTSIDE,  /* not in this object */
	CKPT_AT_CODE,	  /* instructions */
	CKPT_AT_CONST,	  /* read-only, also once relocated (RELRO) */
	CKPT_AT_WRITABLE, /* .data, .bss */
};

struct ckpt_code_object;

/* Do `symbols` of an object name its static variables too? They are missing
 * after stripping or linking with -x, and with them the static functions of
 * the start-up code that every link adds: by those it is told. (Hidden names
 * are local too, and stay.) */
bool ckpt_code_symbols_are_complete(const struct ckpt_symbol *symbols,
				    size_t count);

/* With its own symbols (.symtab), or those that are known otherwise; they must
 * outlive it. */
enum ckpt_status
ckpt_code_object_create(const struct ckpt_image *image,
			const struct ckpt_symbol *symbols, size_t count,
			struct ckpt_code_object **ret) CKPT_MUST_CHECK;
void ckpt_code_object_destroy(struct ckpt_code_object *object);

const struct ckpt_image *
ckpt_code_object_image(const struct ckpt_code_object *object);

/* Is every named variable known? */
bool ckpt_code_object_is_labelled(const struct ckpt_code_object *object);
/* The symbols it was made with. */
const struct ckpt_symbol *
ckpt_code_object_symbols(const struct ckpt_code_object *object,
			 size_t *ret_count);

enum ckpt_code_place
ckpt_code_object_place(const struct ckpt_code_object *object, uint64_t vaddr);

struct ckpt_code_extent {
	uint64_t vaddr, size;
	uint64_t lsda;	 /* exception table of a function, or 0 */
	bool is_guessed; /* nobody tells its end: up to what comes next */
};

/* The function that `vaddr` is in. False: no code stands there. */
bool ckpt_code_object_function(const struct ckpt_code_object *object,
			       uint64_t vaddr, struct ckpt_code_extent *ret);
/* The same for every known function: number `index`, in order of address. */
size_t ckpt_code_object_function_count(const struct ckpt_code_object *object);
struct ckpt_code_extent
ckpt_code_object_function_at(const struct ckpt_code_object *object,
			     size_t index);

/* The variable (STT_OBJECT with a size) that `vaddr` is in; symbols that
 * overlap count as one. False: none. */
bool ckpt_code_object_variable(const struct ckpt_code_object *object,
			       uint64_t vaddr, struct ckpt_extent *ret);
/* The first that begins above `vaddr`. */
bool ckpt_code_object_variable_above(const struct ckpt_code_object *object,
				     uint64_t vaddr, struct ckpt_extent *ret);
/* The one that ends exactly at `vaddr`: a pointer behind its last element. */
bool ckpt_code_object_variable_before(const struct ckpt_code_object *object,
				      uint64_t vaddr, struct ckpt_extent *ret);
/* The same for thread-local variables; addresses are offsets in PT_TLS. */
bool ckpt_code_object_tls_variable(const struct ckpt_code_object *object,
				   uint64_t offset, struct ckpt_extent *ret);

/* The section that `vaddr` is in or, without section headers, the stretch of
 * its segment that is of the same kind. */
bool ckpt_code_object_region(const struct ckpt_code_object *object,
			     uint64_t vaddr, struct ckpt_extent *ret);

/* Name of the function or variable that begins at `vaddr`, or NULL. */
const char *ckpt_code_object_name(const struct ckpt_code_object *object,
				  uint64_t vaddr);
const char *ckpt_code_object_tls_name(const struct ckpt_code_object *object,
				      uint64_t offset);

#endif
