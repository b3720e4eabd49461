/* SPDX-License-Identifier: MIT */
#include "shim/runtime/calls/binding.h"

#include "shim/common/cleanup.h"
#include "shim/runtime/guest/heap.h"

#include <string.h>

struct hit {
	const struct ckpt_object *object;
	const Elf64_Sym *symbol;
};

static bool look_in(const struct ckpt_object *object,
		    const struct ckpt_wanted *wanted, struct hit *hit)
{
	const Elf64_Sym *symbol = ckpt_dynamic_find(&object->dynamic, wanted);

	if (!symbol)
		return false;
	hit->object = object;
	hit->symbol = symbol;
	return true;
}

static bool look_globally(const struct ckpt_objects *objects, size_t first,
			  const struct ckpt_wanted *wanted, struct hit *hit)
{
	for (size_t i = first; i < objects->count; i++)
		if (objects->items[i]->is_global &&
		    look_in(objects->items[i], wanted, hit))
			return true;
	return false;
}

/* Does DT_NEEDED `name` mean this object? */
static bool is_called(const struct ckpt_object *object, const char *name)
{
	const char *soname = object->dynamic.soname;
	const char *slash = strrchr(object->path, '/');

	if (object->kind == CKPT_OBJECT_VDSO)
		return false;
	if (soname && strcmp(soname, name) == 0)
		return true;
	return strcmp(object->path, name) == 0 ||
	       strcmp(slash ? slash + 1 : object->path, name) == 0;
}

static struct ckpt_object *find_needed(const struct ckpt_objects *objects,
				       const char *name)
{
	for (size_t i = 0; i < objects->count; i++)
		if (is_called(objects->items[i], name))
			return objects->items[i];
	return NULL;
}

static bool contains(struct ckpt_object *const *list, size_t count,
		     const struct ckpt_object *object)
{
	for (size_t i = 0; i < count; i++)
		if (list[i] == object)
			return true;
	return false;
}

/* Breadth first from `root`: gABI "Shared Object Dependencies". NULL: no
 * memory. The caller frees it. */
static struct ckpt_object **list_tree(const struct ckpt_objects *objects,
				      const struct ckpt_object *root,
				      size_t *ret_count)
{
	struct ckpt_object **list = ckpt_heap_calloc(
		objects->count + 1, sizeof(struct ckpt_object *));
	size_t count = 0;

	if (!list)
		return NULL;
	list[count++] = (struct ckpt_object *)(uintptr_t)root;
	for (size_t i = 0; i < count; i++) {
		size_t position = 0;
		const char *name;

		while ((name = ckpt_dynamic_needed(&list[i]->dynamic,
						   &position))) {
			struct ckpt_object *next = find_needed(objects, name);

			if (next && !contains(list, count, next))
				list[count++] = next;
		}
	}
	*ret_count = count;
	return list;
}

/* The object whose tree `from` looks names up in. */
static const struct ckpt_object *find_root(const struct ckpt_objects *objects,
					   const struct ckpt_object *from)
{
	const struct ckpt_object *root = NULL;

	if (from->root)
		root = ckpt_objects_by_dynamic(objects, from->root);
	return root ? root : from;
}

/* *ret: was it found? */
static enum ckpt_status look_locally(const struct ckpt_objects *objects,
				     const struct ckpt_object *from,
				     const struct ckpt_wanted *wanted,
				     struct hit *hit, bool *ret)
{
	const struct ckpt_object *root = find_root(objects, from);
	_cleanup_(ckpt_heap_cleanup) struct ckpt_object **list = NULL;
	size_t count = 0;

	*ret = false;
	if (from->is_initial)
		return CKPT_OK; /* its scope is the global one */
	list = list_tree(objects, root, &count);
	if (!list)
		return CKPT_NOMEM;
	for (size_t i = 0; i < count && !*ret; i++)
		*ret = look_in(list[i], wanted, hit);
	return CKPT_OK;
}

static size_t count_definitions(const struct ckpt_objects *objects,
				const struct ckpt_wanted *wanted)
{
	struct hit hit;
	size_t count = 0;

	for (size_t i = 0; i < objects->count; i++)
		if (objects->items[i]->kind != CKPT_OBJECT_VDSO)
			count += look_in(objects->items[i], wanted, &hit);
	return count;
}

