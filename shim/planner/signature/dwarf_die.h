/* SPDX-License-Identifier: MIT */
#ifndef CKPT_PLANNER_DWARF_DIE_H
#define CKPT_PLANNER_DWARF_DIE_H

/*
 * Debugging information entries (DWARF5 2.1) through libdwarf, with one sticky
 * status instead of an error at every step. Runs in the child that dwarf.c
 * starts, and only there: libdwarf aborts on some malformed input, and what
 * is allocated here is given back by the child's end.
 *
 * References may lead into the file named by .gnu_debugaltlink (dwz), so an
 * entry always knows its file.
 */

#include "shim/common/status.h"

#include <libdwarf/dwarf.h>
#include <libdwarf/libdwarf.h>
#include <stdbool.h>
#include <stdint.h>

struct ckpt_dies {
	const char *path; /* for messages */
	Dwarf_Debug main;
	Dwarf_Debug alt; /* NULL if there is none */
	enum ckpt_status status;
	struct ckpt_err err;
};

struct ckpt_die {
	Dwarf_Die die; /* NULL: none */
	Dwarf_Debug file;
};

/* `alt_path`: the file that .gnu_debugaltlink names, or NULL. NOTFOUND: no
 * debug info in it. */
enum ckpt_status ckpt_dies_open(const char *path, const char *alt_path,
				struct ckpt_dies *ret,
				struct ckpt_err *err) CKPT_MUST_CHECK;

/* Note that the data is malformed (once). */
void ckpt_dies_fail(struct ckpt_dies *dies, const char *what,
		    Dwarf_Error error);

/* All compilation units of the main file, one after the other. NULL die: no
 * more, or an error. Start with a zeroed `unit`. */
struct ckpt_unit {
	struct ckpt_die die;
	bool is_types; /* in .debug_types (DWARF 4) */
};
bool ckpt_dies_next_unit(struct ckpt_dies *dies, struct ckpt_unit *unit);

struct ckpt_die ckpt_dies_at(struct ckpt_dies *dies, uint64_t offset);

uint16_t ckpt_die_tag(struct ckpt_dies *dies, struct ckpt_die die);
/* Offset in its section, with a bit for which section of which file. */
uint64_t ckpt_die_key(struct ckpt_dies *dies, struct ckpt_die die);
/* The entry of its unit. */
struct ckpt_die ckpt_die_unit(struct ckpt_dies *dies, struct ckpt_die die);
struct ckpt_die ckpt_die_child(struct ckpt_dies *dies, struct ckpt_die die);
struct ckpt_die ckpt_die_sibling(struct ckpt_dies *dies, struct ckpt_die die);
void ckpt_die_free(struct ckpt_die die);

/* Attributes of the entry itself. False or NULL: it has none such. */
bool ckpt_die_attribute(struct ckpt_dies *dies, struct ckpt_die die,
			uint16_t name, Dwarf_Attribute *ret);
bool ckpt_die_has(struct ckpt_dies *dies, struct ckpt_die die, uint16_t name);
bool ckpt_die_flag(struct ckpt_dies *dies, struct ckpt_die die, uint16_t name);
const char *ckpt_die_text(struct ckpt_dies *dies, struct ckpt_die die,
			  uint16_t name);
/* A constant; one with a sign is sign-extended. False also where the value is
 * an expression. */
bool ckpt_die_number(struct ckpt_dies *dies, struct ckpt_die die, uint16_t name,
		     uint64_t *ret);
bool ckpt_die_address(struct ckpt_dies *dies, struct ckpt_die die,
		      uint16_t name, uint64_t *ret);
struct ckpt_die ckpt_die_reference(struct ckpt_dies *dies, struct ckpt_die die,
				   uint16_t name);

/* The entry that carries attribute `name`: `die` or one it completes
 * (DW_AT_abstract_origin, DW_AT_specification). */
struct ckpt_die ckpt_die_carrier(struct ckpt_dies *dies, struct ckpt_die die,
				 uint16_t name);

/* Does the entry's code begin at `vaddr` (DW_AT_low_pc, entry_pc, or any of
 * its ranges)? */
bool ckpt_die_begins_at(struct ckpt_dies *dies, struct ckpt_die die,
			uint64_t vaddr);

#endif
