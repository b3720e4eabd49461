/* SPDX-License-Identifier: MIT */
#include "tools/sumup.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "shim/common/cleanup.h"

/* "prob->x[12][0..63]: differs" without the indices and what is behind the
 * last ": ". The caller frees. */
static char *name_of(const char *line, size_t length)
{
	char *name = malloc(length + 1);
	size_t size = 0, end = length;
	int depth = 0;

	if (!name)
		return NULL;
	for (size_t i = 0; i + 1 < length; i++)
		if (line[i] == ':' && line[i + 1] == ' ')
			end = i;
	for (size_t i = 0; i < end; i++) {
		depth += line[i] == '[';
		if (!depth)
			name[size++] = line[i];
		depth -= line[i] == ']' && depth;
	}
	name[size] = '\0';
	return name;
}

/* Has the miss that began at item `from` of `seen` this one already? */
static bool is_seen(const size_t *seen, size_t count, size_t item)
{
	for (size_t i = 0; i < count; i++)
		if (seen[i] == item)
			return true;
	return false;
}

static enum ckpt_status find_or_add(struct ckpt_sumup *sum, char *name,
				    size_t *ret)
{
	struct ckpt_sumup_item *grown;

	for (size_t i = 0; i < sum->count; i++) {
		if (strcmp(sum->items[i].what, name) != 0)
			continue;
		free(name);
		*ret = i;
		return CKPT_OK;
	}
	grown = reallocarray(sum->items, sum->count + 1, sizeof(*grown));
	if (!grown) {
		free(name);
		return CKPT_NOMEM;
	}
	sum->items = grown;
	grown[sum->count] = (struct ckpt_sumup_item){.what = name};
	*ret = sum->count++;
	return CKPT_OK;
}

enum ckpt_status ckpt_sumup_add(struct ckpt_sumup *sum, const char *lines)
{
	_cleanup_free_ size_t *seen = calloc(strlen(lines) + 1, sizeof(*seen));
	size_t seen_count = 0;

	if (!seen)
		return CKPT_NOMEM;
	sum->compared++;
	while (*lines) {
		size_t length = strcspn(lines, "\n"), item = 0;
		char *name = name_of(lines, length);

		if (!name || find_or_add(sum, name, &item))
			return CKPT_NOMEM;
		if (!is_seen(seen, seen_count, item)) {
			seen[seen_count++] = item;
			sum->items[item].count++;
		}
		lines += length;
		lines += *lines == '\n';
	}
	return CKPT_OK;
}

void ckpt_sumup_deinit(struct ckpt_sumup *sum)
{
	for (size_t i = 0; i < sum->count; i++)
		free(sum->items[i].what);
	free(sum->items);
}

const char *ckpt_sumup_global(const struct ckpt_sumup_item *item)
{
	static const char prefix[] = "global: ";

	if (strncmp(item->what, prefix, sizeof(prefix) - 1) != 0)
		return NULL;
	return item->what + sizeof(prefix) - 1;
}
