/* SPDX-License-Identifier: MIT */
/* Which functions are measured, and where their counters are. */
#include "shim/runtime/session_private.h"

#include "shim/common/impure.h"
#include "shim/common/runtimelib.h"
#include "shim/common/sys_x86_64.h"
#include "shim/runtime/guest/heap.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum {
	/* For functions of later plans and their like. */
	RESERVED_STUBS = 512,
	/* More than so many only for calls from one object to another. */
	INTERNAL_STUBS = CKPT_THUNK_COUNT / 2,
};

enum ckpt_status ckpt_session_start_measuring(struct ckpt_err *err)
{
	const char *path = ckpt_session->settings.measure;
	struct ckpt_measuring *measuring;

	if (!path)
		return CKPT_OK;
	measuring =
		ckpt_sys_mmap(NULL, sizeof(*measuring), PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (ckpt_sys_is_error(measuring))
		return ckpt_err_set(err, CKPT_NOMEM, "out of memory");
	if (ckpt_measuretable_open(path, &measuring->table))
		return ckpt_err_set(err, CKPT_IO,
				    "%s: cannot be written: this process is "
				    "not measured",
				    path);
	ckpt_hash_init();
	ckpt_measure_add(&measuring->table.header->processes, 1);
	measuring->environment = &ckpt_session->memo.environment;
	ckpt_session->measuring = measuring;
	ckpt_session->wishes.has_any = true;
	ckpt_session->wishes.any.tag = CKPT_MEASURE_TAG;
	return CKPT_OK;
}

static void do_nothing(void)
{
}

static struct ckpt_measured *add_measured(struct ckpt_measured measured)
{
	struct ckpt_measured *ret = ckpt_heap_calloc(1, sizeof(*ret));

	if (!ret)
		return NULL;
	measured.measuring = ckpt_session->measuring;
	*ret = measured;
	return ret;
}

/* Calls can be routed now. */
void ckpt_session_calibrate(void)
{
	static void (*const nothing)(void) = do_nothing;
	struct ckpt_measured measured = {.row = NULL}, *own;
	void *stub;

	if (!ckpt_session->measuring)
		return;
	measured.row = ckpt_heap_calloc(1, sizeof(*measured.row));
	own = measured.row ? add_measured(measured) : NULL;
	if (!own)
		return;
	stub = ckpt_routes_measured(&ckpt_session->routes,
				    (void *)(uintptr_t)nothing, own);
	if (stub)
		ckpt_measure_calibrate(own, (void (*)(void))(uintptr_t)stub);
}

static void note_left_out(void)
{
	ckpt_measure_add(&ckpt_session->measuring->table.header->left_out, 1);
}

static const char *path_of(uintptr_t address)
{
	const struct ckpt_object *object =
		ckpt_objects_at(&ckpt_session->objects, address);

	return object ? object->path : "";
}

struct ckpt_measured *ckpt_session_measured(const struct ckpt_attached *f)
{
	bool has_keys = f->memo.program.function->root_count > 0;
	struct ckpt_measured measured = {
		.row = ckpt_measuretable_row(&ckpt_session->measuring->table,
					     f->memo.name,
					     path_of(f->definition)),
		.program = &f->memo.program,
		.has_keys = has_keys,
	};

