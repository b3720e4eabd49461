/* SPDX-License-Identifier: MIT */
#ifndef CKPT_RUNTIME_BINDING_H
#define CKPT_RUNTIME_BINDING_H

/*
 * What the loader would bind a name to, referred to from a given object: the
 * global scope in link-map order, then the object's local scope (the
 * breadth-first closure of DT_NEEDED from the object that was dlopen'ed),
 * the other way round with RTLD_DEEPBIND, and the object itself first with
 * DT_SYMBOLIC. Versions as in dynamic.h.
 *
 * Unlike dlsym this takes no lock of the loader, runs no IFUNC resolver, is
 * not fooled by an executable's own PLT entry, and works for any object.
 *
 * Set-up world. Objects must stay mapped meanwhile.
 */

#include "shim/runtime/calls/objects.h"

/* NOTFOUND: nothing in that scope defines it. UNSUPPORTED: the scope of `from`
 * is not known for sure and more than one object defines the name. The
 * address of an IFUNC is its resolver's; ret_symbol tells. */
enum ckpt_status ckpt_binding_find(
	const struct ckpt_objects *objects, const struct ckpt_object *from,
	const struct ckpt_wanted *wanted, const struct ckpt_object **ret_object,
	const Elf64_Sym **ret_symbol) CKPT_MUST_CHECK;

/* The next one after `from` in the order that RTLD_NEXT uses. */
enum ckpt_status ckpt_binding_next(
	const struct ckpt_objects *objects, const struct ckpt_object *from,
	const struct ckpt_wanted *wanted, const struct ckpt_object **ret_object,
	const Elf64_Sym **ret_symbol) CKPT_MUST_CHECK;

/* Address of a symbol defined in `object`; of an IFUNC, its resolver. */
static inline uintptr_t ckpt_binding_address(const struct ckpt_object *object,
					     const Elf64_Sym *symbol)
{
	return (symbol->st_shndx == SHN_ABS ? 0 : object->base) +
	       symbol->st_value;
}

/* Note that a dlopen of `root` brought `objects` numbered above `after`, and
 * whether it was RTLD_GLOBAL, RTLD_DEEPBIND. */
void ckpt_binding_note_open(struct ckpt_objects *objects,
			    const struct ckpt_object *root, uint64_t after,
			    bool is_global, bool is_deepbind);

#endif
