/* SPDX-License-Identifier: MIT */
#ifndef CKPT_PLANNER_TYPE_BASE_H
#define CKPT_PLANNER_TYPE_BASE_H

/*
 * The types every C program knows: sizes of the System V x86-64 psABI (LP64),
 * and the spellings of arithmetic types. Part of type.c's arena. Set-up world.
 */

#include "shim/planner/types/type.h"

/* Define them all in a new arena. */
enum ckpt_status ckpt_type_base_add(struct ckpt_types *types) CKPT_MUST_CHECK;

/* "long unsigned int" → "unsigned long"; NULL if the words, separated by
 * blanks, name no arithmetic type. A constant string. */
const char *ckpt_type_base_canonical(const char *name);

#endif
