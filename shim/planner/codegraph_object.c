/* SPDX-License-Identifier: MIT */
#include "shim/planner/codegraph.h"

#include "shim/planner/codehash.h"

#include <string.h>

enum { TAG_IMPORT = 200, TAG_DATA = 201 };

/* Sections that only the loader and the unwinder read. */
static bool is_loaders(const char *name)
{
	static const char *const prefixes[] = {
		".interp",     ".note",		  ".gnu.hash",	  ".hash",
		".dynsym",     ".dynstr",	  ".gnu.version", ".rela",
		".relr",       ".eh_frame",	  ".dynamic",	  ".init_array",
		".fini_array", ".preinit_array",  ".got",	  ".ctors",
		".dtors",      ".tm_clone_table",
	};

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		if (strncmp(name, prefixes[i], strlen(prefixes[i])) == 0)
			return true;
	return false;
}

static enum ckpt_status refer_region(struct ckpt_graph *graph,
				     struct ckpt_usage usage, uint32_t object,
				     const struct ckpt_code_object *code,
				     struct ckpt_extent region,
				     bool is_writable_only)
{
	struct ckpt_node like = {.object = object,
				 .vaddr = region.vaddr,
				 .size = region.size,
				 .is_written = true};
	uint32_t node;
	enum ckpt_status status;

	switch (ckpt_code_object_place(code, region.vaddr)) {
	case CKPT_AT_CONST:
		if (is_writable_only)
			return CKPT_OK;
		like.kind = CKPT_GRAPH_CONST;
		like.reason = "an address in it is computed";
		break;
	case CKPT_AT_WRITABLE:
		like.kind = CKPT_GRAPH_GLOBAL;
		break;
	default:
		return CKPT_OK;
	}
	status = ckpt_graph_node(graph, usage.node, like, &node);
	if (status)
		return status;
	return ckpt_graph_edge(graph, (struct ckpt_edge){.node = node,
							 .site = usage.site,
							 .tag = TAG_DATA});
}

/* Without section headers: what of each segment is of one kind. */
static enum ckpt_status refer_segments(struct ckpt_graph *graph,
				       struct ckpt_usage usage, uint32_t object,
				       const struct ckpt_code_object *code,
				       bool is_writable_only)
{
	const struct ckpt_image *image = ckpt_code_object_image(code);
	size_t count;
	const struct ckpt_segment *segments =
		ckpt_image_segments(image, &count);

	for (size_t i = 0; i < count; i++) {
		uint64_t at = segments[i].vaddr;
		uint64_t end = at + segments[i].mem_size;

		while (at < end) {
			struct ckpt_extent region;
			enum ckpt_status status;

			if (!ckpt_code_object_region(code, at, &region))
				break;
			status = refer_region(graph, usage, object, code,
					      region, is_writable_only);
			if (status)
				return status;
			at = region.vaddr + region.size;
		}
	}
	return CKPT_OK;
}

static enum ckpt_status refer_all_data(struct ckpt_graph *graph,
				       struct ckpt_usage usage, uint32_t object,
				       bool is_writable_only)
{
	const struct ckpt_code_object *code;
	const struct ckpt_section *sections;
	size_t count;
	enum ckpt_status status =
		ckpt_codebase_object(graph->base, object, &code, graph->err);

	if (status)
		return status;
	sections = ckpt_image_sections(ckpt_code_object_image(code), &count);
	if (count == 0)
		return refer_segments(graph, usage, object, code,
				      is_writable_only);
	for (size_t i = 0; i < count; i++) {
		struct ckpt_extent region = {sections[i].vaddr,
					     sections[i].size};

		if (!(sections[i].flags & SHF_ALLOC) || region.size == 0 ||
		    (sections[i].flags & SHF_TLS) ||
		    is_loaders(sections[i].name))
			continue;
		status = refer_region(graph, usage, object, code, region,
				      is_writable_only);
		if (status)
			return status;
	}
	return CKPT_OK;
}

enum ckpt_status ckpt_graph_refer_data(struct ckpt_graph *graph,
				       struct ckpt_usage usage, uint32_t object)
{
	return refer_all_data(graph, usage, object, false);
}

static bool is_unknown(const struct ckpt_code_function *function,
		       uint64_t *ret_vaddr)
{
	if (function->facts & CKPT_CODE_UNDECODED) {
		*ret_vaddr = function->extent.vaddr + function->undecoded_site;
		return true;
	}
	for (size_t i = 0; i < function->ref_count; i++) {
		if (function->refs[i].kind != CKPT_REF_UNKNOWN)
			continue;
		*ret_vaddr = function->extent.vaddr + function->refs[i].site;
		return true;
	}
	return false;
}

