/* SPDX-License-Identifier: MIT */
#ifndef CKPT_COMMON_IMPURE_H
#define CKPT_COMMON_IMPURE_H

/*
 * Which functions of the C runtime have inputs or effects besides their
 * arguments and the caller's memory: one table. Allocation, locks and starting
 * threads are not among them; variables cannot be watched and are traits of a
 * closure (crt.h). Set-up world.
 */

#include <stdint.h>

/* What a function does besides computing, by what its result could depend on
 * or what a replay would leave out. Bits: a function may be several. */
enum ckpt_impure_class {
	CKPT_IMPURE_READS_FILE = 1u << 0,
	CKPT_IMPURE_WRITES_FILE = 1u << 1,
	CKPT_IMPURE_STDOUT = 1u << 2, /* standard output and error */
	CKPT_IMPURE_TERMINAL = 1u << 3,
	CKPT_IMPURE_CLOCK = 1u << 4,
	CKPT_IMPURE_RAND = 1u << 5, /* random state, entropy */
	CKPT_IMPURE_ENVIRONMENT = 1u << 6,
	CKPT_IMPURE_LOCALE = 1u << 7,
	CKPT_IMPURE_SIGNALS = 1u << 8,
	CKPT_IMPURE_PROCESS = 1u << 9, /* ids, children, exit */
	CKPT_IMPURE_NETWORK = 1u << 10,
	CKPT_IMPURE_MEMORY = 1u << 11, /* shared or file mappings */
	CKPT_IMPURE_LOADER = 1u << 12, /* dlopen and its like */
	CKPT_IMPURE_NAMED = 1u << 31,  /* `watch` names it; never waived */
};

/* enum ckpt_impure_class of `symbol`; 0: none. */
uint32_t ckpt_impure_classes(const char *symbol);

#endif
