/* SPDX-License-Identifier: MIT */
#include "shim/planner/elf/match.h"

#include <ctype.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

/* Itanium C++ ABI 3.4; libstdc++ has it. The caller frees. */
char *__cxa_demangle(const char *name, char *buffer, size_t *size, int *status);

/* A configured name taken apart. */
struct wanted {
	char *name;	     /* without version */
	const char *version; /* or NULL; points into `name`'s block */
	bool is_glob;
	bool is_cplusplus;
};

/* ---- names ---- */

/* "operator[]", "geo::operator*": names of C++, not patterns. */
static bool is_operator(const char *name)
{
	static const char word[] = "operator";
	const char *at = strstr(name, word);
	unsigned char next = at ? (unsigned char)at[sizeof(word) - 1] : 0;

	return at && (at == name || at[-1] == ':') && next != '_' &&
	       !isalnum(next);
}

static bool has_glob(const char *name)
{
	return strpbrk(name, "*?[") && !is_operator(name);
}

bool ckpt_match_is_pattern(const char *name)
{
	return has_glob(name) || strpbrk(name, ":(< ");
}

bool ckpt_match_is_symbol_pattern(const char *name)
{
	return has_glob(name) && !strpbrk(name, ":(< @");
}

static enum ckpt_status parse_wanted(const char *text, struct wanted *ret)
{
	char *at;

	ret->name = strdup(text);
	if (!ret->name)
		return CKPT_NOMEM;
	ret->version = NULL;
	ret->is_glob = has_glob(text);
	ret->is_cplusplus = strpbrk(text, ":(< ") != NULL;
	at = strchr(ret->name, '@');
	if (at && at != ret->name) {
		ret->version = at + 1 + (at[1] == '@');
		*at = '\0';
	}
	return CKPT_OK;
}

static bool is_mangled(const char *name)
{
	return name[0] == '_' && name[1] == 'Z';
}

static bool matches_text(const struct wanted *wanted, const char *text)
{
	return wanted->is_glob ? fnmatch(wanted->name, text, 0) == 0
			       : strcmp(wanted->name, text) == 0;
}

/* "geo::area(int) const" → "geo::area"; parentheses nest and may stand in
 * template arguments or "operator()". */
static void cut_parameters(char *name)
{
	char *end = strrchr(name, ')');
	int depth = 0;

	for (; end && end >= name; end--) {
		depth += (*end == ')') - (*end == '(');
		if (!depth) {
			if (end > name)
				*end = '\0';
			return;
		}
	}
}

static bool matches_demangled(const struct wanted *wanted, const char *name)
{
	char *text = __cxa_demangle(name, NULL, NULL, NULL);
	bool is_match;

	if (!text)
		return false;
	is_match = matches_text(wanted, text);
	if (!is_match) {
		cut_parameters(text);
		is_match = matches_text(wanted, text);
	}
	free(text);
	return is_match;
}

static bool matches_symbol(const struct wanted *wanted,
			   const struct ckpt_symbol *symbol)
{
	if (wanted->version &&
	    (!symbol->version || strcmp(symbol->version, wanted->version) != 0))
		return false;
	/* Parts of functions ("f.cold", "f.isra.0") answer to no other name. */
	if (strchr(symbol->name, '.'))
		return !wanted->is_glob && matches_text(wanted, symbol->name);
	if (matches_text(wanted, symbol->name))
		return true;
	return (wanted->is_glob || wanted->is_cplusplus) &&
	       is_mangled(symbol->name) &&
	       matches_demangled(wanted, symbol->name);
}

/* ---- symbols ---- */

static bool is_in_code(const struct ckpt_image *image, uint64_t vaddr)
{
	size_t count;
	const struct ckpt_segment *segments =
		ckpt_image_segments(image, &count);

	for (size_t i = 0; i < count; i++)
		if ((segments[i].flags & PF_X) && vaddr >= segments[i].vaddr &&
		    vaddr - segments[i].vaddr < segments[i].file_size)
			return true;
	return false;
}

/* Assembly often leaves a function's type out: those need to be asked for by
 * their very name. */
