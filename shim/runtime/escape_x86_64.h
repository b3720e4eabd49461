/* SPDX-License-Identifier: MIT */
#ifndef CKPT_RUNTIME_ESCAPE_X86_64_H
#define CKPT_RUNTIME_ESCAPE_X86_64_H

/*
 * Calls that end without returning: an exception or a cancellation unwinds
 * their frame, or longjmp drops it. Most of what they leave behind can wait for
 * the thread's next call (thread.h); a key that it owns (`once`) cannot, since
 * others wait for it, so it is given back here.
 *
 * Hot path: system calls, no malloc. Runs in the thread that escapes, also in
 * a signal handler of it; errno is kept. Does nothing inside our own code or
 * once the process is confined (confine.h).
 */

#include <stdint.h>
#include <unwind.h>

/* Names of the functions that drop frames; NULL at the end. */
extern const char *const ckpt_escape_jumps[]
	__attribute__((visibility("hidden")));

/* One of them is entered, with this first argument (struct __jmp_buf_tag of
 * glibc): the frames below the stack pointer in it are dropped. One that leads
 * to another stack may free a key early: somebody else then computes, too. */
void ckpt_escape_by_jump(const void *environment);

/* The personality routine of the thunk's frames (Itanium C++ ABI: Exception
 * Handling, 1.6.3): one is unwound. Never stops an exception. */
_Unwind_Reason_Code
ckpt_escape_by_unwinding(int version, _Unwind_Action actions,
			 _Unwind_Exception_Class exception_class,
			 struct _Unwind_Exception *exception,
			 struct _Unwind_Context *context)
	__attribute__((visibility("hidden")));

#endif
