/* SPDX-License-Identifier: MIT */
#ifndef CKPT_PLANNER_CODEGRAPH_H
#define CKPT_PLANNER_CODEGRAPH_H

/*
 * The graph behind a closure: what a function refers to, and what that refers
 * to, across objects. Nodes are pieces of code and data, edges are references
 * in the order in which they stand in a node. codehash turns it into a digest
 * and a report. Set-up world.
 */

#include "config/config.h"
#include "shim/planner/code/codebase.h"

enum ckpt_node_kind {
	CKPT_GRAPH_CODE,   /* a function */
	CKPT_GRAPH_CONST,  /* read-only bytes */
	CKPT_GRAPH_TABLE,  /* read-only distances to other data */
	CKPT_GRAPH_GLOBAL, /* writable bytes: their value counts at call time */
	CKPT_GRAPH_THREAD, /* the same, in the thread-local block */
	CKPT_GRAPH_OBJECT, /* a whole object and all it is bound to */
	CKPT_GRAPH_RUNTIME, /* a C runtime library */
	CKPT_GRAPH_NAMED,   /* by its name: malloc's family, `watch` */
	CKPT_GRAPH_NOTHING, /* outside all objects, or a null pointer */
};

struct ckpt_edge {
	uint32_t node;
	uint32_t site;	 /* in the node that has it */
	uint32_t tag;	 /* enum ckpt_ref_kind, or what a word is */
	uint64_t offset; /* in the node it leads to */
};

struct ckpt_node {
	enum ckpt_node_kind kind;
	uint32_t object;
	uint64_t vaddr, size;
	uint32_t parent;  /* the node that led to it first; itself: the root */
	const char *name; /* symbol or NULL */
	const char *reason;	    /* why it is whole, or NULL */
	bool is_written;	    /* a global */
	struct ckpt_hash128 digest; /* of its own content */
	size_t first_edge, edge_count;
};

/* A name that was looked up, once per word. */
struct ckpt_binding {
	uint32_t from, to;
	uint64_t word, vaddr; /* of the symbol */
	bool is_function;     /* else a variable */
	bool has_addend;      /* the word holds more than its address */
	const struct ckpt_symbol *reference;
	uint32_t node; /* that refers to it */
};

struct ckpt_graph {
	struct ckpt_codebase *base;
	struct ckpt_scope *scope;
	bool is_indirect_object;
	bool is_code_passed;		  /* codehash.h */
	const struct ckpt_strings *watch; /* names that are not looked into */
	struct ckpt_pool *pool;		  /* of the closure: texts */
	struct ckpt_node *nodes;
	size_t node_count, node_capacity;
	uint32_t *slots; /* nodes by place: open addressing, index + 1 */
	size_t slot_capacity;
	struct ckpt_edge *edges;
	size_t edge_count, edge_capacity;
	struct ckpt_binding *bindings;
	size_t binding_count, binding_capacity;
	uint8_t *is_whole; /* by object */
	uint32_t traits;
	const char *refusal; /* the first one */
	struct ckpt_err *err;
};

/* Everything reachable from the function at `vaddr`; nodes[0] is it.
 * NOTFOUND: there is no code. deinit also after a failure. */
enum ckpt_status ckpt_graph_build(struct ckpt_graph *graph, uint32_t object,
				  uint64_t vaddr) CKPT_MUST_CHECK;
void ckpt_graph_deinit(struct ckpt_graph *graph);

/* --- for codegraph.c and its parts ------------------------------------- */

/* The node at a place, made if there is none. */
enum ckpt_status ckpt_graph_node(struct ckpt_graph *graph, uint32_t parent,
				 struct ckpt_node like,
				 uint32_t *ret) CKPT_MUST_CHECK;
/* An edge from the node that is being filled. */
enum ckpt_status ckpt_graph_edge(struct ckpt_graph *graph,
				 struct ckpt_edge edge) CKPT_MUST_CHECK;

/* Where a reference stands, and how. */
struct ckpt_usage {
	uint32_t node, site, tag;
	uint32_t size; /* of an access; 0: the address is taken */
	bool is_written;
	uint8_t walk; /* of ckpt_ref, as the next */
	bool is_result_read;
	uint32_t facts; /* of the function: enum ckpt_code_fact */
};

/* Add what `vaddr` of `object` is, from the node in `usage`. */
enum ckpt_status ckpt_graph_refer(struct ckpt_graph *graph,
				  struct ckpt_usage usage, uint32_t object,
				  uint64_t vaddr) CKPT_MUST_CHECK;
/* Add what the word at `word_vaddr` of `object` holds. */
enum ckpt_status
ckpt_graph_refer_word(struct ckpt_graph *graph, struct ckpt_usage usage,
		      uint32_t object, uint64_t word_vaddr,
		      const struct ckpt_word *word) CKPT_MUST_CHECK;
/* Add the whole object that `vaddr` is in, and why. */
enum ckpt_status ckpt_graph_refer_object(struct ckpt_graph *graph,
					 struct ckpt_usage usage,
					 uint32_t object, uint64_t vaddr,
					 const char *reason) CKPT_MUST_CHECK;
/* Add what code may mean by an address near it that it reckons with, unless
 * `vaddr` is certainly one of a variable. */
enum ckpt_status ckpt_graph_refer_near(struct ckpt_graph *graph,
				       struct ckpt_usage usage, uint32_t object,
				       uint64_t vaddr) CKPT_MUST_CHECK;
/* All of an object's data, read-only and writable. */
enum ckpt_status ckpt_graph_refer_data(struct ckpt_graph *graph,
				       struct ckpt_usage usage,
				       uint32_t object) CKPT_MUST_CHECK;

/* Fill a node of kind TABLE, CONST, OBJECT. */
enum ckpt_status ckpt_graph_fill_table(struct ckpt_graph *graph,
				       uint32_t index) CKPT_MUST_CHECK;
enum ckpt_status ckpt_graph_fill_const(struct ckpt_graph *graph,
				       uint32_t index) CKPT_MUST_CHECK;
enum ckpt_status ckpt_graph_fill_object(struct ckpt_graph *graph,
					uint32_t index) CKPT_MUST_CHECK;

bool ckpt_graph_is_watched(const struct ckpt_graph *graph, const char *name);

/* enum ckpt_closure_trait of enum ckpt_code_fact. */
uint32_t ckpt_graph_traits(uint32_t facts);

/* Refuse, unless it is refused already. */
enum ckpt_status ckpt_graph_refuse(struct ckpt_graph *graph,
				   const char *text) CKPT_MUST_CHECK;

/* "solve+0x12 in libx.so", in the graph's pool; NULL: no memory. */
const char *ckpt_graph_place(struct ckpt_graph *graph, uint32_t object,
			     uint64_t vaddr);

#endif
