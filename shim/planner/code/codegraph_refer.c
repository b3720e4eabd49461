/* SPDX-License-Identifier: MIT */
#include "shim/planner/code/codegraph.h"

#include "shim/planner/code/codehash.h"
#include "shim/planner/code/crt.h"

#include <stdlib.h>
#include <string.h>

/* Added to the tag where not the thing but a word that holds its address was
 * met. */
enum { TAG_THROUGH_WORD = 1000 };

static struct ckpt_edge edge_of(struct ckpt_usage usage, uint32_t node,
				uint64_t offset)
{
	return (struct ckpt_edge){.node = node,
				  .site = usage.site,
				  .tag = usage.tag,
				  .offset = offset};
}

static enum ckpt_status refer_node(struct ckpt_graph *graph,
				   struct ckpt_usage usage,
				   struct ckpt_node like, uint64_t offset)
{
	uint32_t node;
	enum ckpt_status status =
		ckpt_graph_node(graph, usage.node, like, &node);

	if (status)
		return status;
	return ckpt_graph_edge(graph, edge_of(usage, node, offset));
}

static enum ckpt_status refer_nothing(struct ckpt_graph *graph,
				      struct ckpt_usage usage, uint64_t vaddr)
{
	return refer_node(graph, usage,
			  (struct ckpt_node){.kind = CKPT_GRAPH_NOTHING,
					     .object = UINT32_MAX},
			  vaddr);
}

static enum ckpt_status refer_runtime(struct ckpt_graph *graph,
				      struct ckpt_usage usage, uint32_t object,
				      uint64_t vaddr)
{
	return refer_node(graph, usage,
			  (struct ckpt_node){.kind = CKPT_GRAPH_RUNTIME,
					     .object = object},
			  vaddr);
}

enum ckpt_status ckpt_graph_refer_object(struct ckpt_graph *graph,
					 struct ckpt_usage usage,
					 uint32_t object, uint64_t vaddr,
					 const char *reason)
{
	if (!reason)
		return CKPT_NOMEM;
	if (ckpt_codebase_is_runtime(graph->base, object))
		return refer_runtime(graph, usage, object, vaddr);
	graph->is_whole[object] = 1;
	graph->traits |= CKPT_TRAIT_INDIRECT;
	return refer_node(graph, usage,
			  (struct ckpt_node){.kind = CKPT_GRAPH_OBJECT,
					     .object = object,
					     .reason = reason},
			  vaddr);
}

static enum ckpt_status refer_const(struct ckpt_graph *graph,
				    struct ckpt_usage usage, uint32_t object,
				    struct ckpt_extent extent, uint64_t vaddr,
				    const char *reason)
{
	if (graph->is_whole[object])
		return ckpt_graph_refer_object(graph, usage, object, vaddr,
					       "part of it");
	return refer_node(graph, usage,
			  (struct ckpt_node){.kind = CKPT_GRAPH_CONST,
					     .object = object,
					     .vaddr = extent.vaddr,
					     .size = extent.size,
					     .reason = reason},
			  vaddr - extent.vaddr);
}

static enum ckpt_status refer_global(struct ckpt_graph *graph,
				     struct ckpt_usage usage, uint32_t object,
				     struct ckpt_extent extent, uint64_t vaddr)
{
	return refer_node(graph, usage,
			  (struct ckpt_node){.kind = CKPT_GRAPH_GLOBAL,
					     .object = object,
					     .vaddr = extent.vaddr,
					     .size = extent.size,
					     .is_written = usage.is_written},
			  vaddr - extent.vaddr);
}

/* Bytes in a section of instructions that are none. */
static bool is_data(const struct ckpt_usage *usage,
		    const struct ckpt_code_function *function)
{
	return usage->tag == CKPT_REF_ADDRESS && function->extent.is_guessed &&
	       (function->facts & CKPT_CODE_UNDECODED);
}

static enum ckpt_status refer_named(struct ckpt_graph *graph,
				    struct ckpt_usage usage, const char *name)
{
	return refer_node(
		graph, usage,
		(struct ckpt_node){.kind = CKPT_GRAPH_NAMED,
				   .object = UINT32_MAX,
				   .vaddr = ckpt_hash64(name, strlen(name)),
				   .name = name},
		0);
}

/* The name of an allocating function that the object defines for everybody,
 * also where the object calls it directly; NULL: none begins here. What it
 * keeps book of is no effect of the call: a replay allocates by it, too. */
