/* SPDX-License-Identifier: MIT */
#include "shim/planner/types/type_base.h"

#include <string.h>

/* psABI 3.1.2, figure 3.1: the scalar types and their sizes. */
struct base {
	const char *name;
	enum ckpt_type_kind kind;
	uint8_t size, alignment, value_size;
	bool is_signed;
};

#define INTEGER(name, size, is_signed)                           \
	{                                                        \
		name, CKPT_TYPE_INT, size, size, size, is_signed \
	}
#define FLOATING(name, size, value)                            \
	{                                                      \
		name, CKPT_TYPE_FLOAT, size, size, value, true \
	}

static const struct base bases[] = {
	{"void", CKPT_TYPE_VOID, 0, 1, 0, false},
	{"_Bool", CKPT_TYPE_BOOL, 1, 1, 1, false},
	INTEGER("char", 1, true),
	INTEGER("signed char", 1, true),
	INTEGER("unsigned char", 1, false),
	INTEGER("short", 2, true),
	INTEGER("unsigned short", 2, false),
	INTEGER("int", 4, true),
	INTEGER("unsigned int", 4, false),
	INTEGER("long", 8, true),
	INTEGER("unsigned long", 8, false),
	INTEGER("long long", 8, true),
	INTEGER("unsigned long long", 8, false),
	INTEGER("__int128", 16, true),
	INTEGER("unsigned __int128", 16, false),
	FLOATING("_Float16", 2, 2),
	FLOATING("float", 4, 4),
	FLOATING("double", 8, 8),
	FLOATING("long double", 16, 10),
	FLOATING("_Float128", 16, 16),
};

struct synonym {
	const char *name, *base;
};

static const struct synonym synonyms[] = {
	{"bool", "_Bool"},
	{"_Float32", "float"},
	{"_Float64", "double"},
	{"_Float32x", "double"},
	{"_Float64x", "long double"},
	{"__float80", "long double"},
	{"__float128", "_Float128"},
	{"__int128_t", "__int128"},
	{"__uint128_t", "unsigned __int128"},
	{"size_t", "unsigned long"},
	{"ssize_t", "long"},
	{"ptrdiff_t", "long"},
	{"intptr_t", "long"},
	{"uintptr_t", "unsigned long"},
	{"intmax_t", "long"},
	{"uintmax_t", "unsigned long"},
	{"int8_t", "signed char"},
	{"uint8_t", "unsigned char"},
	{"int16_t", "short"},
	{"uint16_t", "unsigned short"},
	{"int32_t", "int"},
	{"uint32_t", "unsigned int"},
	{"int64_t", "long"},
	{"uint64_t", "unsigned long"},
	{"int_least8_t", "signed char"},
	{"uint_least8_t", "unsigned char"},
	{"int_least16_t", "short"},
	{"uint_least16_t", "unsigned short"},
	{"int_least32_t", "int"},
	{"uint_least32_t", "unsigned int"},
	{"int_least64_t", "long"},
	{"uint_least64_t", "unsigned long"},
	{"int_fast8_t", "signed char"},
	{"uint_fast8_t", "unsigned char"},
	{"int_fast16_t", "long"},
	{"uint_fast16_t", "unsigned long"},
	{"int_fast32_t", "long"},
	{"uint_fast32_t", "unsigned long"},
	{"int_fast64_t", "long"},
	{"uint_fast64_t", "unsigned long"},
	{"u_int8_t", "unsigned char"},
	{"u_int16_t", "unsigned short"},
	{"u_int32_t", "unsigned int"},
	{"u_int64_t", "unsigned long"},
	{"u_char", "unsigned char"},
	{"u_short", "unsigned short"},
	{"u_int", "unsigned int"},
	{"u_long", "unsigned long"},
	{"ushort", "unsigned short"},
	{"uint", "unsigned int"},
	{"ulong", "unsigned long"},
	{"char16_t", "unsigned short"},
	{"char32_t", "unsigned int"},
	{"wchar_t", "int"},
	{"wint_t", "unsigned int"},
	{"off_t", "long"},
	{"off64_t", "long"},
	{"loff_t", "long"},
	{"time_t", "long"},
	{"clock_t", "long"},
	{"suseconds_t", "long"},
	{"pid_t", "int"},
	{"uid_t", "unsigned int"},
	{"gid_t", "unsigned int"},
	{"mode_t", "unsigned int"},
	{"dev_t", "unsigned long"},
	{"ino_t", "unsigned long"},
	{"nlink_t", "unsigned long"},
	{"blksize_t", "long"},
	{"blkcnt_t", "long"},
	{"socklen_t", "unsigned int"},
	{"clockid_t", "int"},
};

