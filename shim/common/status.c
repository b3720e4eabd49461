/* SPDX-License-Identifier: MIT */
#include "shim/common/status.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum ckpt_status ckpt_err_set(struct ckpt_err *err, enum ckpt_status status,
			      const char *format, ...)
{
	va_list args;

	if (!err)
		return status;
	va_start(args, format);
	(void)vsnprintf(err->text, sizeof(err->text), format, args);
	va_end(args);
	err->status = status;
	return status;
}

enum ckpt_status ckpt_err_prefix(struct ckpt_err *err, enum ckpt_status status,
				 const char *format, ...)
{
	char prefix[sizeof(err->text)];
	size_t prefix_size;
	size_t text_size;
	va_list args;

	if (!err)
		return status;
	va_start(args, format);
	(void)vsnprintf(prefix, sizeof(prefix) - 2, format, args);
	va_end(args);
	strcat(prefix, ": ");
	prefix_size = strlen(prefix);
	text_size = strnlen(err->text, sizeof(err->text) - 1);
	if (text_size > sizeof(err->text) - 1 - prefix_size)
		text_size = sizeof(err->text) - 1 - prefix_size;
	memmove(err->text + prefix_size, err->text, text_size);
	memcpy(err->text, prefix, prefix_size);
	err->text[prefix_size + text_size] = '\0';
	err->status = status;
	return status;
}

const char *ckpt_status_text(enum ckpt_status status)
{
	switch (status) {
	case CKPT_OK:
		return "success";
	case CKPT_NOTFOUND:
		return "not found";
	case CKPT_UNSUPPORTED:
		return "not supported";
	case CKPT_BADDATA:
		return "malformed data";
	case CKPT_INVALID:
		return "invalid";
	case CKPT_NOMEM:
		return "out of memory";
	case CKPT_IO:
		return "input/output error";
	}
	return "unknown status";
}
