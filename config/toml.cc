/* SPDX-License-Identifier: MIT */
#include "config/toml.h"

/* toml++ asserts things about its input that only its next branch checks
 * (toml++ 3.3: "[&", "a=,"): without the assertion that branch gives a proper
 * error. With NDEBUG the assertion would be an assumption of the compiler. */
#undef NDEBUG
#define TOML_ASSERT(expression) static_assert(true)
#define TOML_EXCEPTIONS 0
#define TOML_HEADER_ONLY 1
#define TOML_MAX_NESTED_VALUES 64 /* CKPT_TOML_NESTING_MAX */
#if __has_include(<toml++/impl/unicode.h>)
/* Its class tests of characters call "unreachable" what a letter outside of
 * ASCII behind a line-ending backslash or in a bare value reaches (3.3). There
 * the answer is no. */
#include <toml++/impl/forward_declarations.h>
#undef TOML_UNREACHABLE
#define TOML_UNREACHABLE return false
#include <toml++/impl/unicode.h>
#undef TOML_UNREACHABLE
#define TOML_UNREACHABLE __builtin_unreachable()
#endif
#include <toml++/toml.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <vector>

static_assert(TOML_MAX_NESTED_VALUES == CKPT_TOML_NESTING_MAX);

namespace
{

/* Walks over TOML text as far as needed to tell statements from strings. */
struct scanner {
	const char *next;
	const char *end;
	uint32_t line;
	int brackets;
	int dots;
};

bool is_at(const struct scanner &scanner, const char *text)
{
	size_t size = strlen(text);

	return (size_t)(scanner.end - scanner.next) >= size &&
	       memcmp(scanner.next, text, size) == 0;
}

/* Behind a string; one on a single line ends with that at the latest. */
void skip_string(struct scanner &scanner)
{
	const char quote = *scanner.next;
	const char triple[] = {quote, quote, quote, '\0'};
	const bool is_long = is_at(scanner, triple);

	scanner.next += is_long ? 3 : 1;
	while (scanner.next < scanner.end &&
	       !(*scanner.next == quote &&
		 (!is_long || is_at(scanner, triple)))) {
		if (*scanner.next == '\\' && quote == '"' &&
		    scanner.next + 1 < scanner.end)
			scanner.next++;
		if (*scanner.next == '\n') {
			if (!is_long)
				return;
			scanner.line++;
		}
		scanner.next++;
	}
	/* A long string may end in up to two quotes of its own. */
	for (int i = 0; i < (is_long ? 5 : 1); i++) {
		if (scanner.next < scanner.end && *scanner.next == quote)
			scanner.next++;
	}
}

void scan_character(struct scanner &scanner)
{
	switch (*scanner.next) {
	case '"':
	case '\'':
		skip_string(scanner);
		return;
	case '#':
		while (scanner.next < scanner.end && *scanner.next != '\n')
			scanner.next++;
		return;
	case '[':
	case '{':
		scanner.brackets++;
		break;
	case ']':
	case '}':
		scanner.brackets--;
		break;
	case '.':
		scanner.dots++;
		break;
	case '\n':
		scanner.line++;
		if (scanner.brackets <= 0)
			scanner.brackets = scanner.dots = 0;
		break;
	default:
		break;
	}
	scanner.next++;
}

/* Dotted keys make trees as deep as they are long: bound them first. */
enum ckpt_status check_dots(const char *text, size_t size, const char *path,
			    struct ckpt_err *err)
{
	struct scanner scanner = {text, text + size, 1, 0, 0};

	while (scanner.next < scanner.end) {
		scan_character(scanner);
		if (scanner.dots > CKPT_TOML_DOTS_MAX)
			return ckpt_err_set(err, CKPT_INVALID,
					    "%s:%u:1: more than %d dots in one "
					    "statement; is a ']' or '}' "
					    "missing above?",
					    path, scanner.line,
					    CKPT_TOML_DOTS_MAX);
	}
	return CKPT_OK;
}

/* The text and where its lines start, to find a value's bytes again. */
struct source {
	std::string_view text;
	std::vector<size_t> lines;
	const char *path;
	struct ckpt_err *err;
	enum ckpt_status status;
};

void index_lines(struct source &source)
{
	source.lines.push_back(0);
	for (size_t i = 0; i < source.text.size(); i++) {
		if (source.text[i] == '\n')
			source.lines.push_back(i + 1);
	}
}

struct ckpt_toml_spot make_spot(const toml::source_position &position)
{
	return {position.line, position.column};
}

size_t find_byte(const struct source &source, struct ckpt_toml_spot spot)
{
	size_t byte = source.text.size();

	if (spot.line && spot.line <= source.lines.size())
		byte = source.lines[spot.line - 1];
	for (uint32_t i = 1; i < spot.column && byte < source.text.size();) {
		byte++;
		while (byte < source.text.size() &&
		       (source.text[byte] & 0xc0) == 0x80)
			byte++;
		i++;
	}
	return byte;
}

/* Behind the quotes, and behind the line break that """ swallows. */
struct ckpt_toml_spot find_text(const struct source &source,
				struct ckpt_toml_spot spot)
{
	const std::string_view rest =
		source.text.substr(find_byte(source, spot));
	const std::string_view quotes = rest.substr(0, 3);

	if (rest.empty() || (rest[0] != '"' && rest[0] != '\''))
		return spot; /* a bare key */
	if (quotes != "\"\"\"" && quotes != "'''")
		return {spot.line, spot.column + 1};
	if (rest.substr(3, 1) == "\n" || rest.substr(3, 2) == "\r\n")
		return {spot.line + 1, 1};
	return {spot.line, spot.column + 3};
}

char *copy_text(struct source &source, std::string_view text,
		struct ckpt_toml_spot spot)
{
	char *copy;

