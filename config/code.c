/* SPDX-License-Identifier: MIT */
#include "config/config.h"

static bool has_code(const struct ckpt_contract *memory, size_t count)
{
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < memory[i].clause_count; j++)
			if (memory[i].clauses[j].extent ==
			    CKPT_CLAUSE_EXTENT_CODE)
				return true;
	return false;
}

bool ckpt_config_passes_code(const struct ckpt_config *config,
			     const struct ckpt_function_config *function)
{
	if (has_code(function->memory, function->memory_count))
		return true;
	for (size_t i = 0; i < config->type_count; i++)
		if (has_code(config->types[i].memory,
			     config->types[i].memory_count))
			return true;
	return false;
}
