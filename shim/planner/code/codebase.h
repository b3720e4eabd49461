/* SPDX-License-Identifier: MIT */
#ifndef CKPT_PLANNER_CODEBASE_H
#define CKPT_PLANNER_CODEBASE_H

/*
 * The code of one scope's objects, analysed once for all closures of a plan:
 * functions, what the words of the GOT are bound to, extents of read-only
 * data, content identities. Lives in the scope's annex. Set-up world.
 */

#include "shim/planner/code/codefunc_x86_64.h"
#include "shim/planner/elf/scope.h"

struct ckpt_codebase;

/* Of `scope`; made on first use. */
enum ckpt_status ckpt_codebase_of(struct ckpt_scope *scope,
				  struct ckpt_codebase **ret) CKPT_MUST_CHECK;

/* Symbols of objects are kept in `directory`, and looked for there where an
 * object has none (symbolfile.h). Before anything is asked of the codebase. */
enum ckpt_status
ckpt_codebase_keep_symbols(struct ckpt_scope *scope,
			   const char *directory) CKPT_MUST_CHECK;

enum ckpt_status ckpt_codebase_object(struct ckpt_codebase *base,
				      uint32_t object,
				      const struct ckpt_code_object **ret,
				      struct ckpt_err *err) CKPT_MUST_CHECK;

/* Does it count by content identity (crt.h)? */
bool ckpt_codebase_is_runtime(struct ckpt_codebase *base, uint32_t object);

/* Of an object whose image can be read. */
struct ckpt_hash128 ckpt_codebase_identity(struct ckpt_codebase *base,
					   uint32_t object);

/* The function that `vaddr` is in. NOTFOUND: no code stands there. */
enum ckpt_status
ckpt_codebase_function(struct ckpt_codebase *base, uint32_t object,
		       uint64_t vaddr,
		       const struct ckpt_code_function **ret) CKPT_MUST_CHECK;

/* The facts (CPU, SYSCALL, CLOCK, RANDOM, STATUS of enum ckpt_code_fact) that
 * any function of the object has, or may have in the case of CPU. */
uint32_t ckpt_codebase_facts(struct ckpt_codebase *base, uint32_t object);

/* What the loader puts into a word. */
enum ckpt_word_kind {
	CKPT_WORD_PLAIN,    /* nothing: it is as in the file */
	CKPT_WORD_ADDRESS,  /* the address of something */
	CKPT_WORD_RESOLVER, /* what the IFUNC resolver at `vaddr` returns */
	CKPT_WORD_THREAD,   /* offset of a thread-local variable from %fs */
	CKPT_WORD_MODULE,   /* first word of a (module, offset) pair */
	CKPT_WORD_NOTHING,  /* zero: a weak name that nobody defines */
	CKPT_WORD_STRANGE,  /* a relocation that we do not know */
	CKPT_WORD_COPY,	    /* begins a variable copied from a library */
};

struct ckpt_word {
	enum ckpt_word_kind kind;
	/* It is a word of the GOT: its content is the binding, for ever. */
	bool is_binding;
	/* THREAD, MODULE: in `object`'s block, at vaddr; has_variable false:
	 * somewhere in it. */
	bool has_variable;
	uint32_t object;
	uint64_t vaddr;
	const struct ckpt_symbol *symbol;    /* of the definition, or NULL */
	const struct ckpt_symbol *reference; /* as the relocation names it */
};

/* The word at exactly `vaddr`. UNSUPPORTED: an object that may define the
 * name cannot be read. */
enum ckpt_status ckpt_codebase_word(struct ckpt_codebase *base, uint32_t object,
				    uint64_t vaddr, struct ckpt_word *ret,
				    struct ckpt_err *err) CKPT_MUST_CHECK;

/* Is `vaddr` inside a variable that was copied into the program (COPY)? Then
 * its extent here, and where it comes from. */
struct ckpt_copied {
	struct ckpt_extent here;
	uint32_t object;
	uint64_t vaddr;
	const struct ckpt_symbol *symbol;
};
bool ckpt_codebase_copied(struct ckpt_codebase *base, uint32_t object,
			  uint64_t vaddr, struct ckpt_copied *ret);

/* Is the table at `extent` one of 32-bit distances from its own start to
 * read-only data or code of the object, every one of them? */
bool ckpt_codebase_is_relative(struct ckpt_codebase *base, uint32_t object,
			       struct ckpt_extent extent);

/*
 * How far read-only data at `vaddr` reaches whose address is taken: the
 * variable; without one, in an object with .symtab, up to the next place that
 * anything in the object refers to, and at least to the end of the string
 * there; else its whole section (*ret_is_whole).
 */
enum ckpt_status ckpt_codebase_constant(struct ckpt_codebase *base,
					uint32_t object, uint64_t vaddr,
					struct ckpt_extent *ret,
					bool *ret_is_whole) CKPT_MUST_CHECK;

#endif
