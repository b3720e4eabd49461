/* SPDX-License-Identifier: MIT */
#include "shim/planner/signature/parameter_names.h"

#include <stdbool.h>
#include <string.h>

/* A stretch of text; `size` 0: none. */
struct piece {
	const char *text;
	size_t size;
};

static bool is_name_character(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
	       (c >= '0' && c <= '9');
}

static const char *skip_literal(const char *c)
{
	char quote = *c++;

	while (*c && *c != quote && *c != '\n')
		c += *c == '\\' && c[1] ? 2 : 1;
	return c + (*c == quote);
}

static const char *skip_blanks(const char *c)
{
	return c + strspn(c, " \t\r\n");
}

static struct piece read_word(const char *c)
{
	struct piece word = {c, 0};

	while (is_name_character(c[word.size]))
		word.size++;
	return word;
}

static bool is_word(struct piece word, const char *text)
{
	return strlen(text) == word.size &&
	       memcmp(text, word.text, word.size) == 0;
}

/* Behind the "(" of a declaration of `function` outside all braces; NULL if
 * there is none (any more). */
static const char *find_declaration(const char *c, const char *function)
{
	int depth = 0;

	while (*c) {
		struct piece word = read_word(c);

		if (word.size) {
			c += word.size;
			if (!depth && is_word(word, function) &&
			    *skip_blanks(c) == '(')
				return skip_blanks(c) + 1;
			continue;
		}
		if (*c == '"' || *c == '\'') {
			c = skip_literal(c);
			continue;
		}
		/* extern "C" { opens a brace that does not count, but then
		 * headers close it after what we look for. */
		depth += *c == '{';
		depth -= *c == '}' && depth > 0;
		c++;
	}
	return NULL;
}

/* The next parameter, up to a comma or the closing bracket. */
static struct piece read_parameter(const char **text)
{
	struct piece parameter = {skip_blanks(*text), 0};
	const char *c = parameter.text;
	int depth = 0;

	while (*c && (depth || (*c != ',' && *c != ')'))) {
		depth += *c == '(' || *c == '[' || *c == '{';
		depth -= *c == ')' || *c == ']' || *c == '}';
		c++;
	}
	parameter.size = (size_t)(c - parameter.text);
	*text = c;
	return parameter;
}

static bool is_keyword(struct piece word)
{
	static const char *const words[] = {
		"const",   "volatile", "restrict",     "__restrict",
		"int",	   "char",     "short",	       "long",
		"signed",  "unsigned", "float",	       "double",
		"void",	   "_Bool",    "_Complex",     "__restrict__",
		"__const", "bool",     "__volatile__", "__int128"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (is_word(word, words[i]))
			return true;
	return false;
}

/* The name in "const char *key", "double a[3]", "int (*less)(int)": the word
 * behind "(*", else the last one in front of "[" or the end, if there is
 * something in front of it that may be its type. */
static struct piece find_name(struct piece parameter)
{
	const char *end = parameter.text + parameter.size, *c = parameter.text;
	struct piece name = {NULL, 0}, word;
	size_t words = 0;
	bool is_tag = false;

	for (; c < end && *c != '[' && *c != '('; c++) {
		word = read_word(c);
		if (!word.size) {
			words += *c == '*' || *c == '&';
			continue;
		}
		name = words && !is_tag && !is_keyword(word)
			       ? word
			       : (struct piece){NULL, 0};
		is_tag = is_word(word, "struct") || is_word(word, "union") ||
			 is_word(word, "enum");
		words += !is_word(word, "const") && !is_tag;
		c += word.size - 1;
	}
	if (c >= end || *c != '(')
		return name;
	c = skip_blanks(c + 1);
	if (c >= end || *c != '*')
		return (struct piece){NULL, 0};
	return read_word(skip_blanks(c + 1));
}

static bool set_names(struct ckpt_types *types, const char *text,
		      struct ckpt_signature *signature)
{
	struct piece names[256];
	size_t count = 0;
	char buffer[256];

	do {
		if (*text == ',')
			text++;
		if (count == sizeof(names) / sizeof(names[0]))
			return false;
		names[count++] = find_name(read_parameter(&text));
	} while (*text == ',');
	if (*text != ')' || count != signature->parameter_count)
		return false;
	for (size_t i = 0; i < count; i++) {
		const char *copy;

		if (!names[i].size || names[i].size >= sizeof(buffer))
			continue;
		memcpy(buffer, names[i].text, names[i].size);
		buffer[names[i].size] = '\0';
		copy = ckpt_types_text(types, buffer);
		if (copy)
			signature->parameters[i].name = copy;
	}
	return true;
}

void ckpt_parameter_names_read(struct ckpt_types *types, const char *text,
			       const char *function,
			       struct ckpt_signature *signature)
{
	const char *next = find_declaration(text, function);

	while (next && !set_names(types, next, signature))
		next = find_declaration(next, function);
}
