/* SPDX-License-Identifier: MIT */
#include "config/lexer.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_name_start(char c)
{
	return isalpha((unsigned char)c) || c == '_';
}

static bool is_name_part(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '$';
}

struct ckpt_place ckpt_lexer_place(const struct ckpt_lexer *lexer,
				   size_t offset)
{
	struct ckpt_place place = lexer->place;

	for (size_t i = 0; i < offset; i++) {
		if (lexer->text[i] == '\n') {
			place.line++;
			place.column = 1;
		} else if ((lexer->text[i] & 0xc0) != 0x80) {
			place.column++; /* UTF-8: columns are characters */
		}
	}
	return place;
}

enum ckpt_status ckpt_lexer_fail(struct ckpt_lexer *lexer, size_t offset,
				 const char *format, ...)
{
	struct ckpt_place place = ckpt_lexer_place(lexer, offset);
	char message[512];
	va_list args;

	if (lexer->status)
		return lexer->status;
	va_start(args, format);
	(void)vsnprintf(message, sizeof message, format, args);
	va_end(args);
	lexer->token.kind = CKPT_TOKEN_BAD;
	lexer->status =
		ckpt_err_set(lexer->err, CKPT_INVALID, "%s:%u:%u: %s",
			     place.file, place.line, place.column, message);
	return lexer->status;
}

enum ckpt_status ckpt_lexer_nomem(struct ckpt_lexer *lexer)
{
	if (lexer->status)
		return lexer->status;
	lexer->token.kind = CKPT_TOKEN_BAD;
	lexer->status =
		ckpt_err_set(lexer->err, CKPT_NOMEM, "%s: %s",
			     lexer->place.file, ckpt_status_text(CKPT_NOMEM));
	return lexer->status;
}

enum ckpt_status ckpt_lexer_expected(struct ckpt_lexer *lexer, const char *what)
{
	const struct ckpt_token *token = &lexer->token;

	if (token->kind == CKPT_TOKEN_END)
		return ckpt_lexer_fail(lexer, token->start,
				       "expected %s, found the end", what);
	return ckpt_lexer_fail(lexer, token->start, "expected %s, found '%.*s'",
			       what, (int)token->size,
			       lexer->text + token->start);
}

/* Everything about one number but the letters it may end in. */
static enum ckpt_status scan_digits(struct ckpt_lexer *lexer, unsigned base)
{
	struct ckpt_token *token = &lexer->token;
	const char *text = lexer->text;
	uint64_t value = 0;

	for (; isxdigit((unsigned char)text[lexer->next]); lexer->next++) {
		char c = text[lexer->next];
		unsigned digit = isdigit((unsigned char)c)
					 ? (unsigned)(c - '0')
					 : (unsigned)((c | 32) - 'a' + 10);

		if (digit >= base)
			break;
		if (__builtin_mul_overflow(value, base, &value) ||
		    __builtin_add_overflow(value, digit, &value))
			return ckpt_lexer_fail(lexer, token->start,
					       "number does not fit in 64 "
					       "bits");
	}
	token->integer = value;
	return CKPT_OK;
}

static void scan_number(struct ckpt_lexer *lexer)
{
	struct ckpt_token *token = &lexer->token;
	const char *text = lexer->text;
	unsigned base = 10;
	size_t digits;

	token->kind = CKPT_TOKEN_INTEGER;
	if (text[lexer->next] == '0') {
		char c = text[lexer->next + 1] | 32;

		base = c == 'x' ? 16 : c == 'b' ? 2 : 8;
		lexer->next += base == 8 ? 1 : 2;
	}
	digits = lexer->next;
	if (scan_digits(lexer, base))
		return;
	if (lexer->next == digits && base != 8) {
		ckpt_lexer_fail(lexer, digits, "expected digits after '%.2s'",
				text + token->start);
		return;
	}
	while (text[lexer->next] && strchr("uUlL", text[lexer->next]))
		lexer->next++;
	if (is_name_part(text[lexer->next]))
		ckpt_lexer_fail(lexer, lexer->next,
				"'%c' cannot stand in a whole number",
				text[lexer->next]);
	else if (text[lexer->next] == '.' && text[lexer->next + 1] != '.')
		ckpt_lexer_fail(lexer, lexer->next,
				"only whole numbers can be written here");
}

