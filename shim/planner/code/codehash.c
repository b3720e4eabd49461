/* SPDX-License-Identifier: MIT */
#include "shim/planner/code/codehash.h"

#include "shim/common/cleanup.h"
#include "shim/common/impure.h"
#include "shim/plan.h"
#include "shim/planner/code/codehash_private.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { UNNUMBERED = 0, CHAIN_MAX = 12 };

/* Number the nodes as a walk from the root, depth first, meets them. */
static enum ckpt_status number_nodes(struct ckpt_report *report)
{
	const struct ckpt_graph *graph = report->graph;
	_cleanup_free_ uint32_t *stack =
		malloc((graph->edge_count + 1) * sizeof(*stack));
	size_t depth = 0;
	uint32_t next = 0;

	if (!stack)
		return CKPT_NOMEM;
	stack[depth++] = 0;
	while (depth > 0) {
		uint32_t index = stack[--depth];
		const struct ckpt_node *node = &graph->nodes[index];

		if (report->numbers[index] != UNNUMBERED)
			continue;
		report->order[next] = index;
		report->numbers[index] = ++next;
		for (size_t i = node->edge_count; i-- > 0;) {
			uint32_t to = graph->edges[node->first_edge + i].node;

			if (report->numbers[to] == UNNUMBERED)
				stack[depth++] = to;
		}
	}
	return CKPT_OK;
}

/* Prefix-free: every list is preceded by its length. */
static void hash_node(const struct ckpt_report *report,
		      struct ckpt_hasher *hasher, const struct ckpt_node *node)
{
	const struct ckpt_graph *graph = report->graph;
	uint64_t head[] = {node->kind, node->digest.lo, node->digest.hi,
			   node->edge_count};

	ckpt_hasher_update(hasher, head, sizeof(head));
	for (size_t i = 0; i < node->edge_count; i++) {
		const struct ckpt_edge *edge =
			&graph->edges[node->first_edge + i];
		uint64_t words[] = {edge->tag, edge->site,
				    report->numbers[edge->node], edge->offset};

		ckpt_hasher_update(hasher, words, sizeof(words));
	}
}

static struct ckpt_hash128 hash_graph(const struct ckpt_report *report)
{
	const struct ckpt_graph *graph = report->graph;
	struct ckpt_hasher hasher;
	uint64_t count = graph->node_count;

	ckpt_hasher_init(&hasher, NULL);
	ckpt_hasher_update(&hasher, &count, sizeof(count));
	for (size_t i = 0; i < graph->node_count; i++)
		hash_node(report, &hasher, &graph->nodes[report->order[i]]);
	return ckpt_hasher_final(&hasher);
}

static int item_kind(enum ckpt_node_kind kind)
{
	switch (kind) {
	case CKPT_GRAPH_CODE:
		return CKPT_CLOSURE_CODE;
	case CKPT_GRAPH_CONST:
	case CKPT_GRAPH_TABLE:
		return CKPT_CLOSURE_DATA;
	case CKPT_GRAPH_OBJECT:
		return CKPT_CLOSURE_OBJECT;
	case CKPT_GRAPH_RUNTIME:
		return CKPT_CLOSURE_RUNTIME;
	default:
		return -1;
	}
}

static void add_item(struct ckpt_report *report, uint32_t index)
{
	struct ckpt_closure *closure = report->closure;
	const struct ckpt_node *node = &report->graph->nodes[index];
	struct ckpt_closure_item *item;
	int kind = item_kind(node->kind);

	if (kind < 0) {
		report->items[index] = report->items[node->parent];
		return;
	}
	item = &closure->items[closure->item_count];
	*item = (struct ckpt_closure_item){
		.kind = (enum ckpt_closure_item_kind)kind,
		.object = node->object,
		.vaddr = node->vaddr,
		.size = node->size,
		.reason = node->reason,
		.digest = node->digest,
	};
	if (kind == CKPT_CLOSURE_CODE || kind == CKPT_CLOSURE_DATA)
		item->name = ckpt_report_place(report, node->object,
					       node->vaddr, node->size);
	else
		item->name = ckpt_report_file(report, node->object);
	report->items[index] = (uint32_t)closure->item_count++;
}

