/* SPDX-License-Identifier: MIT */
#include "shim/runtime/calls/confine.h"

#include "shim/runtime/calls/thunk.h"

#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

/* confine_x86_64.S */
extern void *ckpt_confine_originals[CKPT_CONFINE_COUNT]
	__attribute__((visibility("hidden")));
void ckpt_confine_prctl_entry(void) __attribute__((visibility("hidden")));
void ckpt_confine_syscall_entry(void) __attribute__((visibility("hidden")));

static const struct {
	const char *name;
	void (*entry)(void);
} functions[CKPT_CONFINE_COUNT] = {
	[CKPT_CONFINE_PRCTL] = {"prctl", ckpt_confine_prctl_entry},
	[CKPT_CONFINE_SYSCALL] = {"syscall", ckpt_confine_syscall_entry},
};

const char *ckpt_confine_name(int function)
{
	return functions[function].name;
}

void *ckpt_confine_stub(int function, void *original)
{
	void **known = &ckpt_confine_originals[function];

	if (!*known)
		*known = original;
	return *known == original ? (void *)functions[function].entry : NULL;
}

static void step_back(void)
{
	__atomic_store_n(&ckpt_thunk_disabled, 1, __ATOMIC_SEQ_CST);
}

void *ckpt_confine_prctl(long option, long argument)
{
	(void)argument;
	if ((int)option == PR_SET_SECCOMP)
		step_back();
	return ckpt_confine_originals[CKPT_CONFINE_PRCTL];
}

void *ckpt_confine_syscall(long number, long argument)
{
	/* What only asks what the kernel knows changes nothing. */
	if ((number == SYS_seccomp && (argument == SECCOMP_SET_MODE_STRICT ||
				       argument == SECCOMP_SET_MODE_FILTER)) ||
	    (number == SYS_prctl && (int)argument == PR_SET_SECCOMP))
		step_back();
	return ckpt_confine_originals[CKPT_CONFINE_SYSCALL];
}
