/* SPDX-License-Identifier: MIT */
#ifndef CKPT_RUNTIME_SETTINGS_H
#define CKPT_RUNTIME_SETTINGS_H

/*
 * What the environment of the process says, and the bytes of its ckpt.toml
 * (which only the planner understands).
 *
 * A config that CKPT_CONFIG names is taken. One that is merely found in the
 * current directory must be a plain file of this user or root that nobody
 * else can write: a preload must not be steered by a stranger's directory.
 *
 * Set-up world; no malloc, no errno; works before libc knows its environment.
 */

#include "shim/common/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CKPT_SETTINGS_PATH_MAX = 1024 };

struct ckpt_settings {
	char *const *environment; /* of the target, NULL-terminated */
	const char *config;	  /* CKPT_CONFIG, or NULL; … */
	const char *directory;	  /* CKPT_DIR */
	const char *name_space;	  /* CKPT_NAMESPACE */
	const char *planner;	  /* CKPT_PLANNER */
	const char *contracts;	  /* CKPT_CONTRACTS: the planner's */
	const char *rerun;	  /* CKPT_RERUN */
	const char *log;	  /* CKPT_LOG */
	const char *measure;	  /* CKPT_MEASURE: set by ckpt init */
	const char *xdg_cache_home;
	const char *home;
	bool is_disabled; /* CKPT_DISABLE */
	bool is_readonly; /* CKPT_READONLY */
	bool has_colour;  /* NO_COLOR is not set */
	uint32_t plan_wait_ms;
};

/* Points into `environment`. */
void ckpt_settings_read(struct ckpt_settings *ret, char *const *environment);

/* Does CKPT_RERUN, "name[,name…]" or "*", name this function? */
bool ckpt_settings_is_rerun(const struct ckpt_settings *settings,
			    const char *name);

struct ckpt_config_file {
	char path[CKPT_SETTINGS_PATH_MAX]; /* absolute */
	void *data;			   /* anonymous memory */
	size_t size;
};

/* NOTFOUND without a message: there is none, and none was asked for. INVALID:
 * it may not be used. */
enum ckpt_status
ckpt_settings_open_config(const struct ckpt_settings *settings,
			  struct ckpt_config_file *ret,
			  struct ckpt_err *err) CKPT_MUST_CHECK;
void ckpt_settings_close_config(struct ckpt_config_file *file);

#endif
