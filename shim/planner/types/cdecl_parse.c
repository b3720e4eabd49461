/* SPDX-License-Identifier: MIT */
#include "shim/planner/types/cdecl_parse.h"
#include "shim/planner/types/cdecl_expr.h"
#include "shim/planner/types/cdecl_record.h"

#include <stdio.h>
#include <string.h>

enum {
	DEPTH_MAX = 60,
	WORDS_SIZE = 128,
	NAME_SIZE = 512,
	PARAMETERS_MAX = 256
};

struct ckpt_type *ckpt_cdecl_or_int(struct ckpt_cdecl *p,
				    struct ckpt_type *type)
{
	if (type)
		return type;
	ckpt_cdecl_fail_nomem(p);
	return ckpt_types_find(p->types, "int");
}

void ckpt_cdecl_define(struct ckpt_cdecl *p, const char *name,
		       struct ckpt_type *type)
{
	struct ckpt_type *known;

	if (p->status)
		return;
	if (ckpt_types_define(p->types, name, type)) {
		ckpt_cdecl_fail_nomem(p);
		return;
	}
	known = ckpt_types_find(p->types, name);
	if (known != type && type->kind != CKPT_TYPE_INCOMPLETE &&
	    !ckpt_type_equal(known, type))
		ckpt_cdecl_fail(p, "'%s' is already defined, and differently",
				name);
}

static void read_attributes(struct ckpt_cdecl *p,
			    struct ckpt_cdecl_attributes *ret)
{
	ckpt_cdecl_read_attributes(p, ret, ckpt_cdecl_read_type_name);
}

static bool is_one_of(const struct ckpt_cdecl *p, const char *const *names)
{
	for (; *names; names++)
		if (ckpt_cdecl_is(p, *names))
			return true;
	return false;
}

static const char *const arithmetic_words[] = {
	"char",	      "short",	     "int",	 "long",  "signed",
	"__signed__", "__signed",    "unsigned", "float", "double",
	"_Complex",   "__complex__", "__int128", NULL};
static const char *const ignored_words[] = {
	"extern",	"static",   "inline",	     "__inline",
	"__inline__",	"register", "_Noreturn",     "volatile",
	"__volatile__", "restrict", "__restrict",    "__restrict__",
	"__volatile",	"auto",	    "_Thread_local", NULL};
static const char *const const_words[] = {"const", "__const", "__const__",
					  NULL};
static const char *const refused_words[] = {
	"typeof",   "__typeof__", "__typeof",	"_Atomic",	"__thread",
	"_Generic", "_Decimal32", "_Decimal64", "_Decimal128",	"_BitInt",
	"class",    "template",	  "__declspec", "__attribute_", NULL};

/* `complex` of <complex.h>, or a parameter of that name? */
static bool is_complex_macro(struct ckpt_cdecl *p, const char *words)
{
	struct ckpt_token token = p->token;
	const char *next = p->next;
	bool is_macro;

	if (!ckpt_cdecl_is(p, "complex") ||
	    (!strstr(words, "float") && !strstr(words, "double")))
		return false;
	ckpt_cdecl_next(p);
	is_macro = p->token.kind == CKPT_TOKEN_NAME || ckpt_cdecl_is(p, "*");
	ckpt_cdecl_seek(p, &token, next);
	if (!is_macro)
		ckpt_cdecl_fail(p, "'complex' may be a name here; write "
				   "_Complex for the type");
	return is_macro;
}

static void add_word(struct ckpt_cdecl *p, char words[WORDS_SIZE])
{
	size_t used = strlen(words);

	if (used + p->token.size + 2 > WORDS_SIZE) {
		ckpt_cdecl_fail(p, "too many words in a type");
		return;
	}
	if (used)
		words[used++] = ' ';
	memcpy(words + used, p->token.text, p->token.size);
	words[used + p->token.size] = '\0';
	ckpt_cdecl_next(p);
}

