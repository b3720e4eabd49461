/* SPDX-License-Identifier: MIT */
#ifndef CKPT_CONFIG_BLOCK_H
#define CKPT_CONFIG_BLOCK_H

/*
 * One [[function]]: what several tables say of it, the first that has a key
 * wins. `memory` is joined path by path instead. Set-up world.
 */

#include "config/config.h"
#include "config/document.h"
#include "config/messages.h"

/* Tables of higher precedence come first; a NULL table is skipped. */
struct ckpt_layer {
	const struct ckpt_toml *table;
	const struct ckpt_document *document;
};

/* The value of `key` in the first layer that has it, or NULL. */
const struct ckpt_toml *ckpt_layers_get(const struct ckpt_layer *layers,
					size_t count, const char *key,
					const struct ckpt_document **ret_from);

/* Read what the layers say into `to`, which is zero. A layer of a contract
 * library describes the parameters of its own signature: where the user gave
 * one, the library's memory is not taken. */
void ckpt_block_read(const struct ckpt_layer *layers, size_t count,
		     struct ckpt_messages *messages,
		     struct ckpt_function_config *to);
void ckpt_block_deinit(struct ckpt_function_config *function);

/* Is the name a pattern? A C++ name with its parameters is not. */
bool ckpt_block_is_pattern(const char *name);

#endif
