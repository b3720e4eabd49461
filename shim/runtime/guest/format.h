/* SPDX-License-Identifier: MIT */
#ifndef CKPT_RUNTIME_FORMAT_H
#define CKPT_RUNTIME_FORMAT_H

/*
 * printf for a guest: no malloc, no locale, no errno, no lock, a small frame.
 * Knows %s %c %d %i %u %x %p %% with the lengths l, ll, z, a minimal width and
 * 0 before it; %.*s and %.Ns cut a string. Anything else is copied as it is
 * written and ends formatting: a message too short, never a wild read.
 *
 * Any thread, hot path, signal handlers.
 */

#include "shim/common/status.h"

#include <stdarg.h>
#include <stddef.h>

/* Into `to`, cut to fit and always NUL-terminated if `size` > 0. The length
 * without the NUL of what was written. */
size_t ckpt_format(char *to, size_t size, const char *format, ...)
	CKPT_PRINTF(3, 4);
size_t ckpt_format_va(char *to, size_t size, const char *format, va_list values)
	CKPT_PRINTF(3, 0);

#endif
