/* SPDX-License-Identifier: MIT */
#ifndef CKPT_RUNTIME_SESSION_H
#define CKPT_RUNTIME_SESSION_H

/*
 * All state of the process: settings → plan → functions → patched slots, and
 * what later dlopen and dlclose change about it.
 *
 * One lock guards it. It is taken at start, around changes of the link map and
 * in dlsym; never on the hot path, and never while the loader's own lock is
 * asked for. The lock is wiped in a forked child; one that was forked while
 * another thread was inside only goes on with what is there.
 *
 * Set-up world. The FP environment and errno are put back.
 */

#include "shim/runtime/attach.h"

/* Once, from the constructor. Does nothing without a config. */
void ckpt_session_start(char *const *environment);

/* Once, from the destructor: at level info, tell what was counted. */
void ckpt_session_end(void);

/* Is there anything to intercept, now or later? */
bool ckpt_session_is_active(void);

/* A dlopen returned; `entries` is the dynamic section of what it opened. */
void ckpt_session_note_open(const void *entries, uint64_t objects_before,
			    bool is_global, bool is_deepbind);
/* A dlclose returned, or the link map may have changed unseen. */
void ckpt_session_note_change(void);

/* Highest number of an object known (objects.h); before a dlopen. */
uint64_t ckpt_session_last_object(void);

/* Where a dlopen of a bare name by the object that `caller` is in searches. */
enum ckpt_search {
	CKPT_SEARCH_COMMON,    /* where one by us would */
	CKPT_SEARCH_OWN,       /* its DT_RUNPATH too */
	CKPT_SEARCH_INHERITED, /* its DT_RPATH too, also for dependencies */
};
enum ckpt_search ckpt_session_search_of(const void *caller);

/* Is a function of this name wanted? */
bool ckpt_session_wants(const char *name);
/* What dlsym may answer to `caller` instead of `address`: a stub, or that. */
void *ckpt_session_stub_of(const char *name, void *address, const void *caller);
/* What dlsym(RTLD_DEFAULT or, with `is_next`, RTLD_NEXT) would find for
 * `caller`; a stub if that is wanted, else NULL: let dlsym do it. */
void *ckpt_session_look_up(const char *name, const char *version,
			   const void *caller, bool is_next);

#endif