static bool is_function(const struct ckpt_image *image,
			const struct ckpt_symbol *symbol, bool is_exact)
{
	if (symbol->shndx == SHN_UNDEF || symbol->shndx == SHN_ABS ||
	    !symbol->name || !symbol->name[0])
		return false;
	if (symbol->type != STT_FUNC && symbol->type != STT_GNU_IFUNC &&
	    !(is_exact && symbol->type == STT_NOTYPE))
		return false;
	return is_in_code(image, symbol->vaddr);
}

static const struct ckpt_symbol *table(const struct ckpt_image *image,
				       bool is_dynamic, size_t *ret_count)
{
	return is_dynamic ? ckpt_image_dynamic_symbols(image, ret_count)
			  : ckpt_image_static_symbols(image, ret_count);
}

/* ---- what was found ---- */

void ckpt_match_deinit(struct ckpt_match *match)
{
	free(match->display);
	free(match->names);
}

void ckpt_matches_deinit(struct ckpt_matches *matches)
{
	for (size_t i = 0; i < matches->count; i++)
		ckpt_match_deinit(&matches->items[i]);
	free(matches->items);
	*matches = (struct ckpt_matches){0};
}

/* In the order in which they are met; merge_matches() brings together what is
 * at one address. */
static enum ckpt_status add_match(struct ckpt_matches *matches, uint32_t object,
				  const struct ckpt_symbol *symbol)
{
	if (matches->count == matches->capacity) {
		size_t capacity = matches->capacity * 2 + 8;
		void *items = realloc(matches->items,
				      capacity * sizeof(*matches->items));

		if (!items)
			return CKPT_NOMEM;
		matches->items = items;
		matches->capacity = capacity;
	}
	matches->items[matches->count] = (struct ckpt_match){
		.object = object,
		.vaddr = symbol->vaddr,
		.size = symbol->size,
		.is_ifunc = symbol->type == STT_GNU_IFUNC,
		.symbol = symbol->name,
		.slot_count = matches->count, /* their order, meanwhile */
	};
	matches->count++;
	return CKPT_OK;
}

static int compare_matches(const void *a, const void *b)
{
	const struct ckpt_match *x = a, *y = b;

	if (x->vaddr != y->vaddr)
		return x->vaddr > y->vaddr ? 1 : -1;
	return (x->slot_count > y->slot_count) -
	       (x->slot_count < y->slot_count);
}

/* By address; the first that was met gives its name, the longest its size. */
static void merge_matches(struct ckpt_matches *matches, size_t first)
{
	size_t kept = first;

	if (matches->count == first)
		return;
	qsort(matches->items + first, matches->count - first,
	      sizeof(*matches->items), compare_matches);
	for (size_t i = first; i < matches->count; i++) {
		struct ckpt_match *match = &matches->items[i];

		if (kept > first &&
		    matches->items[kept - 1].vaddr == match->vaddr) {
			if (match->size > matches->items[kept - 1].size)
				matches->items[kept - 1].size = match->size;
			continue;
		}
		match->slot_count = 0;
		matches->items[kept++] = *match;
	}
	matches->count = kept;
}

static enum ckpt_status find_in_table(const struct ckpt_image *image,
				      bool is_dynamic, uint32_t object,
				      const struct wanted *wanted,
				      struct ckpt_matches *matches)
{
	bool is_exact = !wanted->is_glob && !wanted->is_cplusplus;
	size_t count;
	const struct ckpt_symbol *symbols = table(image, is_dynamic, &count);
	enum ckpt_status status;

	for (size_t i = 0; i < count; i++) {
		if (!is_function(image, &symbols[i], is_exact) ||
		    !matches_symbol(wanted, &symbols[i]))
			continue;
		status = add_match(matches, object, &symbols[i]);
		if (status)
			return status;
	}
	return CKPT_OK;
}

/* ---- all names of one address ---- */

static bool has_name(const struct ckpt_match *match, const char *name,
		     const char *version)
{
	for (size_t i = 0; i < match->name_count; i++) {
		const struct ckpt_match_name *have = &match->names[i];

		if (!strcmp(have->name, name) &&
		    (!version ||
		     (have->version && !strcmp(have->version, version))))
			return true;
	}
	return false;
}