struct vector {
	const char *name, *element;
	uint8_t size;
};

static const struct vector vectors[] = {
	{"__m64", "int", 8},	      {"__m128", "float", 16},
	{"__m128d", "double", 16},    {"__m128i", "long long", 16},
	{"__m256", "float", 32},      {"__m256d", "double", 32},
	{"__m256i", "long long", 32}, {"__m512", "float", 64},
	{"__m512d", "double", 64},    {"__m512i", "long long", 64},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static enum ckpt_status add_complex(struct ckpt_types *types,
				    struct ckpt_type *element)
{
	char name[64];
	struct ckpt_type *type;

	(void)strcpy(name, element->name);
	(void)strcat(name, " _Complex");
	type = ckpt_types_new(types, CKPT_TYPE_COMPLEX,
			      ckpt_types_text(types, name), 2 * element->size,
			      element->alignment);
	if (!type || !type->name)
		return CKPT_NOMEM;
	type->element = element;
	type->count = 2;
	return ckpt_types_define(types, type->name, type);
}

static enum ckpt_status add_base(struct ckpt_types *types,
				 const struct base *base, const char *name)
{
	struct ckpt_type *type;
	enum ckpt_status status;

	type = ckpt_types_new(types, base->kind, name, base->size,
			      base->alignment);
	if (!type)
		return CKPT_NOMEM;
	type->value_size = base->value_size;
	type->is_signed = base->is_signed;
	status = ckpt_types_define(types, name, type);
	if (status || base->kind != CKPT_TYPE_FLOAT || name != base->name)
		return status;
	return add_complex(types, type);
}

static enum ckpt_status add_vector(struct ckpt_types *types,
				   const struct vector *vector)
{
	struct ckpt_type *element = ckpt_types_find(types, vector->element);
	struct ckpt_type *type;

	type = ckpt_types_new(types, CKPT_TYPE_VECTOR, vector->name,
			      vector->size, vector->size);
	if (!type)
		return CKPT_NOMEM;
	type->element = element;
	type->count = vector->size / element->size;
	return ckpt_types_define(types, vector->name, type);
}

static const struct base *find_base(const char *name)
{
	for (size_t i = 0; i < COUNT(bases); i++)
		if (strcmp(bases[i].name, name) == 0)
			return &bases[i];
	return NULL;
}

/* psABI 3.5.7, figure 3.34; va_list is an array of one of it. */
static enum ckpt_status add_va_list(struct ckpt_types *types)
{
	static const char *const names[] = {
		"gp_offset", "fp_offset", "overflow_arg_area", "reg_save_area"};
	struct ckpt_type *tag, *list;

	tag = ckpt_types_new(types, CKPT_TYPE_STRUCT, "struct __va_list_tag",
			     24, 8);
	if (!tag)
		return CKPT_NOMEM;
	tag->fields = ckpt_types_alloc(types, 4 * sizeof(*tag->fields));
	if (!tag->fields)
		return CKPT_NOMEM;
	tag->field_count = 4;
	for (unsigned int i = 0; i < 4; i++) {
		tag->fields[i].name = names[i];
		tag->fields[i].off = i < 2 ? i * 4 : (i - 1) * 8;
		tag->fields[i].type =
			i < 2 ? ckpt_types_find(types, "unsigned int")
			      : ckpt_types_pointer(
					types, ckpt_types_find(types, "void"));
		if (!tag->fields[i].type)
			return CKPT_NOMEM;
	}
	list = ckpt_types_array(types, tag, 1);
	if (!list)
		return CKPT_NOMEM;
	return ckpt_types_define(types, "va_list", list) ||
			       ckpt_types_define(types, "__builtin_va_list",
						 list)
		       ? CKPT_NOMEM
		       : CKPT_OK;
}

static enum ckpt_status add_incomplete(struct ckpt_types *types)
{
	struct ckpt_type *type;

	type = ckpt_types_new(types, CKPT_TYPE_INCOMPLETE, "FILE", 0, 1);
	return type ? ckpt_types_define(types, "FILE", type) : CKPT_NOMEM;
}

enum ckpt_status ckpt_type_base_add(struct ckpt_types *types)
{
	enum ckpt_status status = CKPT_OK;

	for (size_t i = 0; !status && i < COUNT(bases); i++)
		status = add_base(types, &bases[i], bases[i].name);
	for (size_t i = 0; !status && i < COUNT(synonyms); i++)
		status = add_base(types, find_base(synonyms[i].base),
				  synonyms[i].name);
	for (size_t i = 0; !status && i < COUNT(vectors); i++)
		status = add_vector(types, &vectors[i]);
	if (!status)
		status = add_va_list(types);
	if (!status)
		status = add_incomplete(types);
	return status;
}

/* Words that make up the name of an arithmetic type, in any order. */
enum {
	CHAR,
	SHORT,
	INT,
	LONG,
	SIGNED,
	UNSIGNED,
	FLOAT,
	DOUBLE,
	COMPLEX,
	INT128,
	WORD_COUNT
};

static const struct {
	const char *text;
	int word;
} words[] = {
	{"char", CHAR},
	{"short", SHORT},
	{"int", INT},
	{"long", LONG},
	{"signed", SIGNED},
	{"__signed__", SIGNED},
	{"__signed", SIGNED},
	{"unsigned", UNSIGNED},
	{"float", FLOAT},
	{"double", DOUBLE},
	{"_Complex", COMPLEX},
	{"complex", COMPLEX},
	{"__complex__", COMPLEX},
	{"__int128", INT128},
};

static int find_word(const char *text, size_t size)
{
	for (size_t i = 0; i < COUNT(words); i++)
		if (strlen(words[i].text) == size &&
		    memcmp(words[i].text, text, size) == 0)
			return words[i].word;
	return -1;
}

/* Count the words of `name`; false if one is not of the table. */
static bool count_words(const char *name, unsigned int counts[WORD_COUNT])
{
	while (*name) {
		size_t size = strcspn(name, " ");
		int word = find_word(name, size);

		if (word < 0)
			return false;
		counts[word]++;
		name += size;
		name += strspn(name, " ");
	}
	return true;
}

static const char *name_floating(const unsigned int *counts)
{
	bool is_complex = counts[COMPLEX];

	if (counts[CHAR] || counts[SHORT] || counts[INT] || counts[SIGNED] ||
	    counts[UNSIGNED] || counts[INT128] || counts[COMPLEX] > 1)
		return NULL;
	if (counts[FLOAT] == 1 && !counts[LONG] && !counts[DOUBLE])
		return is_complex ? "float _Complex" : "float";
	if (counts[FLOAT] || counts[DOUBLE] > 1 || counts[LONG] > 1)
		return NULL;
	if (counts[LONG])
		return is_complex ? "long double _Complex" : "long double";
	return is_complex ? "double _Complex" : "double";
}

static const char *name_integer(const unsigned int *counts)
{
	bool is_unsigned = counts[UNSIGNED];

	if (counts[SIGNED] + counts[UNSIGNED] > 1 || counts[INT] > 1 ||
	    counts[CHAR] + counts[SHORT] + counts[INT128] +
			    (counts[LONG] ? 1 : 0) >
		    1 ||
	    counts[LONG] > 2 ||
	    ((counts[CHAR] || counts[INT128]) && counts[INT]))
		return NULL;
	if (counts[CHAR])
		return is_unsigned	? "unsigned char"
		       : counts[SIGNED] ? "signed char"
					: "char";
	if (counts[SHORT])
		return is_unsigned ? "unsigned short" : "short";
	if (counts[INT128])
		return is_unsigned ? "unsigned __int128" : "__int128";
	if (counts[LONG] == 2)
		return is_unsigned ? "unsigned long long" : "long long";
	if (counts[LONG])
		return is_unsigned ? "unsigned long" : "long";
	return is_unsigned ? "unsigned int" : "int";
}

const char *ckpt_type_base_canonical(const char *name)
{
	unsigned int counts[WORD_COUNT] = {0};

	if (!*name || !count_words(name, counts))
		return NULL;
	if (counts[FLOAT] || counts[DOUBLE] || counts[COMPLEX])
		return name_floating(counts);
	return name_integer(counts);
}
