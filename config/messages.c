/* SPDX-License-Identifier: MIT */
#include "config/messages.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void ckpt_messages_deinit(struct ckpt_messages *messages)
{
	ckpt_buf_deinit(&messages->lines);
}

static bool has_line(const struct ckpt_messages *messages, const char *line,
		     size_t size)
{
	const char *next = (const char *)messages->lines.data;
	size_t left = messages->lines.size;

	while (left) {
		const char *stop = memchr(next, '\n', left);

		if (!stop)
			return false;
		if ((size_t)(stop - next) == size &&
		    memcmp(next, line, size) == 0)
			return true;
		left -= (size_t)(stop - next) + 1;
		next = stop + 1;
	}
	return false;
}

static void add_line(struct ckpt_messages *messages, const char *line)
{
	size_t size = strlen(line);

	if (has_line(messages, line, size))
		return;
	ckpt_buf_add(&messages->lines, line, size);
	ckpt_buf_add_u8(&messages->lines, '\n');
	messages->count++;
}

void ckpt_messages_add(struct ckpt_messages *messages,
		       const struct ckpt_place *place, const char *format, ...)
{
	char line[1024];
	va_list args;
	int size = snprintf(line, sizeof line, "%s:%u:%u: ", place->file,
			    place->line, place->column);

	if (size < 0 || (size_t)size >= sizeof line)
		size = 0;
	va_start(args, format);
	(void)vsnprintf(line + size, sizeof line - (size_t)size, format, args);
	va_end(args);
	add_line(messages, line);
}

void ckpt_messages_add_err(struct ckpt_messages *messages,
			   const struct ckpt_err *err)
{
	if (err->status == CKPT_NOMEM)
		messages->is_nomem = true;
	add_line(messages, err->text);
}

void ckpt_messages_nomem(struct ckpt_messages *messages)
{
	messages->is_nomem = true;
}

enum ckpt_status ckpt_messages_status(const struct ckpt_messages *messages,
				      struct ckpt_err *err)
{
	static const char more[] = "\n… and 1000000 more mistakes";
	const char *lines = (const char *)messages->lines.data;
	size_t size = messages->lines.size;
	size_t shown = 0;
	size_t used = 0;

	if (messages->is_nomem || ckpt_buf_status(&messages->lines))
		return ckpt_err_set(err, CKPT_NOMEM, "out of memory");
	if (!messages->count)
		return CKPT_OK;
	if (!err)
		return CKPT_INVALID;
	while (used < size) {
		const char *stop = memchr(lines + used, '\n', size - used);
		size_t next = (size_t)(stop - lines) + 1;

		if (shown && next + sizeof more > sizeof err->text)
			break;
		used = next;
		shown++;
	}
	(void)ckpt_err_set(err, CKPT_INVALID, "%.*s", (int)used - 1, lines);
	used = strlen(err->text);
	if (shown < messages->count)
		(void)snprintf(err->text + used, sizeof err->text - used,
			       "\n… and %zu more mistake%s",
			       messages->count - shown,
			       messages->count - shown > 1 ? "s" : "");
	return CKPT_INVALID;
}
