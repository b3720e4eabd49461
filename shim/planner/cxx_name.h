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

#endif