/* Any function of a whole object may run; each of its indirect calls has to
 * be certain. */
static enum ckpt_status check_targets(struct ckpt_graph *graph, uint32_t object,
				      const struct ckpt_code_object *code)
{
	size_t count = ckpt_code_object_function_count(code);

	for (size_t i = 0; i < count; i++) {
		struct ckpt_code_extent extent =
			ckpt_code_object_function_at(code, i);
		const struct ckpt_code_function *function;
		uint64_t vaddr;
		const char *place;
		enum ckpt_status status = ckpt_codebase_function(
			graph->base, object, extent.vaddr, &function);

		if (status == CKPT_NOTFOUND)
			continue;
		if (status)
			return status;
		if (!is_unknown(function, &vaddr))
			continue;
		place = ckpt_graph_place(graph, object, vaddr);
		return ckpt_graph_refuse(
			graph,
			ckpt_pool_format(
				graph->pool,
				"%s can be reached through a pointer and "
				"calls through one whose target is not known; "
				"if it can only lead into the same object and "
				"the libraries that is linked with, write "
				"indirect = \"object\"",
				place));
	}
	return CKPT_OK;
}

/* Is it defined by another object that has to be whole as well? What the
 * program has a copy of is still the library's. */
static bool is_foreign(struct ckpt_graph *graph, uint32_t object,
		       const struct ckpt_word *word)
{
	struct ckpt_copied copied;

	return word->object != object &&
	       !(word->symbol &&
		 ckpt_graph_is_watched(graph, word->symbol->name)) &&
	       (word->kind == CKPT_WORD_ADDRESS ||
		word->kind == CKPT_WORD_RESOLVER) &&
	       !ckpt_codebase_is_runtime(graph->base, word->object) &&
	       !ckpt_codebase_copied(graph->base, word->object, word->vaddr,
				     &copied);
}

static bool is_followed(const struct ckpt_word *word)
{
	return word->kind == CKPT_WORD_ADDRESS ||
	       word->kind == CKPT_WORD_RESOLVER ||
	       word->kind == CKPT_WORD_THREAD || word->kind == CKPT_WORD_MODULE;
}

/* What the object takes from others, which are then whole too. */
static enum ckpt_status refer_imports(struct ckpt_graph *graph, uint32_t index,
				      uint32_t object,
				      const struct ckpt_image *image)
{
	size_t count;
	const struct ckpt_relocation *relocations =
		ckpt_image_relocations(image, &count);

	for (size_t i = 0; i < count; i++) {
		struct ckpt_usage usage = {
			.node = index, .tag = TAG_IMPORT, .site = (uint32_t)i};
		struct ckpt_word word;
		enum ckpt_status status;

		if (relocations[i].symbol == 0)
			continue;
		status = ckpt_codebase_word(graph->base, object,
					    relocations[i].vaddr, &word,
					    graph->err);
		if (status)
			return status;
		if (!is_followed(&word))
			continue;
		if (is_foreign(graph, object, &word)) {
			status = ckpt_graph_refer_object(
				graph, usage, word.object, word.vaddr,
				"an object that is whole uses it");
			if (status)
				return status;
		}
		status = ckpt_graph_refer_word(graph, usage, object,
					       relocations[i].vaddr, &word);
		if (status)
			return status;
	}
	return CKPT_OK;
}

static enum ckpt_status refer_own_threads(struct ckpt_graph *graph,
					  struct ckpt_usage usage,
					  uint32_t object,
					  const struct ckpt_image *image)
{
	struct ckpt_word word = {.kind = CKPT_WORD_THREAD, .object = object};

	if (ckpt_image_tls(image).size == 0)
		return CKPT_OK;
	return ckpt_graph_refer_word(graph, usage, object, 0, &word);
}

enum ckpt_status ckpt_graph_fill_object(struct ckpt_graph *graph,
					uint32_t index)
{
	uint32_t object = graph->nodes[index].object;
	const struct ckpt_code_object *code;
	struct ckpt_usage usage = {.node = index, .tag = TAG_DATA};
	enum ckpt_status status =
		ckpt_codebase_object(graph->base, object, &code, graph->err);
	const struct ckpt_image *image;

	if (status)
		return status;
	image = ckpt_code_object_image(code);
	graph->nodes[index].digest =
		ckpt_codebase_identity(graph->base, object);
	graph->traits |=
		ckpt_graph_traits(ckpt_codebase_facts(graph->base, object));
	if (!graph->is_indirect_object && !graph->refusal)
		status = check_targets(graph, object, code);
	if (!status)
		status = refer_imports(graph, index, object, image);
	if (!status)
		status = refer_all_data(graph, usage, object, true);
	if (!status)
		status = refer_own_threads(graph, usage, object, image);
	return status;
}