/* End of a C++ name that begins at the token: "std::vector<double>" goes on
 * behind "std". */
static const char *find_name_end(const struct ckpt_cdecl *p)
{
	const char *c = p->next;
	int depth = 0;

	while (c[0] == ':' && c[1] == ':') {
		c += 2;
		c += strspn(c, "abcdefghijklmnopqrstuvwxyz_0123456789"
			       "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
		if (*c != '<')
			continue;
		do {
			depth += *c == '<';
			depth -= *c == '>';
			c++;
		} while (*c && depth);
	}
	return c;
}

static struct ckpt_type *find_named(struct ckpt_cdecl *p)
{
	char name[NAME_SIZE];
	const char *end = find_name_end(p);
	size_t size = (size_t)(end - p->token.text);
	struct ckpt_type *type = NULL;

	if (p->token.kind == CKPT_TOKEN_NAME && size < sizeof(name)) {
		(void)snprintf(name, sizeof(name), "%.*s", (int)size,
			       p->token.text);
		type = ckpt_types_find(p->types, name);
	}
	if (!type && p->token.kind == CKPT_TOKEN_END) {
		ckpt_cdecl_fail(p, "a type was expected at the end");
	} else if (!type) {
		ckpt_cdecl_fail(p,
				"'%.*s' is not a type that is known here; "
				"define it before the prototype",
				size > 60 ? 60 : (int)size, p->token.text);
	} else {
		p->next = end;
		ckpt_cdecl_next(p);
	}
	return type ? type : ckpt_types_find(p->types, "int");
}

static struct ckpt_type *find_words(struct ckpt_cdecl *p, const char *words)
{
	struct ckpt_type *type = ckpt_types_find(p->types, words);

	if (!type)
		ckpt_cdecl_fail(p, "'%s' is not a C type", words);
	return type ? type : ckpt_types_find(p->types, "int");
}

/* A vector_size(N) of the type, psABI 3.1.2. */
static struct ckpt_type *make_vector(struct ckpt_cdecl *p,
				     struct ckpt_type *element, uint32_t size)
{
	struct ckpt_type *type;

	if ((element->kind != CKPT_TYPE_INT &&
	     element->kind != CKPT_TYPE_FLOAT) ||
	    element->value_size != element->size || size % element->size) {
		ckpt_cdecl_fail(p, "no vector can be made of this");
		return element;
	}
	type = ckpt_cdecl_or_int(p, ckpt_types_new(p->types, CKPT_TYPE_VECTOR,
						   NULL, size, size));
	type->element = element;
	type->count = size / element->size;
	return type;
}

/* One specifier; false if the present token is none. */
static bool read_specifier(struct ckpt_cdecl *p,
			   struct ckpt_cdecl_specifiers *ret,
			   char words[WORDS_SIZE], bool *ret_const)
{
	if (ckpt_cdecl_accept(p, "typedef")) {
		ret->is_typedef = true;
	} else if (is_one_of(p, const_words)) {
		*ret_const = true;
		ckpt_cdecl_next(p);
	} else if (is_one_of(p, ignored_words)) {
		ckpt_cdecl_next(p);
	} else if (is_one_of(p, refused_words)) {
		ckpt_cdecl_fail(p, "'%.*s' is not understood",
				(int)p->token.size, p->token.text);
	} else if (!ret->type && (is_one_of(p, arithmetic_words) ||
				  is_complex_macro(p, words))) {
		add_word(p, words);
	} else if (!ret->type && !*words &&
		   (ckpt_cdecl_is(p, "struct") || ckpt_cdecl_is(p, "union"))) {
		ret->type = ckpt_cdecl_read_record(p);
	} else if (!ret->type && !*words && ckpt_cdecl_is(p, "enum")) {
		ret->type = ckpt_cdecl_read_enum(p);
	} else if (!ret->type && !*words && p->token.kind == CKPT_TOKEN_NAME) {
		ret->type = find_named(p);
	} else {
		return false;
	}
	return true;
}

void ckpt_cdecl_read_specifiers(struct ckpt_cdecl *p,
				struct ckpt_cdecl_specifiers *ret)
{
	char words[WORDS_SIZE] = "";
	bool is_const = false;

	*ret = (struct ckpt_cdecl_specifiers){.type = NULL};
	if (++p->depth > DEPTH_MAX)
		ckpt_cdecl_fail(p, "nested too deeply");
	do {
		read_attributes(p, &ret->attributes);
	} while (!p->status && read_specifier(p, ret, words, &is_const));
	p->depth--;
	if (!ret->type && *words)
		ret->type = find_words(p, words);
	if (!ret->type)
		ret->type = find_named(p);
	if (ret->attributes.vector_size)
		ret->type =
			make_vector(p, ret->type, ret->attributes.vector_size);
	ret->attributes.vector_size = 0;
	if (is_const)
		ret->type = ckpt_cdecl_or_int(
			p, ckpt_types_const(p->types, ret->type));
}

/* --- declarators --- */

static struct ckpt_type *read_pointers(struct ckpt_cdecl *p,
				       struct ckpt_type *type,
				       struct ckpt_cdecl_attributes *attributes)
{
	while (!p->status && (ckpt_cdecl_is(p, "*") || ckpt_cdecl_is(p, "&") ||
			      ckpt_cdecl_is(p, "&&"))) {
		bool is_reference = !ckpt_cdecl_is(p, "*");

		type = ckpt_cdecl_or_int(p, ckpt_types_pointer(p->types, type));
		type->is_reference = is_reference;
		ckpt_cdecl_next(p);
		for (;;) {
			read_attributes(p, attributes);
			if (is_one_of(p, const_words))
				type = ckpt_cdecl_or_int(
					p, ckpt_types_const(p->types, type));
			else if (!is_one_of(p, ignored_words))
				break;
			ckpt_cdecl_next(p);
		}
	}
	return type;
}

/* As a parameter, an array is a pointer and so is a function (C11 6.7.6.3). */
static struct ckpt_type *adjust_parameter(struct ckpt_cdecl *p,
					  struct ckpt_type *type)
{
	if (type->kind == CKPT_TYPE_ARRAY)
		return ckpt_cdecl_or_int(
			p, ckpt_types_pointer(p->types, type->element));
	if (type->kind == CKPT_TYPE_FUNCTION)
		return ckpt_cdecl_or_int(p, ckpt_types_pointer(p->types, type));
	if (type->kind == CKPT_TYPE_INCOMPLETE || type->kind == CKPT_TYPE_VOID)
		ckpt_cdecl_fail(p, "a parameter has an incomplete type");
	return type;
}

static void read_parameter(struct ckpt_cdecl *p, struct ckpt_type *function)
{
	struct ckpt_cdecl_specifiers spec;
	struct ckpt_cdecl_declared declared = {"", NULL, {0}};
	struct ckpt_type_field *field =
		&function->fields[function->field_count];

	ckpt_cdecl_read_specifiers(p, &spec);
	ckpt_cdecl_read_declarator(p, spec.type, &declared);
	if (function->field_count == 0 && ckpt_cdecl_is(p, ")") &&
	    declared.type->kind == CKPT_TYPE_VOID && !*declared.name)
		return;
	field->name = declared.name;
	field->type = adjust_parameter(p, declared.type);
	function->field_count++;
}

static void read_parameters(struct ckpt_cdecl *p, struct ckpt_type *function)
{
	size_t size = PARAMETERS_MAX * sizeof(*function->fields);

	if (ckpt_cdecl_accept(p, ")"))
		return;
	function->count = 1;
	function->fields = ckpt_types_alloc(p->types, size);
	if (!function->fields) {
		ckpt_cdecl_fail_nomem(p);
		return;
	}
	do {
		if (ckpt_cdecl_accept(p, "...")) {
			function->is_variadic = true;
			break;
		}
		if (function->field_count == PARAMETERS_MAX)
			ckpt_cdecl_fail(p, "too many parameters");
		else
			read_parameter(p, function);
	} while (ckpt_cdecl_accept(p, ","));
	ckpt_cdecl_expect(p, ")");
}

/* The first dimension of an array: a parameter's may be anything. */
static bool skip_dimension(struct ckpt_cdecl *p)
{
	struct ckpt_token token = p->token;
	const char *next = p->next;

	while (ckpt_cdecl_is(p, "static") || is_one_of(p, const_words) ||
	       is_one_of(p, ignored_words))
		ckpt_cdecl_next(p);
	if (ckpt_cdecl_is(p, "]") || ckpt_cdecl_is(p, "*"))
		return true;
	if (p->token.kind == CKPT_TOKEN_NAME && !ckpt_cdecl_is(p, "sizeof")) {
		for (struct ckpt_cdecl_constant *c = p->constants; c;
		     c = c->next)
			if (ckpt_cdecl_is(p, c->name))
				return false;
		return true;
	}
	ckpt_cdecl_seek(p, &token, next);
	while (ckpt_cdecl_accept(p, "static"))
		;
	return false;
}

static struct ckpt_type *read_suffixes(struct ckpt_cdecl *p,
				       struct ckpt_type *base, bool is_first);

static struct ckpt_type *read_array(struct ckpt_cdecl *p,
				    struct ckpt_type *base, bool is_first)
{
	int64_t count = 0;
	bool is_open = false;
	struct ckpt_type *element, *type;

	if (is_first && skip_dimension(p)) {
		is_open = true;
		while (!p->status && !ckpt_cdecl_is(p, "]") &&
		       p->token.kind != CKPT_TOKEN_END)
			ckpt_cdecl_next(p);
	} else {
		count = ckpt_cdecl_constant(p, ckpt_cdecl_read_type_name);
	}
	ckpt_cdecl_expect(p, "]");
	element = read_suffixes(p, base, false);
	if (count < 0)
		ckpt_cdecl_fail(p, "an array of negative length");
	else if (element->kind == CKPT_TYPE_FUNCTION ||
		 element->kind == CKPT_TYPE_INCOMPLETE ||
		 element->kind == CKPT_TYPE_VOID || element->is_reference)
		ckpt_cdecl_fail(p, "an array of such elements cannot be");
	if (p->status)
		return element;
	type = ckpt_types_array(p->types, element, (uint64_t)count);
	if (!type) {
		ckpt_cdecl_fail(p, "this array is too large");
		return element;
	}
	type->is_flexible = is_open || count == 0;
	return type;
}

static struct ckpt_type *read_function(struct ckpt_cdecl *p,
				       struct ckpt_type *base)
{
	struct ckpt_type *type;

	type = ckpt_cdecl_or_int(
		p, ckpt_types_new(p->types, CKPT_TYPE_FUNCTION, NULL, 0, 1));
	read_parameters(p, type);
	type->element = read_suffixes(p, base, false);
	if (type->element->kind == CKPT_TYPE_ARRAY ||
	    type->element->kind == CKPT_TYPE_FUNCTION)
		ckpt_cdecl_fail(p, "a function cannot return this");
	return type;
}

static struct ckpt_type *read_suffixes(struct ckpt_cdecl *p,
				       struct ckpt_type *base, bool is_first)
{
	struct ckpt_type *type = base;

	if (++p->depth > DEPTH_MAX)
		ckpt_cdecl_fail(p, "nested too deeply");
	if (ckpt_cdecl_accept(p, "["))
		type = read_array(p, base, is_first);
	else if (ckpt_cdecl_accept(p, "("))
		type = read_function(p, base);
	p->depth--;
	return type;
}

/* After "(": a declarator in parentheses, or the parameters of an abstract
 * function declarator? */
static bool is_nested(struct ckpt_cdecl *p)
{
	struct ckpt_token token = p->token;
	const char *next = p->next;
	bool result;

	if (!ckpt_cdecl_accept(p, "("))
		return false;
	result = ckpt_cdecl_is(p, "*") || ckpt_cdecl_is(p, "&") ||
		 ckpt_cdecl_is(p, "(") || ckpt_cdecl_is(p, "[") ||
		 ckpt_cdecl_is(p, "__attribute__");
	if (p->token.kind == CKPT_TOKEN_NAME && !result) {
		char name[WORDS_SIZE] = "";

		(void)snprintf(name, sizeof(name), "%.*s", (int)p->token.size,
			       p->token.text);
		result = !is_one_of(p, arithmetic_words) &&
			 !is_one_of(p, const_words) &&
			 !is_one_of(p, ignored_words) &&
			 !ckpt_cdecl_is(p, "struct") &&
			 !ckpt_cdecl_is(p, "union") &&
			 !ckpt_cdecl_is(p, "enum") &&
			 !ckpt_types_find(p->types, name);
	}
	ckpt_cdecl_seek(p, &token, next);
	return result;
}

/* What stands in parentheses binds last, so first read what follows them. */
static void read_nested(struct ckpt_cdecl *p, struct ckpt_type *type,
			struct ckpt_cdecl_declared *ret)
{
	struct ckpt_token token, end;
	const char *next, *end_next;

	ckpt_cdecl_expect(p, "(");
	token = p->token;
	next = p->next;
	for (int depth = 1; depth > 0 && !p->status;) {
		if (ckpt_cdecl_is(p, "("))
			depth++;
		else if (ckpt_cdecl_is(p, ")"))
			depth--;
		else if (p->token.kind == CKPT_TOKEN_END)
			ckpt_cdecl_fail(p, "a bracket is not closed");
		ckpt_cdecl_next(p);
	}
	type = read_suffixes(p, type, true);
	end = p->token;
	end_next = p->next;
	ckpt_cdecl_seek(p, &token, next);
	ckpt_cdecl_read_declarator(p, type, ret);
	ckpt_cdecl_expect(p, ")");
	ckpt_cdecl_seek(p, &end, end_next);
}

void ckpt_cdecl_read_declarator(struct ckpt_cdecl *p, struct ckpt_type *base,
				struct ckpt_cdecl_declared *ret)
{
	struct ckpt_type *type;

	if (++p->depth > DEPTH_MAX)
		ckpt_cdecl_fail(p, "nested too deeply");
	read_attributes(p, &ret->attributes);
	type = read_pointers(p, base, &ret->attributes);
	ret->type = type;
	if (!p->status && is_nested(p)) {
		read_nested(p, type, ret);
	} else {
		if (p->token.kind == CKPT_TOKEN_NAME) {
			ret->name = ckpt_cdecl_name(p);
			ckpt_cdecl_next(p);
		}
		ret->type = read_suffixes(p, type, true);
	}
	read_attributes(p, &ret->attributes);
	if (ret->attributes.vector_size && !p->status)
		ret->type =
			make_vector(p, ret->type, ret->attributes.vector_size);
	ret->attributes.vector_size = 0;
	p->depth--;
}

struct ckpt_type *ckpt_cdecl_read_type_name(struct ckpt_cdecl *p)
{
	struct ckpt_cdecl_specifiers spec;
	struct ckpt_cdecl_declared declared = {"", NULL, {0}};

	ckpt_cdecl_read_specifiers(p, &spec);
	ckpt_cdecl_read_declarator(p, spec.type, &declared);
	if (*declared.name)
		ckpt_cdecl_fail(p, "a type without the name '%s' was expected",
				declared.name);
	return declared.type;
}
