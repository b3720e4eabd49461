/* SPDX-License-Identifier: MIT */
#ifndef CKPT_PLANNER_CALLERS_H
#define CKPT_PLANNER_CALLERS_H

/*
 * Each place in the objects of a process that can call a function: the words
 * that calls go through, the instructions that call it directly or take its
 * address, and the copies that a compiler put into its callers, as far as
 * debug info tells of them. For people: what is intercepted is decided by
 * reach.h, and at run time by what words are bound to.
 *
 * What comes by dlopen or dlsym, and addresses computed from others, are not
 * seen. Set-up world.
 */

#include "shim/planner/elf/match.h"

enum ckpt_caller_kind {
	CKPT_CALLER_SLOT,    /* a call slot (JUMP_SLOT) */
	CKPT_CALLER_WORD,    /* a word of the GOT (GLOB_DAT) */
	CKPT_CALLER_POINTER, /* a pointer in data, by the function's name */
	/* A word without a name: a pointer (RELATIVE, RELR), or what a
	 * resolver of the same object gave (IRELATIVE). */
	CKPT_CALLER_LOCAL_POINTER,
	CKPT_CALLER_RESOLVED,
	CKPT_CALLER_CALL,    /* instructions of its own object: a call, */
	CKPT_CALLER_JUMP,    /* a jump as the last call of a function, */
	CKPT_CALLER_TAKEN,   /* or one that loads its address */
	CKPT_CALLER_INLINED, /* no call: a copy of its code */
	CKPT_CALLER_KIND_COUNT
};

struct ckpt_caller {
	enum ckpt_caller_kind kind;
	uint32_t object;
	uint64_t vaddr;	    /* of word or instruction; 0 = not known */
	const char *inside; /* function or variable it is in, or NULL */
	uint64_t off;	    /* from where that begins */
	char *file;	    /* INLINED: where the call is written, or NULL */
	uint32_t line;
};

struct ckpt_callers {
	struct ckpt_caller *items;
	size_t count, capacity;
	/* Why copies cannot be told of, or empty. */
	struct ckpt_err inlined_err;
};

/* All callers of `match`, object by object. Objects that cannot be read are
 * passed over. `debug_file` is the config's, or NULL. */
enum ckpt_status ckpt_callers_find(struct ckpt_scope *scope,
				   const struct ckpt_match *match,
				   const char *debug_file,
				   struct ckpt_deps *deps,
				   struct ckpt_callers *ret) CKPT_MUST_CHECK;
void ckpt_callers_deinit(struct ckpt_callers *callers);

#endif
