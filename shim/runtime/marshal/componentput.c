/* SPDX-License-Identifier: MIT */
#include "shim/runtime/marshal/componentput.h"

#include <string.h>

/* What stands between the path and the data: the longest. */
enum { MIDDLE_MAX = 12 };

static size_t write_middle(const struct ckpt_component *c,
			   uint8_t to[MIDDLE_MAX])
{
	switch (c->form) {
	case CKPT_COMPONENT_BLOCKS:
		memcpy(to, &c->block_size, 8);
		memcpy(to + 8, &c->block_count, 4);
		return 12;
	case CKPT_COMPONENT_TYPED:
		memcpy(to, &c->data_size, 4);
		memcpy(to + 4, &c->type_size, 2);
		return 6;
	case CKPT_COMPONENT_EXTENT:
		memcpy(to, &c->number, 4);
		memcpy(to + 4, &c->node, 4);
		memcpy(to + 8, &c->type_size, 2);
		return 10;
	default:
		return 0;
	}
}

static enum ckpt_status put(struct ckpt_arena *out, const void *data,
			    size_t size)
{
	enum ckpt_status status;
	void *to;

	if (!size)
		return CKPT_OK;
	status = ckpt_arena_add(out, size, &to);
	if (!status)
		memcpy(to, data, size);
	return status;
}

static enum ckpt_status put_end(struct ckpt_component_writer *w)
{
	struct ckpt_component more = {.kind = CKPT_COMPONENT_MORE};
	uint8_t head[CKPT_COMPONENT_HEAD_SIZE];

	w->is_full = true;
	ckpt_component_head(&more, head);
	return put(w->out, head, sizeof(head));
}

static enum ckpt_status put_data(struct ckpt_component_writer *w,
				 const struct ckpt_component *c,
				 uint8_t **ret_data)
{
	enum ckpt_status status;
	void *to;

	if (!ret_data)
		return put(w->out, c->data, c->data_size);
	status = ckpt_arena_add(w->out, c->data_size, &to);
	if (status)
		return status;
	memset(to, 0, c->data_size);
	*ret_data = to;
	return CKPT_OK;
}

enum ckpt_status ckpt_component_put(struct ckpt_component_writer *w,
				    const struct ckpt_component *c,
				    uint8_t **ret_data)
{
	uint8_t head[CKPT_COMPONENT_HEAD_SIZE], middle[MIDDLE_MAX];
	size_t middle_size = write_middle(c, middle);
	size_t need = sizeof(head) + c->path_size + middle_size + c->type_size +
		      c->data_size;
	enum ckpt_status status;

	if (ret_data)
		*ret_data = NULL;
	if (w->is_full)
		return CKPT_OK;
	if (w->out->size - w->start + need + sizeof(head) > w->limit)
		return put_end(w);
	ckpt_component_head(c, head);
	status = put(w->out, head, sizeof(head));
	if (!status)
		status = put(w->out, c->path, c->path_size);
	if (!status)
		status = put(w->out, middle, middle_size);
	if (!status)
		status = put(w->out, c->type, c->type_size);
	return status ? status : put_data(w, c, ret_data);
}
