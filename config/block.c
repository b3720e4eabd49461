/* SPDX-License-Identifier: MIT */
#include "config/block.h"

#include "config/keys.h"

#include <string.h>

const struct ckpt_toml *ckpt_layers_get(const struct ckpt_layer *layers,
					size_t count, const char *key,
					const struct ckpt_document **ret_from)
{
	for (size_t i = 0; i < count; i++) {
		const struct ckpt_toml *value = NULL;

		if (layers[i].table)
			value = ckpt_toml_get(layers[i].table, key);
		if (!value)
			continue;
		if (ret_from)
			*ret_from = layers[i].document;
		return value;
	}
	return NULL;
}

static void read_memory(const struct ckpt_layer *layers, size_t count,
			const struct ckpt_key *key,
			struct ckpt_messages *messages,
			struct ckpt_function_config *to)
{
	const struct ckpt_document *signer = NULL;

	(void)ckpt_layers_get(layers, count, "signature", &signer);
	for (size_t i = 0; i < count; i++) {
		const struct ckpt_document *document = layers[i].document;
		const struct ckpt_toml *value = NULL;

		if (layers[i].table)
			value = ckpt_toml_get(layers[i].table, key->name);
		if (!value ||
		    (document->library && signer && signer != document))
			continue;
		ckpt_value_read(key, value, document, messages, to);
	}
}

void ckpt_block_read(const struct ckpt_layer *layers, size_t count,
		     struct ckpt_messages *messages,
		     struct ckpt_function_config *to)
{
	size_t key_count;
	const struct ckpt_key *keys =
		ckpt_keys(CKPT_SECTION_FUNCTION, &key_count);

	for (size_t i = 0; i < key_count; i++) {
		const struct ckpt_document *document = NULL;
		const struct ckpt_toml *value;

		if (keys[i].kind == CKPT_VALUE_MEMORY) {
			read_memory(layers, count, &keys[i], messages, to);
			continue;
		}
		value = ckpt_layers_get(layers, count, keys[i].name, &document);
		if (value)
			ckpt_value_read(&keys[i], value, document, messages,
					to);
	}
}

void ckpt_block_deinit(struct ckpt_function_config *function)
{
	ckpt_keys_free(CKPT_SECTION_FUNCTION, function);
	*function = (struct ckpt_function_config){0};
}

bool ckpt_block_is_pattern(const char *name)
{
	return strpbrk(name, "*?[") && !strchr(name, '(') &&
	       !strstr(name, "operator");
}
