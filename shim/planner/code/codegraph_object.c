/* SPDX-License-Identifier: MIT */
#include "shim/planner/code/crt.h"
#include "shim/planner/code/codegraph.h"

#include "shim/planner/code/codehash.h"

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

/* How far from a variable code may point that reckons with its address, as
 * far as names tell, and as far as they do not. */
enum { NEAR_NAMED = 1 << 14, NEAR_NAMELESS = 1 << 8 };

/* The address point of a virtual table (Itanium C++ ABI 2.5.2). */
static bool is_address_point(const struct ckpt_code_object *code,
			     struct ckpt_extent variable, uint64_t vaddr)
{
	const char *name = ckpt_code_object_name(code, variable.vaddr);

	return name && !strncmp(name, "_ZTV", 4) &&
	       (vaddr - variable.vaddr) % 8 == 0;
}

/* Is `vaddr` where a function begins, or a variable or string of more than one
 * element? A single one may stand just in front of a table. */
static bool is_certain(const struct ckpt_code_object *code, uint64_t vaddr,
		       uint8_t walk)
{
	const uint8_t *bytes = ckpt_image_bytes(ckpt_code_object_image(code),
						vaddr - 1, walk + 1u);
	struct ckpt_code_extent function;
	struct ckpt_extent variable;

	if (ckpt_code_object_variable(code, vaddr, &variable))
		return (variable.vaddr == vaddr && variable.size > walk) ||
		       is_address_point(code, variable, vaddr);
	if (ckpt_code_object_place(code, vaddr) == CKPT_AT_CODE)
		return ckpt_code_object_function(code, vaddr, &function) &&
		       function.vaddr == vaddr && !function.is_guessed;
	return bytes && bytes[0] == 0 && !memchr(bytes + 1, 0, walk);
}

/* Where a reckoning that begins at `vaddr` may lead. */
struct near {
	const struct ckpt_code_object *code;
	struct ckpt_usage usage;
	uint32_t object;
	uint64_t vaddr;
	bool is_backward;
	enum ckpt_code_place place; /* OUTSIDE: no data stands there */
};

/* May a reckoning lead to `vaddr`? From constants to variables, or the other
 * way, only if it begins just before them or where there is no data. */
static bool is_near(const struct near *near, uint64_t vaddr)
{
	return near->place == CKPT_AT_OUTSIDE ||
	       near->place == ckpt_code_object_place(near->code, vaddr) ||
	       (vaddr > near->vaddr && vaddr - near->vaddr <= NEAR_NAMELESS);
}

static uint64_t lowest(const struct near *near, uint64_t distance)
{
	if (!near->is_backward)
		return near->vaddr;
	return near->vaddr > distance ? near->vaddr - distance : 0;
}

static enum ckpt_status refer_near_variables(struct ckpt_graph *graph,
					     const struct near *near)
{
	uint64_t at = lowest(near, NEAR_NAMED);
	struct ckpt_extent variable;

	while (ckpt_code_object_variable_above(near->code, at, &variable) &&
	       variable.vaddr <= near->vaddr + NEAR_NAMED) {
		enum ckpt_status status = CKPT_OK;

		at = variable.vaddr;
		if (is_near(near, at))
			status = refer_region(graph, near->usage, near->object,
					      near->code, variable, false);
		if (status)
			return status;
	}
	return CKPT_OK;
}

/* The part of `section` that has no names: up to the end of a string. */
static struct ckpt_extent near_part(const struct near *near,
				    const struct ckpt_section *section)
{
	const struct ckpt_image *image = ckpt_code_object_image(near->code);
	uint64_t from = lowest(near, NEAR_NAMELESS);
	uint64_t to = near->vaddr + NEAR_NAMELESS;
	uint64_t end = section->vaddr + section->size;
	const uint8_t *byte;

	from = from > section->vaddr ? from : section->vaddr;
	to = to < end ? to : end;
	if (to <= from)
		return (struct ckpt_extent){0};
	while (to < end && (byte = ckpt_image_bytes(image, to - 1, 1)) && *byte)
		to++;
	return (struct ckpt_extent){from, to - from};
}

