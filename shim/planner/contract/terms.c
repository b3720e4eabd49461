/* SPDX-License-Identifier: MIT */
#include "shim/planner/contract/compiler.h"

#include "shim/planner/types/cxx_name.h"

#include <string.h>

/* How many steps of `contract`'s path lead to `path`; -1: it does not start
 * with it. */
static int steps_to(const struct ckpt_terms *terms,
		    const struct ckpt_contract *contract, const char *path)
{
	const struct ckpt_path *own = contract->path;
	size_t size = 0;

	if (terms->type) {
		size = strlen(terms->path);
		if (strncmp(path, terms->path, size) != 0)
			return -1;
		path += size;
		if (!*path)
			return 0;
		if (*path++ != '.')
			return -1;
	}
	size = strlen(own->base);
	if (strncmp(path, own->base, size) != 0)
		return -1;
	path += size;
	for (size_t i = 0;; i++) {
		const struct ckpt_step *step = &own->steps[i];

		if (!*path)
			return (int)i;
		if (i == own->step_count)
			return -1;
		if (step->kind != CKPT_STEP_FIELD) {
			if (strncmp(path, "[]", 2) != 0)
				return -1;
			path += 2;
			continue;
		}
		size = strlen(step->name);
		if (*path != '.' || strncmp(path + 1, step->name, size) != 0)
			return -1;
		path += 1 + size;
	}
}

static bool is_exactly(const struct ckpt_terms *terms,
		       const struct ckpt_contract *contract, const char *path)
{
	/* The struct of a [[type]] itself is not spoken of by its members. */
	if (terms->type && !strcmp(path, terms->path))
		return false;
	return steps_to(terms, contract, path) ==
	       (int)contract->path->step_count;
}

const struct ckpt_contract *ckpt_terms_find(const struct ckpt_terms *terms,
					    const char *path,
					    const struct ckpt_terms **ret_terms)
{
	const struct ckpt_contract *found = NULL;

	if (!terms)
		return NULL;
	found = ckpt_terms_find(terms->outer, path, ret_terms);
	for (size_t i = 0; i < terms->count && !found; i++) {
		if (!is_exactly(terms, &terms->contracts[i], path))
			continue;
		found = &terms->contracts[i];
		*ret_terms = terms;
		if (terms->used)
			terms->used[i] = true;
	}
	return found;
}

bool ckpt_terms_go_through(const struct ckpt_terms *terms, const char *path,
			   bool *ret_is_deref)
{
	for (size_t i = 0; i < terms->count; i++) {
		const struct ckpt_contract *contract = &terms->contracts[i];
		int steps = steps_to(terms, contract, path);

		if (steps < 0 || steps == (int)contract->path->step_count)
			continue;
		*ret_is_deref =
			contract->path->steps[steps].kind == CKPT_STEP_DEREF;
		return true;
	}
	return false;
}

/* Pass one template argument of which `depth` brackets are open: false behind
 * its end. */
static bool pass_argument(const char *name, int *depth)
{
	if (!*name || (!*depth && (*name == ',' || *name == '>')))
		return false;
	*depth += *name == '<' || *name == '(';
	*depth -= *name == '>' || *name == ')';
	return true;
}

/* "*" in a pattern stands for one template argument. */
static bool is_match(const char *pattern, const char *name)
{
	int depth = 0;

	for (; *pattern && *pattern != '*'; pattern++, name++) {
		if (*pattern != *name)
			return false;
	}
	if (!*pattern)
		return !*name;
	do {
		if (is_match(pattern + 1, name))
			return true;
	} while (pass_argument(name++, &depth));
	return false;
}

bool ckpt_terms_is_type(const struct ckpt_type *type, bool is_const,
			const char *name)
{
	const char *space = type->name ? strchr(type->name, ' ') : NULL;
	const char *full = type->name ? ckpt_cxx_name_full(type->name) : NULL;

	if (strncmp(name, "const ", 6) == 0) {
		if (!is_const)
			return false;
		name += 6;
	}
	return (type->name && is_match(name, type->name)) ||
	       (type->alias && is_match(name, type->alias)) ||
	       (space && is_match(name, space + 1)) ||
	       (full && is_match(name, full));
}
