/* SPDX-License-Identifier: MIT */
#ifndef CKPT_TOOLS_PRELOAD_H
#define CKPT_TOOLS_PRELOAD_H

/*
 * libckpt.so into LD_PRELOAD, behind what is there, for the program that this
 * process is about to become or to start.
 */

#include "shim/common/status.h"

/* NOTFOUND: there is no library beside this command or in ../lib. */
enum ckpt_status ckpt_preload_set(struct ckpt_err *err) CKPT_MUST_CHECK;

#endif
