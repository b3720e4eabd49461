/* SPDX-License-Identifier: MIT */
#ifndef CKPT_TOOLS_HEADERS_H
#define CKPT_TOOLS_HEADERS_H

/*
 * Which installed C header seems to declare a function: its name with a
 * parenthesis behind it. For people to look at.
 */

#include <stdbool.h>
#include <stddef.h>

/* As `headers` in a config wants it: "libsvm/svm.h". False: none of the files
 * below /usr/include, or there are too many of them to look into. */
bool ckpt_headers_find(const char *function, char *text, size_t size);

#endif
