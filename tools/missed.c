/* SPDX-License-Identifier: MIT */
#include "tools/missed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shim/common/cleanup.h"
#include "shim/common/payload.h"
#include "shim/planner/code/codelist.h"
#include "shim/store/walk.h"
#include "tools/why.h"

enum { NS_PER_S = 1000000000 };

/* While the nearest are looked for. */
struct search {
	struct ckpt_missed_list *list;
	struct ckpt_why_list *components; /* one for each of the list */
	size_t *by_key;			  /* numbers of the list, sorted */
};

static int compare_keys(struct ckpt_hash128 a, struct ckpt_hash128 b)
{
	if (a.hi != b.hi)
		return a.hi < b.hi ? -1 : 1;
	return (a.lo > b.lo) - (a.lo < b.lo);
}

static int by_key(const void *left, const void *right, void *argument)
{
	const struct ckpt_missed_list *list = argument;
	const size_t *a = left, *b = right;

	return compare_keys(list->items[*a].miss->key,
			    list->items[*b].miss->key);
}

/* The miss that made the entry of `key`, or NULL: it is older than the run. */
static const struct ckpt_missed *find_miss(const struct search *search,
					   struct ckpt_hash128 key)
{
	size_t low = 0, high = search->list->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct ckpt_missed *missed =
			&search->list->items[search->by_key[middle]];
		int order = compare_keys(missed->miss->key, key);

		if (!order)
			return missed;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

/* ---- the misses' own components ----------------------------------------- */
/* Copied: an entry may be large, and there may be many. */
static void keep_components(struct ckpt_store *store,
			    struct ckpt_missed *missed)
{
	struct ckpt_reader components;
	struct ckpt_entry entry;

	if (missed->miss->end != CKPT_MISS_STORED ||
	    ckpt_store_get(store, missed->miss->key, 0, &entry))
		return;
	missed->is_kept = true;
	if (!ckpt_why_components(entry.payload, entry.payload_size,
				 &components))
		ckpt_buf_add(&missed->components, components.next,
			     ckpt_reader_left(&components));
	ckpt_store_release(store, &entry);
}

static enum ckpt_status list_misses(struct ckpt_store *store,
				    const struct ckpt_misses *misses,
				    const char *function,
				    struct ckpt_missed_list *list)
{
	list->items = calloc(misses->count + 1, sizeof(*list->items));
	if (!list->items)
		return CKPT_NOMEM;
	for (size_t i = 0; i < misses->count; i++) {
		struct ckpt_missed *missed = &list->items[list->count];

		if (function && strcmp(misses->items[i].name, function) != 0)
			continue;
		missed->miss = &misses->items[i];
		keep_components(store, missed);
		list->count++;
	}
	return CKPT_OK;
}

/* ---- their nearest entries ---------------------------------------------- */
static bool is_same_function(const struct ckpt_miss *miss,
			     const struct ckpt_entry_info *info)
{
	return !strcmp(miss->name, info->function) &&
	       !strcmp(miss->object, info->object);
}

/* Was the entry there when `missed` was looked up? `made_by` is the miss of
 * this run that it is from: entries know only the second they are from. */
static bool is_earlier(const struct ckpt_entry_info *info,
		       const struct ckpt_missed *made_by,
		       const struct ckpt_missed *missed)
{
	if (made_by)
		return made_by->miss->time_ns +
			       (int64_t)made_by->miss->duration_ns <
		       missed->miss->time_ns;
	return info->created_s <= missed->miss->time_ns / NS_PER_S;
}

static void compare_one(struct ckpt_missed *missed,
			const struct ckpt_why_list *mine,
			const struct ckpt_walk_entry *entry,
			const struct ckpt_why_list *components)
{
	size_t limit =
		missed->has_nearest ? missed->difference_count : SIZE_MAX - 1;
	size_t count = ckpt_why_count(mine, components, limit);

	if (count > limit ||
	    (missed->has_nearest && count == limit &&
	     entry->info.created_s <= missed->nearest_created_s))
		return;
	missed->has_nearest = true;
	missed->nearest = entry->key;
	missed->nearest_created_s = entry->info.created_s;
	missed->difference_count = count;
}

static void compare_all(const struct search *search,
			const struct ckpt_walk_entry *entry,
			const struct ckpt_why_list *components)
{
	const struct ckpt_missed *made_by = find_miss(search, entry->key);

	for (size_t i = 0; i < search->list->count; i++) {
		struct ckpt_missed *missed = &search->list->items[i];

		if (search->components[i].count &&
		    is_same_function(missed->miss, &entry->info) &&
		    !ckpt_hash_equal(missed->miss->key, entry->key) &&
		    is_earlier(&entry->info, made_by, missed))
			compare_one(missed, &search->components[i], entry,
				    components);
	}
}

static bool is_wanted(const struct search *search,
		      const struct ckpt_entry_info *info)
{
	for (size_t i = 0; i < search->list->count; i++)
		if (search->components[i].count &&
		    is_same_function(search->list->items[i].miss, info))
			return true;
	return false;
}

static void look_at(struct ckpt_store *store, const struct search *search,
		    const struct ckpt_walk_entry *walked)
{
	_cleanup_(ckpt_why_list_deinit) struct ckpt_why_list list = {0};
	struct ckpt_reader components;
	struct ckpt_entry entry;

	if (!is_wanted(search, &walked->info) ||
	    ckpt_store_get(store, walked->key, 0, &entry))
		return;
	if (!ckpt_why_components(entry.payload, entry.payload_size,
				 &components) &&
	    !ckpt_why_list_read(&components, &list))
		compare_all(search, walked, &list);
	ckpt_store_release(store, &entry);
}

static void read_own(const struct search *search)
{
	for (size_t i = 0; i < search->list->count; i++) {
		const struct ckpt_buf *bytes =
			&search->list->items[i].components;
		struct ckpt_reader reader;

		search->by_key[i] = i;
		ckpt_reader_init(&reader, bytes->data, bytes->size);
		if (ckpt_why_list_read(&reader, &search->components[i]))
			search->components[i].count = 0;
	}
	qsort_r(search->by_key, search->list->count, sizeof(*search->by_key),
		by_key, search->list);
}

static enum ckpt_status find_nearest(struct ckpt_store *store,
				     struct ckpt_missed_list *list)
{
	_cleanup_free_ struct ckpt_why_list *components =
		calloc(list->count + 1, sizeof(*components));
	_cleanup_free_ size_t *numbers =
		calloc(list->count + 1, sizeof(*numbers));
	struct search search = {list, components, numbers};
	struct ckpt_walk_entry entry;
	struct ckpt_walk walk;

