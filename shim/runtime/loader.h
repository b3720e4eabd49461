/* SPDX-License-Identifier: MIT */
#ifndef CKPT_RUNTIME_LOADER_H
#define CKPT_RUNTIME_LOADER_H

/*
 * dlopen, dlclose, dlsym and dlvsym as the target calls them: slots that lead
 * to them are patched like those of any function, so that objects which come
 * later are searched before their code is called, and dlsym gives out stubs.
 *
 * The loader judges a call by its return address (RUNPATH, $ORIGIN, RTLD_NEXT,
 * namespaces). Where that matters, control goes on to it by a jump that leaves
 * the caller's return address on the stack: dlsym of names that are not
 * wanted, RTLD_NEXT, names with $ORIGIN in them, callers with a DT_RPATH. What
 * such a dlopen brought is noticed at the next call of any of these. For a
 * bare name and a caller with DT_RUNPATH the file is looked for here, in the
 * directories that the loader names (RTLD_DI_SERINFO).
 *
 * dlmopen is left alone: other namespaces have a libc of their own.
 *
 * Set-up world; no lock of ours is held while the loader works.
 */

enum ckpt_loader_function {
	CKPT_LOADER_DLOPEN,
	CKPT_LOADER_DLCLOSE,
	CKPT_LOADER_DLSYM,
	CKPT_LOADER_DLVSYM,
	CKPT_LOADER_COUNT
};

const char *ckpt_loader_name(int function);

/* What a slot bound to `original` is to hold. NULL: leave it alone, because
 * slots bound to another function of that name were patched before. */
void *ckpt_loader_stub(int function, void *original);

/* By the stubs: jump there, or (NULL) return `result`. */
struct ckpt_loader_answer {
	void *jump;
	void *result;
};

struct ckpt_loader_answer ckpt_loader_dlopen(const char *name, long mode,
					     long unused, const void *caller);
struct ckpt_loader_answer ckpt_loader_dlclose(void *handle, long unused1,
					      long unused2, const void *caller);
struct ckpt_loader_answer ckpt_loader_dlsym(void *handle, const char *name,
					    long unused, const void *caller);
struct ckpt_loader_answer ckpt_loader_dlvsym(void *handle, const char *name,
					     const char *version,
					     const void *caller);

#endif
