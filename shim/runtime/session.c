/* SPDX-License-Identifier: MIT */
#include "shim/runtime/session_private.h"

#include "shim/common/cleanup.h"
#include "shim/common/sys_x86_64.h"
#include "shim/runtime/guest/fpstate_x86_64.h"
#include "shim/runtime/calls/confine.h"
#include "shim/runtime/escape_x86_64.h"
#include "shim/runtime/loader.h"
#include "shim/runtime/plan/planning.h"
#include "shim/runtime/guest/heap.h"

#include <errno.h>
#include <string.h>

struct ckpt_session *ckpt_session;

/* ---- telling ---- */

void ckpt_session_tell(const char *cause, const struct ckpt_err *err)
{
	const struct ckpt_generation *newest = ckpt_session->generations;
	enum ckpt_on_error on_error = CKPT_ON_ERROR_WARN;

	if (newest)
		on_error = newest->file.view.header->on_error;
	ckpt_log_error(&ckpt_session->log, NULL, on_error, cause, err->text);
}

void ckpt_session_tell_function(const struct ckpt_memo_function *function,
				const char *cause, const char *text)
{
	ckpt_log_error(&ckpt_session->log, function->name,
		       function->program.function->on_error, cause, text);
}

static void tell_diags(const struct ckpt_plan_view *plan)
{
	for (uint32_t i = 0; i < plan->counts[CKPT_PLAN_DIAGS]; i++) {
		const struct ckpt_plan_diag *diag = &plan->diags[i];
		const char *text = plan->strings + diag->text;
		enum ckpt_on_error on_error = plan->header->on_error;
		const char *name = NULL;

		if (diag->function != CKPT_PLAN_NONE) {
			const struct ckpt_plan_function *function =
				&plan->functions[diag->function];

			on_error = function->on_error;
			name = plan->strings + function->name;
		}
		if (diag->is_error)
			ckpt_log_error(&ckpt_session->log, name, on_error, text,
				       text);
		else
			ckpt_log_note(&ckpt_session->log, name, text, text);
	}
}

/* ---- wishes ---- */

static enum ckpt_status add_purpose(struct ckpt_purpose purpose, uint32_t *ret)
{
	if (ckpt_session->purpose_count == ckpt_session->purpose_capacity) {
		size_t capacity = ckpt_session->purpose_capacity
					  ? 2 * ckpt_session->purpose_capacity
					  : 64;
		struct ckpt_purpose *items = ckpt_heap_resize(
			ckpt_session->purposes, capacity, sizeof(*items));

		if (!items)
			return CKPT_NOMEM;
		ckpt_session->purposes = items;
		ckpt_session->purpose_capacity = capacity;
	}
	ckpt_session->purposes[ckpt_session->purpose_count] = purpose;
	*ret = (uint32_t)ckpt_session->purpose_count++;
	return CKPT_OK;
}

static enum ckpt_status add_loader_wishes(void)
{
	for (int i = 0; i < CKPT_LOADER_COUNT + CKPT_CONFINE_COUNT; i++) {
		struct ckpt_slot_wish wish = {
			.name = i < CKPT_LOADER_COUNT
					? ckpt_loader_name(i)
					: ckpt_confine_name(i -
							    CKPT_LOADER_COUNT),
		};
		enum ckpt_status status;

		status = add_purpose((struct ckpt_purpose){.loader = i},
				     &wish.tag);
		if (!status)
			status = ckpt_slot_wishes_add(
				&ckpt_session->loader_wishes, wish);
		if (status)
			return status;
	}
	return CKPT_OK;
}

static enum ckpt_status add_function_wishes(struct ckpt_attached *attached)
{
	const struct ckpt_plan_view *plan = &attached->generation->file.view;
	const struct ckpt_plan_function *function =
		attached->memo.program.function;
	struct ckpt_slot_wish wish = {
		.target = attached->definition,
		.is_ifunc = attached->is_ifunc,
		.from_pattern = ckpt_plan_text(plan, function->from),
	};
	/* Words without a symbol: for functions that nobody exports, too. */
	struct ckpt_slot_wish local = {
		.name = "",
		.target = attached->definition,
		.is_ifunc = attached->is_ifunc,
		.from_pattern = wish.from_pattern,
		.local = attached->object,
		.is_address_taken =
			function->flags & CKPT_FUNCTION_ADDRESS_TAKEN,
	};
	enum ckpt_status status;

