/* SPDX-License-Identifier: MIT */
#ifndef CKPT_PLANNER_CDECL_H
#define CKPT_PLANNER_CDECL_H

/*
 * C declarations as people write them in ckpt.toml and contract libraries:
 * definitions of structs, unions, enumerations and typedefs, then one
 * prototype. No preprocessor, no bodies. C11 (6.7) with GNU attributes that
 * change layout (packed, aligned, vector_size), _Float128 and its kin, and
 * C++ references. Layout follows the System V x86-64 psABI, 3.1.2. What would
 * change layout or calling convention and is not understood is an error.
 *
 * Types that are defined get into `types` by name. A second definition of a
 * name must be structurally the same, or it is an error.
 *
 * Errors are INVALID; the text starts with `place`, then tells line and column
 * inside the declaration. Set-up world.
 */

#include "config/expr.h"
#include "shim/planner/signature/signature.h"

/* `text` ends with the prototype; its name goes to *ret_name (may be NULL). */
enum ckpt_status ckpt_cdecl_parse(struct ckpt_types *types, const char *text,
				  const struct ckpt_place *place,
				  struct ckpt_signature *ret,
				  const char **ret_name,
				  struct ckpt_err *err) CKPT_MUST_CHECK;

/* A type name, as in a cast: "const struct foo *", "double [3]". Definitions
 * may precede it. */
enum ckpt_status ckpt_cdecl_type(struct ckpt_types *types, const char *text,
				 const struct ckpt_place *place,
				 struct ckpt_type **ret,
				 struct ckpt_err *err) CKPT_MUST_CHECK;

#endif
