/* SPDX-License-Identifier: MIT */
#ifndef CKPT_CONFIG_NEAREST_H
#define CKPT_CONFIG_NEAREST_H

/*
 * "Did you mean": the known word that is nearest to a mistyped one. Set-up
 * world.
 */

#include <stddef.h>

/* The one of `count` words with the fewest edits (insert, delete, replace,
 * swap of neighbours) from `word`; NULL if none is near enough that a person
 * would have meant it: more than a third of its letters, and more than one,
 * are wrong. `stride` is the distance between two words' pointers. */
const char *ckpt_nearest(const char *word, const char *const *words,
			 size_t count, size_t stride);

#endif