	status = add_purpose(
		(struct ckpt_purpose){.function = attached, .loader = -1},
		&wish.tag);
	for (uint32_t i = 0; i < function->name_count && !status; i++) {
		wish.name = plan->strings +
			    plan->names[function->first_name + i].name;
		status = ckpt_slot_wishes_add(&ckpt_session->wishes, wish);
	}
	local.tag = wish.tag;
	if (!status && (local.is_ifunc || local.is_address_taken))
		status = ckpt_slot_wishes_add(&ckpt_session->wishes, local);
	return status;
}

static enum ckpt_status add_watch(const struct ckpt_generation *generation,
				  const struct ckpt_plan_watch *plan_watch)
{
	const struct ckpt_plan_view *plan = &generation->file.view;
	struct ckpt_slot_wish wish = {
		.name = plan->strings + plan_watch->name,
		.from = generation->numbers[plan_watch->object],
	};
	struct ckpt_memo_watch *watch;
	enum ckpt_status status;

	if (!wish.from)
		return CKPT_OK;
	watch = ckpt_heap_calloc(1, sizeof(*watch));
	if (!watch)
		return CKPT_NOMEM;
	watch->classes = plan_watch->classes;
	watch->chain = plan->strings + plan_watch->chain;
	status = add_purpose(
		(struct ckpt_purpose){.watch = watch, .loader = -1}, &wish.tag);
	return status ? status
		      : ckpt_slot_wishes_add(&ckpt_session->wishes, wish);
}

static enum ckpt_status add_watches(const struct ckpt_attached *attached)
{
	const struct ckpt_plan_function *function =
		attached->memo.program.function;
	const struct ckpt_generation *generation = attached->generation;
	enum ckpt_status status = CKPT_OK;

	for (uint32_t i = 0; i < function->watch_count && !status; i++)
		status =
			add_watch(generation,
				  &generation->file.view
					   .watches[function->first_watch + i]);
	return status;
}

/* Functions that drop the frame of a call which owns a key. */
static enum ckpt_status add_jumps(void)
{
	static const struct ckpt_memo_watch watch = {.is_jump = true};
	struct ckpt_slot_wish wish = {.tag = 0};
	enum ckpt_status status = CKPT_OK;

	for (const char *const *name = ckpt_escape_jumps; *name && !status;
	     name++) {
		wish.name = *name;
		status = add_purpose(
			(struct ckpt_purpose){.watch = &watch, .loader = -1},
			&wish.tag);
		if (!status)
			status = ckpt_slot_wishes_add(&ckpt_session->wishes,
						      wish);
	}
	ckpt_session->has_jumps = true;
	return status;
}

static void *route_slot(void *context, const struct ckpt_slot_wish *wish,
			void *original)
{
	const struct ckpt_purpose *purpose;

	(void)context;
	if (wish->tag == CKPT_MEASURE_TAG)
		return ckpt_session_measure_slot(wish, original);
	purpose = &ckpt_session->purposes[wish->tag];
	if (purpose->function && !purpose->function->is_gone)
		return ckpt_routes_function(&ckpt_session->routes, original,
					    &purpose->function->memo);
	if (purpose->watch)
		return ckpt_routes_watch(&ckpt_session->routes, original,
					 purpose->watch);
	if (purpose->loader >= CKPT_LOADER_COUNT)
		return ckpt_confine_stub(purpose->loader - CKPT_LOADER_COUNT,
					 original);
	if (purpose->loader >= 0)
		return ckpt_loader_stub(purpose->loader, original);
	return NULL;
}

static void patch_object(const struct ckpt_object *object)
{
	struct ckpt_err err = {0};

	if (ckpt_slots_patch(&ckpt_session->slots, &ckpt_session->objects,
			     object, &ckpt_session->loader_wishes, &err) ||
	    ckpt_slots_patch(&ckpt_session->slots, &ckpt_session->objects,
			     object, &ckpt_session->wishes, &err))
		ckpt_session_tell(err.text, &err);
}

