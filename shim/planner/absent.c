/* SPDX-License-Identifier: MIT */
#include "shim/planner/absent.h"

#include "shim/planner/signature/dwarf_file.h"
#include "shim/planner/signature/dwarf_inlined.h"
#include "shim/planner/elf/match.h"

#include "shim/common/cleanup.h"

#include <stdlib.h>
#include <string.h>

enum { PLACES_TOLD = 3 };

static void close_image(struct ckpt_image **image)
{
	ckpt_image_close(*image);
}

/* Could debug info in this file speak of `name`? Names stand in it as they
 * are, unless it is compressed. */
static bool may_name(const char *path, const char *name)
{
	_cleanup_(close_image) struct ckpt_image *image = NULL;
	const struct ckpt_section *strings;
	const void *bytes;
	size_t size;

	if (ckpt_image_open(path, &image, NULL))
		return false;
	strings = ckpt_image_section(image, ".debug_str");
	if (!strings || strings->flags & SHF_COMPRESSED)
		return true;
	bytes = ckpt_image_file(image, &size);
	return memmem(bytes, size, name, strlen(name) + 1) != NULL;
}

static enum ckpt_status find_copies(const struct ckpt_image *image,
				    const char *name, struct ckpt_deps *deps,
				    struct ckpt_inlined_list *ret)
{
	_cleanup_(ckpt_debug_files_deinit) struct ckpt_debug_files files = {
		.count = 0};
	enum ckpt_status status;

	status =
		ckpt_debug_files_find(image, name, 0, NULL, deps, &files, NULL);
	for (size_t i = 0; i < files.count && !status && !ret->count; i++) {
		const struct ckpt_debug_file *file = &files.items[i];

		if (!file->alt_path && !may_name(file->path, name))
			continue;
		/* What cannot be read tells nothing. */
		if (ckpt_inlined_find(file->path, file->alt_path, name, 0, ret,
				      NULL) == CKPT_NOMEM)
			status = CKPT_NOMEM;
	}
	return status == CKPT_NOMEM ? status : CKPT_OK;
}

static void describe_copies(const struct ckpt_inlined_list *list,
			    const char *path, struct ckpt_buf *text)
{
	ckpt_buf_format(text,
			"the compiler put copies of it into its callers in %s",
			path);
	for (size_t i = 0; i < list->count && i < PLACES_TOLD; i++)
		ckpt_buf_format(text, "%s%s:%u", i ? ", " : " (",
				list->items[i].file, list->items[i].line);
	if (list->count > PLACES_TOLD)
		ckpt_buf_format(text, " and %zu more",
				list->count - PLACES_TOLD);
	ckpt_buf_format(text,
			") and kept nothing to call, so it cannot be "
			"checkpointed; compile it with "
			"__attribute__((noinline)), or name a function that "
			"calls it");
	ckpt_buf_add_u8(text, '\0');
}

static enum ckpt_status explain_copies(const struct ckpt_image *image,
				       const char *name, struct ckpt_deps *deps,
				       char **ret)
{
	_cleanup_(ckpt_inlined_deinit) struct ckpt_inlined_list list = {
		.items = NULL};
	struct ckpt_buf text = {0};
	enum ckpt_status status = find_copies(image, name, deps, &list);

	if (status || !list.count)
		return status;
	describe_copies(&list, ckpt_image_path(image), &text);
	status = ckpt_buf_status(&text);
	if (status)
		ckpt_buf_deinit(&text);
	else
		*ret = (char *)text.data;
	return status;
}

static enum ckpt_status explain_clone(struct ckpt_scope *scope,
				      const char *clone, uint32_t object,
				      char **ret)
{
	if (asprintf(ret,
		     "the compiler changed its arguments (it is %s in %s), so "
		     "it cannot be checkpointed; compile it with "
		     "__attribute__((noipa)), or name a function that calls it",
		     clone, ckpt_scope_object(scope, object)->path) >= 0)
		return CKPT_OK;
	*ret = NULL;
	return CKPT_NOMEM;
}

enum ckpt_status ckpt_absent_explain(struct ckpt_scope *scope,
				     const struct ckpt_function_config *config,
				     struct ckpt_deps *deps, char **ret)
{
	const char *clone;
	uint32_t object;
	enum ckpt_status status = CKPT_OK;

	*ret = NULL;
	if (ckpt_match_is_pattern(config->name))
		return CKPT_OK;
	clone = ckpt_match_find_clone(scope, config, &object);
	if (clone)
		return explain_clone(scope, clone, object, ret);
	for (uint32_t i = 0; i < ckpt_scope_count(scope) && !status; i++) {
		const struct ckpt_image *image;

		if (i > 0 && !config->object)
			break;
		image = ckpt_match_image(scope, i, config->object, NULL);
		if (image && !*ret)
			status = explain_copies(image, config->name, deps, ret);
	}
	return status;
}
