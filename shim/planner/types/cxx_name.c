/* SPDX-License-Identifier: MIT */
#include "shim/planner/types/cxx_name.h"

#include <string.h>

static void cut(char *from, size_t size)
{
	memmove(from, from + size, strlen(from + size) + 1);
}

static void cut_all(char *name, const char *part)
{
	char *found;

	while ((found = strstr(name, part)) != NULL)
		cut(found, strlen(part));
}

/* `short_text` must not be longer than `text`. */
static void replace_all(char *name, const char *text, const char *short_text)
{
	size_t size = strlen(text), short_size = strlen(short_text);
	char *found = name;

	while ((found = strstr(found, text)) != NULL) {
		memcpy(found, short_text, short_size);
		cut(found + short_size, size - short_size);
		found += short_size;
	}
}

/* Behind the ">" that closes the "<" in front of `text`; NULL if none does. */
static char *skip_arguments(char *text)
{
	int depth = 1;

	for (; *text; text++) {
		depth += *text == '<' || *text == '(';
		depth -= *text == '>' || *text == ')';
		if (!depth)
			return text + 1;
	}
	return NULL;
}

/* ", std::allocator<int> " and whatever is in its brackets. */
static void cut_argument(char *name, const char *start)
{
	char *found = name, *end;

	while ((found = strstr(found, start)) != NULL) {
		end = skip_arguments(found + strlen(start));
		if (!end)
			return;
		end += strspn(end, " ");
		if (*end == ',' || *end == '>')
			cut(found, (size_t)(end - found));
		else
			found = end;
	}
}

static const struct {
	const char *full, *name;
} shorts[] = {
	{"std::basic_string<char>", "std::string"},
	{"std::basic_string<wchar_t>", "std::wstring"},
	{"std::basic_string_view<char>", "std::string_view"},
	{"std::basic_string_view<wchar_t>", "std::wstring_view"},
};

void ckpt_cxx_name_simplify(char *name)
{
	static const char *const defaults[] = {
		", std::allocator<", ", std::char_traits<",
		", std::less<",	     ", std::hash<",
		", std::equal_to<",  ", std::default_delete<"};

	cut_all(name, "__cxx11::");
	for (size_t i = 0; i < sizeof(defaults) / sizeof(defaults[0]); i++)
		cut_argument(name, defaults[i]);
	replace_all(name, " >", ">");
	for (size_t i = 0; i < sizeof(shorts) / sizeof(shorts[0]); i++)
		replace_all(name, shorts[i].full, shorts[i].name);
}

const char *ckpt_cxx_name_full(const char *name)
{
	for (size_t i = 0; i < sizeof(shorts) / sizeof(shorts[0]); i++) {
		if (!strcmp(name, shorts[i].name))
			return shorts[i].full;
	}
	return NULL;
}