/* Objects with a number above `above`, then the copies in the program. */
void ckpt_session_patch(uint64_t above)
{
	struct ckpt_err err = {0};

	for (size_t i = 0; i < ckpt_session->objects.count; i++)
		if (ckpt_session->objects.items[i]->number > above)
			patch_object(ckpt_session->objects.items[i]);
	if (ckpt_slots_mirror(&ckpt_session->slots, &ckpt_session->objects,
			      &err))
		ckpt_session_tell(err.text, &err);
	ckpt_session->searched = ckpt_session->objects.last_number;
}

/* ---- functions ---- */

static bool is_attached(uint64_t object, uintptr_t definition)
{
	for (size_t i = 0; i < ckpt_session->function_count; i++) {
		const struct ckpt_attached *f = ckpt_session->functions[i];

		if (!f->is_gone && f->object == object &&
		    f->definition == definition)
			return true;
	}
	return false;
}

static enum ckpt_status add_function(struct ckpt_attached *attached)
{
	const struct ckpt_plan_function *function =
		attached->memo.program.function;
	const char *config_name =
		attached->memo.program.strings + function->config_name;
	enum ckpt_status status = CKPT_OK;

	if (ckpt_session->function_count == ckpt_session->function_capacity) {
		size_t capacity = ckpt_session->function_capacity
					  ? 2 * ckpt_session->function_capacity
					  : 16;
		struct ckpt_attached **items =
			ckpt_heap_resize(ckpt_session->functions, capacity,
					 sizeof(struct ckpt_attached *));

		if (!items)
			return CKPT_NOMEM;
		ckpt_session->functions = items;
		ckpt_session->function_capacity = capacity;
	}
	ckpt_session->functions[ckpt_session->function_count++] = attached;
	if (function->flags & CKPT_FUNCTION_CPU && !ckpt_session->has_cpu) {
		ckpt_environment_init(&ckpt_session->memo.environment);
		ckpt_session->has_cpu = true;
	}
	attached->memo.stats_row = ckpt_session_find_row(attached->memo.name,
							 attached->memo.object);
	if (ckpt_session->measuring)
		attached->memo.measured = ckpt_session_measured(attached);
	attached->memo.is_rerun =
		ckpt_settings_is_rerun(&ckpt_session->settings,
				       attached->memo.name) ||
		ckpt_settings_is_rerun(&ckpt_session->settings, config_name);
	if (function->flags & CKPT_FUNCTION_ENTRY)
		ckpt_session_patch_entry(attached);
	else
		status = add_function_wishes(attached);
	if (!status)
		status = add_watches(attached);
	if (!status && function->once && !ckpt_session->has_jumps)
		status = add_jumps();
	return status;
}

static bool is_usable(const struct ckpt_plan_function *function)
{
	return !(function->flags &
		 (CKPT_FUNCTION_REFUSED | CKPT_FUNCTION_ABSENT));
}

/* NOTFOUND: the process is not what the plan says of this function. */
static enum ckpt_status attach_function(struct ckpt_generation *generation,
					uint32_t index, struct ckpt_err *err)
{
	struct ckpt_attached *attached;
	enum ckpt_status status;

	status = ckpt_attach(generation, index, &ckpt_session->objects,
			     &attached, err);
	/* Functions that come later are looked at at once. */
	if (!status && ckpt_session->is_verified)
		status = ckpt_attach_compare(attached, err);
	return status ? status : add_function(attached);
}

/* A function that cannot be attached is told about and left out. */
static enum ckpt_status attach_functions(struct ckpt_generation *generation,
					 struct ckpt_err *err)
{
	const struct ckpt_plan_view *plan = &generation->file.view;

	for (uint32_t i = 0; i < plan->counts[CKPT_PLAN_FUNCTIONS]; i++) {
		const struct ckpt_plan_function *function = &plan->functions[i];
		enum ckpt_status status;

		if (!is_usable(function) ||
		    is_attached(generation->numbers[function->object],
				generation->bases[function->object] +
					function->vaddr))
			continue;
		status = attach_function(generation, i, err);
		if (status == CKPT_NOMEM)
			return ckpt_err_set(err, status, "out of memory");
		if (!status)
			continue;
		generation->is_partial = true;
		ckpt_log_error(&ckpt_session->log,
			       plan->strings + function->name,
			       function->on_error, "attach", err->text);
		err->text[0] = '\0';
	}
	return CKPT_OK;
}

