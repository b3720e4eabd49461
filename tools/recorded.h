/* SPDX-License-Identifier: MIT */
#ifndef CKPT_TOOLS_RECORDED_H
#define CKPT_TOOLS_RECORDED_H

/*
 * What an entry recorded, value by value: its inputs where they were kept, and
 * its outputs, put together from the effects stream. Bytes from outside.
 */

#include "shim/common/components.h"

#include <stdbool.h>

enum { CKPT_RECORDED_SIZE_MAX = 4 << 20 }; /* bytes put together of a value */

struct ckpt_recorded_value {
	char *path; /* "prob->x[12]", "return" */
	enum ckpt_component_kind kind;
	uint32_t element_size;
	uint64_t size;	     /* of the value; more than `count` if it is cut */
	uint64_t count;	     /* bytes that there are */
	uint8_t *bytes;	     /* those never written are 0 */
	uint8_t *is_known;   /* for each byte; NULL: all are */
	const uint8_t *type; /* typecode.h; into the payload */
	uint16_t type_size;  /* 0: not known */
	/* private */
	uint32_t number, node;
};

struct ckpt_recorded {
	struct ckpt_recorded_value *values;
	size_t count;
	bool is_cut; /* there are more than these */
};

/* Of a payload (payload.h), which must live as long. */
enum ckpt_status
ckpt_recorded_outputs(const void *payload, size_t size,
		      struct ckpt_recorded *ret) CKPT_MUST_CHECK;
/* Of the payload of the entry with a call's inputs. */
enum ckpt_status
ckpt_recorded_inputs(const void *payload, size_t size,
		     struct ckpt_recorded *ret) CKPT_MUST_CHECK;
void ckpt_recorded_deinit(struct ckpt_recorded *recorded);

#endif
