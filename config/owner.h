/* SPDX-License-Identifier: MIT */
#ifndef CKPT_CONFIG_OWNER_H
#define CKPT_CONFIG_OWNER_H

/* Whose config it is. Set-up world. */

#include "shim/common/status.h"

/* May a config that was found in the current directory steer this user's
 * programs? It must belong to the user or root and not be writable by others;
 * INVALID says what to do. One that was named explicitly is not asked. */
enum ckpt_status ckpt_config_check_owner(const char *path,
					 struct ckpt_err *err) CKPT_MUST_CHECK;

#endif