/* ---- plans ---- */

/* What is known of the objects' files; NULL items if there is no memory. */
static struct ckpt_planfile_known list_seen(void)
{
	const struct ckpt_objects *objects = &ckpt_session->objects;
	struct ckpt_planfile_seen *items =
		ckpt_heap_calloc(objects->count, sizeof(*items));

	for (size_t i = 0; items && i < objects->count; i++) {
		const struct ckpt_object *object = objects->items[i];

		items[i] = (struct ckpt_planfile_seen){
			.dev = object->dev,
			.inode = object->inode,
			.size = object->size,
			.mtime_ns = object->mtime_ns,
			.ctime_ns = object->ctime_ns,
			.is_known = object->inode != 0,
		};
	}
	return (struct ckpt_planfile_known){
		.items = items,
		.count = (uint32_t)objects->count,
	};
}

static enum ckpt_status get_plan(struct ckpt_generation **ret,
				 struct ckpt_err *err)
{
	struct ckpt_planning planning = {
		.settings = &ckpt_session->settings,
		.config = &ckpt_session->config,
		.library = ckpt_session->library,
		.is_verbose =
			ckpt_log_is_on(&ckpt_session->log, CKPT_LOG_DEBUG),
	};
	_cleanup_(ckpt_planfile_close) struct ckpt_planfile file = {0};
	struct ckpt_buf objects;
	enum ckpt_status status;

	ckpt_objects_write(&ckpt_session->objects, &objects);
	planning.known = list_seen();
	status = ckpt_buf_status(&objects);
	if (status)
		(void)ckpt_err_set(err, status, "out of memory");
	else
		status = ckpt_planning_get(&planning, &objects, &file, err);
	ckpt_heap_free(planning.known.items);
	ckpt_heap_free(objects.data);
	if (status)
		return status;
	status = ckpt_generation_create(&file, &ckpt_session->objects, ret);
	if (status)
		return ckpt_err_set(err, status, "the plan is unusable: %s",
				    ckpt_status_text(status));
	return CKPT_OK;
}

/* A plan in use that this one is equal to, its objects back in their places:
 * then that one goes on. NULL: there is none. */
static struct ckpt_generation *revive(struct ckpt_generation *generation,
				      struct ckpt_err *err)
{
	struct ckpt_generation *old = ckpt_session->generations;

	while (old &&
	       (old->is_partial || !ckpt_generation_is_equal(old, generation)))
		old = old->next;
	if (!old || ckpt_generation_remap(old, &ckpt_session->objects))
		return NULL;
	for (size_t i = 0; i < ckpt_session->function_count; i++) {
		struct ckpt_attached *f = ckpt_session->functions[i];

		if (f->generation != old || !f->is_gone)
			continue;
		if (ckpt_session->is_verified && ckpt_attach_compare(f, err))
			continue;
		ckpt_attach_again(f);
		if (f->island)
			ckpt_session_patch_entry(f);
		ckpt_routes_bypass(&ckpt_session->routes, &f->memo, false);
	}
	return old;
}

static void add_generation(struct ckpt_generation *generation)
{
	const struct ckpt_plan_view *plan = &generation->file.view;

	generation->next = ckpt_session->generations;
	ckpt_session->generations = generation;
	ckpt_log_set_level(&ckpt_session->log, (int)plan->header->log_level);
	tell_diags(plan);
}

enum ckpt_status ckpt_session_plan(struct ckpt_err *err)
{
	struct ckpt_generation *generation;
	enum ckpt_status status;

	status = get_plan(&generation, err);
	if (status)
		return status;
	if (revive(generation, err)) {
		ckpt_generation_destroy(generation);
		return CKPT_OK;
	}
	add_generation(generation);
	if (!ckpt_session->row_count &&
	    ckpt_session_prepare_store(&generation->file.view))
		return ckpt_err_set(err, CKPT_NOMEM, "out of memory");
	return attach_functions(generation, err);
}

