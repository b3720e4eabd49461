/* SPDX-License-Identifier: MIT */
#include "shim/planner/planmeasure.h"

#include "shim/planner/signature/abi_x86_64.h"

#include <stdlib.h>
#include <string.h>

enum { CODE_SIZE_MIN = 24, FUNCTIONS_MAX = 1500 };

/* Parts of functions, and copies whose arguments the compiler changed, have a
 * dot in their names; main is the program itself. */
static bool is_whole(const char *symbol)
{
	return !strchr(symbol, '.') && strcmp(symbol, "main") != 0 &&
	       strcmp(symbol, "_start") != 0;
}

static bool is_wanted(struct ckpt_scope *scope, const struct ckpt_match *match)
{
	const struct ckpt_image *image =
		ckpt_scope_image(scope, match->object, NULL);

	return image && match->size >= CODE_SIZE_MIN && !match->is_ifunc &&
	       is_whole(match->symbol) &&
	       ckpt_image_section(image, ".debug_info");
}

static int compare_sizes(const void *a, const void *b)
{
	const struct ckpt_match *x = a, *y = b;

	if (x->size != y->size)
		return x->size < y->size ? 1 : -1;
	return (x->vaddr > y->vaddr) - (x->vaddr < y->vaddr);
}

void ckpt_planmeasure_choose(struct ckpt_scope *scope,
			     struct ckpt_matches *matches)
{
	size_t kept = 0;

	for (size_t i = 0; i < matches->count; i++) {
		struct ckpt_match match = matches->items[i];

		if (is_wanted(scope, &match))
			matches->items[kept++] = match;
		else
			ckpt_match_deinit(&match);
	}
	matches->count = kept;
	if (kept <= FUNCTIONS_MAX)
		return;
	qsort(matches->items, kept, sizeof(*matches->items), compare_sizes);
	while (matches->count > FUNCTIONS_MAX)
		ckpt_match_deinit(&matches->items[--matches->count]);
}

void ckpt_planmeasure_time(struct ckpt_planned_function *function)
{
	struct ckpt_abi_call abi;

	if (!function->has_signature || !function->has_entry ||
	    ckpt_abi_layout(function->types, &function->signature, &abi, NULL))
		return;
	function->entry.stack_size = abi.stack_size;
	function->entry.stack_alignment = abi.stack_alignment;
	function->entry.vector_width = (uint8_t)abi.vector_width;
	if (abi.x87_count)
		function->entry.flags |= abi.x87_count == 2
						 ? CKPT_FUNCTION_X87_PAIR
						 : CKPT_FUNCTION_X87_RESULT;
	free(function->refusal);
	function->refusal = NULL;
}
