/* SPDX-License-Identifier: MIT */
#ifndef CKPT_RUNTIME_CODE_X86_64_H
#define CKPT_RUNTIME_CODE_X86_64_H

/*
 * The little that the runtime asks of machine code. Hot path.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Is the function at `code`, of which `size` bytes can be read, nothing but a
 * return? Programs set such ones to silence a library. */
bool ckpt_code_does_nothing(const uint8_t *code, size_t size);

#endif
