/* SPDX-License-Identifier: MIT */
#ifndef CKPT_RUNTIME_MACHINE_X86_64_H
#define CKPT_RUNTIME_MACHINE_X86_64_H

/*
 * The CPU as code that dispatches on it sees it: vendor, model, features,
 * caches (numerical libraries choose block sizes by them) and the state the
 * kernel enabled; not which core we happen to run on. Set-up world: CPUID
 * traps to the hypervisor in a virtual machine and is slow there.
 */

#include "shim/common/hash.h"

struct ckpt_hash128 ckpt_machine_digest(void);

#endif
