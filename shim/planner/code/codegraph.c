/* SPDX-License-Identifier: MIT */
#include "shim/planner/code/codegraph.h"

#include "shim/planner/code/codehash.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Tags of edges out of data; those of code are enum ckpt_ref_kind. */
enum { TAG_EXCEPTION = 101 };

enum { NODES_MAX = 1 << 22 };

void ckpt_graph_deinit(struct ckpt_graph *graph)
{
	free(graph->nodes);
	free(graph->slots);
	free(graph->edges);
	free(graph->bindings);
	free(graph->is_whole);
}

static bool is_like(const struct ckpt_node *a, const struct ckpt_node *b)
{
	return a->kind == b->kind && a->object == b->object &&
	       a->vaddr == b->vaddr && a->size == b->size;
}

static size_t find_slot(const struct ckpt_graph *graph,
			const struct ckpt_node *like)
{
	uint64_t mixed = (like->vaddr + like->size * 31 +
			  ((uint64_t)like->object << 40) + like->kind) *
			 0x9e3779b97f4a7c15u;
	size_t mask = graph->slot_capacity - 1;
	size_t slot = (size_t)(mixed >> 32) & mask;

	while (graph->slots[slot] &&
	       !is_like(&graph->nodes[graph->slots[slot] - 1], like))
		slot = (slot + 1) & mask;
	return slot;
}

static enum ckpt_status grow_slots(struct ckpt_graph *graph)
{
	size_t capacity =
		graph->slot_capacity ? graph->slot_capacity * 2 : 1024;
	uint32_t *slots;

	if (graph->node_count * 2 < graph->slot_capacity)
		return CKPT_OK;
	slots = calloc(capacity, sizeof(*slots));
	if (!slots)
		return CKPT_NOMEM;
	free(graph->slots);
	graph->slots = slots;
	graph->slot_capacity = capacity;
	for (size_t i = 0; i < graph->node_count; i++)
		slots[find_slot(graph, &graph->nodes[i])] = (uint32_t)i + 1;
	return CKPT_OK;
}

enum ckpt_status ckpt_graph_node(struct ckpt_graph *graph, uint32_t parent,
				 struct ckpt_node like, uint32_t *ret)
{
	enum ckpt_status status = grow_slots(graph);
	size_t slot;

	if (status)
		return status;
	slot = find_slot(graph, &like);
	if (graph->slots[slot]) {
		*ret = graph->slots[slot] - 1;
		graph->nodes[*ret].is_written |= like.is_written;
		return CKPT_OK;
	}
	if (graph->node_count == graph->node_capacity) {
		size_t capacity =
			graph->node_capacity ? graph->node_capacity * 2 : 256;
		struct ckpt_node *grown =
			reallocarray(graph->nodes, capacity, sizeof(*grown));

		if (!grown || capacity > NODES_MAX)
			return CKPT_NOMEM;
		graph->nodes = grown;
		graph->node_capacity = capacity;
	}
	like.parent = parent;
	graph->nodes[graph->node_count] = like;
	graph->slots[slot] = (uint32_t)++graph->node_count;
	*ret = (uint32_t)graph->node_count - 1;
	return CKPT_OK;
}

enum ckpt_status ckpt_graph_edge(struct ckpt_graph *graph,
				 struct ckpt_edge edge)
{
	if (graph->edge_count == graph->edge_capacity) {
		size_t capacity =
			graph->edge_capacity ? graph->edge_capacity * 2 : 1024;
		struct ckpt_edge *grown =
			reallocarray(graph->edges, capacity, sizeof(*grown));

		if (!grown)
			return CKPT_NOMEM;
		graph->edges = grown;
		graph->edge_capacity = capacity;
	}
	graph->edges[graph->edge_count++] = edge;
	return CKPT_OK;
}