/* In the order in which the nodes were found, so that a parent comes first. */
static enum ckpt_status add_items(struct ckpt_report *report)
{
	const struct ckpt_graph *graph = report->graph;
	struct ckpt_closure *closure = report->closure;

	closure->items = ckpt_pool_alloc(report->pool, graph->node_count,
					 sizeof(*closure->items));
	if (!closure->items)
		return CKPT_NOMEM;
	for (uint32_t i = 0; i < graph->node_count; i++) {
		uint32_t parent = graph->nodes[i].parent;

		add_item(report, i);
		if (item_kind(graph->nodes[i].kind) >= 0)
			closure->items[report->items[i]].parent =
				report->items[parent];
	}
	return CKPT_OK;
}

static int compare_bindings(const void *a, const void *b)
{
	const struct ckpt_binding *x = a, *y = b;

	if (x->from != y->from)
		return x->from < y->from ? -1 : 1;
	if (x->word != y->word)
		return x->word < y->word ? -1 : 1;
	return (x->node > y->node) - (x->node < y->node);
}

static bool is_same_word(const struct ckpt_binding *a,
			 const struct ckpt_binding *b)
{
	return a->from == b->from && a->word == b->word;
}

static enum ckpt_status add_edges(struct ckpt_report *report)
{
	struct ckpt_graph *graph = report->graph;
	struct ckpt_closure *closure = report->closure;

	closure->edges = ckpt_pool_alloc(report->pool, graph->binding_count + 1,
					 sizeof(*closure->edges));
	if (!closure->edges)
		return CKPT_NOMEM;
	if (graph->binding_count > 0)
		qsort(graph->bindings, graph->binding_count,
		      sizeof(*graph->bindings), compare_bindings);
	for (size_t i = 0; i < graph->binding_count; i++) {
		const struct ckpt_binding *binding = &graph->bindings[i];

		if (i > 0 && is_same_word(binding, binding - 1))
			continue;
		closure->edges[closure->edge_count++] =
			(struct ckpt_closure_edge){
				.from = binding->from,
				.to = binding->to,
				.name = binding->reference->name,
				.version = binding->reference->version,
				.slot_vaddr =
					binding->has_addend ? 0 : binding->word,
				.vaddr = binding->vaddr,
			};
	}
	return CKPT_OK;
}

/* "train -> solve -> rand"; "libx.so -> rand" out of an object that is whole,
 * where anything may lead to it. */
static const char *write_chain(struct ckpt_report *report,
			       const struct ckpt_binding *binding,
			       const char *last)
{
	uint32_t node = binding->node;
	const struct ckpt_closure *closure = report->closure;
	uint32_t chain[CHAIN_MAX];
	uint32_t item = report->items[node];
	size_t count = 0;
	const char *text = "";

	if (report->graph->is_whole[binding->from])
		return ckpt_pool_format(report->pool, "%s -> %s",
					ckpt_report_file(report, binding->from),
					last);
	for (; count < CHAIN_MAX; item = closure->items[item].parent) {
		chain[count++] = item;
		if (closure->items[item].parent == item)
			break;
	}
	if (count == CHAIN_MAX)
		text = "... -> ";
	while (count-- > 0 && text) {
		const char *name = closure->items[chain[count]].name;

		text = ckpt_pool_format(report->pool, "%s%s -> ", text,
					name ? name : "?");
	}
	return text ? ckpt_pool_format(report->pool, "%s%s", text, last) : NULL;
}

static bool has_impure(const struct ckpt_closure *closure, uint32_t object,
		       const char *name)
{
	for (size_t i = 0; i < closure->impure_count; i++)
		if (closure->impure[i].object == object &&
		    strcmp(closure->impure[i].name, name) == 0)
			return true;
	return false;
}

static uint32_t find_classes(const struct ckpt_graph *graph,
			     const struct ckpt_binding *binding)
{
	const char *name = binding->reference->name;

	/* Only calls can be watched. */
	if (!binding->is_function)
		return 0;
	if (ckpt_graph_is_watched(graph, name))
		return CKPT_IMPURE_NAMED;
	return ckpt_codebase_is_runtime(graph->base, binding->to)
		       ? ckpt_impure_classes(name)
		       : 0;
}

