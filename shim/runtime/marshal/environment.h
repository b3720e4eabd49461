/* SPDX-License-Identifier: MIT */
#ifndef CKPT_RUNTIME_ENVIRONMENT_H
#define CKPT_RUNTIME_ENVIRONMENT_H

/*
 * Inputs of a call that are neither arguments nor globals, as far as its plan
 * entry says that the function depends on them: environment variables, files,
 * the CPU, how many CPUs threads may use and what tells thread pools their
 * size, locale and time zone.
 *
 * Hot path: no malloc; functions without such inputs cost one test.
 */

#include "shim/runtime/marshal/call.h"

/* What is fixed for the life of the process; made in the set-up world. */
struct ckpt_environment {
	struct ckpt_hash128 cpu;
};

void ckpt_environment_init(struct ckpt_environment *environment);

/* Set call->environment, and *ret_stamp to a digest of the stamps of the
 * files among the inputs. UNSUPPORTED: such a call cannot be cached,
 * call->refusal says why. */
enum ckpt_status
ckpt_environment_digest(const struct ckpt_environment *environment,
			const struct ckpt_hash_secret *secret,
			struct ckpt_call *call,
			struct ckpt_hash128 *ret_stamp) CKPT_MUST_CHECK;

/* The next of these inputs from *number (0 to begin with) on: what it is, for
 * people, and a digest of it. For explaining a miss, after the digest of all
 * has been made. NOTFOUND: there is none left; UNSUPPORTED: it cannot be read
 * any more. */
enum ckpt_status
ckpt_environment_item(const struct ckpt_environment *environment,
		      struct ckpt_call *call, uint32_t *number, char *name,
		      size_t size, struct ckpt_hash128 *ret) CKPT_MUST_CHECK;

/* After the call: are the files as they were, and old enough to be sure? */
bool ckpt_environment_is_settled(const struct ckpt_call *call,
				 struct ckpt_hash128 stamp);

#endif