static enum ckpt_status add_name(struct ckpt_match *match,
				 const struct ckpt_symbol *symbol)
{
	struct ckpt_match_name *names;

	if (has_name(match, symbol->name, symbol->version))
		return CKPT_OK;
	names = realloc(match->names, (match->name_count + 1) * sizeof(*names));
	if (!names)
		return CKPT_NOMEM;
	match->names = names;
	names[match->name_count++] = (struct ckpt_match_name){
		.name = symbol->name,
		.version = symbol->version,
		.is_default = symbol->is_default_version,
		.is_exported =
			symbol->is_dynamic && symbol->binding != STB_LOCAL,
	};
	return CKPT_OK;
}

enum { FEW = 16 }; /* matches for which sorting all symbols does not pay */

/* The functions of one table of symbols, by address. */
struct by_address {
	const struct ckpt_symbol **items;
	size_t count;
};

static int compare_symbols(const void *a, const void *b)
{
	const struct ckpt_symbol *x = *(const struct ckpt_symbol *const *)a;
	const struct ckpt_symbol *y = *(const struct ckpt_symbol *const *)b;

	if (x->vaddr != y->vaddr)
		return x->vaddr > y->vaddr ? 1 : -1;
	return (x > y) - (x < y);
}

static enum ckpt_status sort_symbols(const struct ckpt_image *image,
				     bool is_dynamic, struct by_address *ret)
{
	size_t count;
	const struct ckpt_symbol *symbols = table(image, is_dynamic, &count);

	ret->count = 0;
	ret->items = malloc((count + 1) * sizeof(struct ckpt_symbol *));
	if (!ret->items)
		return CKPT_NOMEM;
	for (size_t i = 0; i < count; i++)
		if (is_function(image, &symbols[i], true))
			ret->items[ret->count++] = &symbols[i];
	qsort(ret->items, ret->count, sizeof(struct ckpt_symbol *),
	      compare_symbols);
	return CKPT_OK;
}

static enum ckpt_status add_names(const struct by_address *symbols,
				  struct ckpt_match *match)
{
	size_t low = 0, high = symbols->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (symbols->items[middle]->vaddr < match->vaddr)
			low = middle + 1;
		else
			high = middle;
	}
	for (;
	     low < symbols->count && symbols->items[low]->vaddr == match->vaddr;
	     low++) {
		enum ckpt_status status = add_name(match, symbols->items[low]);

		if (status)
			return status;
	}
	return CKPT_OK;
}

static enum ckpt_status set_display(struct ckpt_match *match)
{
	if (is_mangled(match->symbol))
		match->display =
			__cxa_demangle(match->symbol, NULL, NULL, NULL);
	if (!match->display)
		match->display = strdup(match->symbol);
	return match->display ? CKPT_OK : CKPT_NOMEM;
}

/* The names of all matches by one look at the table: for many of them. */
static enum ckpt_status add_sorted(const struct ckpt_image *image,
				   bool is_dynamic,
				   struct ckpt_matches *matches, size_t first)
{
	struct by_address symbols;
	enum ckpt_status status = sort_symbols(image, is_dynamic, &symbols);

	for (size_t i = first; !status && i < matches->count; i++)
		status = add_names(&symbols, &matches->items[i]);
	free(symbols.items);
	return status;
}

/* The same one by one: for few. */
static enum ckpt_status add_unsorted(const struct ckpt_image *image,
				     bool is_dynamic,
				     struct ckpt_matches *matches, size_t first)
{
	size_t count;
	const struct ckpt_symbol *symbols = table(image, is_dynamic, &count);
	enum ckpt_status status = CKPT_OK;

	for (size_t i = 0; !status && i < count; i++)
		for (size_t j = first; !status && j < matches->count; j++)
			if (symbols[i].vaddr == matches->items[j].vaddr &&
			    is_function(image, &symbols[i], true))
				status = add_name(&matches->items[j],
						  &symbols[i]);
	return status;
}

