/* SPDX-License-Identifier: MIT */
#include "shim/runtime/calls/objects.h"

#include "shim/common/sys_x86_64.h"
#include "shim/runtime/guest/format.h"
#include "shim/runtime/guest/heap.h"

#include <elf.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>

enum { PAGE_SIZE = 4096 };

/* What one walk over the link map works on. */
struct walk {
	struct ckpt_objects *objects;
	struct ckpt_object **items; /* the new order */
	size_t count, capacity;
	uint64_t adds, subs;
	enum ckpt_status status;
};

static void destroy_object(struct ckpt_object *object)
{
	if (!object)
		return;
	ckpt_heap_free(object->path);
	ckpt_heap_free(object);
}

static char *join_path(const char *directory, const char *name)
{
	size_t size = strlen(directory) + strlen(name) + 2;
	char *path = ckpt_heap_calloc(1, size);

	if (path)
		(void)ckpt_format(path, size, "%s/%s", directory, name);
	return path;
}

/* The path of the program, as the kernel ran it. */
static char *find_program(void)
{
	char path[PATH_MAX];
	long size = ckpt_sys_readlinkat(AT_FDCWD, "/proc/self/exe", path,
					sizeof(path) - 1);
	const char *name;

	if (size > 0) {
		path[size] = '\0';
		return ckpt_heap_copy(path);
	}
	/* No /proc: what execve was given. */
	name = (const char *)getauxval(AT_EXECFN);
	return ckpt_heap_copy(name ? name : "");
}

/* Names in the link map are relative if a search path was. */
static char *find_path(const struct ckpt_object *object, const char *name)
{
	char directory[PATH_MAX];

	if (object->kind == CKPT_OBJECT_PROGRAM && !name[0])
		return find_program();
	if (object->kind == CKPT_OBJECT_VDSO)
		return ckpt_heap_copy("linux-vdso.so.1");
	if (name[0] == '/' || ckpt_sys_getcwd(directory, sizeof(directory)) < 0)
		return ckpt_heap_copy(name);
	return join_path(directory, name);
}

static void read_segments(struct ckpt_object *object)
{
	const ElfW(Dyn) *entries = NULL;
	uintptr_t base = object->base;

	object->start = UINTPTR_MAX;
	for (unsigned i = 0; i < object->phdr_count; i++) {
		const ElfW(Phdr) *p = &object->phdrs[i];
		uintptr_t start = base + p->p_vaddr;
		uintptr_t end = start + p->p_memsz;

		if (p->p_type == PT_DYNAMIC) {
			entries = (const void *)start;
		} else if (p->p_type == PT_GNU_RELRO) {
			/* As the loader rounds: dl-reloc.c. */
			object->relro_start = start & -(uintptr_t)PAGE_SIZE;
			object->relro_end = end & -(uintptr_t)PAGE_SIZE;
		} else if (p->p_type == PT_LOAD) {
			if (start < object->start)
				object->start = start;
			if (end > object->end)
				object->end = end;
		}
	}
	ckpt_dynamic_read(entries, base, &object->dynamic);
}

static enum ckpt_object_kind tell_kind(const struct ckpt_object *object,
				       bool is_first)
{
	uintptr_t vdso = getauxval(AT_SYSINFO_EHDR);
	uintptr_t ours = (uintptr_t)&ckpt_objects_refresh;
	uintptr_t loader = getauxval(AT_BASE);
	const char *soname = object->dynamic.soname;

	if (is_first)
		return CKPT_OBJECT_PROGRAM;
	if (vdso && object->start <= vdso && vdso < object->end)
		return CKPT_OBJECT_VDSO;
	if (object->start <= ours && ours < object->end)
		return CKPT_OBJECT_OURSELVES;
	/* Run as a command the loader has no AT_BASE. */
	if (loader ? object->base == loader
		   : soname && strncmp(soname, "ld-linux", 8) == 0)
		return CKPT_OBJECT_LOADER;
	return CKPT_OBJECT_PLAIN;
}

static int64_t to_ns(const struct timespec *time)
{
	return time->tv_sec * 1000000000ll + time->tv_nsec;
}

