/* SPDX-License-Identifier: MIT */
#ifndef CKPT_RUNTIME_SESSION_PRIVATE_H
#define CKPT_RUNTIME_SESSION_PRIVATE_H

/*
 * What the parts of the session share (session.c: start; session_change.c:
 * objects that come and go). session.h has the rules.
 */

#include "shim/runtime/guest/lock.h"
#include "shim/runtime/guest/log.h"
#include "shim/runtime/measure.h"
#include "shim/runtime/routes.h"
#include "shim/runtime/session.h"
#include "shim/runtime/guest/settings.h"
#include "shim/runtime/calls/slots.h"

/* Why a slot is patched: ckpt_slot_wish.tag is an index of these. */
struct ckpt_purpose {
	struct ckpt_attached *function;	     /* or */
	const struct ckpt_memo_watch *watch; /* or */
	/* A function of the loader, or behind these, of confine.h; < 0: no. */
	int loader;
};

struct ckpt_session {
	struct ckpt_lock lock;
	struct ckpt_settings settings;
	struct ckpt_log log;
	struct ckpt_config_file config;
	const char *library; /* path of libckpt.so */
	pid_t pid;	     /* of the process that started it */

	struct ckpt_objects objects;
	struct ckpt_slots slots;
	/* The loader's functions come first: what watches them is then put
	 * in front of our own. */
	struct ckpt_slot_wishes loader_wishes, wishes;
	struct ckpt_purpose *purposes;
	size_t purpose_count, purpose_capacity;
	uint64_t searched; /* objects up to this number were patched */

	struct ckpt_generation *generations; /* newest first */
	struct ckpt_attached **functions;
	size_t function_count, function_capacity;
	struct ckpt_routes routes;
	struct ckpt_memo memo;

	/* Rows of the statistics: functions of the first plan; without names,
	 * some for those that globs find later; one for all others. */
	const char **row_names, **row_objects;
	size_t row_count;
	const char **lower;		  /* lower stores, NULL-terminated */
	struct ckpt_measuring *measuring; /* NULL: as usual */
	bool is_verified;		  /* the functions' code was compared */
	bool has_cpu;			  /* memo.environment is made */
	bool has_jumps;			  /* longjmp is watched */
};

/* The one of this process; NULL while there is nothing to intercept. */
extern struct ckpt_session *ckpt_session;

void ckpt_session_tell(const char *cause, const struct ckpt_err *err);
void ckpt_session_tell_function(const struct ckpt_memo_function *function,
				const char *cause, const char *text);
/* From the first plan, all that opening needs: it may not allocate. */
enum ckpt_status
ckpt_session_prepare_store(const struct ckpt_plan_view *plan) CKPT_MUST_CHECK;
/* The row of a function that was attached; it gets one if any is left. */
uint32_t ckpt_session_find_row(const char *name, const char *object);
/* ckpt_memo.open: at the first hooked call, in whatever thread. */
bool ckpt_session_open_store(struct ckpt_memo *memo);
/* Plan for the objects there are, and add the functions that are new. What
 * cannot be attached is told and left out. */
enum ckpt_status ckpt_session_plan(struct ckpt_err *err) CKPT_MUST_CHECK;
/* Route the entry of a function that its plan reaches so, or does so again when
 * its object is back; a failure is told. Before the process has threads. */
void ckpt_session_patch_entry(struct ckpt_attached *attached);

/* Of the wish for any call slot (session_measure.c). */
#define CKPT_MEASURE_TAG UINT32_MAX

/* Open the table that CKPT_MEASURE names, if it does. */
enum ckpt_status
ckpt_session_start_measuring(struct ckpt_err *err) CKPT_MUST_CHECK;
/* Find out what measuring costs, once memo is installed. */
void ckpt_session_calibrate(void);
/* How a function of the plan is measured; NULL: there is no room. */
struct ckpt_measured *ckpt_session_measured(const struct ckpt_attached *f);
/* The stub for a call slot, bound to `original`, that no plan speaks of; NULL:
 * leave it alone. */
void *ckpt_session_measure_slot(const struct ckpt_slot_wish *wish,
				void *original);

/* Patch the objects with a number above `above`. */
void ckpt_session_patch(uint64_t above);

#endif