static enum ckpt_status add_impure(struct ckpt_report *report)
{
	struct ckpt_graph *graph = report->graph;
	struct ckpt_closure *closure = report->closure;

	closure->impure =
		ckpt_pool_alloc(report->pool, graph->binding_count + 1,
				sizeof(*closure->impure));
	if (!closure->impure)
		return CKPT_NOMEM;
	for (size_t i = 0; i < graph->binding_count; i++) {
		const struct ckpt_binding *binding = &graph->bindings[i];
		const char *name = binding->reference->name;
		uint32_t classes = find_classes(graph, binding);
		const char *chain;

		if (!classes || has_impure(closure, binding->from, name))
			continue;
		chain = write_chain(report, binding, name);
		if (!chain)
			return CKPT_NOMEM;
		closure->impure[closure->impure_count++] =
			(struct ckpt_closure_impure){.object = binding->from,
						     .name = name,
						     .classes = classes,
						     .chain = chain};
	}
	return CKPT_OK;
}

static enum ckpt_status write_report(struct ckpt_report *report)
{
	size_t count = report->graph->node_count;
	enum ckpt_status status;

	report->numbers = calloc(count, sizeof(*report->numbers));
	report->order = calloc(count, sizeof(*report->order));
	report->items = calloc(count, sizeof(*report->items));
	if (!report->numbers || !report->order || !report->items)
		return CKPT_NOMEM;
	status = number_nodes(report);
	if (status)
		return status;
	report->closure->digest = hash_graph(report);
	report->closure->traits = report->graph->traits;
	report->closure->refusal = report->graph->refusal;
	if ((status = add_items(report)) ||
	    (status = ckpt_report_globals(report)) ||
	    (status = add_edges(report)))
		return status;
	ckpt_report_hash_waived(report);
	return add_impure(report);
}

static void clean_report(struct ckpt_report *report)
{
	free(report->numbers);
	free(report->order);
	free(report->items);
}

static enum ckpt_status compute(struct ckpt_scope *scope, uint32_t object,
				uint64_t vaddr,
				const struct ckpt_function_config *config,
				bool is_code_passed, struct ckpt_pool *pool,
				struct ckpt_closure *closure,
				struct ckpt_err *err)
{
	struct ckpt_graph graph = {
		.scope = scope,
		.pool = pool,
		.is_indirect_object = config && config->is_indirect_object,
		.is_code_passed = is_code_passed,
		.watch = config ? &config->watch : NULL,
		.err = err,
	};
	struct ckpt_report report = {.graph = &graph,
				     .config = config,
				     .pool = pool,
				     .closure = closure};
	enum ckpt_status status = ckpt_codebase_of(scope, &graph.base);

	if (!status)
		status = ckpt_graph_build(&graph, object, vaddr);
	if (!status)
		status = write_report(&report);
	clean_report(&report);
	ckpt_graph_deinit(&graph);
	return status;
}

enum ckpt_status ckpt_closure_compute(struct ckpt_scope *scope, uint32_t object,
				      uint64_t vaddr,
				      const struct ckpt_function_config *config,
				      bool is_code_passed,
				      struct ckpt_closure *ret,
				      struct ckpt_err *err)
{
	struct ckpt_pool *pool = calloc(1, sizeof(*pool));
	struct ckpt_closure closure = {.memory = pool};
	enum ckpt_status status;

	if (!pool)
		return ckpt_err_set(err, CKPT_NOMEM, "out of memory");
	status = compute(scope, object, vaddr, config, is_code_passed, pool,
			 &closure, err);
	if (status) {
		ckpt_closure_deinit(&closure);
		if (status == CKPT_NOTFOUND)
			return ckpt_err_set(
				err, status, "%s: no code at 0x%" PRIx64,
				ckpt_scope_object(scope, object)->path, vaddr);
		if (status == CKPT_NOMEM)
			return ckpt_err_set(err, status, "out of memory");
		return status;
	}
	*ret = closure;
	return CKPT_OK;
}

void ckpt_closure_deinit(struct ckpt_closure *closure)
{
	if (closure->memory) {
		ckpt_pool_deinit(closure->memory);
		free(closure->memory);
	}
	*closure = (struct ckpt_closure){0};
}
