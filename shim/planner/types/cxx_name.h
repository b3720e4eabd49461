/* SPDX-License-Identifier: MIT */
#ifndef CKPT_PLANNER_CXX_NAME_H
#define CKPT_PLANNER_CXX_NAME_H

/*
 * Names of C++ types as people write them: default template arguments of the
 * standard library left out ("std::vector<double>"), std::string for what it
 * stands for, no inline namespaces of libstdc++. Pure text.
 */

#include <stddef.h>

/* Rewrite `name` in place. It only gets
 * shorter. */
void ckpt_cxx_name_simplify(char *name);

/* The template behind a short name, "std::basic_string<char>" for
 * "std::string"; NULL if it is no short name. */
const char *ckpt_cxx_name_full(const char *name);

#endif
