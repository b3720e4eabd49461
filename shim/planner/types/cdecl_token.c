/* SPDX-License-Identifier: MIT */
#include "shim/planner/types/cdecl_token.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
	       c == '$';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static void count_lines(const struct ckpt_cdecl *p, unsigned int *ret_line,
			unsigned int *ret_column)
{
	unsigned int line = 1, column = 1;

	for (const char *c = p->text; c < p->token.text; c++) {
		column = *c == '\n' ? 1 : column + 1;
		line += *c == '\n';
	}
	*ret_line = line;
	*ret_column = column;
}

void ckpt_cdecl_fail(struct ckpt_cdecl *p, const char *format, ...)
{
	char message[512];
	unsigned int line, column;
	va_list arguments;

	if (p->status)
		return;
	va_start(arguments, format);
	(void)vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	count_lines(p, &line, &column);
	if (p->place && p->place->file)
		p->status = ckpt_err_set(
			p->err, CKPT_INVALID,
			"%s:%u:%u: C declaration, line %u, column %u: %s",
			p->place->file, p->place->line, p->place->column, line,
			column, message);
	else
		p->status =
			ckpt_err_set(p->err, CKPT_INVALID,
				     "C declaration, line %u, column %u: %s",
				     line, column, message);
	p->token.kind = CKPT_TOKEN_END;
}

void ckpt_cdecl_fail_nomem(struct ckpt_cdecl *p)
{
	if (!p->status)
		p->status = ckpt_err_set(p->err, CKPT_NOMEM, "out of memory");
	p->token.kind = CKPT_TOKEN_END;
}

static const char *skip_blanks(const char *c)
{
	for (;;) {
		const char *end = NULL;

		c += strspn(c, " \t\r\n\f\v");
		if (c[0] == '/' && c[1] == '*')
			end = strstr(c + 2, "*/");
		else if (c[0] == '/' && c[1] == '/')
			c += strcspn(c, "\n");
		else
			return c;
		if (c[0] == '/' && !end)
			return c;
		if (end)
			c = end + 2;
	}
}

static void read_number(struct ckpt_cdecl *p)
{
	char *end;
	uint64_t value;

	errno = 0;
	value = strtoull(p->token.text, &end, 0);
	if (p->token.text[0] == '0' && (p->token.text[1] | 32) == 'b')
		value = strtoull(p->token.text + 2, &end, 2);
	end += strspn(end, "uUlL");
	if (errno || is_letter(*end) || is_digit(*end) || *end == '.') {
		ckpt_cdecl_fail(p, "an integer was expected");
		return;
	}
	p->token.kind = CKPT_TOKEN_NUMBER;
	p->token.value = (int64_t)value;
	p->token.size = (size_t)(end - p->token.text);
}

/* Value of the escape at `c`; -1 if it is none. Moves *ret_end past it. */
static int read_escape(const char *c, const char **ret_end)
{
	static const char letters[] = "abfnrtv'\"\\?";
	static const char values[] = "\a\b\f\n\r\t\v'\"\\?";
	const char *letter;
	char *end;
	long value;

	if (*c >= '0' && *c <= '7') {
		char digits[4] = {0};

		memcpy(digits, c,
		       strspn(c, "01234567") > 2 ? 3 : strspn(c, "01234567"));
		*ret_end = c + strlen(digits);
		return (int)strtol(digits, NULL, 8);
	}
	if (*c == 'x') {
		value = strtol(c + 1, &end, 16);
		*ret_end = end;
		return end == c + 1 || value > 255 || value < 0 ? -1
								: (int)value;
	}
	letter = *c ? strchr(letters, *c) : NULL;
	*ret_end = c + 1;
	return letter ? values[letter - letters] : -1;
}

static void read_character(struct ckpt_cdecl *p)
{
	const char *c = p->token.text + 1;
	int value;

	if (*c == '\\') {
		value = read_escape(c + 1, &c);
	} else {
		value = (unsigned char)*c;
		c += *c != '\0';
	}
	if (value < 0 || value == '\'' + 256 || *c != '\'' ||
	    p->token.text[1] == '\'') {
		ckpt_cdecl_fail(p, "malformed character constant");
		return;
	}
	p->token.kind = CKPT_TOKEN_NUMBER;
	p->token.value = (signed char)value;
	p->token.size = (size_t)(c + 1 - p->token.text);
}

