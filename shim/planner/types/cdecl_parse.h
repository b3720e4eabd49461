/* SPDX-License-Identifier: MIT */
#ifndef CKPT_PLANNER_CDECL_PARSE_H
#define CKPT_PLANNER_CDECL_PARSE_H

/*
 * Declaration specifiers and declarators (C11 6.7.2, 6.7.6). Part of cdecl.
 * Nothing returns NULL: after an error the types are placeholders and the
 * reader is at its end.
 */

#include "shim/planner/types/cdecl_attribute.h"

struct ckpt_cdecl_specifiers {
	struct ckpt_type *type;
	bool is_typedef;
	struct ckpt_cdecl_attributes attributes;
};

/* What a declarator says: a name ("" if abstract) and a type. */
struct ckpt_cdecl_declared {
	const char *name;
	struct ckpt_type *type;
	struct ckpt_cdecl_attributes attributes;
};

void ckpt_cdecl_read_specifiers(struct ckpt_cdecl *p,
				struct ckpt_cdecl_specifiers *ret);
/* `ret` must be initialised; attributes are added to what is there. */
void ckpt_cdecl_read_declarator(struct ckpt_cdecl *p, struct ckpt_type *base,
				struct ckpt_cdecl_declared *ret);
/* Specifiers and an abstract declarator. */
struct ckpt_type *ckpt_cdecl_read_type_name(struct ckpt_cdecl *p);

/* Give `type` a name; a different type of that name is an error. */
void ckpt_cdecl_define(struct ckpt_cdecl *p, const char *name,
		       struct ckpt_type *type);
/* `type`, or after noting that memory is out, a placeholder. */
struct ckpt_type *ckpt_cdecl_or_int(struct ckpt_cdecl *p,
				    struct ckpt_type *type);

#endif