static enum ckpt_status complete_matches(const struct ckpt_image *image,
					 struct ckpt_matches *matches,
					 size_t first)
{
	bool is_many = matches->count > first + FEW;
	enum ckpt_status status = CKPT_OK;

	if (matches->count == first)
		return CKPT_OK;
	for (int is_dynamic = 1; is_dynamic >= 0 && !status; is_dynamic--)
		status = is_many ? add_sorted(image, is_dynamic, matches, first)
				 : add_unsorted(image, is_dynamic, matches,
						first);
	for (size_t i = first; !status && i < matches->count; i++)
		status = set_display(&matches->items[i]);
	return status;
}

/* ---- objects ---- */

static const char *file_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool is_ours(const char *path)
{
	const char *name = file_name(path);

	return !strncmp(name, "libckpt.so", 10) ||
	       !strncmp(name, "ld-linux", 8) || !strncmp(name, "ld.so", 5) ||
	       !strncmp(name, "linux-vdso", 10);
}

static bool is_wanted_object(const struct ckpt_image *image, const char *path,
			     const char *pattern)
{
	const char *soname = ckpt_image_soname(image);

	return !pattern || fnmatch(pattern, path, 0) == 0 ||
	       fnmatch(pattern, file_name(path), 0) == 0 ||
	       (soname && fnmatch(pattern, soname, 0) == 0);
}

static enum ckpt_status find_in_object(const struct ckpt_image *image,
				       uint32_t object,
				       const struct wanted *wanted,
				       struct ckpt_matches *matches)
{
	size_t first = matches->count;
	enum ckpt_status status;

	status = find_in_table(image, true, object, wanted, matches);
	if (!status)
		status = find_in_table(image, false, object, wanted, matches);
	if (status)
		return status;
	merge_matches(matches, first);
	return complete_matches(image, matches, first);
}

const struct ckpt_image *ckpt_match_image(struct ckpt_scope *scope,
					  uint32_t index, const char *pattern,
					  struct ckpt_err *err)
{
	const char *path = ckpt_scope_object(scope, index)->path;
	const struct ckpt_image *image;

	if (is_ours(path))
		return NULL;
	image = ckpt_scope_image(scope, index, err);
	return image && is_wanted_object(image, path, pattern) ? image : NULL;
}

static enum ckpt_status find_all(struct ckpt_scope *scope,
				 const struct ckpt_function_config *config,
				 const struct wanted *wanted,
				 struct ckpt_matches *matches,
				 struct ckpt_err *err)
{
	for (uint32_t i = 0; i < ckpt_scope_count(scope); i++) {
		const struct ckpt_image *image =
			ckpt_match_image(scope, i, config->object, err);
		enum ckpt_status status;

		if (!image)
			continue;
		status = find_in_object(image, i, wanted, matches);
		if (status)
			return status;
	}
	return CKPT_OK;
}

enum ckpt_status ckpt_match_find(struct ckpt_scope *scope,
				 const struct ckpt_function_config *config,
				 struct ckpt_matches *matches,
				 struct ckpt_err *err)
{
	struct wanted wanted;
	enum ckpt_status status;

	if (err)
		err->text[0] = '\0';
	status = parse_wanted(config->name, &wanted);
	if (status)
		return ckpt_err_set(err, status, "out of memory");
	status = find_all(scope, config, &wanted, matches, err);
	free(wanted.name);
	return status;
}

/* ---- clones ---- */

static bool is_clone(const char *symbol, const char *name)
{
	static const char *const suffixes[] = {".isra.", ".constprop.",
					       ".part."};
	size_t size = strlen(name);

	if (strncmp(symbol, name, size) != 0)
		return false;
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++)
		if (!strncmp(symbol + size, suffixes[i], strlen(suffixes[i])))
			return true;
	return false;
}

const char *ckpt_match_find_clone(struct ckpt_scope *scope,
				  const struct ckpt_function_config *config,
				  uint32_t *ret_object)
{
	for (uint32_t i = 0; i < ckpt_scope_count(scope); i++) {
		const struct ckpt_image *image =
			ckpt_match_image(scope, i, config->object, NULL);
		const struct ckpt_symbol *symbols;
		size_t count;

		if (!image)
			continue;
		symbols = ckpt_image_static_symbols(image, &count);
		for (size_t j = 0; j < count; j++) {
			if (!is_clone(symbols[j].name, config->name))
				continue;
			*ret_object = i;
			return symbols[j].name;
		}
	}
	return NULL;
}