static enum ckpt_status look_everywhere(const struct ckpt_objects *objects,
					const struct ckpt_object *from,
					const struct ckpt_wanted *wanted,
					struct hit *hit, bool *ret)
{
	enum ckpt_status status;

	*ret = from->dynamic.is_symbolic && look_in(from, wanted, hit);
	if (*ret)
		return CKPT_OK;
	if (from->is_deepbind) {
		status = look_locally(objects, from, wanted, hit, ret);
		if (status)
			return status;
		if (!*ret)
			*ret = look_globally(objects, 0, wanted, hit);
		return CKPT_OK;
	}
	*ret = look_globally(objects, 0, wanted, hit);
	if (*ret)
		return CKPT_OK;
	return look_locally(objects, from, wanted, hit, ret);
}

enum ckpt_status ckpt_binding_find(const struct ckpt_objects *objects,
				   const struct ckpt_object *from,
				   const struct ckpt_wanted *wanted,
				   const struct ckpt_object **ret_object,
				   const Elf64_Sym **ret_symbol)
{
	struct hit hit = {0};
	bool is_found;
	enum ckpt_status status;

	status = look_everywhere(objects, from, wanted, &hit, &is_found);
	if (status)
		return status;
	if (!is_found)
		return CKPT_NOTFOUND;
	if (!from->is_scope_known && count_definitions(objects, wanted) > 1)
		return CKPT_UNSUPPORTED;
	*ret_object = hit.object;
	*ret_symbol = hit.symbol;
	return CKPT_OK;
}

/* dl-sym.c, do_dlsym with RTLD_NEXT: the scope that `from` came with, from the
 * place behind it on. */
static enum ckpt_status look_behind(const struct ckpt_objects *objects,
				    const struct ckpt_object *from,
				    const struct ckpt_wanted *wanted,
				    struct hit *hit, bool *ret)
{
	_cleanup_(ckpt_heap_cleanup) struct ckpt_object **list = NULL;
	size_t count = 0, i = 0;

	*ret = false;
	if (from->is_initial) {
		while (i < objects->count && objects->items[i] != from)
			i++;
		*ret = look_globally(objects, i + 1, wanted, hit);
		return CKPT_OK;
	}
	list = list_tree(objects, find_root(objects, from), &count);
	if (!list)
		return CKPT_NOMEM;
	while (i < count && list[i] != from)
		i++;
	for (i++; i < count && !*ret; i++)
		*ret = look_in(list[i], wanted, hit);
	return CKPT_OK;
}

enum ckpt_status ckpt_binding_next(const struct ckpt_objects *objects,
				   const struct ckpt_object *from,
				   const struct ckpt_wanted *wanted,
				   const struct ckpt_object **ret_object,
				   const Elf64_Sym **ret_symbol)
{
	struct hit hit = {0};
	bool is_found;
	enum ckpt_status status;

	if (!from->is_scope_known)
		return CKPT_UNSUPPORTED;
	status = look_behind(objects, from, wanted, &hit, &is_found);
	if (status)
		return status;
	if (!is_found)
		return CKPT_NOTFOUND;
	*ret_object = hit.object;
	*ret_symbol = hit.symbol;
	return CKPT_OK;
}

void ckpt_binding_note_open(struct ckpt_objects *objects,
			    const struct ckpt_object *root, uint64_t after,
			    bool is_global, bool is_deepbind)
{
	_cleanup_(ckpt_heap_cleanup) struct ckpt_object **list = NULL;
	size_t count = 0;

	list = list_tree(objects, root, &count);
	for (size_t i = 0; list && i < count; i++) {
		if (is_global && list[i]->kind != CKPT_OBJECT_VDSO)
			list[i]->is_global = true;
		if (list[i]->number <= after || list[i]->root)
			continue;
		list[i]->root = root->dynamic.entries;
		list[i]->is_deepbind = is_deepbind;
		list[i]->is_scope_known = true;
	}
}
