/* SPDX-License-Identifier: MIT */
#include "tools/json.h"

#include <inttypes.h>
#include <math.h>
#include <stddef.h>

/* Length of the well-formed UTF-8 sequence at `s` (RFC 3629), 0 if there is
 * none. Reads up to the first byte that does not belong. */
static size_t utf8_length(const unsigned char *s)
{
	size_t length = s[0] < 0x80		      ? 1
			: s[0] >= 0xc2 && s[0] < 0xe0 ? 2
			: s[0] >= 0xe0 && s[0] < 0xf0 ? 3
			: s[0] >= 0xf0 && s[0] < 0xf5 ? 4
						      : 0;

	for (size_t i = 1; i < length; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
	    (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return length;
}

static void put_text(FILE *file, const char *text)
{
	const unsigned char *s = (const unsigned char *)text;

	putc('"', file);
	while (*s) {
		size_t length = utf8_length(s);

		if (*s == '"' || *s == '\\')
			fprintf(file, "\\%c", *s);
		else if (*s < 0x20 || *s == 0x7f)
			fprintf(file, "\\u%04x", *s);
		else if (!length)
			fputs("\\ufffd", file);
		else
			fwrite(s, 1, length, file);
		s += length ? length : 1;
	}
	putc('"', file);
}

static void put_member(struct ckpt_json *json, const char *key)
{
	if (json->has_sibling)
		putc(',', json->file);
	if (json->depth)
		fprintf(json->file, "\n%*s", 2 * json->depth, "");
	if (key) {
		put_text(json->file, key);
		fputs(": ", json->file);
	}
	json->has_sibling = true;
}

static void begin(struct ckpt_json *json, const char *key, char bracket)
{
	put_member(json, key);
	putc(bracket, json->file);
	json->depth++;
	json->has_sibling = false;
}

static void end(struct ckpt_json *json, char bracket)
{
	json->depth--;
	if (json->has_sibling)
		fprintf(json->file, "\n%*s", 2 * json->depth, "");
	putc(bracket, json->file);
	json->has_sibling = true;
	if (!json->depth)
		putc('\n', json->file);
}

void ckpt_json_begin_object(struct ckpt_json *json, const char *key)
{
	begin(json, key, '{');
}

void ckpt_json_end_object(struct ckpt_json *json)
{
	end(json, '}');
}

void ckpt_json_begin_array(struct ckpt_json *json, const char *key)
{
	begin(json, key, '[');
}

void ckpt_json_end_array(struct ckpt_json *json)
{
	end(json, ']');
}

void ckpt_json_string(struct ckpt_json *json, const char *key,
		      const char *value)
{
	put_member(json, key);
	if (value)
		put_text(json->file, value);
	else
		fputs("null", json->file);
}

void ckpt_json_uint(struct ckpt_json *json, const char *key, uint64_t value)
{
	put_member(json, key);
	fprintf(json->file, "%" PRIu64, value);
}

void ckpt_json_int(struct ckpt_json *json, const char *key, int64_t value)
{
	put_member(json, key);
	fprintf(json->file, "%" PRId64, value);
}

void ckpt_json_real(struct ckpt_json *json, const char *key, double value)
{
	put_member(json, key);
	if (isfinite(value))
		fprintf(json->file, "%.9g", value);
	else
		fputs("null", json->file);
}

void ckpt_json_bool(struct ckpt_json *json, const char *key, bool value)
{
	put_member(json, key);
	fputs(value ? "true" : "false", json->file);
}
