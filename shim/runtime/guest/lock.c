/* SPDX-License-Identifier: MIT */
#include "shim/runtime/guest/lock.h"

#include "shim/common/sys_x86_64.h"

#include <linux/futex.h>
#include <stddef.h>

enum { FREE, TAKEN, WAITED_FOR, PAGE_SIZE = 4096 };

enum ckpt_status ckpt_lock_init(struct ckpt_lock *lock)
{
	void *memory = ckpt_sys_mmap(NULL, PAGE_SIZE, PROT_READ | PROT_WRITE,
				     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (ckpt_sys_is_error(memory))
		return CKPT_NOMEM;
	/* Without it (Linux < 4.14) a child may find the lock taken: it then
	 * does without us rather than wait for ever. */
	(void)ckpt_sys_madvise(memory, PAGE_SIZE, MADV_WIPEONFORK);
	lock->word = memory;
	return CKPT_OK;
}

static void wait_for(uint32_t *word)
{
	while (__atomic_exchange_n(word, WAITED_FOR, __ATOMIC_ACQUIRE) != FREE)
		(void)ckpt_syscall6(SYS_futex, (long)word, FUTEX_WAIT_PRIVATE,
				    WAITED_FOR, 0, 0, 0);
}

bool ckpt_lock_take(struct ckpt_lock *lock)
{
	const void *self = __builtin_thread_pointer();
	uint32_t expected = FREE;

	if (__atomic_load_n(&lock->owner, __ATOMIC_RELAXED) == self &&
	    __atomic_load_n(lock->word, __ATOMIC_RELAXED) != FREE)
		return false;
	if (!__atomic_compare_exchange_n(lock->word, &expected, TAKEN, false,
					 __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		wait_for(lock->word);
	if (lock->is_inside) {
		/* The one inside was not forked with us. */
		__atomic_store_n(lock->word, FREE, __ATOMIC_RELEASE);
		return false;
	}
	__atomic_store_n(&lock->owner, self, __ATOMIC_RELAXED);
	lock->is_inside = true;
	return true;
}

void ckpt_lock_give(struct ckpt_lock *lock)
{
	lock->is_inside = false;
	__atomic_store_n(&lock->owner, NULL, __ATOMIC_RELAXED);
	if (__atomic_exchange_n(lock->word, FREE, __ATOMIC_RELEASE) ==
	    WAITED_FOR)
		(void)ckpt_syscall6(SYS_futex, (long)lock->word,
				    FUTEX_WAKE_PRIVATE, 1, 0, 0, 0);
}
