/* SPDX-License-Identifier: MIT */
/* The session's functions that are reached by their entry. */
#include "shim/runtime/session_private.h"

#include "shim/runtime/calls/entry_x86_64.h"

static void *route_entry(void *context, void *original)
{
	struct ckpt_attached *attached = context;

	return ckpt_routes_entry(&ckpt_session->routes, original,
				 &attached->memo);
}

void ckpt_session_patch_entry(struct ckpt_attached *attached)
{
	const struct ckpt_plan_view *plan = &attached->generation->file.view;
	const struct ckpt_plan_function *function =
		attached->memo.program.function;
	const struct ckpt_object *object =
		ckpt_objects_at(&ckpt_session->objects, attached->definition);
	struct ckpt_err err = {.text = ""};
	struct ckpt_entry_place place = {
		.plan = plan,
		.entry = &plan->entries[function->entry],
		.base = attached->definition - function->vaddr,
	};

	if (!object)
		return;
	place.start = object->start;
	place.end = object->end;
	if (attached->island
		    ? ckpt_entry_patch_again(&place, attached->island, &err)
		    : ckpt_entry_patch(&place, route_entry, attached,
				       &attached->island, &err))
		ckpt_log_error(&ckpt_session->log, attached->memo.name,
			       function->on_error, "entry", err.text);
	else
		ckpt_log_write(&ckpt_session->log, CKPT_LOG_DEBUG,
			       "%s: entry patched", attached->memo.name);
}
