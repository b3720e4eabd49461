/* SPDX-License-Identifier: MIT */
#include "tools/closuretree.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shim/common/cleanup.h"

/* No header of C has it. */
char *__cxa_demangle(const char *name, char *buffer, size_t *size, int *status);

enum {
	ITEMS_SHOWN = 30,    /* without all of them */
	DEPTH_SHOWN_MAX = 16 /* further in, lines are not indented more */
};

struct tree {
	const struct ckpt_survey *survey;
	const struct ckpt_closure *closure;
	bool is_all;
	size_t room; /* lines that may be printed */
	size_t left; /* items that were not */
};

static const char *file_of(const struct tree *tree,
			   const struct ckpt_closure_item *item)
{
	const char *path = ckpt_survey_object(tree->survey, item->object);
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool is_named(const struct ckpt_closure_item *item)
{
	return item->name && item->name[0] != '.';
}

/* Its name alone would say nothing, and where it stands neither. */
static bool is_summed(const struct tree *tree,
		      const struct ckpt_closure_item *item)
{
	return !tree->is_all && item->kind == CKPT_CLOSURE_DATA &&
	       !is_named(item) && !item->reason;
}

static void print_item(const struct tree *tree, int depth,
		       const struct ckpt_closure_item *item)
{
	_cleanup_free_ char *plain = NULL;
	const char *file = file_of(tree, item);

	printf("  %-10s %*s", "", 2 * depth, "");
	if (item->kind == CKPT_CLOSURE_OBJECT) {
		printf("all of %s", file);
	} else if (item->kind == CKPT_CLOSURE_RUNTIME) {
		printf("C runtime: %s", file);
	} else {
		/* "f" is the type float. */
		if (item->name && !strncmp(item->name, "_Z", 2))
			plain = __cxa_demangle(item->name, NULL, NULL, NULL);
		printf("%s%s in %s, %" PRIu64 " bytes",
		       is_named(item)			 ? ""
		       : item->kind == CKPT_CLOSURE_CODE ? "function at "
							 : "constants at ",
		       plain	    ? plain
		       : item->name ? item->name
				    : "?",
		       file, item->size);
	}
	printf("%s%s\n", item->reason ? ": " : "",
	       item->reason ? item->reason : "");
}

static bool take_line(struct tree *tree)
{
	if (tree->room == 0)
		return false;
	tree->room--;
	return true;
}

/* The constants of item `index` that are not shown one by one. */
static void print_sum(struct tree *tree, size_t index, int depth)
{
	const struct ckpt_closure *closure = tree->closure;
	size_t count = 0;
	uint64_t size = 0;

	for (size_t i = index + 1; i < closure->item_count; i++) {
		if (closure->items[i].parent != index ||
		    !is_summed(tree, &closure->items[i]))
			continue;
		count++;
		size += closure->items[i].size;
	}
	if (count == 0)
		return;
	if (!take_line(tree)) {
		tree->left += count;
		return;
	}
	printf("  %-10s %*s%zu constant%s or string%s, %" PRIu64 " bytes\n", "",
	       2 * depth, "", count, count == 1 ? "" : "s",
	       count == 1 ? "" : "s", size);
}

/* In the order of its branches: parents come before their children in the
 * array, so each child follows when its parent has been printed. */
static void print_branch(struct tree *tree, size_t index, int depth)
{
	const struct ckpt_closure *closure = tree->closure;
	int below = depth < DEPTH_SHOWN_MAX ? depth + 1 : depth;

	if (take_line(tree))
		print_item(tree, depth, &closure->items[index]);
	else
		tree->left++;
	print_sum(tree, index, below);
	for (size_t i = index + 1; i < closure->item_count; i++)
		if (closure->items[i].parent == index &&
		    !is_summed(tree, &closure->items[i]))
			print_branch(tree, i, below);
}

static void print_count(const struct ckpt_closure *closure,
			enum ckpt_closure_item_kind kind, const char *one,
			const char *more, bool *is_first)
{
	size_t count = 0;
	uint64_t size = 0;

	for (size_t i = 0; i < closure->item_count; i++) {
		if (closure->items[i].kind != kind)
			continue;
		count++;
		size += closure->items[i].size;
	}
	if (count == 0)
		return;
	printf("%s%zu %s", *is_first ? "" : ", ", count,
	       count == 1 ? one : more);
	if (size > 0)
		printf(" (%" PRIu64 " bytes)", size);
	*is_first = false;
}

void ckpt_closuretree_print(const struct ckpt_survey *survey,
			    const struct ckpt_closure *closure, bool is_all)
{
	struct tree tree = {
		.survey = survey,
		.closure = closure,
		.is_all = is_all,
		.room = is_all ? SIZE_MAX : ITEMS_SHOWN,
	};
	bool is_first = true;

	if (closure->item_count == 0)
		return;
	printf("  %-10s ", "depends on");
	print_count(closure, CKPT_CLOSURE_CODE, "function", "functions",
		    &is_first);
	print_count(closure, CKPT_CLOSURE_DATA, "constant", "constants",
		    &is_first);
	print_count(closure, CKPT_CLOSURE_OBJECT, "whole object",
		    "whole objects", &is_first);
	print_count(closure, CKPT_CLOSURE_RUNTIME, "C runtime library",
		    "C runtime libraries", &is_first);
	putchar('\n');
	print_branch(&tree, 0, 0);
	if (tree.left > 0)
		printf("  %-10s … and %zu more (--all)\n", "", tree.left);
}
