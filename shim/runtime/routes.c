/* SPDX-License-Identifier: MIT */
#include "shim/runtime/routes.h"

#include "shim/common/sys_x86_64.h"
#include "shim/runtime/measure.h"

static uint8_t count_x87(const struct ckpt_plan_function *function)
{
	if (function->flags & CKPT_FUNCTION_X87_PAIR)
		return 2;
	return (function->flags & CKPT_FUNCTION_X87_RESULT) != 0;
}

/* A plan may say "the widest there is". Asking the CPU is slow: only then. */
static uint8_t choose_width(const struct ckpt_plan_function *function)
{
	uint8_t width = function->vector_width;
	uint8_t widest;

	if (width <= CKPT_VECTOR_XMM)
		return width;
	widest = (uint8_t)ckpt_thunk_widest();
	return width < widest ? width : widest;
}

enum ckpt_status ckpt_routes_init(struct ckpt_routes *routes)
{
	/* Pages that are not used cost nothing. */
	void *memory = ckpt_sys_mmap(
		NULL, CKPT_THUNK_COUNT * sizeof(*routes->items),
		PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (ckpt_sys_is_error(memory))
		return CKPT_NOMEM;
	routes->items = memory;
	routes->count = 0;
	return CKPT_OK;
}

static void *find_route(const struct ckpt_routes *routes, const void *original,
			const struct ckpt_memo_function *function,
			const struct ckpt_measured *measured)
{
	for (uint32_t i = 0; i < routes->count; i++)
		if (routes->items[i].original == original &&
		    routes->items[i].function == function &&
		    routes->items[i].measured == measured)
			return ckpt_thunk_stub(i);
	return NULL;
}

static void *add_route(struct ckpt_routes *routes, struct ckpt_route route,
		       uint8_t vector_width, uint8_t x87_count)
{
	uint32_t id = routes->count;

	if (id == CKPT_THUNK_COUNT)
		return NULL;
	routes->items[id] = route;
	ckpt_thunk_entries[id] = (struct ckpt_thunk_entry){
		.original = route.original,
		.vector_width = vector_width,
		.x87_count = x87_count,
	};
	routes->count++;
	return ckpt_thunk_stub(id);
}

void *ckpt_routes_function(struct ckpt_routes *routes, void *original,
			   struct ckpt_memo_function *function)
{
	const struct ckpt_plan_function *plan = function->program.function;
	struct ckpt_route route = {.original = original,
				   .function = function,
				   .measured = function->measured};
	void *stub = find_route(routes, original, function, function->measured);

	if (stub)
		return stub;
	return add_route(routes, route, choose_width(plan), count_x87(plan));
}

void *ckpt_routes_entry(struct ckpt_routes *routes, void *original,
			struct ckpt_memo_function *function)
{
	uint8_t preserved = (uint8_t)ckpt_thunk_preserved();
	struct ckpt_route route = {.original = original,
				   .function = function,
				   .measured = function->measured};
	uint32_t id = routes->count;
	const struct ckpt_plan_function *plan = function->program.function;

	if (preserved == CKPT_VECTOR_NONE ||
	    !add_route(routes, route, choose_width(plan), count_x87(plan)))
		return NULL;
	ckpt_thunk_entries[id].preserved_width = preserved;
	return ckpt_thunk_entry_stub(id);
}

void *ckpt_routes_watch(struct ckpt_routes *routes, void *original,
			const struct ckpt_memo_watch *watch)
{
	struct ckpt_route route = {.original = original, .watch = watch};
	void *stub = find_route(routes, original, NULL, NULL);

	if (stub)
		return stub;
	/* Its signature is not known, but what only notes a call leaves the
	 * upper parts of wider registers alone. */
	return add_route(routes, route, CKPT_VECTOR_XMM, 0);
}

void *ckpt_routes_measured(struct ckpt_routes *routes, void *original,
			   struct ckpt_measured *measured)
{
	struct ckpt_route route = {.original = original, .measured = measured};
	void *stub = find_route(routes, original, NULL, measured);

	if (stub)
		return stub;
	/* Asking the CPU is slow. */
	if (!routes->widest)
		routes->widest = (uint8_t)ckpt_thunk_widest();
	return add_route(routes, route,
			 measured->row ? routes->widest : CKPT_VECTOR_XMM, 0);
}

void ckpt_routes_bypass(const struct ckpt_routes *routes,
			const struct ckpt_memo_function *function,
			bool is_bypassed)
{
	for (uint32_t i = 0; i < routes->count; i++)
		if (routes->items[i].function == function)
			__atomic_store_n(&ckpt_thunk_entries[i].is_bypassed,
					 is_bypassed, __ATOMIC_RELEASE);
}
