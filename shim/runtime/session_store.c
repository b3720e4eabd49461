/* SPDX-License-Identifier: MIT */
/* The store and the statistics of the process, opened at its first call. */
#include "shim/runtime/session_private.h"
#include "shim/runtime/guest/heap.h"

#include <stdlib.h>
#include <string.h>

/* Rows for functions that a glob may still find in objects opened later. */
enum { SPARE_ROWS = 256 };

static const char *file_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Function names of the plan; true: its patterns may find more. */
static bool list_rows(const struct ckpt_plan_view *plan, const char **names,
		      const char **objects, size_t *ret_count)
{
	bool has_more = plan->header->flags & CKPT_PLAN_HAS_GLOBS;
	size_t count = 0;

	for (size_t i = 0; i < plan->counts[CKPT_PLAN_FUNCTIONS]; i++) {
		const struct ckpt_plan_function *function = &plan->functions[i];

		if (function->flags & CKPT_FUNCTION_PATTERN) {
			has_more = true;
			continue;
		}
		names[count] = plan->strings + function->name;
		if (!(function->flags & CKPT_FUNCTION_ABSENT))
			objects[count] =
				file_name(plan->strings +
					  plan->objects[function->object].path);
		count++;
	}
	*ret_count = count;
	return has_more;
}

static enum ckpt_status name_rows(const struct ckpt_plan_view *plan)
{
	size_t count = plan->counts[CKPT_PLAN_FUNCTIONS] + SPARE_ROWS + 1;
	const char **names = ckpt_heap_calloc(count, sizeof(char *));
	const char **objects = ckpt_heap_calloc(count, sizeof(char *));

	if (!names || !objects) {
		ckpt_heap_free(names);
		ckpt_heap_free(objects);
		return CKPT_NOMEM;
	}
	for (size_t i = 0; i < count; i++)
		names[i] = objects[i] = "";
	if (list_rows(plan, names, objects, &count))
		count += SPARE_ROWS;
	names[count++] = "(others)";
	ckpt_session->row_names = names;
	ckpt_session->row_objects = objects;
	ckpt_session->row_count = count;
	return CKPT_OK;
}

/* It came later than the rows were made: the plan it is from may go again. */
static void name_row(size_t row, const char *name, const char *object)
{
	struct ckpt_stats *stats =
		__atomic_load_n(&ckpt_session->memo.stats, __ATOMIC_ACQUIRE);
	char *own_name = ckpt_heap_copy(name);
	char *own_object = ckpt_heap_copy(object);

	if (!own_name || !own_object) {
		ckpt_heap_free(own_name);
		ckpt_heap_free(own_object);
		return;
	}
	ckpt_session->row_names[row] = own_name;
	ckpt_session->row_objects[row] = own_object;
	if (stats)
		ckpt_stats_name_row(stats, row, own_name, own_object);
}

uint32_t ckpt_session_find_row(const char *name, const char *object)
{
	size_t others = ckpt_session->row_count - 1;
	size_t row = 0;

	while (row < others && ckpt_session->row_names[row][0] &&
	       strcmp(ckpt_session->row_names[row], name) != 0)
		row++;
	if (row < others && !ckpt_session->row_objects[row][0])
		name_row(row, name, object);
	return (uint32_t)row;
}

/* Functions whose code is not what was planned for pass by from now on. */
static void compare_code(void)
{
	ckpt_session->is_verified = true;
	for (size_t i = 0; i < ckpt_session->function_count; i++) {
		struct ckpt_attached *f = ckpt_session->functions[i];
		struct ckpt_err err = {0};

		if (!ckpt_attach_compare(f, &err))
			continue;
		f->memo.is_left_out = true;
		ckpt_routes_bypass(&ckpt_session->routes, &f->memo, true);
		ckpt_session_tell_function(&f->memo, "code", err.text);
	}
}

static const char *store_directory(const struct ckpt_plan_view *plan)
{
	if (ckpt_session->settings.directory)
		return ckpt_session->settings.directory;
	return plan->strings + plan->header->store_directory;
}

/* NULL where the config says nothing. */
static const char *text_of(const struct ckpt_plan_view *plan, uint32_t string)
{
	const char *text =
		string == CKPT_PLAN_NONE ? "" : plan->strings + string;

	return *text ? text : NULL;
}

static const char *name_space(const struct ckpt_plan_view *plan)
{
	if (ckpt_session->settings.name_space)
		return ckpt_session->settings.name_space;
	return text_of(plan, plan->header->name_space);
}

bool ckpt_session_open_store(struct ckpt_memo *memo)
{
	const struct ckpt_plan_view *plan =
		&ckpt_session->functions[0]->generation->file.view;
	const struct ckpt_store_options options = {
		.is_readonly = memo->is_readonly,
		.is_shared = plan->header->flags & CKPT_PLAN_SHARED,
		.max_size = plan->header->max_size,
		.max_entries = plan->header->max_entries,
		.max_age_s = plan->header->max_age_s,
		.secret_file = text_of(plan, plan->header->secret_file),
		.name_space = name_space(plan),
		.lower = ckpt_session->lower,
	};
	struct ckpt_store *store = NULL;
	struct ckpt_stats *stats = NULL;
	struct ckpt_err err = {0};

	/* Not at start: CPUID costs a virtual machine 4 us each time, and most
	 * processes never come here. */
	ckpt_hash_init();
	compare_code();
	if (ckpt_store_open(store_directory(plan), &options, &store, &err)) {
		ckpt_session_tell("store", &err);
		return false;
	}
	memo->is_readonly = ckpt_store_is_readonly(store);
	if (!memo->is_readonly &&
	    !ckpt_stats_open(store_directory(plan), ckpt_session->row_names,
			     ckpt_session->row_objects, ckpt_session->row_count,
			     &stats, &err))
		__atomic_store_n(&memo->stats, stats, __ATOMIC_RELEASE);
	__atomic_store_n(&memo->store, store, __ATOMIC_RELEASE);
	return true;
}

/* Lines into a NULL-terminated list, which lives as long as the process. */
static enum ckpt_status list_lower(const char *lines)
{
	char *text = ckpt_heap_copy(lines);
	size_t count = 0;

	if (!text)
		return CKPT_NOMEM;
	for (const char *at = text; (at = strchr(at, '\n')); at++)
		count++;
	ckpt_session->lower = ckpt_heap_calloc(count + 1, sizeof(char *));
	if (!ckpt_session->lower) {
		ckpt_heap_free(text);
		return CKPT_NOMEM;
	}
	for (size_t i = 0; i < count; i++) {
		char *end = strchr(text, '\n');

		*end = '\0';
		ckpt_session->lower[i] = text;
		text = end + 1;
	}
	return CKPT_OK;
}

enum ckpt_status ckpt_session_prepare_store(const struct ckpt_plan_view *plan)
{
	enum ckpt_status status = name_rows(plan);

	return status ? status
		      : list_lower(plan->strings + plan->header->lower);
}
