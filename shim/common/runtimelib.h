/* SPDX-License-Identifier: MIT */
#ifndef CKPT_COMMON_RUNTIMELIB_H
#define CKPT_COMMON_RUNTIMELIB_H

/*
 * The one table of the libraries that make up the C runtime. Any thread, any
 * time.
 */

/* "libc" of "libc.so.6", a soname or the last part of a path; NULL: it is none
 * of those libraries. */
const char *ckpt_runtimelib_stem(const char *name);

#endif
