/* SPDX-License-Identifier: MIT */
#include "shim/planner/plan/planprune.h"

#include "shim/common/cleanup.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

struct plan {
	char name[64];
	struct timespec used;
};

/* 32 digits, ".plan", ".code" or ".symbols", and what a planner appends to
 * names of its own. */
static int is_plan(const struct dirent *entry)
{
	size_t digits = strspn(entry->d_name, "0123456789abcdef");

	return digits == 32 &&
	       (!strncmp(entry->d_name + digits, ".plan", 5) ||
		!strncmp(entry->d_name + digits, ".code", 5) ||
		!strncmp(entry->d_name + digits, ".symbols", 8)) &&
	       strlen(entry->d_name) < sizeof(((struct plan *)0)->name);
}

static bool is_earlier(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec < b->tv_sec ||
	       (a->tv_sec == b->tv_sec && a->tv_nsec < b->tv_nsec);
}

static int compare_plans(const void *a, const void *b)
{
	const struct plan *x = a, *y = b;

	return is_earlier(&y->used, &x->used) - is_earlier(&x->used, &y->used);
}

/* When it was read last, as far as the file system tells. */
static void look_at(int dir, struct plan *plan)
{
	struct stat st;

	if (fstatat(dir, plan->name, &st, AT_SYMLINK_NOFOLLOW))
		return;
	plan->used =
		is_earlier(&st.st_atim, &st.st_mtim) ? st.st_mtim : st.st_atim;
}

static void prune(int dir, struct dirent *const *entries, size_t count)
{
	_cleanup_free_ struct plan *plans = calloc(count, sizeof(*plans));

	if (!plans)
		return;
	for (size_t i = 0; i < count; i++) {
		memcpy(plans[i].name, entries[i]->d_name,
		       strlen(entries[i]->d_name) + 1);
		look_at(dir, &plans[i]);
	}
	qsort(plans, count, sizeof(*plans), compare_plans);
	for (size_t i = 0; i + CKPT_PLANPRUNE_KEPT < count; i++)
		(void)unlinkat(dir, plans[i].name, 0);
}

void ckpt_planprune(const char *path)
{
	const char *slash = strrchr(path, '/');
	_cleanup_free_ char *directory =
		slash ? strndup(path, (size_t)(slash - path)) : NULL;
	_cleanup_close_ int dir = -1;
	struct dirent **entries;
	int count;

	if (!directory)
		return;
	dir = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	count = scandir(directory, &entries, is_plan, NULL);
	if (count < 0)
		return;
	if (dir >= 0 && count > CKPT_PLANPRUNE_MAX)
		prune(dir, entries, (size_t)count);
	for (int i = 0; i < count; i++)
		free(entries[i]);
	free(entries);
}
