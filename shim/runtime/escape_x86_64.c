/* SPDX-License-Identifier: MIT */
#include "shim/runtime/escape_x86_64.h"

#include "shim/runtime/thread.h"
#include "shim/runtime/calls/thunk.h"

#include <stddef.h>

enum {
	SAVED_RSP = 6, /* of the registers in a jmp_buf: glibc's JB_RSP */
	GUARD_SHIFT = 17,
};

const char *const ckpt_escape_jumps[] = {"longjmp", "_longjmp", "siglongjmp",
					 "__longjmp_chk", NULL};

/* As glibc keeps addresses: rotated, and mixed with the word at %fs:0x30. */
static uintptr_t demangle(uint64_t value)
{
	uint64_t guard;

	__asm__("mov %%fs:0x30, %0" : "=r"(guard));
	return (value >> GUARD_SHIFT | value << (64 - GUARD_SHIFT)) ^ guard;
}

/* NULL: inside our own code, or confined. Else to be given back by
 * ckpt_thread_unlock(). */
static struct ckpt_thread *lock_thread(void)
{
	struct ckpt_thread *thread = ckpt_thread_self();
	uintptr_t here = (uintptr_t)__builtin_frame_address(0);

	if (__atomic_load_n(&ckpt_thunk_disabled, __ATOMIC_ACQUIRE))
		return NULL;
	return ckpt_thread_lock(thread, here) ? thread : NULL;
}

void ckpt_escape_by_jump(const void *environment)
{
	const uint64_t *registers = environment;
	struct ckpt_thread *thread = lock_thread();

	if (!thread)
		return;
	if (thread->once_frame &&
	    thread->once_frame <= demangle(registers[SAVED_RSP]))
		ckpt_thread_disown(thread);
	ckpt_thread_unlock(thread);
}

/* Nothing tells which frame it is, without the unwinder's library. But frames
 * are unwound from the innermost on, and so are calls. */
static void drop_innermost(void)
{
	struct ckpt_thread *thread = lock_thread();

	if (!thread)
		return;
	if (thread->call_count)
		ckpt_thread_pop(thread, &thread->calls[thread->call_count - 1]);
	ckpt_thread_unlock(thread);
}

_Unwind_Reason_Code
ckpt_escape_by_unwinding(int version, _Unwind_Action actions,
			 _Unwind_Exception_Class exception_class,
			 struct _Unwind_Exception *exception,
			 struct _Unwind_Context *context)
{
	(void)version;
	(void)exception_class;
	(void)exception;
	(void)context;
	if (actions & _UA_CLEANUP_PHASE)
		drop_innermost();
	return _URC_CONTINUE_UNWIND;
}