static void stat_object(struct ckpt_object *object)
{
	struct stat st;

	if (object->kind == CKPT_OBJECT_VDSO)
		return;
	if (ckpt_sys_fstatat(AT_FDCWD, object->path, &st, 0) < 0)
		return;
	object->dev = st.st_dev;
	object->inode = st.st_ino;
	object->size = (uint64_t)st.st_size;
	object->mtime_ns = to_ns(&st.st_mtim);
	object->ctime_ns = to_ns(&st.st_ctim);
}

static struct ckpt_object *create_object(const struct dl_phdr_info *info,
					 bool is_first)
{
	struct ckpt_object *object = ckpt_heap_calloc(1, sizeof(*object));

	if (!object)
		return NULL;
	object->base = info->dlpi_addr;
	object->phdrs = info->dlpi_phdr;
	object->phdr_count = info->dlpi_phnum;
	object->tls_module = info->dlpi_tls_modid;
	read_segments(object);
	object->kind = tell_kind(object, is_first);
	object->path = find_path(object, info->dlpi_name);
	if (!object->path) {
		destroy_object(object);
		return NULL;
	}
	stat_object(object);
	return object;
}

static struct ckpt_object *find_known(const struct ckpt_objects *objects,
				      const struct dl_phdr_info *info)
{
	for (size_t i = 0; i < objects->count; i++) {
		struct ckpt_object *object = objects->items[i];

		if (object->base == info->dlpi_addr &&
		    object->phdrs == info->dlpi_phdr)
			return object;
	}
	return NULL;
}

/* When objects were removed and then added, one at a known place may be
 * another one: only those of the start are sure to be still there. */
static bool may_be_other(const struct walk *walk,
			 const struct ckpt_object *object)
{
	return !object->is_initial && walk->subs != walk->objects->subs &&
	       walk->adds != walk->objects->adds;
}

static enum ckpt_status add_item(struct walk *walk, struct ckpt_object *object)
{
	if (walk->count == walk->capacity) {
		size_t capacity = walk->capacity ? 2 * walk->capacity : 64;
		struct ckpt_object **items = ckpt_heap_resize(
			walk->items, capacity, sizeof(struct ckpt_object *));

		if (!items)
			return CKPT_NOMEM;
		walk->items = items;
		walk->capacity = capacity;
	}
	walk->items[walk->count++] = object;
	return CKPT_OK;
}

static int see_object(struct dl_phdr_info *info, size_t size, void *context)
{
	struct walk *walk = context;
	struct ckpt_objects *objects = walk->objects;
	struct ckpt_object *object;

	(void)size;
	walk->adds = info->dlpi_adds;
	walk->subs = info->dlpi_subs;
	object = find_known(objects, info);
	if (!object || object->seen == objects->refresh_count ||
	    may_be_other(walk, object)) {
		object = create_object(info, walk->count == 0);
		if (!object) {
			walk->status = CKPT_NOMEM;
			return 1;
		}
		object->number = ++objects->last_number;
		object->is_initial = objects->refresh_count == 1;
		object->is_scope_known = object->is_initial;
		object->is_global =
			object->is_initial && object->kind != CKPT_OBJECT_VDSO;
	}
	object->seen = objects->refresh_count;
	walk->status = add_item(walk, object);
	return walk->status != CKPT_OK;
}

/* What came with an object that is gone may stay for another's sake. */
static void forget_root(const struct walk *walk, const void *root)
{
	for (size_t i = 0; i < walk->count; i++) {
		struct ckpt_object *object = walk->items[i];

		if (!object->root || object->root != root)
			continue;
		object->root = NULL;
		object->is_scope_known = false;
	}
}

enum ckpt_status ckpt_objects_refresh(struct ckpt_objects *objects,
				      ckpt_object_gone *gone, void *context)
{
	struct walk walk = {.objects = objects};

	objects->refresh_count++;
	(void)dl_iterate_phdr(see_object, &walk);
	for (size_t i = 0; i < objects->count; i++) {
		struct ckpt_object *object = objects->items[i];

		if (object->seen == objects->refresh_count)
			continue;
		if (walk.status) {
			/* Not known to be gone: keep it. */
			if (add_item(&walk, object))
				return CKPT_NOMEM;
			continue;
		}
		if (gone)
			gone(context, object);
		forget_root(&walk, object->dynamic.entries);
		destroy_object(object);
	}
	ckpt_heap_free(objects->items);
	objects->items = walk.items;
	objects->count = walk.count;
	objects->capacity = walk.capacity;
	if (walk.status)
		return walk.status;
	objects->adds = walk.adds;
	objects->subs = walk.subs;
	return CKPT_OK;
}

