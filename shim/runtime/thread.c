/* SPDX-License-Identifier: MIT */
#include "shim/runtime/thread.h"

#include <signal.h>
#include <sys/syscall.h>

static __thread struct ckpt_thread this_thread;

struct ckpt_thread *ckpt_thread_self(void)
{
	return &this_thread;
}

bool ckpt_thread_is_on_signal_stack(void)
{
	stack_t stack = {0};
	long result = 0;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(SYS_sigaltstack), "D"(NULL), "S"(&stack)
			 : "rcx", "r11", "memory");
	return result || (stack.ss_flags & SS_ONSTACK);
}

bool ckpt_thread_lock(struct ckpt_thread *thread, uintptr_t frame)
{
	if (thread->busy) {
		/* A handler runs below what it interrupted, or on its own
		 * stack. Above it: our code was left by siglongjmp. */
		if (frame <= thread->busy || ckpt_thread_is_on_signal_stack())
			return false;
	}
	thread->busy = frame;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	return true;
}

void ckpt_thread_unlock(struct ckpt_thread *thread)
{
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	thread->busy = 0;
}

void ckpt_thread_prune(struct ckpt_thread *thread, uintptr_t frame)
{
	uint32_t i = 0;

	/* Stacks grow down: live callers have higher frames. */
	while (i < thread->call_count && thread->calls[i].frame > frame)
		i++;
	if (i < thread->call_count)
		ckpt_thread_pop(thread, &thread->calls[i]);
}

void ckpt_thread_spoil(struct ckpt_thread *thread, uint32_t classes,
		       const char *chain)
{
	for (uint32_t i = 0; i < thread->call_count; i++) {
		struct ckpt_thread_call *call = &thread->calls[i];

		if (!(call->observed & classes) || call->spoiled_by)
			continue;
		call->spoiled_by = chain;
		call->spoiled_classes = classes;
	}
}

struct ckpt_thread_call *ckpt_thread_push(struct ckpt_thread *thread,
					  uintptr_t frame)
{
	struct ckpt_thread_call *call = NULL;

	if (thread->call_count == CKPT_THREAD_CALLS_MAX)
		return NULL;
	call = &thread->calls[thread->call_count++];
	call->frame = frame;
	call->arena = (struct ckpt_arena){0};
	call->components = (struct ckpt_arena){0};
	call->key_size = 0;
	call->inputs_size = 0;
	call->observed = 0;
	call->is_verifying = false;
	call->spoiled_by = NULL;
	return call;
}

struct ckpt_thread_call *ckpt_thread_find(struct ckpt_thread *thread,
					  uintptr_t frame)
{
	for (uint32_t i = thread->call_count; i > 0; i--) {
		if (thread->calls[i - 1].frame == frame)
			return &thread->calls[i - 1];
	}
	return NULL;
}

void ckpt_thread_disown(struct ckpt_thread *thread)
{
	ckpt_once_release(&thread->once);
	thread->once_frame = 0;
}

void ckpt_thread_pop(struct ckpt_thread *thread, struct ckpt_thread_call *call)
{
	uint32_t index = (uint32_t)(call - thread->calls);

	while (thread->call_count > index) {
		thread->call_count--;
		call = &thread->calls[thread->call_count];
		ckpt_arena_deinit(&call->arena);
		ckpt_arena_deinit(&call->components);
		if (call->frame == thread->once_frame)
			ckpt_thread_disown(thread);
	}
}