static const char *file_name(const struct ckpt_graph *graph, uint32_t object)
{
	const char *path = ckpt_scope_object(graph->scope, object)->path;
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

const char *ckpt_graph_place(struct ckpt_graph *graph, uint32_t object,
			     uint64_t vaddr)
{
	const struct ckpt_code_object *code;
	struct ckpt_code_extent extent;
	const char *name = NULL;

	if (!ckpt_codebase_object(graph->base, object, &code, NULL) &&
	    ckpt_code_object_function(code, vaddr, &extent))
		name = ckpt_code_object_name(code, extent.vaddr);
	if (!name)
		return ckpt_pool_format(graph->pool,
					"the code at 0x%" PRIx64 " of %s",
					vaddr, file_name(graph, object));
	return ckpt_pool_format(graph->pool, "%s+0x%" PRIx64 " of %s", name,
				vaddr - extent.vaddr, file_name(graph, object));
}

enum ckpt_status ckpt_graph_refuse(struct ckpt_graph *graph, const char *text)
{
	if (!text)
		return CKPT_NOMEM;
	if (!graph->refusal)
		graph->refusal = text;
	return CKPT_OK;
}

static struct ckpt_usage usage_of(uint32_t node, const struct ckpt_ref *ref,
				  uint32_t facts)
{
	return (struct ckpt_usage){.node = node,
				   .facts = facts,
				   .site = ref->site,
				   .tag = ref->kind,
				   .size = ref->size,
				   .walk = ref->walk,
				   .is_result_read = ref->is_result_read,
				   .is_written = ref->is_written};
}

static enum ckpt_status refer_unknown(struct ckpt_graph *graph,
				      struct ckpt_usage usage, uint32_t object,
				      uint64_t vaddr, const char *what)
{
	enum ckpt_status status;
	const char *place = ckpt_graph_place(graph, object, vaddr);

	if (!place)
		return CKPT_NOMEM;
	if (!graph->is_indirect_object) {
		status = ckpt_graph_refuse(
			graph,
			ckpt_pool_format(
				graph->pool,
				"%s %s; if it can only lead into %s and the "
				"libraries that is linked with, write "
				"indirect = \"object\"",
				place, what, file_name(graph, object)));
		if (status)
			return status;
	}
	return ckpt_graph_refer_object(
		graph, usage, object, 0,
		ckpt_pool_format(graph->pool, "%s %s", place, what));
}

/* The target is stored in writable memory that can be reached from `vaddr`:
 * its value counts at call time. */
static enum ckpt_status refer_variable(struct ckpt_graph *graph,
				       struct ckpt_usage usage, uint32_t object,
				       uint64_t site)
{
	const char *place = ckpt_graph_place(graph, object, site);

	if (!place)
		return CKPT_NOMEM;
	return ckpt_graph_refer_object(
		graph, usage, object, 0,
		ckpt_pool_format(graph->pool,
				 "%s calls through a pointer in a variable",
				 place));
}

/* Where an indirect call leads whose pointer was found from ref->vaddr. */
static enum ckpt_status refer_pointer(struct ckpt_graph *graph,
				      struct ckpt_usage usage, uint32_t object,
				      uint64_t site, const struct ckpt_ref *ref)
{
	static const char *const outside =
		"calls through a pointer whose target is not known";
	const struct ckpt_code_object *code;
	struct ckpt_word word = {0};
	uint32_t base = object;
	uint64_t vaddr = ref->vaddr;
	unsigned depth = ref->depth;
	enum ckpt_status status;

	if (depth > 0 && ref->is_exact) {
		status = ckpt_codebase_word(graph->base, object, vaddr, &word,
					    graph->err);
		if (status)
			return status;
	}
	status = ckpt_codebase_object(graph->base, base, &code, graph->err);
	if (status)
		return status;
	if (word.kind != CKPT_WORD_PLAIN &&
	    (word.is_binding ||
	     ckpt_code_object_place(code, vaddr) == CKPT_AT_CONST)) {
		/* The word itself is a reference that is followed. */
		if (depth == 1 || word.kind == CKPT_WORD_NOTHING)
			return CKPT_OK;
		if (word.kind != CKPT_WORD_ADDRESS ||
		    ckpt_codebase_is_runtime(graph->base, word.object))
			return refer_unknown(graph, usage, object, site,
					     outside);
		base = word.object;
		vaddr = word.vaddr;
		depth--;
		status = ckpt_codebase_object(graph->base, base, &code,
					      graph->err);
		if (status)
			return status;
	}
	if (depth == 0 && ckpt_code_object_place(code, vaddr) == CKPT_AT_CODE)
		return ckpt_graph_refer(graph, usage, base, vaddr);
	if (depth == 0)
		return refer_unknown(graph, usage, object, site, outside);
	switch (ckpt_code_object_place(code, vaddr)) {
	case CKPT_AT_CONST:
		/* A table: what its words refer to is followed. */
		if (depth == 1)
			return CKPT_OK;
		return refer_variable(graph, usage, object, site);
	case CKPT_AT_WRITABLE:
		return refer_variable(graph, usage, object, site);
	default:
		return refer_unknown(graph, usage, object, site, outside);
	}
}

/* Thread-local storage of the program, at a constant distance below %fs
 * (ELF Handling For Thread-Local Storage, local exec). */
static enum ckpt_status refer_thread(struct ckpt_graph *graph,
				     struct ckpt_usage usage, uint32_t object,
				     int64_t distance)
{
	const struct ckpt_image *image =
		ckpt_scope_image(graph->scope, object, graph->err);
	struct ckpt_extent block;
	struct ckpt_word word = {.kind = CKPT_WORD_THREAD, .object = object};
	uint64_t alignment, top;

	if (!image)
		return CKPT_UNSUPPORTED;
	block = ckpt_image_tls(image);
	if (object != 0 || block.size == 0)
		return CKPT_OK;
	alignment = ckpt_image_tls_alignment(image);
	alignment = alignment ? alignment : 1;
	top = (block.size + alignment - 1) / alignment * alignment;
	if (distance < 0 && block.vaddr % alignment == 0 &&
	    (uint64_t)-distance <= top &&
	    top - (uint64_t)-distance < block.size) {
		word.vaddr = top - (uint64_t)-distance;
		word.has_variable = true;
	}
	return ckpt_graph_refer_word(graph, usage, object, 0, &word);
}

/* A variable in the object's own thread-local block: one that begins there, or
 * has what is accessed; else it may be any. */
static enum ckpt_status refer_block(struct ckpt_graph *graph,
				    struct ckpt_usage usage, uint32_t object,
				    const struct ckpt_ref *ref)
{
	struct ckpt_word word = {.kind = CKPT_WORD_THREAD,
				 .object = object,
				 .vaddr = ref->vaddr};
	const struct ckpt_code_object *code;
	struct ckpt_extent extent;
	enum ckpt_status status =
		ckpt_codebase_object(graph->base, object, &code, graph->err);

	if (status)
		return status;
	word.has_variable =
		ckpt_code_object_tls_variable(code, ref->vaddr, &extent) &&
		(ref->size > 0
			 ? ref->vaddr - extent.vaddr + ref->size <= extent.size
			 : ref->vaddr == extent.vaddr &&
				   extent.size > ref->walk);
	return ckpt_graph_refer_word(graph, usage, object, 0, &word);
}

/* What it points at is no data at all. */
static bool is_beside(const struct ckpt_code_object *code,
		      const struct ckpt_ref *ref)
{
	enum ckpt_code_place place = ckpt_code_object_place(code, ref->vaddr);

	return place == CKPT_AT_OUTSIDE ||
	       (place == CKPT_AT_CODE && ref->kind == CKPT_REF_AROUND);
}

/* A memory operand: a word of the GOT, or the thing itself. */
static enum ckpt_status refer_memory(struct ckpt_graph *graph,
				     struct ckpt_usage usage, uint32_t object,
				     const struct ckpt_ref *ref)
{
	const struct ckpt_code_object *code;
	struct ckpt_word word;
	bool is_const;
	enum ckpt_status status = ckpt_codebase_word(
		graph->base, object, ref->vaddr, &word, graph->err);

	if (status)
		return status;
	status = ckpt_codebase_object(graph->base, object, &code, graph->err);
	if (status)
		return status;
	is_const = ckpt_code_object_place(code, ref->vaddr) == CKPT_AT_CONST;
	if (ref->kind == CKPT_REF_ACCESS) {
		if (word.is_binding || word.kind == CKPT_WORD_THREAD ||
		    (is_const && ref->size == 8 &&
		     word.kind == CKPT_WORD_ADDRESS))
			return ckpt_graph_refer_word(graph, usage, object,
						     ref->vaddr, &word);
	} else if (word.kind == CKPT_WORD_MODULE) {
		return ckpt_graph_refer_word(graph, usage, object, ref->vaddr,
					     &word);
	}
	usage.size = ref->kind == CKPT_REF_ACCESS ? ref->size : 0;
	if (ref->walk) {
		status =
			ckpt_graph_refer_near(graph, usage, object, ref->vaddr);
		if (status || is_beside(code, ref))
			return status;
	}
	return ckpt_graph_refer(graph, usage, object, ref->vaddr);
}

static enum ckpt_status follow(struct ckpt_graph *graph, uint32_t node,
			       uint32_t object,
			       const struct ckpt_code_function *function,
			       const struct ckpt_ref *ref)
{
	struct ckpt_usage usage = usage_of(node, ref, function->facts);
	uint64_t site = function->extent.vaddr + ref->site;

	switch ((enum ckpt_ref_kind)ref->kind) {
	case CKPT_REF_CALL:
	case CKPT_REF_JUMP:
		usage.size = 0;
		return ckpt_graph_refer(graph, usage, object, ref->vaddr);
	case CKPT_REF_ACCESS:
	case CKPT_REF_ADDRESS:
	case CKPT_REF_AROUND:
		return refer_memory(graph, usage, object, ref);
	case CKPT_REF_BLOCK:
		return refer_block(graph, usage, object, ref);
	case CKPT_REF_THREAD:
		return refer_thread(graph, usage, object, (int64_t)ref->vaddr);
	case CKPT_REF_POINTER:
		return refer_pointer(graph, usage, object, site, ref);
	case CKPT_REF_SWITCH:
		return ckpt_graph_refer_object(
			graph, usage, object, 0,
			ckpt_pool_format(
				graph->pool,
				"a switch in %s has a table of "
				"unknown length",
				ckpt_graph_place(graph, object, site)));
	case CKPT_REF_UNKNOWN:
		return refer_unknown(
			graph, usage, object, site,
			"calls through a pointer whose target is not known");
	case CKPT_REF_TABLE:
		return CKPT_OK;
	}
	return CKPT_OK;
}

/* The description of a type that is caught. The word that points to it is
 * writable, but nobody writes it. */
static enum ckpt_status follow_type(struct ckpt_graph *graph,
				    struct ckpt_usage usage, uint32_t object,
				    uint64_t vaddr, bool is_indirect)
{
	struct ckpt_word word = {0};
	enum ckpt_status status;

	if (vaddr && is_indirect) {
		status = ckpt_codebase_word(graph->base, object, vaddr, &word,
					    graph->err);
		if (status)
			return status;
	}
	if (word.kind != CKPT_WORD_PLAIN)
		return ckpt_graph_refer_word(graph, usage, object, vaddr,
					     &word);
	return ckpt_graph_refer(graph, usage, object, vaddr);
}

/* What the exception table of a function says. */
static enum ckpt_status follow_exceptions(struct ckpt_graph *graph,
					  uint32_t node, uint64_t lsda_vaddr,
					  struct ckpt_hash128 *digest)
{
	uint32_t object = graph->nodes[node].object;
	const struct ckpt_image *image =
		ckpt_scope_image(graph->scope, object, graph->err);
	struct ckpt_usage usage = {.node = node, .tag = TAG_EXCEPTION};
	struct ckpt_lsda lsda;
	struct ckpt_hasher hasher;

	if (!image || ckpt_unwind_read_lsda(image, lsda_vaddr, &lsda))
		return ckpt_graph_refer_data(graph, usage, object);
	ckpt_hasher_init(&hasher, NULL);
	ckpt_hasher_update(&hasher, digest, sizeof(*digest));
	ckpt_hasher_update(&hasher,
			   ckpt_image_bytes(image, lsda.vaddr, lsda.size),
			   lsda.size);
	*digest = ckpt_hasher_final(&hasher);
	for (size_t i = 0; i < lsda.type_count; i++) {
		enum ckpt_status status;

		usage.site = (uint32_t)i;
		status = follow_type(graph, usage, object, lsda.types[i],
				     lsda.is_indirect);
		if (status)
			return status;
	}
	return CKPT_OK;
}

bool ckpt_graph_is_watched(const struct ckpt_graph *graph, const char *name)
{
	for (size_t i = 0; graph->watch && i < graph->watch->count; i++)
		if (strcmp(graph->watch->items[i], name) == 0)
			return true;
	return false;
}

uint32_t ckpt_graph_traits(uint32_t facts)
{
	return (facts & CKPT_CODE_CPU ? CKPT_TRAIT_CPU : 0) |
	       (facts & CKPT_CODE_SYSCALL ? CKPT_TRAIT_SYSCALL : 0) |
	       (facts & CKPT_CODE_CLOCK ? CKPT_TRAIT_CLOCK : 0) |
	       (facts & CKPT_CODE_RANDOM ? CKPT_TRAIT_RANDOM : 0) |
	       (facts & CKPT_CODE_STATUS ? CKPT_TRAIT_FP_FLAGS : 0);
}

static enum ckpt_status fill_code(struct ckpt_graph *graph, uint32_t index)
{
	uint32_t object = graph->nodes[index].object;
	uint64_t vaddr = graph->nodes[index].vaddr;
	const struct ckpt_code_function *function;
	struct ckpt_hash128 digest;
	enum ckpt_status status =
		ckpt_codebase_function(graph->base, object, vaddr, &function);

	if (status)
		return status;
	digest = function->digest;
	graph->traits |= ckpt_graph_traits(function->facts);
	if (function->extent.lsda)
		status = follow_exceptions(graph, index, function->extent.lsda,
					   &digest);
	for (size_t i = 0; !status && i < function->ref_count; i++)
		status = follow(graph, index, object, function,
				&function->refs[i]);
	if (!status && (function->facts & CKPT_CODE_UNDECODED))
		status = refer_unknown(
			graph, (struct ckpt_usage){.node = index}, object,
			vaddr + function->undecoded_site,
			"is no instruction that can be understood");
	graph->nodes[index].digest = digest;
	return status;
}

static enum ckpt_status fill(struct ckpt_graph *graph, uint32_t index)
{
	struct ckpt_node *node = &graph->nodes[index];

	/* Part of what is taken whole already. */
	if (node->kind != CKPT_GRAPH_OBJECT &&
	    node->kind != CKPT_GRAPH_RUNTIME &&
	    node->object < ckpt_scope_count(graph->scope) &&
	    graph->is_whole[node->object] && index > 0) {
		node->digest = (struct ckpt_hash128){node->vaddr, node->size};
		return CKPT_OK;
	}
	switch (node->kind) {
	case CKPT_GRAPH_CODE:
		return fill_code(graph, index);
	case CKPT_GRAPH_CONST:
		return ckpt_graph_fill_const(graph, index);
	case CKPT_GRAPH_TABLE:
		return ckpt_graph_fill_table(graph, index);
	case CKPT_GRAPH_OBJECT:
		return ckpt_graph_fill_object(graph, index);
	case CKPT_GRAPH_RUNTIME:
		node->digest =
			ckpt_codebase_identity(graph->base, node->object);
		return CKPT_OK;
	case CKPT_GRAPH_NAMED:
		node->digest = ckpt_hash(NULL, node->name, strlen(node->name));
		return CKPT_OK;
	default:
		/* A global: what counts is its value at call time. */
		node->digest.lo = node->size;
		return CKPT_OK;
	}
}

enum ckpt_status ckpt_graph_build(struct ckpt_graph *graph, uint32_t object,
				  uint64_t vaddr)
{
	const struct ckpt_code_function *function;
	uint32_t root;
	enum ckpt_status status =
		ckpt_codebase_function(graph->base, object, vaddr, &function);

	if (status)
		return status;
	graph->is_whole = calloc(ckpt_scope_count(graph->scope) + 1, 1);
	if (!graph->is_whole)
		return CKPT_NOMEM;
	status = ckpt_graph_node(
		graph, 0,
		(struct ckpt_node){.kind = CKPT_GRAPH_CODE,
				   .object = object,
				   .vaddr = function->extent.vaddr,
				   .size = function->extent.size},
		&root);
	for (uint32_t i = 0; !status && i < graph->node_count; i++) {
		size_t first = graph->edge_count;

		status = fill(graph, i);
		graph->nodes[i].first_edge = first;
		graph->nodes[i].edge_count = graph->edge_count - first;
	}
	return status;
}
