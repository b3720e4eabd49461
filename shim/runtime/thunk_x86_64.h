/* SPDX-License-Identifier: MIT */
#ifndef CKPT_RUNTIME_THUNK_X86_64_H
#define CKPT_RUNTIME_THUNK_X86_64_H

/* What the assembly of the thunk takes from thunk.h and memo.h. */

#define STUB_COUNT 4096 /* CKPT_THUNK_COUNT */

/* struct ckpt_thunk_entry */
#define ENTRY_ORIGINAL 0
#define ENTRY_WIDTH 8
#define ENTRY_X87_COUNT 9
#define ENTRY_PRESERVED 10
#define ENTRY_BYPASSED 11
#define ENTRY_PASS 12
#define ENTRY_SIZE 16

/* enum ckpt_vector_width */
#define WIDTH_XMM 1
#define WIDTH_YMM 2
#define WIDTH_ZMM 3

/* enum ckpt_verdict */
#define VERDICT_HIT 1
#define VERDICT_MISS 2

#endif
