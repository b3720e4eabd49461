/* SPDX-License-Identifier: MIT */
#ifndef CKPT_PLANNER_CC_H
#define CKPT_PLANNER_CC_H

/*
 * Running the C or C++ compiler that is installed: no shell, no terminal, not
 * longer than half a minute, without our library in it. Set-up world.
 */

#include "shim/common/status.h"

#include <stdbool.h>
#include <stddef.h>

/* Path of the compiler, allocated. NOTFOUND: there is none. CKPT_CC names the
 * one for C. */
enum ckpt_status ckpt_cc_find(bool is_cxx, char **ret) CKPT_MUST_CHECK;

/* Run `arguments` (NULL-terminated, [0] is the program's path); what it prints
 * goes to the file `log`. NOTFOUND: it ended in failure; IO: it could not be
 * run, or took too long. */
enum ckpt_status ckpt_cc_run(const char *const *arguments, const char *log,
			     struct ckpt_err *err) CKPT_MUST_CHECK;

#endif
