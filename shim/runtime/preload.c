/* SPDX-License-Identifier: MIT */
/*
 * Where the target's start meets ours. The library is linked -z initfirst, so
 * that this runs before all other constructors: environ is not set yet, the
 * argument is.
 */
#include "shim/runtime/session.h"

#include <sys/auxv.h>

__attribute__((constructor)) static void
start(int argument_count, char **arguments, char **environment)
{
	(void)argument_count;
	(void)arguments;
	/* Set-user-ID and the like: whoever runs it must not steer it. */
	if (getauxval(AT_SECURE) || !environment)
		return;
	ckpt_session_start(environment);
}

/* Of an -z initfirst object it runs after all others. */
__attribute__((destructor)) static void end(void)
{
	ckpt_session_end();
}
