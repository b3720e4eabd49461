/* SPDX-License-Identifier: MIT */
#include "shim/planner/plantext.h"

#include <stdlib.h>

static int compare_texts(const void *a, const void *b)
{
	const struct ckpt_plan_text *x = a, *y = b;

	if (x->object != y->object)
		return x->object < y->object ? -1 : 1;
	return (x->vaddr > y->vaddr) - (x->vaddr < y->vaddr);
}

/* What the loader writes to (relocated data) is mapped as it left it, not as
 * the file has it; what it was given to write is checked by the edges. */
static bool is_as_in_file(struct ckpt_scope *scope,
			  const struct ckpt_closure_item *item)
{
	const struct ckpt_image *image =
		ckpt_scope_image(scope, item->object, NULL);
	const struct ckpt_segment *segments = NULL;
	size_t count = 0;

	if (image)
		segments = ckpt_image_segments(image, &count);
	for (size_t i = 0; i < count; i++) {
		if (item->vaddr - segments[i].vaddr < segments[i].mem_size)
			return !(segments[i].flags & PF_W);
	}
	return false;
}

/* What entry patches replace is compared when they are applied (entry.h), and
 * is something else afterwards: the windows are cut out. */
static const struct ckpt_entrypatch *
find_window(const struct ckpt_planning *planning,
	    const struct ckpt_plan_text *text)
{
	for (size_t i = 0; i < planning->function_count; i++) {
		const struct ckpt_planned_function *function =
			&planning->functions[i];
		const struct ckpt_entrypatch *patch = &function->entry_patch;

		if (function->has_entry && !function->refusal &&
		    function->match.object == text->object &&
		    patch->vaddr < text->vaddr + text->size &&
		    text->vaddr < patch->vaddr + patch->window_size)
			return patch;
	}
	return NULL;
}

/* Whole objects are not among them: that what is mapped is the file follows
 * from device and inode, and reading all of it would cost at each start. */
static size_t list_texts(struct ckpt_scope *scope,
			 const struct ckpt_closure *closure,
			 struct ckpt_plan_text *texts)
{
	size_t count = 0;

	for (size_t i = 0; i < closure->item_count; i++) {
		const struct ckpt_closure_item *item = &closure->items[i];

		if ((item->kind == CKPT_CLOSURE_CODE ||
		     item->kind == CKPT_CLOSURE_DATA) &&
		    item->size && is_as_in_file(scope, item))
			texts[count++] = (struct ckpt_plan_text){
				.object = item->object,
				.vaddr = item->vaddr,
				.size = item->size,
			};
	}
	qsort(texts, count, sizeof(*texts), compare_texts);
	return count;
}

/* Stretches that touch or overlap become one. */
static size_t merge_texts(struct ckpt_plan_text *texts, size_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++) {
		struct ckpt_plan_text *last = kept ? &texts[kept - 1] : NULL;
		uint64_t end = texts[i].vaddr + texts[i].size;

		if (last && last->object == texts[i].object &&
		    texts[i].vaddr <= last->vaddr + last->size) {
			if (end > last->vaddr + last->size)
				last->size = end - last->vaddr;
			continue;
		}
		texts[kept++] = texts[i];
	}
	return kept;
}

static void add_stretch(struct ckpt_planning *planning,
			struct ckpt_plan_text text)
{
	const struct ckpt_image *image =
		ckpt_scope_image(planning->scope, text.object, NULL);
	const void *bytes =
		image ? ckpt_image_bytes(image, text.vaddr, text.size) : NULL;

	/* What is not in the file cannot be compared with it. */
	if (!bytes || !text.size)
		return;
	text.digest = ckpt_hash(NULL, bytes, text.size);
	ckpt_tables_add(&planning->tables, CKPT_PLAN_TEXTS, &text,
			sizeof(text));
}

/* Without the windows in it: each splits what is before it from the rest. */
static void add_text(struct ckpt_planning *planning, struct ckpt_plan_text text)
{
	const struct ckpt_entrypatch *window = find_window(planning, &text);

	while (window) {
		struct ckpt_plan_text before = text;
		uint64_t end = window->vaddr + window->window_size;
		uint64_t text_end = text.vaddr + text.size;

		before.size = window->vaddr > text.vaddr
				      ? window->vaddr - text.vaddr
				      : 0;
		add_text(planning, before);
		text.vaddr = end < text_end ? end : text_end;
		text.size = text_end - text.vaddr;
		window = find_window(planning, &text);
	}
	add_stretch(planning, text);
}

enum ckpt_status ckpt_plantext_add(struct ckpt_planning *planning,
				   const struct ckpt_closure *closure,
				   struct ckpt_plan_function *entry)
{
	struct ckpt_tables *tables = &planning->tables;
	struct ckpt_plan_text *texts =
		calloc(closure->item_count + 1, sizeof(*texts));
	size_t count;

	if (!texts)
		return CKPT_NOMEM;
	entry->first_text = ckpt_tables_count(tables, CKPT_PLAN_TEXTS);
	count = merge_texts(texts, list_texts(planning->scope, closure, texts));
	for (size_t i = 0; i < count; i++)
		add_text(planning, texts[i]);
	entry->text_count =
		ckpt_tables_count(tables, CKPT_PLAN_TEXTS) - entry->first_text;
	entry->first_text =
		ckpt_tables_share(tables, CKPT_PLAN_TEXTS, entry->first_text);
	free(texts);
	return CKPT_OK;
}
