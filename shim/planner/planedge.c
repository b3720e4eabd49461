/* SPDX-License-Identifier: MIT */
#include "shim/planner/planedge.h"

#include <stdlib.h>
#include <string.h>

static int compare_numbers(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int compare_texts(const char *a, const char *b)
{
	if (!a || !b)
		return (a != NULL) - (b != NULL);
	return strcmp(a, b);
}

static int compare_edges(const void *a, const void *b)
{
	const struct ckpt_closure_edge *x =
		*(const struct ckpt_closure_edge *const *)a;
	const struct ckpt_closure_edge *y =
		*(const struct ckpt_closure_edge *const *)b;
	int order = compare_numbers(x->from, y->from);

	order = order ? order : compare_numbers(x->slot_vaddr, y->slot_vaddr);
	order = order ? order : compare_numbers(x->to, y->to);
	order = order ? order : compare_numbers(x->vaddr, y->vaddr);
	order = order ? order : compare_texts(x->name, y->name);
	return order ? order : compare_texts(x->version, y->version);
}

void ckpt_planedges_deinit(struct ckpt_planedges *edges)
{
	free(edges->items);
	*edges = (struct ckpt_planedges){0};
}

static bool has_edges(const struct ckpt_planned_function *function)
{
	return !function->refusal && function->has_closure;
}

/* Sorted, each once. */
static enum ckpt_status collect(const struct ckpt_closure *const *closures,
				size_t closure_count,
				struct ckpt_planedges *ret)
{
	size_t total = 0, count = 0;

	for (size_t i = 0; i < closure_count; i++)
		total += closures[i]->edge_count;
	ret->items = calloc(total + 1, sizeof(struct ckpt_closure_edge *));
	if (!ret->items)
		return CKPT_NOMEM;
	for (size_t i = 0; i < closure_count; i++)
		for (size_t j = 0; j < closures[i]->edge_count; j++)
			ret->items[count++] = &closures[i]->edges[j];
	qsort(ret->items, count, sizeof(struct ckpt_closure_edge *),
	      compare_edges);
	for (size_t i = 0; i < count; i++)
		if (!ret->count ||
		    compare_edges(&ret->items[ret->count - 1], &ret->items[i]))
			ret->items[ret->count++] = ret->items[i];
	return CKPT_OK;
}

static void write_edges(const struct ckpt_planedges *edges,
			struct ckpt_tables *tables)
{
	for (size_t i = 0; i < edges->count; i++) {
		const struct ckpt_closure_edge *edge = edges->items[i];
		struct ckpt_plan_edge out = {
			.from = edge->from,
			.to = edge->to,
			.name = ckpt_tables_text(tables, edge->name),
			.version = ckpt_tables_text(tables, edge->version),
			.slot_vaddr = edge->slot_vaddr,
			.vaddr = edge->vaddr,
		};

		ckpt_tables_add(tables, CKPT_PLAN_EDGES, &out, sizeof(out));
	}
}

enum ckpt_status ckpt_planedges_add(struct ckpt_planning *planning,
				    struct ckpt_planedges *ret)
{
	const struct ckpt_closure **closures = calloc(
		planning->function_count + 1, sizeof(struct ckpt_closure *));
	size_t count = 0;
	enum ckpt_status status;

	if (!closures)
		return CKPT_NOMEM;
	for (size_t i = 0; i < planning->function_count; i++)
		if (has_edges(&planning->functions[i]))
			closures[count++] = &planning->functions[i].closure;
	status = collect(closures, count, ret);
	free(closures);
	if (!status)
		write_edges(ret, &planning->tables);
	return status;
}

static void add_run(struct ckpt_tables *tables, struct ckpt_plan_run run,
		    struct ckpt_plan_function *entry)
{
	if (!run.count)
		return;
	ckpt_tables_add(tables, CKPT_PLAN_RUNS, &run, sizeof(run));
	entry->edge_run_count++;
}

enum ckpt_status ckpt_planedges_refer(const struct ckpt_planedges *edges,
				      const struct ckpt_closure *closure,
				      struct ckpt_tables *tables,
				      struct ckpt_plan_function *entry)
{
	struct ckpt_planedges own = {0};
	struct ckpt_plan_run run = {0};
	uint32_t at = 0;
	enum ckpt_status status = collect(&closure, 1, &own);

	if (status)
		return status;
	entry->first_edge_run = ckpt_tables_count(tables, CKPT_PLAN_RUNS);
	for (size_t i = 0; i < own.count; i++, at++) {
		while (compare_edges(&edges->items[at], &own.items[i]))
			at++;
		if (at != run.first + run.count) {
			add_run(tables, run, entry);
			run = (struct ckpt_plan_run){.first = at};
		}
		run.count++;
	}
	add_run(tables, run, entry);
	ckpt_planedges_deinit(&own);
	return CKPT_OK;
}
