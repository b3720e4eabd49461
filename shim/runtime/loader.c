/* SPDX-License-Identifier: MIT */
#include "shim/runtime/loader.h"

#include "shim/common/sys_x86_64.h"
#include "shim/runtime/guest/format.h"
#include "shim/runtime/session.h"

#include <dlfcn.h>
#include <limits.h>
#include <link.h>
#include <string.h>

/* loader_x86_64.S */
extern void *ckpt_loader_originals[CKPT_LOADER_COUNT]
	__attribute__((visibility("hidden")));
void ckpt_loader_dlopen_entry(void) __attribute__((visibility("hidden")));
void ckpt_loader_dlclose_entry(void) __attribute__((visibility("hidden")));
void ckpt_loader_dlsym_entry(void) __attribute__((visibility("hidden")));
void ckpt_loader_dlvsym_entry(void) __attribute__((visibility("hidden")));

static const struct {
	const char *name;
	void (*entry)(void);
} functions[CKPT_LOADER_COUNT] = {
	[CKPT_LOADER_DLOPEN] = {"dlopen", ckpt_loader_dlopen_entry},
	[CKPT_LOADER_DLCLOSE] = {"dlclose", ckpt_loader_dlclose_entry},
	[CKPT_LOADER_DLSYM] = {"dlsym", ckpt_loader_dlsym_entry},
	[CKPT_LOADER_DLVSYM] = {"dlvsym", ckpt_loader_dlvsym_entry},
};

const char *ckpt_loader_name(int function)
{
	return functions[function].name;
}

void *ckpt_loader_stub(int function, void *original)
{
	void **known = &ckpt_loader_originals[function];

	if (!*known)
		*known = original;
	return *known == original ? (void *)functions[function].entry : NULL;
}

static struct ckpt_loader_answer pass_on(int function)
{
	return (struct ckpt_loader_answer){
		.jump = ckpt_loader_originals[function],
	};
}

static struct ckpt_loader_answer answer(void *result)
{
	return (struct ckpt_loader_answer){.result = result};
}

/* ---- dlopen ---- */

static void *really_open(const char *name, int mode)
{
	void *(*real)(const char *, int) =
		(void *(*)(const char *,
			   int))ckpt_loader_originals[CKPT_LOADER_DLOPEN];

	return real(name, mode);
}

static bool exists(const char *directory, const char *name, char *path)
{
	size_t size = ckpt_format(path, PATH_MAX, "%s/%s", directory, name);

	return size < PATH_MAX - 1 &&
	       ckpt_sys_faccessat(AT_FDCWD, path, 0) == 0;
}

/* Subdirectories for kinds of CPU, which the loader would prefer. */
static bool has_variants(const char *directory)
{
	static const char *const names[] = {"glibc-hwcaps", "tls", "haswell",
					    "x86_64"};
	char path[PATH_MAX];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (exists(directory, names[i], path))
			return true;
	return false;
}

enum { SEARCH_SIZE_MAX = 16384 };

/* The directories that the loader searches for the object of `caller`. */
static bool list_directories(const void *caller, Dl_serinfo *list)
{
	struct link_map *map = NULL;
	Dl_serinfo head;
	Dl_info info;

	return dladdr1(caller, &info, (void **)&map, RTLD_DL_LINKMAP) && map &&
	       !dlinfo(map, RTLD_DI_SERINFOSIZE, &head) &&
	       head.dls_size <= SEARCH_SIZE_MAX &&
	       !dlinfo(map, RTLD_DI_SERINFOSIZE, list) &&
	       !dlinfo(map, RTLD_DI_SERINFO, list);
}

enum find { FOUND, NOT_FOUND, CANNOT_TELL };

/* The file that a bare name means for a caller with DT_RUNPATH, if it is not
 * in one of the places where all callers look. */
static enum find find_for(const void *caller, const char *name, char *path)
{
	union {
		Dl_serinfo list;
		char bytes[SEARCH_SIZE_MAX];
	} search;

