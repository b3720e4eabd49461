/* SPDX-License-Identifier: MIT */
#ifndef CKPT_RUNTIME_OBJECTS_H
#define CKPT_RUNTIME_OBJECTS_H

/*
 * The link map of the base namespace as data: which objects are mapped where,
 * in the loader's order, from which file, and in whose scope.
 *
 * File identity: device and inode are taken by stat when an object is first
 * seen, at start or right after the dlopen that brought it, and kept. If the
 * file at that path is replaced later, the planner finds another inode and
 * refuses the object. /proc/self/maps would also tell, but names other
 * devices than stat on some filesystems, and costs more than the rest of our
 * start; that code is the code planned for is proved by hashing it (attach.h).
 *
 * Scope: all objects of the start are global. Of later ones only those that a
 * dlopen was seen to open RTLD_GLOBAL are taken for global; a lookup in a
 * scope that is not known for sure says so (binding.h).
 *
 * Set-up world; the caller serialises. An object lives until the refresh that
 * finds it gone.
 */

#include "shim/common/buf.h"
#include "shim/runtime/calls/dynamic.h"

#include <link.h>

enum ckpt_object_kind {
	CKPT_OBJECT_PLAIN,
	CKPT_OBJECT_PROGRAM,
	CKPT_OBJECT_OURSELVES, /* libckpt.so: never patched */
	CKPT_OBJECT_LOADER,    /* ld.so: never patched */
	CKPT_OBJECT_VDSO,      /* has no file */
};

struct ckpt_object {
	enum ckpt_object_kind kind;
	char *path; /* absolute; "linux-vdso.so.1" for the vdso */
	uintptr_t base;
	uintptr_t start, end; /* of its segments, in memory */
	const ElfW(Phdr) * phdrs;
	uint16_t phdr_count;
	size_t tls_module; /* number of its TLS block; 0: it has none */
	struct ckpt_dynamic dynamic;
	uintptr_t relro_start, relro_end; /* whole pages the loader protected */
	/* Of its file when it was first seen, with dev and inode. */
	uint64_t size;
	int64_t mtime_ns, ctime_ns;
	uint64_t dev, inode; /* 0, 0: no such file, or vdso */
	bool is_initial;     /* there since the start */
	bool is_global;
	bool is_deepbind; /* its own scope comes before the global one */
	/* It came with a dlopen of ours to see, of the object whose dynamic
	 * section this is; NULL for those of the start and unseen ones. */
	const void *root;
	bool is_scope_known;
	uint64_t number; /* never given twice */
	uint64_t seen;	 /* private to refresh */
};

struct ckpt_objects {
	struct ckpt_object **items; /* in link-map order */
	size_t count, capacity;
	uint64_t adds, subs; /* the loader's counters at the last refresh */
	uint64_t last_number;
	uint64_t refresh_count;
};

/* Called for objects that are gone, before they are freed. */
typedef void ckpt_object_gone(void *context, const struct ckpt_object *object);

/* Bring `objects` (zeroed at first) up to date. `gone` may be NULL. On NOMEM
 * what is known stays a correct part of the whole. */
enum ckpt_status ckpt_objects_refresh(struct ckpt_objects *objects,
				      ckpt_object_gone *gone,
				      void *context) CKPT_MUST_CHECK;
void ckpt_objects_deinit(struct ckpt_objects *objects);

/* Has the loader added or removed objects since the last refresh? */
bool ckpt_objects_is_stale(const struct ckpt_objects *objects);

/* The object with `address` inside one of its segments, or NULL. */
struct ckpt_object *ckpt_objects_at(const struct ckpt_objects *objects,
				    uintptr_t address);

/* The object whose link map entry has this dynamic section, or NULL. */
struct ckpt_object *ckpt_objects_by_dynamic(const struct ckpt_objects *objects,
					    const void *dynamic);

/* Is this its path, file name or soname, or do they match the pattern? NULL
 * matches all. */
bool ckpt_object_is_named(const struct ckpt_object *object,
			  const char *pattern);

/* The segment flags (PF_R …) that hold at `address`, RELRO taken into account;
 * 0 if it is in no segment. */
unsigned ckpt_object_protection(const struct ckpt_object *object,
				uintptr_t address);

/* The object list: a line "dev inode g|l path" per object, numbers in
 * hexadecimal. A path that has a newline in it is written as "?", 0 0. The
 * caller gives out->data to ckpt_heap_free(). */
void ckpt_objects_write(const struct ckpt_objects *objects,
			struct ckpt_buf *out);

#endif
