/* SPDX-License-Identifier: MIT */
/*
 * Where the target's start meets ours. The library is linked -z initfirst, so
 * that this runs before all other constructors: environ is not set yet, the
 * argument is.
 */
#include "shim/runtime/session.h"

#include <link.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/auxv.h>

enum { LIBC_SIZE = 1 << 24 };

/* ThreadSanitizer and MemorySanitizer put themselves in front of the C library
 * and crash when it is called before they are up, or by code they did not
 * compile. What they have in common, also where their own names are not
 * exported, is a dl_iterate_phdr of theirs. Such programs run without us. */
extern char __tsan_init __attribute__((weak, visibility("default")));
extern char __msan_init __attribute__((weak, visibility("default")));

static bool is_sanitized(void)
{
	const char *volatile tsan = &__tsan_init;
	const char *volatile msan = &__msan_init;
	uintptr_t in_libc = (uintptr_t)&getauxval;
	uintptr_t distance = (uintptr_t)&dl_iterate_phdr - in_libc;

	return tsan || msan || distance + LIBC_SIZE > 2 * (uintptr_t)LIBC_SIZE;
}

__attribute__((constructor)) static void
start(int argument_count, char **arguments, char **environment)
{
	(void)argument_count;
	(void)arguments;
	/* Set-user-ID and the like: whoever runs it must not steer it. */
	if (getauxval(AT_SECURE) || !environment || is_sanitized())
		return;
	ckpt_session_start(environment);
}

/* Of an -z initfirst object it runs after all others. */
__attribute__((destructor)) static void end(void)
{
	ckpt_session_end();
}
