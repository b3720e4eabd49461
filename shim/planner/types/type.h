/* SPDX-License-Identifier: MIT */
#ifndef CKPT_PLANNER_TYPE_H
#define CKPT_PLANNER_TYPE_H

/*
 * C types as plain data: what dwarf, header and cdecl produce, what abi and
 * program consume. Knows nothing of DWARF. Typedefs and qualifiers are
 * resolved away, except that a pointer remembers whether its pointee is const
 * and a type remembers the name people know it by.
 *
 * Types live in an arena (struct ckpt_types) and die with it; graphs may be
 * cyclic (struct node { struct node *next; }). Set-up world, one thread.
 */

#include "shim/common/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum ckpt_type_kind {
	CKPT_TYPE_VOID,
	CKPT_TYPE_BOOL,
	CKPT_TYPE_INT,	 /* integers, characters, enumerations; size 1 … 16 */
	CKPT_TYPE_FLOAT, /* size 2, 4, 8, 16; value_size 10 of x87's 16 */
	CKPT_TYPE_COMPLEX, /* two floats `element` */
	CKPT_TYPE_POINTER, /* also C++ references */
	CKPT_TYPE_ARRAY,
	CKPT_TYPE_STRUCT,
	CKPT_TYPE_UNION,
	CKPT_TYPE_VECTOR, /* __m128 …: `count` of `element`, in a register */
	CKPT_TYPE_FUNCTION,   /* only ever pointed to */
	CKPT_TYPE_INCOMPLETE, /* declared, never defined: struct S; */
	CKPT_TYPE_OTHER,      /* what C does not have; `name` says what */
};

struct ckpt_type_field {
	const char *name; /* "" if anonymous */
	struct ckpt_type *type;
	uint64_t off; /* bytes; of the storage unit, for a bit-field */
	/* Bit-field: bits [bit_off, bit_off + bit_size) of the little-endian
	 * integer of type->size bytes at `off`. bit_size 0: not one. */
	uint8_t bit_off;
	uint8_t bit_size;
	bool is_base; /* C++ base class */
};

struct ckpt_type {
	enum ckpt_type_kind kind;
	const char *name; /* "struct svm_node", "size_t"; may be NULL */
	/* Typedef name of a struct, union or enumeration that has a tag too:
	 * "lzma_filter". NULL: none. Contracts may use either. */
	const char *alias;
	uint64_t size; /* sizeof; 0 for void, function, incomplete */
	uint32_t alignment;
	uint32_t value_size; /* bytes that count: 10 for x87 long double */
	bool is_signed;	     /* integers */
	bool is_enum;
	bool is_const;	   /* qualifier of this use of the type */
	bool is_reference; /* C++ T& or T&& */
	/* C++ class that psABI passes by invisible reference (non-trivial). */
	bool is_nontrivial;
	bool is_flexible; /* array without length at the end of a struct */
	/* pointee, array element, complex and vector element; NULL = void *
	 * for pointers to void keep a VOID type here */
	struct ckpt_type *element;
	/* Array and vector elements; 1 for a function with a prototype. */
	uint64_t count;
	/* Of a struct or union in order; of a function its parameters. */
	struct ckpt_type_field *fields;
	size_t field_count;
	bool is_variadic; /* function */
	/* Private to type.c: the const twin of an unqualified type. */
	struct ckpt_type *const_twin;
};

/* The arena. Strings and types made through it live as long as it does. */
struct ckpt_types;

struct ckpt_types *ckpt_types_create(void) CKPT_MUST_CHECK;
void ckpt_types_destroy(struct ckpt_types *types); /* NULL is fine */

/* Zeroed memory of the arena; NULL when there is none. */
void *ckpt_types_alloc(struct ckpt_types *types, size_t size);
struct ckpt_type *ckpt_types_new(struct ckpt_types *types,
				 enum ckpt_type_kind kind, const char *name,
				 uint64_t size, uint32_t alignment);
/* A copy of `text` in the arena. */
const char *ckpt_types_text(struct ckpt_types *types, const char *text);

/* `type` as seen through a const qualifier: a twin that shares everything
 * else. `type` itself if it is const already; NULL when out of memory. */
struct ckpt_type *ckpt_types_const(struct ckpt_types *types,
				   struct ckpt_type *type);
/* To be called after members of a type were changed that may have a twin: a
 * struct that was incomplete when its first const use was seen. */
void ckpt_types_sync(struct ckpt_type *type);

/* Pointer to `element`; array of `count` of it. NULL when out of memory. */
struct ckpt_type *ckpt_types_pointer(struct ckpt_types *types,
				     struct ckpt_type *element);
struct ckpt_type *ckpt_types_array(struct ckpt_types *types,
				   struct ckpt_type *element, uint64_t count);

/*
 * Describe a bit-field of `bit_size` bits that starts `bit_start` bits after
 * the start of a struct of `struct_size` bytes: sets off, bit_off and type.
 * Keeps `declared` as the unit where the bits lie inside one aligned unit of
 * it (always, unless packed); else a wider or shifted unit inside the struct.
 * What no unit of 8 bytes covers becomes CKPT_TYPE_OTHER.
 */
enum ckpt_status
ckpt_types_place_bits(struct ckpt_types *types, struct ckpt_type *declared,
		      uint64_t struct_size, uint64_t bit_start,
		      uint64_t bit_size,
		      struct ckpt_type_field *ret) CKPT_MUST_CHECK;

/* Named types that contracts (`as TYPE`, sizeof) and declarations may use:
 * "struct foo", "foo", "unsigned int". The first definition of a name wins,
 * a complete one over an incomplete one. */
enum ckpt_status ckpt_types_define(struct ckpt_types *types, const char *name,
				   struct ckpt_type *type) CKPT_MUST_CHECK;
/* NULL if there is none. Knows the C base types from the start, in any
 * spelling ("long unsigned int"), the common ones of <stddef.h>, <stdint.h>,
 * <sys/types.h> and <stdio.h> (FILE is incomplete), and __m128 and its kin.
 * A bare tag finds "struct TAG" where no typedef has that name. */
struct ckpt_type *ckpt_types_find(const struct ckpt_types *types,
				  const char *name);

/* The field `name`, also inside anonymous members (then *ret_off is relative
 * to `type`). NULL if there is none. */
const struct ckpt_type_field *ckpt_type_field(const struct ckpt_type *type,
					      const char *name,
					      uint64_t *ret_off);

/* Are the two structurally the same (sizes, kinds, fields, not names, not
 * const)? Terminates on cyclic graphs; false when out of memory. */
bool ckpt_type_equal(const struct ckpt_type *a, const struct ckpt_type *b);

/* C spelling for messages: "const struct svm_node **". */
void ckpt_type_text(const struct ckpt_type *type, char *text, size_t size);

#endif
