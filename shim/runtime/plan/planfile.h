/* SPDX-License-Identifier: MIT */
#ifndef CKPT_RUNTIME_PLANFILE_H
#define CKPT_RUNTIME_PLANFILE_H

/*
 * The plan as the target has it: found, read, checked (plancheck.h), and
 * compared with the files it was made from. A plan that is absent, damaged, of
 * another version or out of date is CKPT_NOTFOUND with the reason: the answer
 * to all of them is to plan again.
 *
 * The bytes are copied into private memory, so that nothing done to the file
 * later can disturb the target. A plan that another user owns or can write is
 * CKPT_INVALID: whoever writes plans decides what the process computes.
 *
 * Set-up world, any thread; no malloc. After opening, a plan is immutable and
 * may be read on the hot path and after fork.
 */

#include "shim/runtime/marshal/call.h"
#include "shim/runtime/plan/plancheck.h"

#include <stdbool.h>

enum { CKPT_PLANFILE_PATH_MAX = 1280 };

struct ckpt_planfile {
	struct ckpt_plan_view view;
	void *memory; /* NULL: no plan */
	size_t memory_size;
};

/* What decides where plans are kept; NULL or "" where unset. */
struct ckpt_planfile_places {
	const char *config_path; /* absolute */
	const char *ckpt_dir;	 /* CKPT_DIR */
	const char *xdg_cache_home;
	const char *home;
};

/*
 * The `index`-th place where the plan of that key may be, best first: below
 * CKPT_DIR or, without it, below .ckpt beside the config; then below the
 * user's cache directory. NOTFOUND: there are no more.
 */
enum ckpt_status
ckpt_planfile_path(const struct ckpt_planfile_places *places,
		   struct ckpt_hash128 key, int index,
		   char path[CKPT_PLANFILE_PATH_MAX]) CKPT_MUST_CHECK;

/* What stat said of the file of a loaded object, so that it need not be asked
 * again; in the order of the plan's objects. */
struct ckpt_planfile_seen {
	uint64_t dev, inode, size;
	int64_t mtime_ns, ctime_ns;
	bool is_known;
};

struct ckpt_planfile_known {
	const struct ckpt_planfile_seen *items; /* NULL: nothing is known */
	uint32_t count;
};

/* `known` may be NULL. Read, check and compare; `key` must be the plan's own.
 */
enum ckpt_status ckpt_planfile_open(struct ckpt_planfile *ret, const char *path,
				    struct ckpt_hash128 key,
				    const struct ckpt_planfile_known *known,
				    struct ckpt_err *err) CKPT_MUST_CHECK;
void ckpt_planfile_close(struct ckpt_planfile *plan); /* NULL is fine */

/* Is each file it was made from still as it was (present or not, device,
 * inode, size, times)? NOTFOUND: err names the one that is not. */
enum ckpt_status ckpt_planfile_compare(const struct ckpt_plan_view *plan,
				       const struct ckpt_planfile_known *known,
				       struct ckpt_err *err) CKPT_MUST_CHECK;

/* The program of function `index`. `bases` has the load address of each plan
 * object and must live as long as the program. */
void ckpt_planfile_program(const struct ckpt_plan_view *plan, uint32_t index,
			   const uintptr_t *bases, struct ckpt_program *ret);

/*
 * Does the code that was looked at while planning function `index` equal what
 * is mapped? Every stretch must be readable at its base + vaddr. NOTFOUND: it
 * does not, err names the object. Reads all of the closure: once per function.
 */
enum ckpt_status
ckpt_planfile_compare_text(const struct ckpt_plan_view *plan, uint32_t index,
			   const uintptr_t *bases,
			   struct ckpt_err *err) CKPT_MUST_CHECK;

#endif
