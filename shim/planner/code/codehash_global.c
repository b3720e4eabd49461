/* SPDX-License-Identifier: MIT */
#include "shim/planner/code/codehash_private.h"

#include <fnmatch.h>
#include <inttypes.h>
#include <string.h>

const char *ckpt_report_file(const struct ckpt_report *report, uint32_t object)
{
	const char *path =
		ckpt_scope_object(report->graph->scope, object)->path;
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

const char *ckpt_report_place(struct ckpt_report *report, uint32_t object,
			      uint64_t vaddr, uint64_t size)
{
	const struct ckpt_code_object *code;
	const struct ckpt_section *section;
	const char *name;

	if (ckpt_codebase_object(report->graph->base, object, &code, NULL))
		return NULL;
	section = ckpt_image_section_at(ckpt_code_object_image(code), vaddr);
	if (section && section->vaddr == vaddr && section->size == size)
		return section->name;
	name = ckpt_code_object_name(code, vaddr);
	if (name)
		return name;
	if (!section)
		return ckpt_pool_format(report->pool, "0x%" PRIx64, vaddr);
	return ckpt_pool_format(report->pool, "%s+0x%" PRIx64, section->name,
				vaddr - section->vaddr);
}

static const char *name_thread(struct ckpt_report *report, uint32_t object,
			       uint64_t offset)
{
	const struct ckpt_code_object *code;
	const char *name;

	if (ckpt_codebase_object(report->graph->base, object, &code, NULL))
		return NULL;
	name = ckpt_code_object_tls_name(code, offset);
	return name ? name
		    : ckpt_pool_format(report->pool, ".tls+0x%" PRIx64, offset);
}

/* The name in a waiver, if its pattern is of the object; else NULL. */
static const char *name_in(const struct ckpt_report *report, const char *text,
			   uint32_t object)
{
	const char *colon;
	size_t size;
	char pattern[256];

	if (text[0] == '!')
		text++;
	colon = strchr(text, ':');
	/* Two colons are part of a C++ name. */
	if (!colon || colon[1] == ':')
		return text;
	size = (size_t)(colon - text);
	if (size >= sizeof(pattern))
		return NULL;
	memcpy(pattern, text, size);
	pattern[size] = '\0';
	return fnmatch(pattern, ckpt_report_file(report, object), 0) == 0
		       ? colon + 1
		       : NULL;
}

/* Is the waiver `text` (config.h) about this global? */
static bool is_meant(const struct ckpt_report *report, const char *text,
		     const struct ckpt_closure_global *global)
{
	const char *name = name_in(report, text, global->object);

	if (name && global->is_tls &&
	    (strcmp(name, ".tdata") == 0 || strcmp(name, ".tbss") == 0))
		return true;
	return name && (strcmp(name, global->name) == 0 ||
			(name[0] == '.' && strcmp(name, global->section) == 0));
}

/* An entry of `waivers`, with '!' in front or without, is about it. */
static bool is_in(const struct ckpt_report *report,
		  const struct ckpt_strings *waivers, bool is_exception,
		  const struct ckpt_closure_global *global)
{
	for (size_t i = 0; i < waivers->count; i++)
		if ((waivers->items[i][0] == '!') == is_exception &&
		    is_meant(report, waivers->items[i], global))
			return true;
	return false;
}

static bool is_waived(const struct ckpt_report *report,
		      const struct ckpt_closure_global *global)
{
	const struct ckpt_function_config *config = report->config;

	if (!config || is_in(report, &config->ignore_globals, true, global) ||
	    is_in(report, &config->scratch_globals, true, global))
		return false;
	return is_in(report, &config->ignore_globals, false, global) ||
	       is_in(report, &config->scratch_globals, false, global);
}

static const char *section_of(struct ckpt_report *report, uint32_t object,
			      uint64_t vaddr)
{
	const struct ckpt_image *image =
		ckpt_scope_image(report->graph->scope, object, NULL);
	const struct ckpt_section *section =
		image ? ckpt_image_section_at(image, vaddr) : NULL;

	return section ? section->name : "";
}

static bool contains(const struct ckpt_closure_global *a, bool is_tls,
		     const struct ckpt_node *b)
{
	return a->is_tls == is_tls && a->object == b->object &&
	       b->vaddr >= a->vaddr && b->vaddr - a->vaddr <= a->size &&
	       b->size <= a->size - (b->vaddr - a->vaddr);
}

static enum ckpt_status add_global(struct ckpt_report *report, uint32_t index)
{
	struct ckpt_closure *closure = report->closure;
	const struct ckpt_node *node = &report->graph->nodes[index];
	struct ckpt_closure_global *global;
	bool is_tls = node->kind == CKPT_GRAPH_THREAD;

	if (node->size == 0)
		return CKPT_OK;
	global = &closure->globals[closure->global_count];
	*global = (struct ckpt_closure_global){
		.object = node->object,
		.vaddr = node->vaddr,
		.size = node->size,
		.is_tls = is_tls,
		.is_written = node->is_written,
		.item = report->items[index],
	};
	global->name = is_tls ? name_thread(report, node->object, node->vaddr)
			      : ckpt_report_place(report, node->object,
						  node->vaddr, node->size);
	global->section =
		is_tls ? ".tls" : section_of(report, node->object, node->vaddr);
	if (!global->name)
		return CKPT_NOMEM;
	global->is_scratch = is_waived(report, global);
	closure->global_count++;
	return CKPT_OK;
}

static void drop_empty(struct ckpt_closure *closure)
{
	size_t kept = 0;

	for (size_t i = 0; i < closure->global_count; i++)
		if (closure->globals[i].size > 0)
			closure->globals[kept++] = closure->globals[i];
	closure->global_count = kept;
}

/* What lies inside another one is part of it. */
static void absorb_globals(struct ckpt_report *report)
{
	struct ckpt_closure *closure = report->closure;

	for (size_t i = 0; i < closure->global_count; i++) {
		struct ckpt_closure_global one = closure->globals[i];
		struct ckpt_node node = {.object = one.object,
					 .vaddr = one.vaddr,
					 .size = one.size};
		size_t k = 0;

		for (; k < closure->global_count; k++) {
			struct ckpt_closure_global *other =
				&closure->globals[k];
			bool is_equal = other->vaddr == one.vaddr &&
					other->size == one.size;

			if (k == i || other->size == 0 ||
			    other->is_scratch != one.is_scratch ||
			    !contains(other, one.is_tls, &node) ||
			    (is_equal && k > i))
				continue;
			other->is_written |= one.is_written;
			break;
		}
		closure->globals[i].size =
			k < closure->global_count ? 0 : one.size;
	}
	drop_empty(closure);
}

static const struct ckpt_symbol *find_symbol(const struct ckpt_symbol *symbols,
					     size_t count, const char *name,
					     bool is_tls)
{
	for (size_t i = 0; i < count; i++)
		if (symbols[i].shndx != SHN_UNDEF && symbols[i].size > 0 &&
		    symbols[i].type == (is_tls ? STT_TLS : STT_OBJECT) &&
		    strcmp(symbols[i].name, name) == 0)
			return &symbols[i];
	return NULL;
}

/* The variable `name` inside a larger global. */
static const struct ckpt_symbol *
find_inside(const struct ckpt_report *report, const char *name,
	    const struct ckpt_closure_global *global)
{
	const struct ckpt_image *image =
		ckpt_scope_image(report->graph->scope, global->object, NULL);
	const struct ckpt_symbol *symbols, *symbol;
	const struct ckpt_code_object *code;
	size_t count;
	struct ckpt_node node;

	if (!image || name[0] == '.' ||
	    ckpt_codebase_object(report->graph->base, global->object, &code,
				 NULL))
		return NULL;
	symbols = ckpt_image_dynamic_symbols(image, &count);
	symbol = find_symbol(symbols, count, name, global->is_tls);
	if (!symbol) {
		symbols = ckpt_code_object_symbols(code, &count);
		symbol = find_symbol(symbols, count, name, global->is_tls);
	}
	if (!symbol || symbol->size >= global->size)
		return NULL;
	node = (struct ckpt_node){.object = global->object,
				  .vaddr = symbol->vaddr,
				  .size = symbol->size};
	return contains(global, global->is_tls, &node) ? symbol : NULL;
}

static enum ckpt_status append_part(struct ckpt_report *report,
				    struct ckpt_closure_global part,
				    uint64_t vaddr, uint64_t end,
				    bool is_scratch)
{
	struct ckpt_closure *closure = report->closure;

	if (vaddr == end)
		return CKPT_OK;
	part.vaddr = vaddr;
	part.size = end - vaddr;
	part.is_scratch = is_scratch;
	part.name = part.is_tls ? name_thread(report, part.object, vaddr)
				: ckpt_report_place(report, part.object, vaddr,
						    part.size);
	if (!part.name)
		return CKPT_NOMEM;
	closure->globals[closure->global_count++] = part;
	return CKPT_OK;
}

/* Cut a named variable out of a larger global, or (with '!') put it beside. */
static enum ckpt_status cut_global(struct ckpt_report *report, size_t index,
				   const struct ckpt_symbol *symbol,
				   bool is_exception)
{
	struct ckpt_closure_global *global = &report->closure->globals[index];
	uint64_t end = symbol->vaddr + symbol->size;
	uint64_t global_end = global->vaddr + global->size;
	enum ckpt_status status;

	status =
		append_part(report, *global, symbol->vaddr, end, !is_exception);
	if (status || is_exception)
		return status;
	status = append_part(report, *global, end, global_end, false);
	if (status)
		return status;
	global = &report->closure->globals[index];
	global->size = symbol->vaddr - global->vaddr;
	return CKPT_OK;
}

static enum ckpt_status cut_globals(struct ckpt_report *report,
				    const struct ckpt_strings *waivers)
{
	struct ckpt_closure *closure = report->closure;

	for (size_t i = 0; i < waivers->count; i++) {
		const char *text = waivers->items[i];
		bool is_exception = text[0] == '!';

		for (size_t k = 0; k < closure->global_count; k++) {
			const struct ckpt_closure_global *global =
				&closure->globals[k];
			const char *name =
				name_in(report, text, global->object);
			const struct ckpt_symbol *symbol =
				name && global->is_scratch == is_exception
					? find_inside(report, name, global)
					: NULL;
			enum ckpt_status status;

			if (!symbol)
				continue;
			status = cut_global(report, k, symbol, is_exception);
			if (status)
				return status;
			break;
		}
	}
	return CKPT_OK;
}

/* Globals at most: one a node, and two more for each waiver. */
static size_t count_globals(const struct ckpt_report *report)
{
	const struct ckpt_graph *graph = report->graph;
	size_t count = 1;

	for (size_t i = 0; i < graph->node_count; i++)
		count += graph->nodes[i].kind == CKPT_GRAPH_GLOBAL ||
			 graph->nodes[i].kind == CKPT_GRAPH_THREAD;
	if (report->config)
		count += 2 * (report->config->ignore_globals.count +
			      report->config->scratch_globals.count);
	return count;
}

static enum ckpt_status list_globals(struct ckpt_report *report)
{
	const struct ckpt_graph *graph = report->graph;

	for (size_t i = 0; i < graph->node_count; i++) {
		uint32_t index = report->order[i];
		enum ckpt_node_kind kind = graph->nodes[index].kind;
		enum ckpt_status status;

		if (kind != CKPT_GRAPH_GLOBAL && kind != CKPT_GRAPH_THREAD)
			continue;
		status = add_global(report, index);
		if (status)
			return status;
	}
	return CKPT_OK;
}

enum ckpt_status ckpt_report_globals(struct ckpt_report *report)
{
	struct ckpt_closure *closure = report->closure;
	enum ckpt_status status;

	closure->globals = ckpt_pool_alloc(report->pool, count_globals(report),
					   sizeof(*closure->globals));
	if (!closure->globals)
		return CKPT_NOMEM;
	status = list_globals(report);
	if (status)
		return status;
	absorb_globals(report);
	if (report->config) {
		status = cut_globals(report, &report->config->ignore_globals);
		if (!status)
			status = cut_globals(report,
					     &report->config->scratch_globals);
	}
	drop_empty(closure);
	return status;
}