	if (!list_directories(caller, &search.list))
		return CANNOT_TELL;
	for (unsigned i = 0; i < search.list.dls_cnt; i++) {
		const Dl_serpath *place = &search.list.dls_serpath[i];

		if (place->dls_flags & LA_SER_DEFAULT)
			return NOT_FOUND;
		if (has_variants(place->dls_name))
			return CANNOT_TELL;
		if (exists(place->dls_name, name, path))
			return FOUND;
	}
	return NOT_FOUND;
}

static struct ckpt_loader_answer finish_open(void *handle, int mode,
					     uint64_t before)
{
	if (handle)
		ckpt_session_note_open(((struct link_map *)handle)->l_ld,
				       before, mode & RTLD_GLOBAL,
				       mode & RTLD_DEEPBIND);
	return answer(handle);
}

struct ckpt_loader_answer ckpt_loader_dlopen(const char *name, long mode,
					     long unused, const void *caller)
{
	enum ckpt_search search = CKPT_SEARCH_COMMON;
	uint64_t before = ckpt_session_last_object();
	char path[PATH_MAX];
	void *handle = NULL;

	(void)unused;
	if (!name || strchr(name, '$'))
		return pass_on(CKPT_LOADER_DLOPEN);
	if (!strchr(name, '/'))
		search = ckpt_session_search_of(caller);
	if (search == CKPT_SEARCH_INHERITED)
		return pass_on(CKPT_LOADER_DLOPEN);
	if (search == CKPT_SEARCH_OWN) {
		/* One that is loaded under this name comes first. */
		handle = really_open(name, (int)mode | RTLD_NOLOAD);
		if (handle || mode & RTLD_NOLOAD)
			return finish_open(handle, (int)mode, before);
		switch (find_for(caller, name, path)) {
		case FOUND:
			handle = really_open(path, (int)mode);
			break;
		case NOT_FOUND:
			break;
		case CANNOT_TELL:
			return pass_on(CKPT_LOADER_DLOPEN);
		}
	}
	if (!handle)
		handle = really_open(name, (int)mode);
	return finish_open(handle, (int)mode, before);
}

/* ---- the others ---- */

struct ckpt_loader_answer ckpt_loader_dlclose(void *handle, long unused1,
					      long unused2, const void *caller)
{
	int (*real)(void *) =
		(int (*)(void *))ckpt_loader_originals[CKPT_LOADER_DLCLOSE];
	int result = real(handle);

	(void)unused1;
	(void)unused2;
	(void)caller;
	ckpt_session_note_change();
	return answer((void *)(intptr_t)result);
}

/* RTLD_DEFAULT and RTLD_NEXT mean something else for each caller. */
static struct ckpt_loader_answer look_up(int function, void *handle,
					 const char *name, const char *version,
					 const void *caller)
{
	void *stub = ckpt_session_look_up(name, version, caller,
					  handle == RTLD_NEXT);

	if (!stub)
		return pass_on(function);
	/* A success forgets the error before it. */
	(void)dlerror();
	return answer(stub);
}

struct ckpt_loader_answer ckpt_loader_dlsym(void *handle, const char *name,
					    long unused, const void *caller)
{
	void *(*real)(void *, const char *) = (void *(*)(void *, const char *))
		ckpt_loader_originals[CKPT_LOADER_DLSYM];

	(void)unused;
	if (!name || !ckpt_session_wants(name))
		return pass_on(CKPT_LOADER_DLSYM);
	if (handle == RTLD_DEFAULT || handle == RTLD_NEXT)
		return look_up(CKPT_LOADER_DLSYM, handle, name, NULL, caller);
	return answer(ckpt_session_stub_of(name, real(handle, name), caller));
}

struct ckpt_loader_answer ckpt_loader_dlvsym(void *handle, const char *name,
					     const char *version,
					     const void *caller)
{
	void *(*real)(void *, const char *, const char *) =
		(void *(*)(void *, const char *, const char *))
			ckpt_loader_originals[CKPT_LOADER_DLVSYM];

	if (!name || !version || !ckpt_session_wants(name))
		return pass_on(CKPT_LOADER_DLVSYM);
	if (handle == RTLD_DEFAULT || handle == RTLD_NEXT)
		return look_up(CKPT_LOADER_DLVSYM, handle, name, version,
			       caller);
	return answer(ckpt_session_stub_of(name, real(handle, name, version),
					   caller));
}
