/* SPDX-License-Identifier: MIT */
#include "shim/runtime/guest/code_x86_64.h"

#include <string.h>

bool ckpt_code_does_nothing(const uint8_t *code, size_t size)
{
	static const uint8_t endbr64[] = {0xf3, 0x0f, 0x1e, 0xfa};
	enum { RET = 0xc3 };

	if (size > sizeof(endbr64) && !memcmp(code, endbr64, sizeof(endbr64))) {
		code += sizeof(endbr64);
		size -= sizeof(endbr64);
	}
	return size && *code == RET;
}
