/* SPDX-License-Identifier: MIT */
#ifndef CKPT_PLANNER_MATCH_H
#define CKPT_PLANNER_MATCH_H

/*
 * Which functions of a process a configured name means. A name is a symbol
 * ("crypt", "f@V"), a C++ name with or without parameters ("geo::area",
 * "geo::area(int)"), or a pattern over either (* ? []); an object pattern
 * limits it to objects of that file name or soname.
 *
 * A function is an address in an object: all names of one address are one
 * function, equal names in two objects are two functions. Looks at dynamic and
 * static symbols. ckpt's own library and the loader have no functions for us.
 * Set-up world.
 */

#include "config/config.h"
#include "shim/planner/elf/scope.h"

/* A symbol that leads to a function. Static ones lead nowhere from outside. */
struct ckpt_match_name {
	const char *name;    /* of the image */
	const char *version; /* or NULL */
	bool is_default;     /* f@@V */
	bool is_exported;
};

struct ckpt_match {
	uint32_t object; /* index in the scope */
	uint64_t vaddr;
	uint64_t size;	    /* 0 = not known */
	bool is_ifunc;	    /* vaddr is its resolver's */
	const char *symbol; /* the name that was asked for, or the first */
	char *display;	    /* demangled where it is C++ */
	struct ckpt_match_name *names; /* exported ones first */
	size_t name_count;
	/* Words in the objects of the process that calls go through. */
	size_t slot_count;
};

struct ckpt_matches {
	struct ckpt_match *items;
	size_t count, capacity;
};

void ckpt_matches_deinit(struct ckpt_matches *matches);
void ckpt_match_deinit(struct ckpt_match *match);

/* Is it a pattern, or a C++ name: must each symbol be looked at? */
bool ckpt_match_is_pattern(const char *name);

/* Is it a pattern over the names of symbols as they are? */
bool ckpt_match_is_symbol_pattern(const char *name);

/* Add what `config` names, in the order of objects and addresses. None found
 * is OK too. Objects that cannot be read are passed over; err has the last
 * one's reason, or an empty text. */
enum ckpt_status ckpt_match_find(struct ckpt_scope *scope,
				 const struct ckpt_function_config *config,
				 struct ckpt_matches *matches,
				 struct ckpt_err *err) CKPT_MUST_CHECK;

/* A clone that the compiler made of a function of this name, with arguments of
 * its own ("f.isra.0", "f.constprop.0", "f.part.0"); NULL if there is none.
 * Belongs to the scope; *ret_object is where. */
const char *ckpt_match_find_clone(struct ckpt_scope *scope,
				  const struct ckpt_function_config *config,
				  uint32_t *ret_object);

/* The object's image if functions in it can be named with `pattern` for the
 * object (NULL: any), else NULL; err if it cannot be read. */
const struct ckpt_image *ckpt_match_image(struct ckpt_scope *scope,
					  uint32_t index, const char *pattern,
					  struct ckpt_err *err);

/* Is this relocation of object `from`, whose image this is, bound to `match`,
 * by name or, in its own object, by what its resolver gave? */
bool ckpt_match_is_slot(struct ckpt_scope *scope, uint32_t from,
			const struct ckpt_image *image,
			const struct ckpt_relocation *relocation,
			const struct ckpt_match *match);

/* Count the relocations of all objects that are bound to `match`. */
void ckpt_match_count_slots(struct ckpt_scope *scope, struct ckpt_match *match);

#endif
