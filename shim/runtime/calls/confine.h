/* SPDX-License-Identifier: MIT */
#ifndef CKPT_RUNTIME_CONFINE_H
#define CKPT_RUNTIME_CONFINE_H

/*
 * A process that confines itself (seccomp) may be killed for a system call of
 * ours. So the calls by which it does so are watched: prctl and syscall, as
 * programs and libseccomp use them. From the moment on that it asks for a
 * filter, all calls pass by and nothing is recorded, told or counted any more.
 * A filter set by an instruction of its own, or before exec, is not seen: the
 * latter let us start.
 *
 * The slots lead to entries that keep every argument register and go on to
 * the real function as if we had not been there. Any thread; no lock.
 */

enum ckpt_confine_function {
	CKPT_CONFINE_PRCTL,
	CKPT_CONFINE_SYSCALL,
	CKPT_CONFINE_COUNT
};

const char *ckpt_confine_name(int function);

/* What a slot bound to `original` is to hold; as ckpt_loader_stub(). */
void *ckpt_confine_stub(int function, void *original);

/* By the entries, with the call's first two arguments: where to go on. */
void *ckpt_confine_prctl(long option, long argument);
void *ckpt_confine_syscall(long number, long argument);

#endif
