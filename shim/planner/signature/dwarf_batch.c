/* SPDX-License-Identifier: MIT */
#include "shim/planner/signature/dwarf_batch.h"
#include "shim/planner/signature/dwarf_child.h"
#include "shim/planner/signature/dwarf_work.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	CHUNK_MAX = 200, /* what one malformed entry can spoil */
	WHAT_SIZE = 4200,
};

struct ckpt_dwarf_batch_item {
	struct ckpt_dwarf_request request;
	bool is_answered;
	enum ckpt_status status;
	char *message;
	uint8_t *data;
	size_t size;
};

void ckpt_dwarf_batch_deinit(struct ckpt_dwarf_batch *batch)
{
	for (size_t i = 0; i < batch->count; i++) {
		free(batch->items[i].message);
		free(batch->items[i].data);
	}
	free(batch->items);
	*batch = (struct ckpt_dwarf_batch){.count = 0};
}

enum ckpt_status ckpt_dwarf_batch_add(struct ckpt_dwarf_batch *batch,
				      const struct ckpt_dwarf_request *request)
{
	struct ckpt_dwarf_batch_item *items =
		reallocarray(batch->items, batch->count + 1, sizeof(*items));

	if (!items)
		return CKPT_NOMEM;
	batch->items = items;
	items[batch->count++] =
		(struct ckpt_dwarf_batch_item){.request = *request};
	return CKPT_OK;
}

/* Items of one file, as the child sees them. */
struct chunk {
	const struct ckpt_dwarf_batch_item *items;
	size_t count;
};

/* In the child. For each question: status, message, size, answer. */
static enum ckpt_status answer_all(void *argument, struct ckpt_buf *out,
				   struct ckpt_err *err)
{
	const struct chunk *chunk = argument;
	struct ckpt_dies dies;
	enum ckpt_status status =
		ckpt_dies_open(chunk->items[0].request.path, NULL, &dies, err);

	for (size_t i = 0; !status && i < chunk->count; i++) {
		struct ckpt_buf answer = {.size = 0};
		struct ckpt_err reason = {.text = ""};
		enum ckpt_status own = ckpt_dwarf_work_one(
			&dies, &chunk->items[i].request, &answer, &reason);

		/* Malformed: the questions that follow are asked again. */
		status = dies.status;
		ckpt_buf_add_u32(out, own);
		ckpt_buf_add(out, reason.text, strlen(reason.text) + 1);
		ckpt_buf_add_u32(out, (uint32_t)answer.size);
		ckpt_buf_add(out, answer.data, answer.size);
		ckpt_buf_deinit(&answer);
	}
	return CKPT_OK;
}

static enum ckpt_status keep(struct ckpt_reader *in,
			     struct ckpt_dwarf_batch_item *item)
{
	uint32_t status, size;
	const char *message;
	const void *data;

	if (ckpt_read_u32(in, &status) || ckpt_read_string(in, &message) ||
	    ckpt_read_u32(in, &size) || ckpt_read_bytes(in, size, &data) ||
	    status > CKPT_IO)
		return CKPT_BADDATA;
	item->message = strdup(message);
	item->data = malloc(size + 1);
	if (!item->message || !item->data)
		return CKPT_NOMEM;
	memcpy(item->data, data, size);
	item->size = size;
	item->status = status;
	item->is_answered = true;
	return CKPT_OK;
}

static void ask_chunk(struct ckpt_dwarf_batch_item *items, size_t count)
{
	struct chunk chunk = {items, count};
	struct ckpt_buf answers = {.size = 0};
	char what[WHAT_SIZE];
	struct ckpt_child_work job = {answer_all, &chunk, what};
	struct ckpt_reader in;

	(void)snprintf(what, sizeof(what), "debug info of %s",
		       items[0].request.path);
	if (!ckpt_dwarf_child_run(&job, &answers, NULL)) {
		ckpt_reader_init(&in, answers.data, answers.size);
		for (size_t i = 0; i < count && !keep(&in, &items[i]); i++)
			;
	}
	ckpt_buf_deinit(&answers);
}

void ckpt_dwarf_batch_ask(struct ckpt_dwarf_batch *batch)
{
	while (batch->asked < batch->count) {
		struct ckpt_dwarf_batch_item *items =
			&batch->items[batch->asked];
		size_t most = batch->count - batch->asked, count = 1;

		while (count < most && count < CHUNK_MAX &&
		       !strcmp(items[count].request.path,
			       items[0].request.path))
			count++;
		ask_chunk(items, count);
		batch->asked += count;
	}
}

bool ckpt_dwarf_batch_find(const struct ckpt_dwarf_batch *batch,
			   const struct ckpt_dwarf_request *request,
			   enum ckpt_status *ret_status,
			   struct ckpt_reader *ret, struct ckpt_err *err)
{
	if (!request->has_vaddr || request->alt_path || request->type_count)
		return false;
	for (size_t i = 0; i < batch->asked; i++) {
		const struct ckpt_dwarf_batch_item *item = &batch->items[i];

		if (item->request.vaddr != request->vaddr ||
		    !item->is_answered ||
		    item->request.is_exported != request->is_exported ||
		    strcmp(item->request.name, request->name) != 0 ||
		    strcmp(item->request.path, request->path) != 0)
			continue;
		ckpt_reader_init(ret, item->data, item->size);
		*ret_status = item->status;
		if (item->status)
			(void)ckpt_err_set(err, item->status, "%s",
					   item->message);
		return true;
	}
	return false;
}