/* The value behind a backslash, C11 6.4.4.4; -1 if it is none. */
static int scan_escape(struct ckpt_lexer *lexer)
{
	static const char letters[] = "abfnrtv\\'\"?";
	static const char values[] = "\a\b\f\n\r\t\v\\'\"?";
	const char *text = lexer->text;
	const char *letter;
	int value = 0;

	if (text[lexer->next] == 'x') {
		size_t first = ++lexer->next;

		while (isxdigit((unsigned char)text[lexer->next]) &&
		       lexer->next - first < 2) {
			char digit[2] = {text[lexer->next++], 0};

			value = value * 16 + (int)strtol(digit, NULL, 16);
		}
		return lexer->next > first ? value : -1;
	}
	if (text[lexer->next] >= '0' && text[lexer->next] <= '7') {
		for (int i = 0; i < 3 && text[lexer->next] >= '0' &&
				text[lexer->next] <= '7';
		     i++)
			value = value * 8 + text[lexer->next++] - '0';
		return value <= 255 ? value : -1;
	}
	letter = text[lexer->next] ? strchr(letters, text[lexer->next]) : NULL;
	if (!letter)
		return -1;
	lexer->next++;
	return values[letter - letters];
}

static void scan_character(struct ckpt_lexer *lexer)
{
	struct ckpt_token *token = &lexer->token;
	const char *text = lexer->text;
	int value;

	token->kind = CKPT_TOKEN_INTEGER;
	lexer->next++;
	if (text[lexer->next] == '\\') {
		lexer->next++;
		value = scan_escape(lexer);
	} else if (isprint((unsigned char)text[lexer->next]) &&
		   text[lexer->next] != '\'') {
		value = text[lexer->next++];
	} else {
		value = -1;
	}
	if (value < 0 || text[lexer->next] != '\'') {
		ckpt_lexer_fail(lexer, token->start,
				"expected one ASCII character between single "
				"quotes, as 'N' or '\\0'");
		return;
	}
	lexer->next++;
	/* char is signed on x86-64 (psABI 3.1.2). */
	token->is_negative = value > 127;
	token->integer = (uint64_t)(value > 127 ? 256 - value : value);
}

static void scan_string(struct ckpt_lexer *lexer)
{
	const char *start = lexer->text + lexer->next + 1;
	const char *end = strchr(start, '"');

	lexer->token.kind = CKPT_TOKEN_STRING;
	if (!end) {
		ckpt_lexer_fail(lexer, lexer->next, "this '\"' has no partner");
		return;
	}
	lexer->next = (size_t)(end - lexer->text) + 1;
}

static void scan_name(struct ckpt_lexer *lexer)
{
	const char *text = lexer->text;

	lexer->token.kind = CKPT_TOKEN_NAME;
	do {
		lexer->next++;
		if (text[lexer->next] == ':' && text[lexer->next + 1] == ':' &&
		    is_name_start(text[lexer->next + 2]))
			lexer->next += 3;
	} while (is_name_part(text[lexer->next]));
}

static void scan_punctuation(struct ckpt_lexer *lexer)
{
	static const struct {
		char text[3];
		int kind;
	} pairs[] = {
		{"->", CKPT_TOKEN_ARROW}, {"..", CKPT_TOKEN_DOTS},
		{"<<", CKPT_TOKEN_SHL},	  {">>", CKPT_TOKEN_SHR},
		{"<=", CKPT_TOKEN_LE},	  {">=", CKPT_TOKEN_GE},
		{"==", CKPT_TOKEN_EQ},	  {"!=", CKPT_TOKEN_NE},
		{"&&", CKPT_TOKEN_AND},	  {"||", CKPT_TOKEN_OR},
	};
	const char *start = lexer->text + lexer->next;

	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
		if (strncmp(start, pairs[i].text, 2) == 0) {
			lexer->token.kind = pairs[i].kind;
			lexer->next += 2;
			return;
		}
	}
	if (!strchr("()[].,*+-/%&|^~!<>=?:", *start)) {
		int size = 1;

		while ((start[size] & 0xc0) == 0x80)
			size++; /* the rest of a UTF-8 character */
		ckpt_lexer_fail(lexer, lexer->next,
				"'%.*s' has no meaning here", size, start);
		return;
	}
	lexer->token.kind = *start;
	lexer->next++;
}

void ckpt_lexer_advance(struct ckpt_lexer *lexer)
{
	const char *text = lexer->text;
	char c;

	if (lexer->status)
		return;
	lexer->end_of_last = lexer->next;
	while (isspace((unsigned char)text[lexer->next]))
		lexer->next++;
	lexer->token = (struct ckpt_token){.start = lexer->next};
	c = text[lexer->next];
	if (!c)
		lexer->token.kind = CKPT_TOKEN_END;
	else if (isdigit((unsigned char)c))
		scan_number(lexer);
	else if (c == '\'')
		scan_character(lexer);
	else if (c == '"')
		scan_string(lexer);
	else if (is_name_start(c))
		scan_name(lexer);
	else
		scan_punctuation(lexer);
	lexer->token.size = lexer->next - lexer->token.start;
}

