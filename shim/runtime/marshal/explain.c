/* SPDX-License-Identifier: MIT */
#include "shim/runtime/marshal/explain.h"

#include "shim/runtime/marshal/componentput.h"
#include "shim/runtime/guest/format.h"
#include "shim/runtime/guest/fpstate_x86_64.h"
#include "shim/runtime/marshal/key.h"
#include "shim/runtime/marshal/roots.h"
#include "shim/runtime/marshal/typewrite.h"
#include "shim/runtime/marshal/walk.h"

#include <string.h>

enum {
	PATH_MAX_SIZE = 256,
	PATH_DEPTH_MAX = 8,
	TYPE_MAX_SIZE = 64,
	BLOCKS_FROM = 1024,
};
/* Where there are secrets, what is behind more pointers counts as one. */
enum { SECRET_DEPTH_MAX = 64 };

/* ---- paths -------------------------------------------------------------- */

/* The pointers on the way from the frame to an extent, innermost first. */
struct way {
	uint32_t extents[PATH_DEPTH_MAX];
	uint32_t count;
	bool is_cut;
};

static struct way way_to(const struct ckpt_call *call, uint32_t number)
{
	struct way way = {.count = 0};

	while (number < call->extent_count && way.count < PATH_DEPTH_MAX) {
		const struct ckpt_extent *extent = &call->extents[number];

		way.extents[way.count++] = number;
		if (extent->flags & CKPT_EXTENT_IS_ROOT)
			return way;
		number = extent->parent;
	}
	way.is_cut = number < call->extent_count;
	return way;
}

/* The field that stands `off` bytes into an element, or has that byte. */
static const char *field_at(const struct ckpt_call *call, uint32_t node,
			    uint64_t off)
{
	const struct ckpt_program *program = call->program;
	const struct ckpt_plan_node *n = &program->nodes[node];
	const char *name = "";

	if (n->kind != CKPT_NODE_STRUCT)
		return name;
	for (uint32_t i = 0; i < n->count; i++) {
		const struct ckpt_plan_field *field =
			&program->fields[n->first + i];

		if (field->off > off)
			break;
		if (field->name != CKPT_PLAN_NONE)
			name = program->strings + field->name;
	}
	return name;
}

static const char *root_name(const struct ckpt_call *call, uint32_t root)
{
	uint32_t path = root == CKPT_PLAN_NONE
				? CKPT_PLAN_NONE
				: call->program->roots[root].path;

	return path == CKPT_PLAN_NONE ? "?" : call->program->strings + path;
}

/* The parameter whose value has the byte at `from`. */
static size_t write_parameter(const struct ckpt_call *call, const uint8_t *from,
			      char *text, size_t size)
{
	const struct ckpt_plan_function *function = call->program->function;

	for (uint32_t i = 0; i < function->root_count; i++) {
		uint32_t index = function->first_root + i;
		const struct ckpt_plan_root *root =
			&call->program->roots[index];
		const uint8_t *at;
		const char *field;

		if (root->kind != CKPT_ROOT_PARAMETER)
			continue;
		at = ckpt_roots_place(call, root);
		if (from < at ||
		    from >= at + call->program->nodes[root->node].stride)
			continue;
		field = field_at(call, root->node, (uint64_t)(from - at));
		return ckpt_format(text, size, "%s%s%s", root_name(call, index),
				   *field ? "." : "", field);
	}
	return ckpt_format(text, size, "?");
}

/* What stands at `address` of the element of `extent`: [12], ->x, [12].x */
static size_t write_step(const struct ckpt_call *call,
			 const struct ckpt_extent *extent,
			 const uint8_t *address, char *text, size_t size)
{
	uint64_t stride = call->program->nodes[extent->node].stride;
	uint64_t off = (uint64_t)(address - extent->address);
	const char *field;

	if (!stride)
		return 0;
	field = field_at(call, extent->node, off % stride);
	if (extent->flags & CKPT_EXTENT_IS_ROOT)
		return ckpt_format(text, size, "%s%s", *field ? "." : "",
				   field);
	if (extent->size <= stride && *field)
		return ckpt_format(text, size, "->%s", field);
	return ckpt_format(text, size, "[%lu]%s%s",
			   (unsigned long)(off / stride), *field ? "." : "",
			   field);
}

size_t ckpt_explain_way(const struct ckpt_call *call, uint32_t number,
			char *text, size_t size)
{
	struct way way = way_to(call, number);
	size_t used = 0;

	for (uint32_t i = way.count; i-- > 0;) {
		const struct ckpt_extent *extent =
			&call->extents[way.extents[i]];

		if (extent->flags & CKPT_EXTENT_IS_ROOT)
			used += ckpt_format(text, size, "%s",
					    root_name(call, extent->clause));
		else if (i + 1 < way.count)
			used += write_step(
				call, &call->extents[way.extents[i + 1]],
				extent->from, text + used, size - used);
		else if (way.is_cut)
			used += ckpt_format(text, size, "…");
		else
			used += write_parameter(call, extent->from, text, size);
	}
	return used;
}

