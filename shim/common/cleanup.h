/* SPDX-License-Identifier: MIT */
#ifndef CKPT_COMMON_CLEANUP_H
#define CKPT_COMMON_CLEANUP_H

/*
 * Scope guards: a resource is acquired on the line that declares its guard and
 * is handed over with TAKE(). Set-up world only.
 */

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static inline void ckpt_cleanup_free(void *p)
{
	free(*(void **)p);
}

static inline void ckpt_cleanup_close(const int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
}

static inline void ckpt_cleanup_fclose(FILE **file)
{
	if (*file)
		(void)fclose(*file);
}

#define _cleanup_(f) __attribute__((cleanup(f)))
#define _cleanup_free_ _cleanup_(ckpt_cleanup_free)
#define _cleanup_close_ _cleanup_(ckpt_cleanup_close)
#define _cleanup_fclose_ _cleanup_(ckpt_cleanup_fclose)

/* The value of a guarded pointer; the guard lets go of it. */
#define TAKE(p)                            \
	({                                 \
		__typeof__(p) take_ = (p); \
		(p) = NULL;                \
		take_;                     \
	})

/* The same for a descriptor. */
#define TAKE_FD(fd)               \
	({                        \
		int take_ = (fd); \
		(fd) = -1;        \
		take_;            \
	})

#endif
