/* SPDX-License-Identifier: MIT */
#ifndef CKPT_PLANNER_CRT_H
#define CKPT_PLANNER_CRT_H

/*
 * What is known of the C runtime: the one table of libraries that count by
 * content identity instead of a walk, and what calling into them makes a
 * result depend on. Tables and look-ups only. Set-up world.
 */

#include <stdbool.h>
#include <stdint.h>

/* Is `name`, a soname or the last part of a path, one of those libraries? */
bool ckpt_crt_is_runtime(const char *name);

/*
 * malloc and its family, operator new and delete: what they do is agreed, so
 * whichever library a process takes them from, they count as themselves.
 */
bool ckpt_crt_is_allocator(const char *symbol);

/* Does calling `symbol` leave errno alone, unless memory runs out? Only what is
 * certain: most of the C runtime may set it. */
bool ckpt_crt_keeps_errno(const char *symbol);

/* Does it give the address of errno? */
bool ckpt_crt_is_errno(const char *symbol);

/* A variable of the C runtime that is part of its interface, so that programs
 * set it: it counts as a global like any other. */
bool ckpt_crt_is_state(const char *symbol);

/* enum ckpt_closure_trait of a reference to `symbol` of runtime library
 * `name`. */
uint32_t ckpt_crt_traits(const char *name, const char *symbol, bool is_ifunc);

#endif
