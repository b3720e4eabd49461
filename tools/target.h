/* SPDX-License-Identifier: MIT */
#ifndef CKPT_TOOLS_TARGET_H
#define CKPT_TOOLS_TARGET_H

/*
 * Can this program be preloaded into at all? Answers before it runs, from the
 * file alone, what the loader would otherwise leave unsaid. Reads headers
 * only (gABI ch. 4 and 5); follows a script to its interpreter.
 */

#include "shim/common/status.h"

/* `name` as the shell would find it: with a slash as it is, else in PATH.
 * NOTFOUND or, where it is there but not executable, UNSUPPORTED. The caller
 * frees *ret. */
enum ckpt_status ckpt_target_find(const char *name, char **ret,
				  struct ckpt_err *err) CKPT_MUST_CHECK;

/* OK: it can be. UNSUPPORTED: it cannot, and err says in one line why. Other
 * statuses: it could not be told. */
enum ckpt_status ckpt_target_check(const char *path,
				   struct ckpt_err *err) CKPT_MUST_CHECK;

#endif