static const char *allocator_at(const struct ckpt_code_object *code,
				uint64_t vaddr)
{
	const char *name = ckpt_code_object_name(code, vaddr);
	const struct ckpt_symbol *symbol;

	if (!name || !ckpt_crt_is_allocator(name))
		return NULL;
	symbol = ckpt_image_match(ckpt_code_object_image(code), name, NULL);
	return symbol && symbol->vaddr == vaddr ? symbol->name : NULL;
}

static enum ckpt_status refer_code(struct ckpt_graph *graph,
				   struct ckpt_usage usage, uint32_t object,
				   uint64_t vaddr,
				   const struct ckpt_code_object *code)
{
	const struct ckpt_code_function *function;
	const char *allocator;
	struct ckpt_word word;
	uint64_t word_vaddr;
	enum ckpt_status status;

	if (graph->is_whole[object])
		return ckpt_graph_refer_object(graph, usage, object, vaddr,
					       "part of it");
	if (ckpt_code_function_stub(code, vaddr, &word_vaddr)) {
		status = ckpt_codebase_word(graph->base, object, word_vaddr,
					    &word, graph->err);
		if (status)
			return status;
		if (word.kind != CKPT_WORD_PLAIN)
			return ckpt_graph_refer_word(graph, usage, object,
						     word_vaddr, &word);
	}
	status = ckpt_codebase_function(graph->base, object, vaddr, &function);
	if (status == CKPT_NOTFOUND)
		return ckpt_graph_refer_object(
			graph, usage, object, vaddr,
			"code that no function has is used");
	if (status)
		return status;
	allocator = allocator_at(code, function->extent.vaddr);
	if (allocator && vaddr == function->extent.vaddr)
		return refer_named(graph, usage, allocator);
	if (is_data(&usage, function))
		return refer_const(graph, usage, object,
				   (struct ckpt_extent){function->extent.vaddr,
							function->extent.size},
				   vaddr, "data between functions");
	return refer_node(graph, usage,
			  (struct ckpt_node){.kind = CKPT_GRAPH_CODE,
					     .object = object,
					     .vaddr = function->extent.vaddr,
					     .size = function->extent.size},
			  vaddr - function->extent.vaddr);
}

static struct ckpt_extent exactly(struct ckpt_usage usage, uint64_t vaddr)
{
	return (struct ckpt_extent){vaddr, usage.size};
}

static enum ckpt_status refer_extent(struct ckpt_graph *graph,
				     struct ckpt_usage usage, uint32_t object,
				     struct ckpt_extent extent, uint64_t vaddr,
				     const struct ckpt_code_object *code)
{
	switch (ckpt_code_object_place(code, extent.vaddr)) {
	case CKPT_AT_CONST:
		return refer_const(graph, usage, object, extent, vaddr,
				   "a pointer behind its end");
	case CKPT_AT_WRITABLE:
		return refer_global(graph, usage, object, extent, vaddr);
	default:
		return CKPT_OK;
	}
}

/* A pointer behind the last element of an array belongs to it: what stands
 * before `vaddr`, a variable or, at the beginning of a section, a section. */
static enum ckpt_status refer_before(struct ckpt_graph *graph,
				     struct ckpt_usage usage, uint32_t object,
				     uint64_t vaddr,
				     const struct ckpt_code_object *code)
{
	struct ckpt_extent extent;

	if (usage.size > 0 || usage.tag != CKPT_REF_ADDRESS ||
	    !(usage.facts & CKPT_CODE_BACKWARD))
		return CKPT_OK;
	if (!ckpt_code_object_variable_before(code, vaddr, &extent)) {
		if (ckpt_code_object_region(code, vaddr, &extent) &&
		    extent.vaddr != vaddr)
			return CKPT_OK;
		if (!ckpt_code_object_region(code, vaddr - 1, &extent))
			return CKPT_OK;
	}
	return refer_extent(graph, usage, object, extent, vaddr, code);
}

static enum ckpt_status refer_read_only(struct ckpt_graph *graph,
					struct ckpt_usage usage,
					uint32_t object, uint64_t vaddr,
					const struct ckpt_code_object *code)
{
	struct ckpt_extent extent;
	bool is_whole;
	enum ckpt_status status;

	if (usage.size > 0)
		return refer_const(graph, usage, object, exactly(usage, vaddr),
				   vaddr, NULL);
	status = refer_before(graph, usage, object, vaddr, code);
	if (status)
		return status;
	status = ckpt_codebase_constant(graph->base, object, vaddr, &extent,
					&is_whole);
	if (status == CKPT_NOTFOUND)
		return refer_nothing(graph, usage, vaddr);
	if (status)
		return status;
	if (!is_whole && extent.vaddr == vaddr &&
	    (usage.facts & CKPT_CODE_RELATIVE) && !graph->is_whole[object] &&
	    ckpt_codebase_is_relative(graph->base, object, extent))
		return refer_node(graph, usage,
				  (struct ckpt_node){.kind = CKPT_GRAPH_TABLE,
						     .object = object,
						     .vaddr = extent.vaddr,
						     .size = extent.size},
				  0);
	return refer_const(graph, usage, object, extent, vaddr,
			   is_whole ? "no symbol tells where it ends" : NULL);
}