	if (!components || !numbers)
		return CKPT_NOMEM;
	read_own(&search);
	for (; store; store = ckpt_store_lower(store)) {
		ckpt_walk_open(&walk, store, false);
		while (ckpt_walk_next(&walk, &entry))
			look_at(store, &search, &entry);
		ckpt_walk_close(&walk);
	}
	for (size_t i = 0; i < list->count; i++)
		ckpt_why_list_deinit(&components[i]);
	return CKPT_OK;
}

enum ckpt_status ckpt_missed_find(struct ckpt_store *store,
				  const struct ckpt_misses *misses,
				  const char *function,
				  struct ckpt_missed_list *ret)
{
	struct ckpt_missed_list list = {.count = 0};
	enum ckpt_status status = list_misses(store, misses, function, &list);

	if (!status)
		status = find_nearest(store, &list);
	if (status)
		ckpt_missed_deinit(&list);
	else
		*ret = list;
	return status;
}

void ckpt_missed_deinit(struct ckpt_missed_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		ckpt_buf_deinit(&list->items[i].components);
	free(list->items);
}

/* ---- how they differ ---------------------------------------------------- */
/* The identity of the code among the components; false: it is not there. */
static bool find_code(const struct ckpt_why_list *list,
		      struct ckpt_hash128 *ret)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct ckpt_component *c = &list->items[i];

		if (c->kind != CKPT_COMPONENT_CODE ||
		    c->data_size != sizeof(*ret))
			continue;
		memcpy(ret, c->data, sizeof(*ret));
		return true;
	}
	return false;
}

/* Which functions and libraries differ, if the code does. */
static void describe_code(const char *directory,
			  const struct ckpt_why_list *mine,
			  const struct ckpt_why_list *other,
			  struct ckpt_buf *out)
{
	struct ckpt_hash128 my_code, other_code;
	_cleanup_free_ char *plans = NULL;

	if (!find_code(mine, &my_code) || !find_code(other, &other_code) ||
	    ckpt_hash_equal(my_code, other_code) ||
	    asprintf(&plans, "%s/v1/plan", directory) < 0)
		return;
	ckpt_codelist_compare(plans, my_code, other_code, out);
}

/* NOTFOUND: they were not kept. */
static enum ckpt_status get_inputs(struct ckpt_store *store,
				   struct ckpt_hash128 key,
				   struct ckpt_entry *entry,
				   struct ckpt_recorded *ret)
{
	enum ckpt_status status =
		ckpt_store_get(store, ckpt_payload_inputs_key(key), 0, entry);

	if (status)
		return CKPT_NOTFOUND;
	status = ckpt_recorded_inputs(entry->payload, entry->payload_size, ret);
	if (status)
		ckpt_store_release(store, entry);
	return status;
}

static void describe(struct ckpt_store *store, const struct ckpt_missed *missed,
		     const struct ckpt_why_list *mine,
		     const struct ckpt_why_list *other, const char *code,
		     struct ckpt_buf *out)
{
	struct ckpt_why_more more = {.code = code};
	struct ckpt_entry my_entry, other_entry;
	bool has_mine, has_other;

	has_mine = !get_inputs(store, missed->miss->key, &my_entry, &more.mine);
	has_other =
		!get_inputs(store, missed->nearest, &other_entry, &more.other);
	ckpt_why_describe(mine, other, &more, out);
	ckpt_recorded_deinit(&more.mine);
	ckpt_recorded_deinit(&more.other);
	if (has_mine)
		ckpt_store_release(store, &my_entry);
	if (has_other)
		ckpt_store_release(store, &other_entry);
}

void ckpt_missed_describe(struct ckpt_store *store, const char *directory,
			  const struct ckpt_missed *missed,
			  struct ckpt_buf *out)
{
	_cleanup_(ckpt_why_list_deinit) struct ckpt_why_list mine = {0};
	_cleanup_(ckpt_why_list_deinit) struct ckpt_why_list other = {0};
	_cleanup_(ckpt_buf_deinit) struct ckpt_buf code = {.size = 0};
	struct ckpt_reader reader;
	struct ckpt_entry entry;

	if (!missed->has_nearest ||
	    ckpt_store_get(store, missed->nearest, 0, &entry))
		return;
	ckpt_reader_init(&reader, missed->components.data,
			 missed->components.size);
	if (!ckpt_why_list_read(&reader, &mine) &&
	    !ckpt_why_components(entry.payload, entry.payload_size, &reader) &&
	    !ckpt_why_list_read(&reader, &other)) {
		describe_code(directory, &mine, &other, &code);
		ckpt_buf_add_u8(&code, '\0');
		describe(store, missed, &mine, &other,
			 ckpt_buf_status(&code) ? NULL : (char *)code.data,
			 out);
	}
	ckpt_store_release(store, &entry);
}
