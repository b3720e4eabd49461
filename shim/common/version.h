/* SPDX-License-Identifier: MIT */
#ifndef CKPT_COMMON_VERSION_H
#define CKPT_COMMON_VERSION_H

/* ckpt's version, the one place. Part of plans: library and command must be
 * of the same. */
#define CKPT_VERSION "0.1.0"

#endif