/* What has no names there: constants; all of a section, where names are not
 * known at all. */
static enum ckpt_status refer_near_section(struct ckpt_graph *graph,
					   const struct near *near,
					   const struct ckpt_section *section)
{
	bool is_labelled = ckpt_code_object_is_labelled(near->code);
	struct ckpt_extent part = {section->vaddr, section->size};
	enum ckpt_code_place place =
		ckpt_code_object_place(near->code, section->vaddr);

	if (!(section->flags & SHF_ALLOC) || (section->flags & SHF_TLS) ||
	    is_loaders(section->name) || !is_near(near, section->vaddr) ||
	    section->vaddr > near->vaddr + NEAR_NAMED ||
	    section->vaddr + section->size <= lowest(near, NEAR_NAMED) ||
	    (is_labelled && place != CKPT_AT_CONST))
		return CKPT_OK;
	if (is_labelled)
		part = near_part(near, section);
	return part.size == 0 ? CKPT_OK
			      : refer_region(graph, near->usage, near->object,
					     near->code, part, false);
}

/* What data stands at `vaddr`: CONST, WRITABLE, or OUTSIDE for none. */
static enum ckpt_code_place data_at(const struct ckpt_code_object *code,
				    uint64_t vaddr)
{
	const struct ckpt_section *section =
		ckpt_image_section_at(ckpt_code_object_image(code), vaddr);

	return section && !is_loaders(section->name) &&
			       !(section->flags & SHF_EXECINSTR)
		       ? ckpt_code_object_place(code, vaddr)
		       : CKPT_AT_OUTSIDE;
}

enum ckpt_status ckpt_graph_refer_near(struct ckpt_graph *graph,
				       struct ckpt_usage usage, uint32_t object,
				       uint64_t vaddr)
{
	struct near near = {.usage = usage,
			    .object = object,
			    .vaddr = vaddr,
			    .is_backward = usage.facts & CKPT_CODE_BACKWARD};
	const struct ckpt_section *sections;
	size_t count;
	enum ckpt_status status = ckpt_codebase_object(graph->base, object,
						       &near.code, graph->err);

	if (status || (usage.tag == CKPT_REF_ADDRESS &&
		       is_certain(near.code, vaddr, usage.walk)))
		return status;
	near.place = data_at(near.code, vaddr);
	sections =
		ckpt_image_sections(ckpt_code_object_image(near.code), &count);
	if (count == 0)
		return ckpt_graph_refer_data(graph, usage, object);
	for (size_t i = 0; !status && i < count; i++)
		status = refer_near_section(graph, &near, &sections[i]);
	return status ? status : refer_near_variables(graph, &near);
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

	/* An allocator's state is none of the call's, whoever it is. */
	return word->object != object &&
	       !(word->symbol &&
		 (ckpt_graph_is_watched(graph, word->symbol->name) ||
		  ckpt_crt_is_allocator(word->symbol->name))) &&
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

static bool is_ours(const struct ckpt_scope_object *object)
{
	const char *slash = strrchr(object->path, '/');

	return !strcmp(slash ? slash + 1 : object->path, "libckpt.so");
}

/* A function that the caller passes can be in any object, with globals and
 * impure calls of its own. */
static enum ckpt_status refer_everywhere(struct ckpt_graph *graph,
					 struct ckpt_usage usage)
{
	size_t count = ckpt_scope_count(graph->scope);
	enum ckpt_status status = CKPT_OK;

	for (uint32_t i = 0; i < count && !status; i++) {
		const struct ckpt_scope_object *object =
			ckpt_scope_object(graph->scope, i);

		if (object->is_kernel || is_ours(object))
			continue;
		status = ckpt_graph_refer_object(
			graph, usage, i, 0,
			"a function that is passed may be in it");
	}
	return status;
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
	if (!status && graph->is_code_passed)
		status = refer_everywhere(graph, usage);
	return status;
}
