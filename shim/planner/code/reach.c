/* SPDX-License-Identifier: MIT */
#include "shim/planner/code/reach.h"

#include "shim/planner/code/codebase.h"

static bool is_exported(const struct ckpt_match *match)
{
	for (size_t i = 0; i < match->name_count; i++)
		if (match->names[i].is_exported)
			return true;
	return false;
}

static enum ckpt_status check_slots(struct ckpt_scope *scope,
				    const struct ckpt_match *match,
				    const struct ckpt_function_config *config,
				    struct ckpt_err *err)
{
	if (is_exported(match) || config->is_address_taken)
		return CKPT_OK;
	return ckpt_err_set(err, CKPT_UNSUPPORTED,
			    "via = \"slot\" cannot reach it: %s does not "
			    "export it; leave via out",
			    ckpt_scope_object(scope, match->object)->path);
}

static enum ckpt_status prepare_entry(struct ckpt_scope *scope,
				      const struct ckpt_match *match,
				      struct ckpt_entrypatch *ret,
				      struct ckpt_err *err)
{
	const struct ckpt_code_object *object;
	struct ckpt_codebase *base;
	enum ckpt_status status = ckpt_codebase_of(scope, &base);

	if (status)
		return ckpt_err_set(err, status, "out of memory");
	if (ckpt_codebase_is_runtime(base, match->object))
		return ckpt_err_set(
			err, CKPT_UNSUPPORTED,
			"the code of %s is not patched: it is part "
			"of the C runtime; via = \"slot\" serves "
			"calls from other objects",
			ckpt_scope_object(scope, match->object)->path);
	status = ckpt_codebase_object(base, match->object, &object, err);
	return status ? status
		      : ckpt_entrypatch_prepare(object, match->vaddr, ret, err);
}

/* Does its object hold pointers to it that name no symbol? */
static bool has_pointers(struct ckpt_scope *scope,
			 const struct ckpt_match *match)
{
	const struct ckpt_image *image =
		ckpt_scope_image(scope, match->object, NULL);
	const struct ckpt_relocation *relocations;
	size_t count = 0;

	relocations = image ? ckpt_image_relocations(image, &count) : NULL;
	for (size_t i = 0; i < count; i++)
		if (relocations[i].type == R_X86_64_RELATIVE &&
		    (uint64_t)relocations[i].addend == match->vaddr)
			return true;
	return false;
}

static enum ckpt_status try_entry(struct ckpt_scope *scope,
				  const struct ckpt_match *match,
				  struct ckpt_entrypatch *ret,
				  struct ckpt_err *err)
{
	struct ckpt_err reason = {.text = ""};
	enum ckpt_status status = prepare_entry(scope, match, ret, &reason);

	if (!status)
		return CKPT_OK;
	return ckpt_err_set(err, status, "%s%s", reason.text,
			    status == CKPT_UNSUPPORTED &&
					    has_pointers(scope, match)
				    ? "; address_taken = true serves calls "
				      "through the pointers to it in data"
				    : "");
}

enum ckpt_status ckpt_reach_choose(struct ckpt_scope *scope,
				   const struct ckpt_match *match,
				   const struct ckpt_function_config *config,
				   struct ckpt_reach *ret, struct ckpt_err *err)
{
	/* An entry does not know who calls. */
	bool may_auto = config->via == CKPT_VIA_AUTO && !config->from;
	bool wants_entry =
		config->via == CKPT_VIA_ENTRY ||
		(may_auto && (match->object == 0 || !is_exported(match)));
	struct ckpt_reach reach = {.has_entry = wants_entry};
	enum ckpt_status status;

	if (wants_entry && config->from)
		return ckpt_err_set(err, CKPT_UNSUPPORTED,
				    "from = \"%s\" can be told only of calls "
				    "through slots, not by the entry: leave "
				    "via or from out",
				    config->from);
	status = wants_entry ? try_entry(scope, match, &reach.entry, err)
			     : check_slots(scope, match, config, err);

	/* Better some calls than none: those from libraries, those through
	 * pointers. */
	if (status == CKPT_UNSUPPORTED && wants_entry &&
	    config->via == CKPT_VIA_AUTO &&
	    ((is_exported(match) && match->slot_count) ||
	     config->is_address_taken)) {
		reach.has_entry = false;
		status = CKPT_OK;
	}
	if (!status)
		*ret = reach;
	return status;
}
