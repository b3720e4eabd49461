/* SPDX-License-Identifier: MIT */
#ifndef CKPT_COMMON_PLANKEY_H
#define CKPT_COMMON_PLANKEY_H

/*
 * What a plan is called: the hash of all that decides about it before any
 * other file is looked at. Runtime and planner must agree, so it is here.
 *
 * The objects are a text, a line "DEV INODE g|l PATH\n" each (hexadecimal
 * numbers; g: in the global scope, l: only in its own), in the order of the
 * link map, the program first and by its resolved path. Pure, any thread.
 */

#include "shim/common/hash.h"
#include "shim/common/version.h"

static inline void ckpt_plan_key_part(struct ckpt_hasher *hasher,
				      const void *data, uint64_t size)
{
	ckpt_hasher_update(hasher, &size, sizeof(size));
	ckpt_hasher_update(hasher, data, size);
}

/* `config_path` is absolute; `contracts` is CKPT_CONTRACTS, or NULL. `salt` is
 * what else the format depends on (CKPT_PLAN_SALT of plan.h). */
static inline struct ckpt_hash128
ckpt_plan_key(uint64_t salt, const void *config, size_t config_size,
	      const char *config_path, const char *contracts,
	      const char *objects, size_t objects_size)
{
	const char *libraries = contracts ? contracts : "";
	struct ckpt_hasher hasher;

	ckpt_hasher_init(&hasher, NULL);
	ckpt_plan_key_part(&hasher, &salt, sizeof(salt));
	ckpt_plan_key_part(&hasher, CKPT_VERSION, sizeof(CKPT_VERSION));
	ckpt_plan_key_part(&hasher, config, config_size);
	ckpt_plan_key_part(&hasher, config_path, __builtin_strlen(config_path));
	ckpt_plan_key_part(&hasher, libraries, __builtin_strlen(libraries));
	ckpt_plan_key_part(&hasher, objects, objects_size);
	return ckpt_hasher_final(&hasher);
}

#endif