void ckpt_lexer_init(struct ckpt_lexer *lexer, const char *text,
		     const struct ckpt_place *place, struct ckpt_err *err)
{
	*lexer = (struct ckpt_lexer){.text = text, .place = *place, .err = err};
	if (strlen(text) > CKPT_EXPR_TEXT_MAX)
		ckpt_lexer_fail(lexer, 0,
				"longer than %d characters; write less",
				CKPT_EXPR_TEXT_MAX);
	ckpt_lexer_advance(lexer);
}

bool ckpt_lexer_accept(struct ckpt_lexer *lexer, int kind)
{
	if (lexer->token.kind != kind)
		return false;
	ckpt_lexer_advance(lexer);
	return true;
}

bool ckpt_lexer_is_word(const struct ckpt_lexer *lexer, const char *word)
{
	return lexer->token.kind == CKPT_TOKEN_NAME &&
	       lexer->token.size == strlen(word) &&
	       memcmp(lexer->text + lexer->token.start, word,
		      lexer->token.size) == 0;
}

bool ckpt_lexer_accept_word(struct ckpt_lexer *lexer, const char *word)
{
	if (!ckpt_lexer_is_word(lexer, word))
		return false;
	ckpt_lexer_advance(lexer);
	return true;
}

void ckpt_lexer_expect(struct ckpt_lexer *lexer, int kind, const char *what)
{
	if (!ckpt_lexer_accept(lexer, kind))
		ckpt_lexer_expected(lexer, what);
}

char *ckpt_lexer_copy(struct ckpt_lexer *lexer, size_t start, size_t end)
{
	char *copy = malloc(end - start + 1);
	size_t size = 0;

	if (!copy) {
		ckpt_lexer_nomem(lexer);
		return NULL;
	}
	for (size_t i = start; i < end; i++) {
		bool is_blank = isspace((unsigned char)lexer->text[i]);

		if (!is_blank)
			copy[size++] = lexer->text[i];
		else if (size && copy[size - 1] != ' ')
			copy[size++] = ' ';
	}
	copy[size] = '\0';
	return copy;
}

char *ckpt_lexer_name(struct ckpt_lexer *lexer, const char *what)
{
	size_t start = lexer->token.start;

	if (lexer->token.kind != CKPT_TOKEN_NAME) {
		ckpt_lexer_expected(lexer, what);
		return NULL;
	}
	ckpt_lexer_advance(lexer);
	return ckpt_lexer_copy(lexer, start, lexer->end_of_last);
}

/* Is the token one of `words`? */
static bool is_one_of(const struct ckpt_lexer *lexer, const char *const *words)
{
	for (; *words; words++) {
		if (ckpt_lexer_is_word(lexer, *words))
			return true;
	}
	return false;
}

/* <…> behind a C++ name, balanced. */
static void skip_template_arguments(struct ckpt_lexer *lexer)
{
	int depth = 0;

	do {
		int kind = lexer->token.kind;

		if (kind == CKPT_TOKEN_END || kind == CKPT_TOKEN_BAD) {
			ckpt_lexer_expected(lexer, "'>'");
			return;
		}
		depth += kind == '<';
		depth -= kind == '>' ? 1 : kind == CKPT_TOKEN_SHR ? 2 : 0;
		ckpt_lexer_advance(lexer);
	} while (depth > 0);
}

char *ckpt_lexer_type(struct ckpt_lexer *lexer)
{
	static const char *const qualifiers[] = {"const", "volatile", NULL};
	static const char *const tags[] = {"struct", "union", "enum", "class",
					   NULL};
	static const char *const bases[] = {
		"void",	    "char",  "short",	 "int",	     "long",
		"signed",   "float", "bool",	 "unsigned", "double",
		"_Complex", "_Bool", "__int128", NULL};
	size_t start = lexer->token.start;
	bool has_base = false;

	while (is_one_of(lexer, qualifiers) || is_one_of(lexer, bases)) {
		has_base |= is_one_of(lexer, bases);
		ckpt_lexer_advance(lexer);
	}
	if (!has_base) {
		if (is_one_of(lexer, tags))
			ckpt_lexer_advance(lexer);
		ckpt_lexer_expect(lexer, CKPT_TOKEN_NAME, "the name of a type");
		if (lexer->token.kind == '<')
			skip_template_arguments(lexer);
	}
	while (lexer->token.kind == '*' || is_one_of(lexer, qualifiers))
		ckpt_lexer_advance(lexer);
	if (lexer->status)
		return NULL;
	return ckpt_lexer_copy(lexer, start, lexer->end_of_last);
}