void ckpt_objects_deinit(struct ckpt_objects *objects)
{
	for (size_t i = 0; i < objects->count; i++)
		destroy_object(objects->items[i]);
	ckpt_heap_free(objects->items);
	memset(objects, 0, sizeof(*objects));
}

static int see_counters(struct dl_phdr_info *info, size_t size, void *context)
{
	struct walk *walk = context;

	(void)size;
	walk->adds = info->dlpi_adds;
	walk->subs = info->dlpi_subs;
	return 1;
}

bool ckpt_objects_is_stale(const struct ckpt_objects *objects)
{
	struct walk walk = {0};

	(void)dl_iterate_phdr(see_counters, &walk);
	return walk.adds != objects->adds || walk.subs != objects->subs;
}

bool ckpt_object_is_named(const struct ckpt_object *object, const char *pattern)
{
	const char *slash = strrchr(object->path, '/');
	const char *soname = object->dynamic.soname;

	return !pattern || fnmatch(pattern, object->path, 0) == 0 ||
	       fnmatch(pattern, slash ? slash + 1 : object->path, 0) == 0 ||
	       (soname && fnmatch(pattern, soname, 0) == 0);
}

unsigned ckpt_object_protection(const struct ckpt_object *object,
				uintptr_t address)
{
	for (unsigned i = 0; i < object->phdr_count; i++) {
		const ElfW(Phdr) *p = &object->phdrs[i];

		if (p->p_type != PT_LOAD ||
		    address - (object->base + p->p_vaddr) >= p->p_memsz)
			continue;
		if (address - object->relro_start <
		    object->relro_end - object->relro_start)
			return p->p_flags & ~(unsigned)PF_W;
		return p->p_flags;
	}
	return 0;
}

struct ckpt_object *ckpt_objects_at(const struct ckpt_objects *objects,
				    uintptr_t address)
{
	for (size_t i = 0; i < objects->count; i++) {
		struct ckpt_object *object = objects->items[i];

		/* The segments of two objects may interleave. */
		if (object->start <= address && address < object->end &&
		    ckpt_object_protection(object, address))
			return object;
	}
	return NULL;
}

struct ckpt_object *ckpt_objects_by_dynamic(const struct ckpt_objects *objects,
					    const void *dynamic)
{
	for (size_t i = 0; i < objects->count; i++)
		if (objects->items[i]->dynamic.entries == dynamic)
			return objects->items[i];
	return NULL;
}

static void add_hex(struct ckpt_buf *out, uint64_t value)
{
	char digits[16];
	size_t at = sizeof(digits);

	do {
		digits[--at] = "0123456789abcdef"[value & 15];
		value >>= 4;
	} while (value);
	ckpt_buf_add(out, digits + at, sizeof(digits) - at);
}

/* Two numbers, blanks and the kind, a newline. */
enum { LINE_REST_SIZE = 2 * 16 + 5 };

static size_t count_bytes(const struct ckpt_objects *objects)
{
	size_t size = 1;

	for (size_t i = 0; i < objects->count; i++)
		size += strlen(objects->items[i]->path) + LINE_REST_SIZE;
	return size;
}

void ckpt_objects_write(const struct ckpt_objects *objects,
			struct ckpt_buf *out)
{
	/* A buffer that is large enough never asks for memory itself. */
	*out = (struct ckpt_buf){.capacity = count_bytes(objects)};
	out->data = ckpt_heap_calloc(out->capacity, 1);
	out->is_failed = !out->data;
	for (size_t i = 0; i < objects->count; i++) {
		const struct ckpt_object *object = objects->items[i];
		bool is_sayable = !strchr(object->path, '\n');

		add_hex(out, is_sayable ? object->dev : 0);
		ckpt_buf_add_text(out, " ");
		add_hex(out, is_sayable ? object->inode : 0);
		ckpt_buf_add_text(out, object->is_global ? " g " : " l ");
		ckpt_buf_add_text(out, is_sayable ? object->path : "?");
		ckpt_buf_add_text(out, "\n");
	}
}
