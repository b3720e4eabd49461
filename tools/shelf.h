/* SPDX-License-Identifier: MIT */
#ifndef CKPT_TOOLS_SHELF_H
#define CKPT_TOOLS_SHELF_H

/*
 * Every contract library there is, to find out which one knows a function.
 * One that cannot be read is left out.
 */

#include "config/config.h"

struct ckpt_shelf_library {
	char *name; /* as in `use` */
	struct ckpt_config *config;
};

struct ckpt_shelf {
	struct ckpt_shelf_library *libraries;
	size_t count;
};

/* From the directories of ckpt_cli_library_dirs_create(). */
enum ckpt_status ckpt_shelf_open(struct ckpt_shelf *ret,
				 struct ckpt_err *err) CKPT_MUST_CHECK;
void ckpt_shelf_close(struct ckpt_shelf *shelf);

/* The library that describes the symbol `name` of the object with this file
 * name or soname, or NULL. */
const struct ckpt_shelf_library *ckpt_shelf_find(const struct ckpt_shelf *shelf,
						 const char *name,
						 const char *object);

#endif