static void read_string(struct ckpt_cdecl *p)
{
	const char *c = p->token.text + 1;

	while (*c && *c != '"')
		c += *c == '\\' && c[1] ? 2 : 1;
	if (!*c) {
		ckpt_cdecl_fail(p, "the string does not end");
		return;
	}
	p->token.kind = CKPT_TOKEN_STRING;
	p->token.size = (size_t)(c + 1 - p->token.text);
}

static void read_punctuator(struct ckpt_cdecl *p)
{
	static const char *const longer[] = {
		"...", "<<", ">>", "<=", ">=", "==", "!=", "&&", "||", "::"};

	p->token.kind = CKPT_TOKEN_PUNCTUATOR;
	p->token.size = 1;
	for (size_t i = 0; i < sizeof(longer) / sizeof(longer[0]); i++)
		if (strncmp(p->token.text, longer[i], strlen(longer[i])) == 0) {
			p->token.size = strlen(longer[i]);
			return;
		}
	if (*p->token.text == '#')
		ckpt_cdecl_fail(p, "there is no preprocessor here: write what "
				   "the macro stands for");
	else if (!strchr("()[]{}*&,;:=+-/%<>?!~|^", *p->token.text))
		ckpt_cdecl_fail(p, "this is no C: '%c'", *p->token.text);
}

void ckpt_cdecl_next(struct ckpt_cdecl *p)
{
	const char *c = skip_blanks(p->next);

	if (p->status)
		return;
	p->token = (struct ckpt_token){CKPT_TOKEN_END, c, 0, 0};
	if (is_letter(*c)) {
		p->token.kind = CKPT_TOKEN_NAME;
		while (is_letter(c[p->token.size]) ||
		       is_digit(c[p->token.size]))
			p->token.size++;
	} else if (is_digit(*c)) {
		read_number(p);
	} else if (*c == '\'') {
		read_character(p);
	} else if (*c == '"') {
		read_string(p);
	} else if (*c) {
		read_punctuator(p);
	}
	p->next = c + p->token.size;
}

void ckpt_cdecl_start(struct ckpt_cdecl *p, struct ckpt_types *types,
		      const char *text, const struct ckpt_place *place,
		      struct ckpt_err *err)
{
	*p = (struct ckpt_cdecl){.types = types,
				 .text = text,
				 .place = place,
				 .next = text,
				 .err = err};
	ckpt_cdecl_next(p);
}

void ckpt_cdecl_seek(struct ckpt_cdecl *p, const struct ckpt_token *token,
		     const char *next)
{
	if (p->status)
		return;
	p->token = *token;
	p->next = next;
}

bool ckpt_cdecl_is(const struct ckpt_cdecl *p, const char *text)
{
	return (p->token.kind == CKPT_TOKEN_NAME ||
		p->token.kind == CKPT_TOKEN_PUNCTUATOR) &&
	       strlen(text) == p->token.size &&
	       memcmp(text, p->token.text, p->token.size) == 0;
}

bool ckpt_cdecl_accept(struct ckpt_cdecl *p, const char *text)
{
	if (!ckpt_cdecl_is(p, text))
		return false;
	ckpt_cdecl_next(p);
	return true;
}

void ckpt_cdecl_expect(struct ckpt_cdecl *p, const char *text)
{
	if (ckpt_cdecl_accept(p, text))
		return;
	if (p->token.kind == CKPT_TOKEN_END)
		ckpt_cdecl_fail(p, "'%s' was expected at the end", text);
	else
		ckpt_cdecl_fail(p, "'%s' was expected before '%.*s'", text,
				p->token.size > 40 ? 40 : (int)p->token.size,
				p->token.text);
}

void ckpt_cdecl_skip_brackets(struct ckpt_cdecl *p)
{
	int depth = 0;

	do {
		if (ckpt_cdecl_is(p, "(") || ckpt_cdecl_is(p, "["))
			depth++;
		else if (ckpt_cdecl_is(p, ")") || ckpt_cdecl_is(p, "]"))
			depth--;
		else if (p->token.kind == CKPT_TOKEN_END)
			ckpt_cdecl_fail(p, "a bracket is not closed");
		ckpt_cdecl_next(p);
	} while (depth > 0 && !p->status);
}

const char *ckpt_cdecl_name(struct ckpt_cdecl *p)
{
	char *name = ckpt_types_alloc(p->types, p->token.size + 1);

	if (!name) {
		ckpt_cdecl_fail_nomem(p);
		return "";
	}
	memcpy(name, p->token.text, p->token.size);
	return name;
}