size_t ckpt_explain_path(const struct ckpt_call *call, uint32_t number,
			 const uint8_t *address, char *text, size_t size)
{
	size_t used = ckpt_explain_way(call, number, text, size);

	return used + write_step(call, &call->extents[number], address,
				 text + used, size - used);
}

/* ---- components --------------------------------------------------------- */

struct writer {
	struct ckpt_call *call;
	const struct ckpt_environment *environment;
	struct ckpt_component_writer out;
};

static enum ckpt_status put_value(struct writer *w,
				  enum ckpt_component_kind kind,
				  const char *path, const void *data,
				  uint32_t size)
{
	struct ckpt_component c = {
		.kind = kind,
		.path = path,
		.path_size = (uint16_t)strlen(path),
		.size = size,
		.data = data,
		.data_size = size,
	};

	return ckpt_component_put(&w->out, &c, NULL);
}

static enum ckpt_status put_digest(struct writer *w,
				   enum ckpt_component_kind kind,
				   struct ckpt_hash128 digest)
{
	return put_value(w, kind, "", &digest, sizeof(digest));
}

/* A part of an extent that starts and ends with an element. */
static struct ckpt_extent part_of(const struct ckpt_extent *extent,
				  uint64_t off, uint64_t size)
{
	struct ckpt_extent part = *extent;

	if (off + size > extent->size)
		size = extent->size - off;
	part.address += off;
	part.size = size;
	part.row_size = size;
	return part;
}

static enum ckpt_status digest_blocks(struct writer *w, uint32_t number,
				      struct ckpt_component *c,
				      uint64_t digests[])
{
	const struct ckpt_extent extent = w->call->extents[number];
	uint64_t block = (extent.size + CKPT_COMPONENT_BLOCKS_MAX - 1) /
			 CKPT_COMPONENT_BLOCKS_MAX;
	enum ckpt_status status;
	struct ckpt_hash128 digest;

	block = (block + c->element_size - 1) / c->element_size *
		c->element_size;
	c->form = CKPT_COMPONENT_BLOCKS;
	c->block_size = block;
	for (uint64_t off = 0; off < extent.size; off += block) {
		struct ckpt_extent part = part_of(&extent, off, block);

		status = ckpt_key_digest(w->call, &part, number, &digest);
		if (status)
			return status;
		digests[c->block_count++] = digest.lo;
	}
	c->data = (const uint8_t *)digests;
	c->data_size = c->block_count * 8;
	return CKPT_OK;
}

bool ckpt_explain_is_secret(const struct ckpt_call *call, uint32_t number)
{
	if (!(call->program->function->flags & CKPT_FUNCTION_SECRET))
		return false;
	for (uint32_t depth = 0;
	     number < call->extent_count && depth < SECRET_DEPTH_MAX; depth++) {
		const struct ckpt_extent *extent = &call->extents[number];

		if (extent->flags & CKPT_EXTENT_IS_ROOT)
			return false;
		if (call->program->clauses[extent->clause].flags &
		    CKPT_CLAUSE_SECRET)
			return true;
		number = extent->parent;
	}
	return number < call->extent_count;
}

/* A value that stands there as it is gets its type, if that is small as well:
 * then it can be told in words. */
static void tell_type(const struct writer *w, uint32_t node,
		      uint8_t type[TYPE_MAX_SIZE], struct ckpt_component *c)
{
	c->type = type;
	c->type_size = (uint16_t)ckpt_typewrite(w->call->program, node, type,
						TYPE_MAX_SIZE);
	if (c->type_size)
		c->form = CKPT_COMPONENT_TYPED;
}

static enum ckpt_status put_extent(struct writer *w, uint32_t number)
{
	const struct ckpt_extent *extent = &w->call->extents[number];
	const struct ckpt_plan_node *node =
		&w->call->program->nodes[extent->node];
	uint64_t digests[CKPT_COMPONENT_BLOCKS_MAX];
	uint8_t type[TYPE_MAX_SIZE];
	struct ckpt_hash128 digest;
	char path[PATH_MAX_SIZE];
	struct ckpt_component c = {
		.kind = extent->flags & CKPT_EXTENT_IS_ROOT
				? CKPT_COMPONENT_GLOBAL
				: CKPT_COMPONENT_PARAMETER,
		.form = CKPT_COMPONENT_DIGEST,
		.path = path,
		.element_size = node->stride,
		.size = extent->size,
		.data_size = sizeof(digest),
	};
	enum ckpt_status status;