/* ---- start ---- */

static enum ckpt_status find_library(void)
{
	for (size_t i = 0; i < ckpt_session->objects.count; i++)
		if (ckpt_session->objects.items[i]->kind ==
		    CKPT_OBJECT_OURSELVES)
			ckpt_session->library =
				ckpt_session->objects.items[i]->path;
	return ckpt_session->library ? CKPT_OK : CKPT_NOTFOUND;
}

static enum ckpt_status start_session(struct ckpt_err *err)
{
	const struct ckpt_plan_header *header;
	enum ckpt_status status;

	status = ckpt_objects_refresh(&ckpt_session->objects, NULL, NULL);
	if (!status)
		status = find_library();
	if (!status)
		status = ckpt_routes_init(&ckpt_session->routes);
	if (!status)
		status = add_loader_wishes();
	if (status)
		return ckpt_err_set(err, status, "cannot start: %s",
				    ckpt_status_text(status));
	status = ckpt_session_start_measuring(err);
	if (!status)
		status = ckpt_session_plan(err);
	if (status)
		return status;
	header = ckpt_session->generations->file.view.header;
	if (!ckpt_session->measuring != !(header->flags & CKPT_PLAN_MEASURE))
		return CKPT_NOTFOUND;
	if (!ckpt_session->measuring && ckpt_session->row_count == 1 &&
	    !(header->flags & CKPT_PLAN_HAS_GLOBS)) {
		err->text[0] = '\0';
		return CKPT_NOTFOUND; /* nothing to intercept, ever */
	}
	ckpt_session->slots.route = route_slot;
	ckpt_session->memo.routes = ckpt_session->routes.items;
	ckpt_session->memo.is_readonly = ckpt_session->settings.is_readonly ||
					 header->flags & CKPT_PLAN_READONLY;
	ckpt_session->memo.open = ckpt_session_open_store;
	ckpt_session->memo.tell = ckpt_session_tell_function;
	ckpt_memo_install(&ckpt_session->memo);
	ckpt_session_calibrate();
	ckpt_session_patch(0);
	return CKPT_OK;
}

/* Memory that is ours alone: the target's allocator may not be up yet. */
static struct ckpt_session *create_session(void)
{
	void *memory = ckpt_sys_mmap(NULL, sizeof(struct ckpt_session),
				     PROT_READ | PROT_WRITE,
				     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return ckpt_sys_is_error(memory) ? NULL : memory;
}

static void start_with(const struct ckpt_settings *settings,
		       const struct ckpt_config_file *config,
		       const struct ckpt_err *config_err)
{
	struct ckpt_err err = {0};

	ckpt_session = create_session();
	if (!ckpt_session)
		return;
	ckpt_session->pid = ckpt_sys_getpid();
	ckpt_session->settings = *settings;
	ckpt_session->config = *config;
	ckpt_log_init(&ckpt_session->log, settings->log, settings->has_colour);
	if (!config->data) {
		ckpt_session_tell("config", config_err);
	} else if (!ckpt_lock_init(&ckpt_session->lock)) {
		enum ckpt_status status = start_session(&err);

		if (status == CKPT_OK)
			return;
		if (err.text[0])
			ckpt_session_tell("start", &err);
	}
	/* What was made stays: nothing points to it. */
	ckpt_session = NULL;
}

void ckpt_session_start(char *const *environment)
{
	struct ckpt_settings settings;
	struct ckpt_config_file config = {.data = NULL};
	struct ckpt_err err = {0};
	uint32_t flags = ckpt_fpstate_flags();
	int saved_errno = errno;

	ckpt_settings_read(&settings, environment);
	if (settings.is_disabled)
		return;
	if (ckpt_settings_open_config(&settings, &config, &err) ==
	    CKPT_NOTFOUND)
		return;
	start_with(&settings, &config, &err);
	ckpt_fpstate_set_flags(flags);
	errno = saved_errno;
}

bool ckpt_session_is_active(void)
{
	return ckpt_session != NULL;
}
