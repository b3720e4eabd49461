/* SPDX-License-Identifier: MIT */
#include "shim/runtime/plan/planning.h"

#include "shim/common/plankey.h"
#include "shim/common/sys_x86_64.h"
#include "shim/runtime/plan/planner_child.h"

#include <string.h>

enum { PLACES_MAX = 2, WRITABLE = 2 /* W_OK */ };

/* Where a plan may be, and whether it could be written there. */
struct places {
	char paths[PLACES_MAX][CKPT_PLANFILE_PATH_MAX];
	int count;
};

static void find_places(const struct ckpt_planning *planning,
			struct ckpt_hash128 key, struct places *ret)
{
	const struct ckpt_planfile_places from = {
		.config_path = planning->config->path,
		.ckpt_dir = planning->settings->directory,
		.xdg_cache_home = planning->settings->xdg_cache_home,
		.home = planning->settings->home,
	};

	ret->count = 0;
	while (ret->count < PLACES_MAX &&
	       !ckpt_planfile_path(&from, key, ret->count,
				   ret->paths[ret->count]))
		ret->count++;
}

/* The first that is there and up to date. */
static enum ckpt_status open_any(const struct places *places,
				 struct ckpt_hash128 key,
				 const struct ckpt_planfile_known *known,
				 struct ckpt_planfile *ret,
				 struct ckpt_err *err)
{
	enum ckpt_status status = CKPT_NOTFOUND;

	for (int i = 0; i < places->count && status == CKPT_NOTFOUND; i++)
		status = ckpt_planfile_open(ret, places->paths[i], key, known,
					    err);
	return status;
}

/* Can `path` be made? Asks the nearest directory above it that exists. */
static bool is_writable(const char *path)
{
	char directory[CKPT_PLANFILE_PATH_MAX];
	char *slash;

	memcpy(directory, path, strlen(path) + 1);
	while ((slash = strrchr(directory, '/')) && slash > directory) {
		*slash = '\0';
		if (!ckpt_sys_faccessat(AT_FDCWD, directory, 0))
			return !ckpt_sys_faccessat(AT_FDCWD, directory,
						   WRITABLE);
	}
	return false;
}

static enum ckpt_status explain(const struct ckpt_planner_result *result,
				struct ckpt_err *err)
{
	switch (result->outcome) {
	case CKPT_PLANNER_SLOW:
		return ckpt_err_set(err, CKPT_UNSUPPORTED,
				    "planning takes its time: this run goes "
				    "without the cache");
	case CKPT_PLANNER_ABSENT:
		return ckpt_err_set(err, CKPT_UNSUPPORTED,
				    "the ckpt command cannot be started (error "
				    "%d): this run goes without the cache",
				    result->detail);
	default:
		return ckpt_err_set(err, CKPT_UNSUPPORTED,
				    "planning failed (status %d): `ckpt check` "
				    "tells more; this run goes without the "
				    "cache",
				    result->detail);
	}
}

static enum ckpt_status run_planner(const struct ckpt_planning *planning,
				    const struct ckpt_buf *objects,
				    const char *output, struct ckpt_err *err)
{
	char planner[CKPT_PLANNER_PATH_MAX];
	struct ckpt_planner_request request = {
		.planner = planner,
		.config = planning->config->path,
		.output = output,
		.objects = (const char *)objects->data,
		.objects_size = objects->size,
		.environment = planning->settings->environment,
		.wait_ms = planning->settings->plan_wait_ms,
		.is_verbose = planning->is_verbose,
	};
	struct ckpt_planner_result result;

	if (!ckpt_planner_child_find(planning->settings->planner,
				     planning->library, planner))
		return ckpt_err_set(err, CKPT_UNSUPPORTED,
				    "no ckpt command beside %s (CKPT_PLANNER "
				    "names it): this run goes without the "
				    "cache",
				    planning->library);
	result = ckpt_planner_child_run(&request);
	return result.outcome == CKPT_PLANNER_DONE ? CKPT_OK
						   : explain(&result, err);
}

/* In the first place that can be written. */
static enum ckpt_status
make_plan(const struct ckpt_planning *planning, const struct ckpt_buf *objects,
	  const struct places *places, struct ckpt_hash128 key,
	  struct ckpt_planfile *ret, struct ckpt_err *err)
{
	enum ckpt_status status;

	for (int i = 0; i < places->count; i++) {
		if (!is_writable(places->paths[i]))
			continue;
		status = run_planner(planning, objects, places->paths[i], err);
		if (!status)
			status = ckpt_planfile_open(ret, places->paths[i], key,
						    &planning->known, err);
		return status == CKPT_NOTFOUND ? CKPT_UNSUPPORTED : status;
	}
	return ckpt_err_set(err, CKPT_UNSUPPORTED,
			    "no directory to keep a plan in can be written: "
			    "this run goes without the cache");
}

enum ckpt_status ckpt_planning_get(const struct ckpt_planning *planning,
				   const struct ckpt_buf *objects,
				   struct ckpt_planfile *ret,
				   struct ckpt_err *err)
{
	struct ckpt_hash128 key = ckpt_plan_key(
		CKPT_PLAN_SALT, planning->config->data, planning->config->size,
		planning->config->path, planning->settings->contracts,
		(const char *)objects->data, objects->size);
	enum ckpt_status status;
	struct places places;

	find_places(planning, key, &places);
	status = open_any(&places, key, &planning->known, ret, err);
	if (status != CKPT_NOTFOUND)
		return status;
	return make_plan(planning, objects, &places, key, ret, err);
}
