/* SPDX-License-Identifier: MIT */
#include "shim/runtime/guest/randstate.h"

#include <stdlib.h>
#include <string.h>
#include <sys/single_threaded.h>

/* random(3) of glibc: the word before the numbers is 5 × position + type. */
enum { TYPE_COUNT = 5, SCRATCH_SIZE = 8 };

static uint32_t words_of_type(int32_t head)
{
	static const uint32_t words[TYPE_COUNT] = {2, 8, 16, 32, 64};

	return head < 0 ? 0 : words[head % TYPE_COUNT];
}

/* The program's state, set aside while the library works with `scratch`. */
static int32_t *set_aside(char scratch[SCRATCH_SIZE])
{
	if (!__libc_single_threaded)
		return NULL;
	return (int32_t *)(void *)initstate(1, scratch, SCRATCH_SIZE);
}

bool ckpt_randstate_read(struct ckpt_randstate *ret)
{
	char scratch[SCRATCH_SIZE] __attribute__((aligned(8)));
	int32_t *state = set_aside(scratch);

	if (!state)
		return false;
	ret->count = words_of_type(state[0]);
	memcpy(ret->words, state, ret->count * sizeof(ret->words[0]));
	(void)setstate((char *)state);
	return ret->count > 0;
}

bool ckpt_randstate_write(const struct ckpt_randstate *state)
{
	char scratch[SCRATCH_SIZE] __attribute__((aligned(8)));
	int32_t *present = NULL;
	bool fits = false;

	if (!state->count || words_of_type(state->words[0]) != state->count)
		return false;
	present = set_aside(scratch);
	if (!present)
		return false;
	fits = present[0] >= 0 &&
	       present[0] % TYPE_COUNT == state->words[0] % TYPE_COUNT;
	if (fits)
		memcpy(present, state->words,
		       state->count * sizeof(state->words[0]));
	(void)setstate((char *)present);
	return fits;
}
