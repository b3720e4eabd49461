/* SPDX-License-Identifier: MIT */
#ifndef CKPT_PLANNER_CODEHASH_H
#define CKPT_PLANNER_CODEHASH_H

/*
 * Code identity: what the result of a function depends on, apart from its
 * arguments. Over its own instructions with position-dependent operands
 * replaced by what they point at, the read-only data it refers to, and every
 * function it can call, across objects along the real bindings; the C runtime
 * by content identity. Gives the digest, the globals the closure refers to,
 * and everything needed to explain and to check them.
 *
 * The digest is that of the graph of references, its nodes numbered in the
 * order in which a walk from the function meets them: content and references
 * count, names, addresses and order in the file do not. Recursion is an edge
 * back to a number.
 *
 * Never too small. How far something reaches:
 *   function      its FDE and symbol together; every byte of it counts
 *   read-only     what one instruction loads: just that; else the variable
 *                 by its symbol; without a symbol, in an object with .symtab,
 *                 up to the next thing that anything refers to, and to the
 *                 end of the string there; in a stripped object that was
 *                 never planned with its symbols (symbolfile.h) the section
 *                 An address that code reckons with (track_x86_64.h) may be
 *                 one beside a table: unless a variable, a string or a
 *                 function begins there, its neighbours count too. Indexes
 *                 with a proven bound tell the extent themselves
 *   writable      the same, but the value counts at call time, and without a
 *                 symbol it is the section; its address taken: it is written
 *   thread-local  as writable; of the object itself, by what code does with
 *                 the address of its block, if all of that is understood
 *   GOT, PLT      what the word is bound to, never the word
 *   C++ catch     the function's exception table, and the types in it
 * Where an indirect call leads:
 *   jump table whose bound is proven: inside the function
 *   a pointer loaded from read-only data: what that data refers to
 *   a pointer loaded from a variable, or from memory that a variable leads
 *      to, or a switch without a bound: the whole object, and the objects it
 *      is bound to; the value of the variable is in the key (globals)
 *   any other: refused, unless config->is_indirect_object promises that it
 *      stays in that object and those it is bound to, which are then whole
 * The whole of an object is its content identity, what its imports are bound
 * to, and all of its writable data as globals. Code that cannot be decoded
 * counts as an indirect call that is not known.
 *
 * Set-up world; one closure at a time.
 */

#include "config/config.h"
#include "shim/common/hash.h"
#include "shim/planner/elf/scope.h"

enum ckpt_closure_item_kind {
	CKPT_CLOSURE_CODE,    /* a function's instructions */
	CKPT_CLOSURE_DATA,    /* read-only data */
	CKPT_CLOSURE_OBJECT,  /* a whole object: `reason` says why */
	CKPT_CLOSURE_RUNTIME, /* a C runtime library by content identity */
	CKPT_CLOSURE_KIND_COUNT
};

struct ckpt_closure_item {
	enum ckpt_closure_item_kind kind;
	uint32_t object; /* index in the scope */
	uint64_t vaddr, size;
	const char *name;   /* symbol, or NULL */
	const char *reason; /* for people, or NULL */
	uint32_t parent;    /* item that refers to it; itself for the first */
	struct ckpt_hash128 digest; /* of this item alone */
};

struct ckpt_closure_global {
	uint32_t object;
	uint64_t vaddr, size;
	const char *name;    /* symbol, or ".data+0x40" */
	const char *section; /* ".data"; ".tls" if is_tls; "" unknown */
	bool is_tls;	     /* vaddr is an offset in the TLS block */
	bool is_written;     /* the closure may write it */
	bool is_scratch;     /* waived by ignore_globals or scratch_globals */
	uint32_t item;	     /* which item refers to it */
};

/* A call or a use of a function with effects or inputs of its own. */
struct ckpt_closure_impure {
	uint32_t object; /* whose slot leads to it */
	const char *name;
	uint32_t classes;  /* enum ckpt_impure_class of plan.h */
	const char *chain; /* "train -> solve -> rand" */
};

/* A looked-up name that the closure relies on (plan.h, edge). */
struct ckpt_closure_edge {
	uint32_t from, to;
	const char *name, *version;
	uint64_t slot_vaddr; /* a word that holds just that; 0: none does */
	uint64_t vaddr;	     /* of the definition */
};

enum ckpt_closure_trait {
	CKPT_TRAIT_CPU = 1u << 0,     /* code reads CPU features, or an IFUNC */
	CKPT_TRAIT_THREADS = 1u << 1, /* can start threads */
	CKPT_TRAIT_LOCALE = 1u << 2,
	CKPT_TRAIT_INDIRECT = 1u << 3, /* unresolved indirect calls */
	/* Instructions that no watching of calls can see. */
	CKPT_TRAIT_SYSCALL = 1u << 4, /* a system call of its own */
	CKPT_TRAIT_CLOCK = 1u << 5,   /* rdtsc and its like */
	CKPT_TRAIT_RANDOM = 1u << 6,  /* rdrand, rdseed */
	/* A variable that no watching of calls can see. */
	CKPT_TRAIT_ENVIRONMENT = 1u << 7, /* environ itself */
	/* What a call finds, although no argument says so. */
	CKPT_TRAIT_ERRNO = 1u << 8,
	CKPT_TRAIT_FP_FLAGS = 1u << 9, /* exception flags */
};

struct ckpt_closure {
	struct ckpt_hash128 digest;
	uint32_t traits;
	const char *refusal; /* why it cannot be decided, with the remedy */
	struct ckpt_closure_item *items; /* [0] is the function itself */
	size_t item_count;
	struct ckpt_closure_global *globals;
	size_t global_count;
	struct ckpt_closure_edge *edges;
	size_t edge_count;
	struct ckpt_closure_impure *impure; /* once per object and name */
	size_t impure_count;
	void *memory; /* owns all of the above */
};

/*
 * Globals come in an order that depends on the code only; their names must not
 * enter a key. A word of an untyped global that points into an object counts
 * only if that is code or read-only data of an object that is an OBJECT or
 * RUNTIME item, or another of the globals.
 *
 * ignore_globals and scratch_globals name globals as `name` shows them, or
 * whole sections (".bss"), with a pattern for the object in front if wanted
 * ("libcrypt.so*:.bss"). A name in a section that counts as a whole is cut out
 * of it; one with '!' in front counts although its section is waived.
 */

/* Of the function at `vaddr` of object `object` of `scope`, with the waivers
 * of `config`. `is_code_passed`: what it calls through pointers that are not
 * known may be in any object that the program has now; then these are all
 * whole. A refusal is CKPT_OK with `refusal` set. */
enum ckpt_status ckpt_closure_compute(struct ckpt_scope *scope, uint32_t object,
				      uint64_t vaddr,
				      const struct ckpt_function_config *config,
				      bool is_code_passed,
				      struct ckpt_closure *ret,
				      struct ckpt_err *err) CKPT_MUST_CHECK;
void ckpt_closure_deinit(struct ckpt_closure *closure);

#endif
