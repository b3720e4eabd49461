/* SPDX-License-Identifier: MIT */
#include "shim/planner/code/purity.h"

#include "shim/plan.h"

#include <stdio.h>
#include <string.h>

/* The bit of a class is the place of its word in the list. */
static uint32_t find_class(const char *word)
{
	for (uint32_t i = 0; ckpt_config_impure_classes[i]; i++)
		if (!strcmp(ckpt_config_impure_classes[i], word))
			return 1u << i;
	return 0;
}

uint32_t ckpt_purity_observed(const struct ckpt_function_config *config)
{
	uint32_t observed = UINT32_MAX;

	if (config->impure == CKPT_IMPURE_ALLOW)
		return CKPT_IMPURE_NAMED;
	for (size_t i = 0; i < config->impure_classes.count; i++)
		observed &= ~find_class(config->impure_classes.items[i]);
	return observed;
}

/* "\"clock\", \"rand\"": as the config wants them. */
static void list_classes(uint32_t classes, char *text, size_t size)
{
	size_t used = 0;

	text[0] = '\0';
	for (uint32_t i = 0; ckpt_config_impure_classes[i]; i++) {
		int length;

		if (!(classes & 1u << i))
			continue;
		length = snprintf(text + used, size - used, "%s\"%s\"",
				  used ? ", " : "",
				  ckpt_config_impure_classes[i]);
		if (length < 0 || (size_t)length >= size - used)
			return;
		used += (size_t)length;
	}
}

void ckpt_purity_text(const struct ckpt_closure_impure *call, uint32_t observed,
		      char *text, size_t size)
{
	char words[256];

	if (call->classes & CKPT_IMPURE_NAMED) {
		snprintf(text, size,
			 "calls %s while it is recorded (%s): not stored",
			 call->name, call->chain);
		return;
	}
	list_classes(call->classes & observed, words, sizeof(words));
	snprintf(text, size,
		 "calls %s while it is recorded (%s): not stored; impure = "
		 "[%s] says that it does not matter",
		 call->name, call->chain, words);
}

static const struct {
	uint32_t trait;
	uint32_t waiver; /* the class that covers it; 0: only "allow" does */
	const char *what;
	const char *remedy;
} unseen[] = {
	{CKPT_TRAIT_SYSCALL, 0, "a system call of its own", "\"allow\""},
	{CKPT_TRAIT_CLOCK, CKPT_IMPURE_CLOCK, "the time stamp counter",
	 "[\"clock\"]"},
	{CKPT_TRAIT_ENVIRONMENT, CKPT_IMPURE_ENVIRONMENT, "environ itself",
	 "[\"environment\"]"},
	{CKPT_TRAIT_RANDOM, CKPT_IMPURE_RAND, "the CPU's random numbers",
	 "[\"rand\"]"},
};

static enum ckpt_status check_unseen(const struct ckpt_closure *closure,
				     uint32_t observed, struct ckpt_err *err)
{
	for (size_t i = 0; i < sizeof(unseen) / sizeof(unseen[0]); i++)
		if ((closure->traits & unseen[i].trait) &&
		    (!unseen[i].waiver || (observed & unseen[i].waiver)))
			return ckpt_err_set(
				err, CKPT_UNSUPPORTED,
				"its code uses %s, which cannot be watched; "
				"impure = %s says that it does not matter",
				unseen[i].what, unseen[i].remedy);
	return CKPT_OK;
}

enum ckpt_status ckpt_purity_check(const struct ckpt_closure *closure,
				   const struct ckpt_function_config *config,
				   struct ckpt_err *err)
{
	uint32_t observed = ckpt_purity_observed(config);

	/* What `watch` names is expected, and watched. */
	observed &= ~(uint32_t)CKPT_IMPURE_NAMED;
	if (!observed)
		return CKPT_OK;
	for (size_t i = 0; i < closure->impure_count; i++) {
		const struct ckpt_closure_impure *call = &closure->impure[i];

		if (config->impure == CKPT_IMPURE_REFUSE &&
		    (call->classes & observed))
			return ckpt_err_set(err, CKPT_UNSUPPORTED,
					    "can call %s (%s), and impure = "
					    "\"refuse\"",
					    call->name, call->chain);
	}
	return check_unseen(closure, observed, err);
}