static enum ckpt_status refer_writable(struct ckpt_graph *graph,
				       struct ckpt_usage usage, uint32_t object,
				       uint64_t vaddr,
				       const struct ckpt_code_object *code)
{
	struct ckpt_extent extent;
	enum ckpt_status status =
		refer_before(graph, usage, object, vaddr, code);

	if (status)
		return status;
	if (ckpt_code_object_variable(code, vaddr, &extent))
		return refer_global(graph, usage, object, extent, vaddr);
	if (usage.size > 0)
		return refer_global(graph, usage, object, exactly(usage, vaddr),
				    vaddr);
	if (!ckpt_code_object_region(code, vaddr, &extent))
		return refer_nothing(graph, usage, vaddr);
	return refer_global(graph, usage, object, extent, vaddr);
}

static const char *library_name(struct ckpt_graph *graph, uint32_t object)
{
	const struct ckpt_image *image =
		ckpt_scope_image(graph->scope, object, NULL);

	return image && ckpt_image_soname(image)
		       ? ckpt_image_soname(image)
		       : ckpt_scope_object(graph->scope, object)->path;
}

/* A variable of a library that the program has a copy of: everybody uses the
 * copy, but what a library never writes stays what it is there. */
static enum ckpt_status refer_copied(struct ckpt_graph *graph,
				     struct ckpt_usage usage, uint32_t object,
				     uint64_t vaddr,
				     const struct ckpt_copied *copied)
{
	const struct ckpt_code_object *code;
	enum ckpt_status status;

	if (ckpt_codebase_is_runtime(graph->base, copied->object)) {
		graph->traits |=
			ckpt_crt_traits(library_name(graph, copied->object),
					copied->symbol->name, false);
		if (ckpt_crt_is_state(copied->symbol->name))
			return refer_global(graph, usage, object, copied->here,
					    vaddr);
		return refer_runtime(graph, usage, copied->object,
				     copied->vaddr);
	}
	status = ckpt_codebase_object(graph->base, copied->object, &code,
				      graph->err);
	if (status)
		return status;
	if (ckpt_code_object_place(code, copied->vaddr) == CKPT_AT_CONST)
		return ckpt_graph_refer(graph, usage, copied->object,
					copied->vaddr);
	return refer_global(graph, usage, object, copied->here, vaddr);
}

enum ckpt_status ckpt_graph_refer(struct ckpt_graph *graph,
				  struct ckpt_usage usage, uint32_t object,
				  uint64_t vaddr)
{
	const struct ckpt_code_object *code;
	struct ckpt_copied copied;
	enum ckpt_status status;

	if (ckpt_codebase_is_runtime(graph->base, object))
		return refer_runtime(graph, usage, object, vaddr);
	status = ckpt_codebase_object(graph->base, object, &code, graph->err);
	if (status)
		return status;
	if (ckpt_codebase_copied(graph->base, object, vaddr, &copied))
		return refer_copied(graph, usage, object, vaddr, &copied);
	switch (ckpt_code_object_place(code, vaddr)) {
	case CKPT_AT_CODE:
		if (usage.size > 0)
			return refer_const(graph, usage, object,
					   exactly(usage, vaddr), vaddr, NULL);
		return refer_code(graph, usage, object, vaddr, code);
	case CKPT_AT_CONST:
		return refer_read_only(graph, usage, object, vaddr, code);
	case CKPT_AT_WRITABLE:
		return refer_writable(graph, usage, object, vaddr, code);
	default:
		break;
	}
	status = refer_before(graph, usage, object, vaddr, code);
	return status ? status : refer_nothing(graph, usage, vaddr);
}