	c.path_size =
		(uint16_t)ckpt_explain_way(w->call, number, path, sizeof(path));
	if (extent->size > BLOCKS_FROM && !extent->stride && node->stride &&
	    !(extent->flags & (CKPT_EXTENT_IS_UNTYPED | CKPT_EXTENT_IS_ROOT))) {
		status = digest_blocks(w, number, &c, digests);
	} else if (extent->size <= CKPT_COMPONENT_INLINE_MAX &&
		   node->flags & CKPT_NODE_DENSE &&
		   !ckpt_explain_is_secret(w->call, number)) {
		c.form = CKPT_COMPONENT_INLINE;
		c.data = extent->address;
		c.data_size = (uint32_t)extent->size;
		tell_type(w, extent->node, type, &c);
		status = CKPT_OK;
	} else {
		status = ckpt_key_digest(w->call, extent, number, &digest);
		c.data = (const uint8_t *)&digest;
	}
	return status ? status : ckpt_component_put(&w->out, &c, NULL);
}

bool ckpt_explain_is_input(const struct ckpt_call *call, uint32_t number)
{
	const struct ckpt_extent *extent = &call->extents[number];

	return (extent->direction == CKPT_DIR_IN ||
		extent->direction == CKPT_DIR_INOUT) &&
	       !(extent->flags & CKPT_EXTENT_IS_FILE);
}

static enum ckpt_status put_parameter(struct writer *w, uint32_t index)
{
	const struct ckpt_plan_root *root = &w->call->program->roots[index];
	uint32_t size = w->call->program->nodes[root->node].size;
	uint8_t type[TYPE_MAX_SIZE];
	struct ckpt_component c = {
		.kind = CKPT_COMPONENT_PARAMETER,
		.path = root_name(w->call, index),
		.element_size = size,
		.size = size,
		.data = ckpt_roots_place(w->call, root),
		.data_size = size,
	};

	c.path_size = (uint16_t)strlen(c.path);
	c.form = CKPT_COMPONENT_INLINE;
	tell_type(w, root->node, type, &c);
	return ckpt_component_put(&w->out, &c, NULL);
}

static enum ckpt_status put_parameters(struct writer *w)
{
	const struct ckpt_program *program = w->call->program;
	const struct ckpt_plan_function *function = program->function;
	enum ckpt_status status = CKPT_OK;

	for (uint32_t i = 0; i < function->root_count && !status; i++) {
		uint32_t index = function->first_root + i;
		const struct ckpt_plan_root *root = &program->roots[index];
		const struct ckpt_plan_node *node = &program->nodes[root->node];

		if (root->kind == CKPT_ROOT_PARAMETER &&
		    node->kind == CKPT_NODE_BYTES &&
		    node->size <= CKPT_COMPONENT_INLINE_MAX)
			status = put_parameter(w, index);
	}
	return status;
}

static enum ckpt_status put_pre(struct writer *w)
{
	const struct ckpt_program *program = w->call->program;
	const struct ckpt_plan_function *function = program->function;
	enum ckpt_status status = CKPT_OK;

	for (uint32_t i = 0; i < function->pre_count && !status; i++) {
		uint32_t text = program->exprs[function->first_pre + i].text;

		if (w->call->pre_valid >> i & 1)
			status = put_value(w, CKPT_COMPONENT_PRE,
					   text == CKPT_PLAN_NONE
						   ? ""
						   : program->strings + text,
					   &w->call->pre[i],
					   sizeof(w->call->pre[i]));
	}
	return status;
}

static enum ckpt_status put_around(struct writer *w)
{
	enum ckpt_status status = CKPT_OK;
	struct ckpt_hash128 digest;
	char name[PATH_MAX_SIZE];
	uint32_t number = 0;

	if (!w->call->has_environment)
		return CKPT_OK;
	while (!status) {
		status = ckpt_environment_item(w->environment, w->call, &number,
					       name, sizeof(name), &digest);
		if (!status)
			status = put_value(w, CKPT_COMPONENT_AROUND, name,
					   &digest, sizeof(digest));
	}
	return status == CKPT_NOTFOUND ? CKPT_OK : status;
}

static enum ckpt_status put_head(struct writer *w)
{
	const struct ckpt_plan_function *function = w->call->program->function;
	uint32_t control = ckpt_fpstate_control();
	enum ckpt_status status;

	status =
		put_digest(w, CKPT_COMPONENT_PROGRAM, function->program_digest);
	if (!status)
		status = put_digest(w, CKPT_COMPONENT_CODE,
				    function->code_digest);
	if (!status)
		status = put_value(w, CKPT_COMPONENT_FP, "", &control,
				   sizeof(control));
	return status ? status : put_around(w);
}

enum ckpt_status ckpt_explain_key(struct ckpt_call *call,
				  const struct ckpt_environment *environment,
				  struct ckpt_arena *out)
{
	struct writer w = {
		.call = call,
		.environment = environment,
		.out = {.out = out,
			.start = out->size,
			.limit = CKPT_COMPONENTS_MAX},
	};
	enum ckpt_status status;

	status = put_head(&w);
	if (!status)
		status = put_pre(&w);
	if (!status)
		status = put_parameters(&w);
	for (uint32_t i = 1; i < call->pre_extent_count && !status; i++) {
		if (w.out.is_full)
			break;
		if (ckpt_explain_is_input(call, i))
			status = put_extent(&w, i);
	}
	return status;
}
