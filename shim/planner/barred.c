/* SPDX-License-Identifier: MIT */
#include "shim/planner/barred.h"

#include <fnmatch.h>
#include <stddef.h>

static const char twice[] = "it returns more than once";
static const char never[] = "it does not return";
static const char process[] = "it starts or replaces a process";
static const char thread[] = "it starts, ends or switches threads of control";
static const char unwinding[] = "it unwinds the stack";
static const char memory[] = "it manages the memory of the process";
static const char loader[] = "it changes what is loaded";

static const struct {
	const char *pattern;
	const char *reason;
} barred[] = {
	{"setjmp", twice},
	{"_setjmp", twice},
	{"sigsetjmp", twice},
	{"__sigsetjmp", twice},
	{"getcontext", twice},
	{"longjmp", never},
	{"_longjmp", never},
	{"siglongjmp", never},
	{"__longjmp_chk", never},
	{"exit", never},
	{"_exit", never},
	{"_Exit", never},
	{"quick_exit", never},
	{"abort", never},
	{"__assert_fail", never},
	{"__stack_chk_fail", never},
	{"__libc_start_main", never},
	{"fork", process},
	{"vfork", process},
	{"_Fork", process},
	{"clone", process},
	{"clone3", process},
	{"exec[lv]*", process},
	{"fexecve", process},
	{"posix_spawn*", process},
	{"system", process},
	{"popen", process},
	{"swapcontext", thread},
	{"setcontext", thread},
	{"makecontext", thread},
	{"pthread_*", thread},
	{"thrd_*", thread},
	{"_Unwind_*", unwinding},
	{"__cxa_throw", unwinding},
	{"__cxa_rethrow", unwinding},
	{"__gxx_personality_v0", unwinding},
	{"malloc", memory},
	{"calloc", memory},
	{"realloc", memory},
	{"reallocarray", memory},
	{"free", memory},
	{"memalign", memory},
	{"posix_memalign", memory},
	{"aligned_alloc", memory},
	{"valloc", memory},
	{"pvalloc", memory},
	{"mmap", memory},
	{"munmap", memory},
	{"mremap", memory},
	{"brk", memory},
	{"sbrk", memory},
	{"_Znwm", memory},
	{"_Znam", memory},
	{"_ZdlPv*", memory},
	{"_ZdaPv*", memory},
	{"dlopen", loader},
	{"dlmopen", loader},
	{"dlclose", loader},
	{"__tls_get_addr", loader},
};

const char *ckpt_barred_reason(const char *symbol)
{
	for (size_t i = 0; i < sizeof(barred) / sizeof(barred[0]); i++)
		if (fnmatch(barred[i].pattern, symbol, 0) == 0)
			return barred[i].reason;
	return NULL;
}
