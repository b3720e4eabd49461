/* SPDX-License-Identifier: MIT */
#ifndef CKPT_PLANNER_SIGNATURE_H
#define CKPT_PLANNER_SIGNATURE_H

/*
 * The prototype of a function and where it comes from. Which source wins:
 *   1. `signature`, in the config or in the contract library that describes
 *      the function: contracts speak of its names and count in its types
 *   2. DWARF of the object, its separate debug file, or `debug_file`
 *   3. `headers`, turned into DWARF by the C compiler
 * A DWARF definition whose parameter locations contradict the ABI (IPA-SRA,
 * constprop clones) or that says DW_CC_nocall is refused: the prototype lies.
 *
 * Set-up world. All memory belongs to the struct ckpt_types given.
 */

#include "config/config.h"
#include "shim/planner/elf/image.h"
#include "shim/planner/types/type.h"

struct ckpt_parameter {
	const char *name; /* never NULL: "arg1" where there was none */
	struct ckpt_type *type;
};

struct ckpt_signature {
	struct ckpt_type *result; /* VOID kind if none */
	struct ckpt_parameter *parameters;
	size_t parameter_count;
	bool is_variadic;
	bool has_prototype; /* `int f()` has none: refused */
	const char *source; /* "DWARF of /usr/lib/debug/…", for people */
};

/*
 * The signature of the function `symbol` at `vaddr` of `image`. Files read or
 * looked for are noted in `deps`. NOTFOUND: no source knows it, err says where
 * we looked and what to write. UNSUPPORTED: found, and not to be trusted. Where
 * `batch` (NULL: none) has an answer already, no child is started for it.
 */
struct ckpt_deps;
struct ckpt_dwarf_batch;
enum ckpt_status ckpt_signature_find(struct ckpt_types *types,
				     const struct ckpt_image *image,
				     const char *symbol, uint64_t vaddr,
				     const struct ckpt_function_config *config,
				     struct ckpt_deps *deps,
				     const struct ckpt_dwarf_batch *batch,
				     struct ckpt_signature *ret,
				     struct ckpt_err *err) CKPT_MUST_CHECK;

/* The same question will be asked soon: have it answered with others, by
 * ckpt_dwarf_batch_ask(), where the object itself has debug info. */
enum ckpt_status ckpt_signature_prepare(
	struct ckpt_dwarf_batch *batch, const struct ckpt_image *image,
	const char *symbol, uint64_t vaddr,
	const struct ckpt_function_config *config) CKPT_MUST_CHECK;

/* "int f(const char *key, size_t n)" for messages and inspect. */
void ckpt_signature_text(const struct ckpt_signature *signature,
			 const char *name, char *text, size_t size);

#endif