	if (!measured.row) {
		note_left_out();
		return NULL;
	}
	(void)__atomic_fetch_or(&measured.row->flags,
				has_keys ? CKPT_MEASURE_CONTRACT
					 : CKPT_MEASURE_TYPED,
				__ATOMIC_RELAXED);
	return add_measured(measured);
}

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool is_runtime(const struct ckpt_object *object)
{
	const char *soname = object->dynamic.soname;

	return ckpt_runtimelib_stem(last_part(object->path)) ||
	       (soname && ckpt_runtimelib_stem(soname));
}

/* What could return twice or switch stacks, or answers for the memory or the
 * threads of the process, in whatever library; and the small change of C++. */
static bool is_left_alone(const char *name)
{
	static const char *const parts[] = {
		"setjmp",      "longjmp",     "vfork",	     "getcontext",
		"setcontext",  "swapcontext", "makecontext", "fcontext",
		"__sanitizer", "__asan",
	};
	static const char *const heads[] = {
		"pthread_", "_Unwind_", "__cxa_", "_ZNSt", "_ZNKSt",
		"_ZSt",	    "_Zn",	"_Zd",	  "__tls", "mcount",
	};
	static const char *const names[] = {
		"malloc",	  "calloc",   "realloc", "free",
		"posix_memalign", "memalign", "valloc",	 "aligned_alloc",
	};

	for (size_t i = 0; i < COUNT(parts); i++)
		if (strstr(name, parts[i]))
			return true;
	for (size_t i = 0; i < COUNT(heads); i++)
		if (!strncmp(name, heads[i], strlen(heads[i])))
			return true;
	for (size_t i = 0; i < COUNT(names); i++)
		if (!strcmp(name, names[i]))
			return true;
	return false;
}

/* The one for the same original, if there is one already. */
static struct ckpt_measured *find_measured(const void *original,
					   const struct ckpt_measure_row *row,
					   const char *name)
{
	const struct ckpt_routes *routes = &ckpt_session->routes;

	for (uint32_t i = 0; i < routes->count; i++) {
		struct ckpt_measured *measured = routes->items[i].measured;

		if (measured && routes->items[i].original == original &&
		    measured->row == row &&
		    (row || !strcmp(measured->name, name)))
			return measured;
	}
	return NULL;
}

static void *route(void *original, struct ckpt_measured measured,
		   uint32_t stub_limit)
{
	struct ckpt_measured *found =
		find_measured(original, measured.row, measured.name);

	if (!found && ckpt_session->routes.count >= stub_limit) {
		note_left_out();
		return NULL;
	}
	if (!found && measured.name)
		measured.name = ckpt_heap_copy(measured.name);
	if (!found)
		found = add_measured(measured);
	return found ? ckpt_routes_measured(&ckpt_session->routes, original,
					    found)
		     : NULL;
}

static void *route_impure(const char *name, void *original)
{
	struct ckpt_measured measured = {
		.classes = ckpt_impure_classes(name),
		.name = name,
	};

	return measured.classes && !is_left_alone(name)
		       ? route(original, measured, CKPT_THUNK_COUNT)
		       : NULL;
}

/* Is it reached by its entry, whoever calls it? */
static bool has_entry(uintptr_t definition)
{
	for (size_t i = 0; i < ckpt_session->function_count; i++)
		if (ckpt_session->functions[i]->definition == definition &&
		    ckpt_session->functions[i]->island)
			return true;
	return false;
}

static bool is_code(const struct ckpt_object *object, const void *address)
{
	return ckpt_object_protection(object, (uintptr_t)address) & PF_X;
}

void *ckpt_session_measure_slot(const struct ckpt_slot_wish *wish,
				void *original)
{
	const struct ckpt_object *object =
		ckpt_objects_at(&ckpt_session->objects, (uintptr_t)original);
	struct ckpt_measured measured = {.row = NULL};

	if (!object || (object->kind != CKPT_OBJECT_PLAIN &&
			object->kind != CKPT_OBJECT_PROGRAM))
		return NULL;
	if (is_runtime(object))
		return route_impure(wish->name, original);
	if (is_left_alone(wish->name) || !is_code(object, original) ||
	    has_entry((uintptr_t)original))
		return NULL;
	measured.row = ckpt_measuretable_row(&ckpt_session->measuring->table,
					     wish->name, object->path);
	if (!measured.row) {
		note_left_out();
		return NULL;
	}
	return route(original, measured,
		     wish->from == object->number
			     ? INTERNAL_STUBS
			     : CKPT_THUNK_COUNT - RESERVED_STUBS);
}