	if (text.find('\0') != text.npos) {
		if (!source.status)
			source.status = ckpt_err_set(
				source.err, CKPT_INVALID,
				"%s:%u:%u: a text with the character U+0000; "
				"leave it away",
				source.path, spot.line, spot.column);
		return NULL;
	}
	copy = static_cast<char *>(malloc(text.size() + 1));
	if (!copy) {
		source.status = CKPT_NOMEM;
		return NULL;
	}
	memcpy(copy, text.data(), text.size());
	copy[text.size()] = '\0';
	return copy;
}

void convert(struct source &source, const toml::node &node,
	     struct ckpt_toml *to);

bool make_items(struct source &source, struct ckpt_toml *to, size_t count)
{
	to->items = static_cast<struct ckpt_toml *>(
		calloc(count ? count : 1, sizeof *to->items));
	if (!to->items)
		source.status = CKPT_NOMEM;
	return to->items != NULL;
}

/* toml++ sorts by name, people read from top to bottom. */
bool is_before(const struct ckpt_toml &a, const struct ckpt_toml &b)
{
	if (a.key_spot.line != b.key_spot.line)
		return a.key_spot.line < b.key_spot.line;
	return a.key_spot.column < b.key_spot.column;
}

void convert_table(struct source &source, const toml::table &table,
		   struct ckpt_toml *to)
{
	if (!make_items(source, to, table.size()))
		return;
	for (auto &&[key, node] : table) {
		struct ckpt_toml *item = &to->items[to->count++];

		item->key_spot = make_spot(key.source().begin);
		item->key_text_spot = find_text(source, item->key_spot);
		item->key = copy_text(source, key.str(), item->key_spot);
		convert(source, node, item);
	}
	std::stable_sort(to->items, to->items + to->count, is_before);
}

void convert_array(struct source &source, const toml::array &array,
		   struct ckpt_toml *to)
{
	if (!make_items(source, to, array.size()))
		return;
	for (const toml::node &node : array)
		convert(source, node, &to->items[to->count++]);
}

void convert(struct source &source, const toml::node &node,
	     struct ckpt_toml *to)
{
	to->spot = make_spot(node.source().begin);
	to->kind = CKPT_TOML_DATE;
	if (const toml::table *table = node.as_table()) {
		to->kind = CKPT_TOML_TABLE;
		convert_table(source, *table, to);
	} else if (const toml::array *array = node.as_array()) {
		to->kind = CKPT_TOML_ARRAY;
		convert_array(source, *array, to);
	} else if (const auto *text = node.as_string()) {
		to->kind = CKPT_TOML_STRING;
		to->text_spot = find_text(source, to->spot);
		to->text = copy_text(source, text->get(), to->spot);
	} else if (const auto *integer = node.as_integer()) {
		to->kind = CKPT_TOML_INTEGER;
		to->integer = integer->get();
		to->number = static_cast<double>(integer->get());
	} else if (const auto *number = node.as_floating_point()) {
		to->kind = CKPT_TOML_FLOAT;
		to->number = number->get();
	} else if (const auto *boolean = node.as_boolean()) {
		to->kind = CKPT_TOML_BOOLEAN;
		to->boolean = boolean->get();
	}
}

void deinit_value(struct ckpt_toml *toml)
{
	for (size_t i = 0; i < toml->count; i++)
		deinit_value(&toml->items[i]);
	free(toml->items);
	free(toml->text);
	free(toml->key);
}

enum ckpt_status describe_error(const toml::parse_error &error,
				const char *path, struct ckpt_err *err)
{
	const std::string_view text = error.description();

	return ckpt_err_set(err, CKPT_INVALID, "%s:%u:%u: %.*s", path,
			    error.source().begin.line,
			    error.source().begin.column, (int)text.size(),
			    text.data());
}

} // namespace

enum ckpt_status ckpt_toml_parse(const char *text, size_t size,
				 const char *path, struct ckpt_toml **ret,
				 struct ckpt_err *err)
{
	struct source source = {{text, size}, {}, path, err, CKPT_OK};
	struct ckpt_toml *root;
	enum ckpt_status status;

	if (size > CKPT_TOML_SIZE_MAX)
		return ckpt_err_set(err, CKPT_INVALID,
				    "%s:1:1: larger than %d MiB", path,
				    CKPT_TOML_SIZE_MAX >> 20);
	status = check_dots(text, size, path, err);
	if (status)
		return status;
	toml::parse_result result = toml::parse(source.text);
	if (!result)
		return describe_error(result.error(), path, err);
	root = static_cast<struct ckpt_toml *>(calloc(1, sizeof *root));
	if (!root)
		return ckpt_err_set(err, CKPT_NOMEM, "%s: out of memory", path);
	index_lines(source);
	convert(source, result.table(), root);
	if (source.status) {
		ckpt_toml_destroy(root);
		if (source.status == CKPT_NOMEM)
			(void)ckpt_err_set(err, CKPT_NOMEM, "%s: out of memory",
					   path);
		return source.status;
	}
	*ret = root;
	return CKPT_OK;
}

void ckpt_toml_destroy(struct ckpt_toml *toml)
{
	if (!toml)
		return;
	deinit_value(toml);
	free(toml);
}

const struct ckpt_toml *ckpt_toml_get(const struct ckpt_toml *table,
				      const char *key)
{
	for (size_t i = 0; i < table->count; i++) {
		if (table->items[i].key &&
		    strcmp(table->items[i].key, key) == 0)
			return &table->items[i];
	}
	return NULL;
}

const char *ckpt_toml_kind_text(enum ckpt_toml_kind kind)
{
	static const char *const texts[] = {
		"a table",	 "an array",  "a string", "a whole number",
		"a real number", "a boolean", "a date",
	};

	return texts[kind];
}
