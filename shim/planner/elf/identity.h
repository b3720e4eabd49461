/* SPDX-License-Identifier: MIT */
#ifndef CKPT_PLANNER_IDENTITY_H
#define CKPT_PLANNER_IDENTITY_H

/*
 * Content identity of an object: the hash of what a process maps of its file.
 * It survives stripping and another build-id, nothing else: the ELF header
 * and the build-id's bytes are left out, section headers and debug sections
 * are not mapped. Hashing takes 0.1 ms per megabyte, so that it is not worth
 * caching. Set-up world.
 */

#include "shim/common/hash.h"
#include "shim/planner/elf/image.h"

struct ckpt_hash128 ckpt_identity_of_image(const struct ckpt_image *image);

#endif
