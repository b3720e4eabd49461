/* SPDX-License-Identifier: MIT */
#ifndef CKPT_RUNTIME_SLOTS_H
#define CKPT_RUNTIME_SLOTS_H

/*
 * Call slots: the words of mapped objects through which functions are called
 * or their addresses taken by symbol (R_X86_64_JUMP_SLOT, GLOB_DAT, 64), found
 * by name and by what they are bound to, and rewritten to lead to a stub.
 *
 * A slot counts as bound to what it holds, except a procedure linkage slot
 * that still points to its own lazy stub: that is bound to what the loader
 * would bind it to. Never to what has merely the same name.
 *
 * Words without a symbol count by what they hold: what an IFUNC's resolver gave
 * to its own object (R_X86_64_IRELATIVE), and, where that is wished for, plain
 * pointers of an object to its own function (relative.h).
 *
 * Writing: the pages of an object that must be made writable are made so once
 * (never executable: an object whose slots are in its text is left alone and
 * told), each word is stored whole with release order, protection is put back.
 * Words that the loader copied out of a patched object (R_X86_64_COPY) follow.
 *
 * Set-up world; the caller serialises, also against its own refreshes of the
 * objects. Other threads may call through the slots meanwhile.
 */

#include "shim/runtime/calls/binding.h"

/* Which slots are wanted. */
struct ckpt_slot_wish {
	const char *name; /* of the symbol; must outlive the wishes */
	/* Patch slots bound to this address, or of an IFUNC, to what this
	 * resolver gave; 0: to whatever they are bound to. */
	uintptr_t target;
	bool is_ifunc;
	/* Only the slots of the object with this number; 0: of all. */
	uint64_t from;
	/* Only of objects with such a file name or soname; NULL: of all. */
	const char *from_pattern;
	/* Also words without a symbol, of the object with this number, that
	 * lead to `target`; 0: none. Of other than IFUNCs, if address_taken. */
	uint64_t local;
	bool is_address_taken;
	uint32_t tag; /* the caller's */
};

struct ckpt_slot_wishes {
	struct ckpt_slot_wish *items;
	size_t count, capacity;
	uint32_t *next; /* chains of wishes with equal first letters */
	uint32_t buckets[1024];
	/* Besides, each call slot (not words that can be read as a pointer)
	 * that none of them took: `any` with the slot's own name and object. */
	bool has_any;
	struct ckpt_slot_wish any;
};

void ckpt_slot_wishes_deinit(struct ckpt_slot_wishes *wishes);
enum ckpt_status
ckpt_slot_wishes_add(struct ckpt_slot_wishes *wishes,
		     struct ckpt_slot_wish wish) CKPT_MUST_CHECK;

/* What was patched. */
struct ckpt_slot_patch {
	uint64_t *slot;
	uint64_t original, stub;
	uint64_t object; /* its number */
};

struct ckpt_slots {
	struct ckpt_slot_patch *patches;
	size_t count, capacity;
	/* The stub for a slot of `wish` bound to `original`, or NULL to leave
	 * the slot alone. */
	void *(*route)(void *context, const struct ckpt_slot_wish *wish,
		       void *original);
	void *context;
};

void ckpt_slots_deinit(struct ckpt_slots *slots);

/* Patch the slots of `object` that are wished for and not patched yet. On an
 * error (with a message) the object is left as it was. */
enum ckpt_status ckpt_slots_patch(struct ckpt_slots *slots,
				  const struct ckpt_objects *objects,
				  const struct ckpt_object *object,
				  const struct ckpt_slot_wishes *wishes,
				  struct ckpt_err *err) CKPT_MUST_CHECK;

/* Mirror patched words into the program's copies of them. */
enum ckpt_status ckpt_slots_mirror(struct ckpt_slots *slots,
				   const struct ckpt_objects *objects,
				   struct ckpt_err *err) CKPT_MUST_CHECK;

/* Patch again what the loader's lazy binding may have put back meanwhile. */
void ckpt_slots_renew(struct ckpt_slots *slots,
		      const struct ckpt_objects *objects);

/* The patches of an object that is gone are no more. */
void ckpt_slots_forget(struct ckpt_slots *slots, uint64_t object);

/* Put back what the slots held. */
void ckpt_slots_undo(struct ckpt_slots *slots,
		     const struct ckpt_objects *objects);

#endif