static enum ckpt_status note_binding(struct ckpt_graph *graph,
				     struct ckpt_usage usage, uint32_t object,
				     uint64_t word_vaddr,
				     const struct ckpt_word *word)
{
	struct ckpt_binding *grown;

	/* What is bound to a thread-local name is no address. */
	if (!word->reference || !word->symbol || word->symbol->type == STT_TLS)
		return CKPT_OK;
	if (graph->binding_count == graph->binding_capacity) {
		size_t capacity = graph->binding_capacity
					  ? graph->binding_capacity * 2
					  : 256;

		grown = reallocarray(graph->bindings, capacity, sizeof(*grown));
		if (!grown)
			return CKPT_NOMEM;
		graph->bindings = grown;
		graph->binding_capacity = capacity;
	}
	graph->bindings[graph->binding_count++] = (struct ckpt_binding){
		.from = object,
		.to = word->object,
		.word = word_vaddr,
		.vaddr = word->symbol->vaddr,
		.is_function = word->symbol->type == STT_FUNC ||
			       word->symbol->type == STT_GNU_IFUNC,
		.has_addend = word->vaddr != word->symbol->vaddr,
		.reference = word->reference,
		.node = usage.node,
	};
	return CKPT_OK;
}

/* A variable of the C runtime that programs set. */
static enum ckpt_status refer_state(struct ckpt_graph *graph,
				    struct ckpt_usage usage,
				    const struct ckpt_word *word)
{
	struct ckpt_extent extent = {word->symbol->vaddr, word->symbol->size};

	usage.is_written = true;
	return refer_global(graph, usage, word->object, extent, word->vaddr);
}

static enum ckpt_status refer_address(struct ckpt_graph *graph,
				      struct ckpt_usage usage,
				      const struct ckpt_word *word)
{
	const struct ckpt_symbol *symbol = word->symbol;
	bool is_ifunc = word->kind == CKPT_WORD_RESOLVER ||
			(symbol && symbol->type == STT_GNU_IFUNC);

	if (symbol && (ckpt_crt_is_allocator(symbol->name) ||
		       ckpt_graph_is_watched(graph, symbol->name)))
		return refer_named(graph, usage, symbol->name);
	if (ckpt_codebase_is_runtime(graph->base, word->object)) {
		graph->traits |=
			ckpt_crt_traits(library_name(graph, word->object),
					symbol ? symbol->name : "", is_ifunc);
		if (symbol && usage.is_result_read &&
		    ckpt_crt_is_errno(symbol->name))
			graph->traits |= CKPT_TRAIT_ERRNO;
		if (symbol && symbol->type == STT_OBJECT &&
		    ckpt_crt_is_state(symbol->name))
			return refer_state(graph, usage, word);
		return refer_runtime(graph, usage, word->object, word->vaddr);
	}
	if (is_ifunc)
		graph->traits |= CKPT_TRAIT_CPU;
	usage.size = 0;
	usage.is_written = true;
	return ckpt_graph_refer(graph, usage, word->object, word->vaddr);
}

static enum ckpt_status refer_thread_variable(struct ckpt_graph *graph,
					      struct ckpt_usage usage,
					      const struct ckpt_word *word)
{
	const struct ckpt_code_object *code;
	struct ckpt_extent extent = {0};
	enum ckpt_status status;

	if (ckpt_codebase_is_runtime(graph->base, word->object))
		return refer_runtime(graph, usage, word->object, word->vaddr);
	status = ckpt_codebase_object(graph->base, word->object, &code,
				      graph->err);
	if (status)
		return status;
	if (!word->has_variable ||
	    !ckpt_code_object_tls_variable(code, word->vaddr, &extent))
		extent.size = ckpt_image_tls(ckpt_code_object_image(code)).size;
	return refer_node(graph, usage,
			  (struct ckpt_node){.kind = CKPT_GRAPH_THREAD,
					     .object = word->object,
					     .vaddr = extent.vaddr,
					     .size = extent.size,
					     .is_written = true},
			  word->vaddr - extent.vaddr);
}

enum ckpt_status ckpt_graph_refer_word(struct ckpt_graph *graph,
				       struct ckpt_usage usage, uint32_t object,
				       uint64_t word_vaddr,
				       const struct ckpt_word *word)
{
	enum ckpt_status status =
		note_binding(graph, usage, object, word_vaddr, word);

	if (status)
		return status;
	usage.tag += TAG_THROUGH_WORD;
	switch (word->kind) {
	case CKPT_WORD_ADDRESS:
	case CKPT_WORD_RESOLVER:
		return refer_address(graph, usage, word);
	case CKPT_WORD_THREAD:
	case CKPT_WORD_MODULE:
		return refer_thread_variable(graph, usage, word);
	case CKPT_WORD_NOTHING:
		return refer_nothing(graph, usage, 0);
	case CKPT_WORD_STRANGE:
		return ckpt_graph_refuse(
			graph,
			ckpt_pool_format(
				graph->pool,
				"%s has a relocation of a kind that is "
				"not understood",
				ckpt_graph_place(graph, object, word_vaddr)));
	case CKPT_WORD_COPY:
	case CKPT_WORD_PLAIN:
		break;
	}
	return CKPT_OK;
}
