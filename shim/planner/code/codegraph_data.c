/* SPDX-License-Identifier: MIT */
#include "shim/planner/code/codegraph.h"

#include "shim/common/cleanup.h"

#include <inttypes.h>
#include <string.h>

/* Tag of edges out of data; those of code are enum ckpt_ref_kind. */
enum { TAG_WORD = 100 };

/* A copy of read-only bytes; what the file does not have is zero. */
static enum ckpt_status copy_bytes(const struct ckpt_image *image,
				   uint64_t vaddr, uint64_t size, uint8_t **ret)
{
	const struct ckpt_segment *segment =
		ckpt_image_segment_at(image, vaddr);
	uint64_t off, have;
	const uint8_t *bytes;

	if (!segment || size > segment->mem_size - (vaddr - segment->vaddr))
		return CKPT_NOTFOUND;
	*ret = calloc(size + 1, 1);
	if (!*ret)
		return CKPT_NOMEM;
	off = vaddr - segment->vaddr;
	have = off < segment->file_size ? segment->file_size - off : 0;
	have = have < size ? have : size;
	bytes = have ? ckpt_image_bytes(image, vaddr, have) : NULL;
	if (bytes)
		memcpy(*ret, bytes, have);
	return CKPT_OK;
}

/* Words that the loader sets: zero in the digest, and an edge each. */
static enum ckpt_status follow_words(struct ckpt_graph *graph, uint32_t index,
				     const struct ckpt_image *image,
				     uint8_t *bytes)
{
	const struct ckpt_node node = graph->nodes[index];
	size_t count;
	const struct ckpt_relocation *relocations =
		ckpt_image_relocations(image, &count);
	size_t i = ckpt_image_relocation_from(
		image, node.vaddr >= 7 ? node.vaddr - 7 : 0);

	for (; i < count && relocations[i].vaddr < node.vaddr + node.size;
	     i++) {
		struct ckpt_usage usage = {
			.node = index,
			.tag = TAG_WORD,
			.site = (uint32_t)(relocations[i].vaddr - node.vaddr),
		};
		struct ckpt_word word;
		enum ckpt_status status = ckpt_codebase_word(
			graph->base, node.object, relocations[i].vaddr, &word,
			graph->err);

		if (status)
			return status;
		for (uint64_t k = 0; k < 8; k++) {
			uint64_t at = relocations[i].vaddr + k;

			if (at >= node.vaddr && at - node.vaddr < node.size)
				bytes[at - node.vaddr] = 0;
		}
		status = ckpt_graph_refer_word(graph, usage, node.object,
					       relocations[i].vaddr, &word);
		if (status)
			return status;
	}
	return CKPT_OK;
}

/* A program at a fixed address has no relocations, or (a PIE linked for one)
 * not only: any other aligned word that is an address in it may be a pointer.
 * Its value stays in the digest. */
static enum ckpt_status follow_fixed_words(struct ckpt_graph *graph,
					   uint32_t index,
					   const struct ckpt_image *image,
					   const uint8_t *bytes)
{
	const struct ckpt_node node = graph->nodes[index];
	uint64_t off = (8 - node.vaddr % 8) % 8;

	if (ckpt_image_type(image) != ET_EXEC)
		return CKPT_OK;
	for (; off + 8 <= node.size; off += 8) {
		struct ckpt_usage usage = {.node = index,
					   .tag = TAG_WORD,
					   .is_written = true,
					   .site = (uint32_t)off};
		uint64_t value;
		enum ckpt_status status;

		memcpy(&value, bytes + off, sizeof(value));
		if (!ckpt_image_segment_at(image, value))
			continue;
		status = ckpt_graph_refer(graph, usage, node.object, value);
		if (status)
			return status;
	}
	return CKPT_OK;
}

enum ckpt_status ckpt_graph_fill_const(struct ckpt_graph *graph, uint32_t index)
{
	const struct ckpt_node node = graph->nodes[index];
	const struct ckpt_image *image =
		ckpt_scope_image(graph->scope, node.object, graph->err);
	_cleanup_free_ uint8_t *bytes = NULL;
	enum ckpt_status status;

	if (!image)
		return CKPT_UNSUPPORTED;
	status = copy_bytes(image, node.vaddr, node.size, &bytes);
	if (status == CKPT_NOTFOUND)
		return ckpt_err_set(graph->err, CKPT_BADDATA,
				    "%s: 0x%" PRIx64
				    ": data beyond its segment",
				    ckpt_image_path(image), node.vaddr);
	if (status)
		return status;
	status = follow_words(graph, index, image, bytes);
	if (!status)
		status = follow_fixed_words(graph, index, image, bytes);
	if (!status)
		graph->nodes[index].digest = ckpt_hash(NULL, bytes, node.size);
	return status;
}

enum ckpt_status ckpt_graph_fill_table(struct ckpt_graph *graph, uint32_t index)
{
	const struct ckpt_node node = graph->nodes[index];
	const struct ckpt_image *image =
		ckpt_scope_image(graph->scope, node.object, graph->err);

	if (!image)
		return CKPT_UNSUPPORTED;
	graph->nodes[index].digest.lo = node.size;
	for (uint64_t i = 0; i < node.size; i += 4) {
		const void *bytes = ckpt_image_bytes(image, node.vaddr + i, 4);
		struct ckpt_usage usage = {
			.node = index, .tag = TAG_WORD, .site = (uint32_t)i};
		int32_t distance;
		enum ckpt_status status;

		if (!bytes)
			return CKPT_BADDATA;
		memcpy(&distance, bytes, sizeof(distance));
		status = ckpt_graph_refer(graph, usage, node.object,
					  node.vaddr +
						  (uint64_t)(int64_t)distance);
		if (status)
			return status;
	}
	return CKPT_OK;
}
