/* SPDX-License-Identifier: MIT */
#ifndef CKPT_TOOLS_FPTEXT_X86_64_H
#define CKPT_TOOLS_FPTEXT_X86_64_H

/*
 * Floating-point control in words, as it stands in components: the bits of
 * MXCSR but its flags, and the x87 control word in the upper half (Intel SDM
 * volume 1, 8.1.5 and 10.2.3).
 */

#include "shim/common/buf.h"

#include <stdbool.h>

/* A line for each setting in which `mine` differs from `other`: "rounding
 * mode: upward, was to nearest". False: they are in none that has a name. */
bool ckpt_fptext_compare(uint32_t mine, uint32_t other, struct ckpt_buf *out);

#endif
