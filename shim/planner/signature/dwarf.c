/* SPDX-License-Identifier: MIT */
#include "shim/planner/signature/dwarf.h"
#include "shim/planner/signature/dwarf_batch.h"
#include "shim/planner/signature/dwarf_child.h"
#include "shim/planner/signature/dwarf_location.h"
#include "shim/planner/signature/dwarf_work.h"
#include "shim/planner/types/typewire.h"

#include "shim/common/cleanup.h"

#include <stdio.h>
#include <string.h>

enum { EXTRA_MAX = 256, WHAT_SIZE = 4200 };

static enum ckpt_status run(const struct ckpt_dwarf_request *request,
			    enum ckpt_status (*work)(void *, struct ckpt_buf *,
						     struct ckpt_err *),
			    struct ckpt_buf *out, struct ckpt_err *err)
{
	char what[WHAT_SIZE];
	struct ckpt_child_work job = {work, (void *)request, what};

	(void)snprintf(what, sizeof(what), "debug info of %s", request->path);
	return ckpt_dwarf_child_run(&job, out, err);
}

static enum ckpt_status read_parameter(struct ckpt_reader *in,
				       struct ckpt_types *types, size_t index,
				       struct ckpt_dwarf_function *function)
{
	struct ckpt_parameter *parameter =
		&function->signature.parameters[index];
	char number[32];
	const char *name;
	enum ckpt_status status = ckpt_read_string(in, &name);

	if (!status)
		status = ckpt_location_decode(in, &function->locations[index]);
	if (status)
		return status;
	(void)snprintf(number, sizeof(number), "arg%zu", index + 1);
	parameter->name = ckpt_types_text(types, *name ? name : number);
	return parameter->name ? CKPT_OK : CKPT_NOMEM;
}

static enum ckpt_status read_graph(struct ckpt_reader *in,
				   struct ckpt_types *types, size_t extra,
				   struct ckpt_signature *signature)
{
	size_t count = signature->parameter_count;
	_cleanup_free_ struct ckpt_type **roots =
		calloc(1 + count + extra, sizeof(*roots));
	enum ckpt_status status;

	if (!roots)
		return CKPT_NOMEM;
	status = ckpt_typewire_decode(in, types, roots, 1 + count + extra);
	if (status)
		return status;
	for (size_t i = 0; i <= count; i++)
		if (!roots[i])
			return CKPT_BADDATA;
	signature->result = roots[0];
	for (size_t i = 0; i < count; i++)
		signature->parameters[i].type = roots[i + 1];
	return ckpt_reader_left(in) ? CKPT_BADDATA : CKPT_OK;
}

static enum ckpt_status decode(struct ckpt_reader *in, struct ckpt_types *types,
			       struct ckpt_dwarf_function *ret)
{
	uint8_t flags;
	uint32_t count, extra;
	struct ckpt_signature *signature = &ret->signature;
	enum ckpt_status status = CKPT_OK;

	if (ckpt_read_u8(in, &flags) || ckpt_read_u32(in, &count) ||
	    ckpt_read_u32(in, &extra) || count > CKPT_DWARF_PARAMETERS_MAX ||
	    extra > EXTRA_MAX)
		return CKPT_BADDATA;
	memset(ret, 0, sizeof(*ret));
	ret->is_external = flags & CKPT_DWARF_EXTERNAL;
	ret->is_definition = flags & CKPT_DWARF_DEFINITION;
	ret->has_odd_convention = flags & CKPT_DWARF_ODD_CONVENTION;
	ret->is_cxx = flags & CKPT_DWARF_CXX;
	signature->is_variadic = flags & CKPT_DWARF_VARIADIC;
	signature->has_prototype = flags & CKPT_DWARF_PROTOTYPED;
	signature->parameter_count = count;
	signature->parameters =
		ckpt_types_alloc(types, count * sizeof(struct ckpt_parameter));
	ret->locations =
		ckpt_types_alloc(types, count * sizeof(*ret->locations));
	if (!signature->parameters || !ret->locations)
		return CKPT_NOMEM;
	for (size_t i = 0; !status && i < count; i++)
		status = read_parameter(in, types, i, ret);
	return status ? status : read_graph(in, types, extra, signature);
}

enum ckpt_status
ckpt_dwarf_read_function(struct ckpt_types *types,
			 const struct ckpt_dwarf_request *request,
			 struct ckpt_dwarf_function *ret, struct ckpt_err *err)
{
	struct ckpt_buf answer = {0};
	struct ckpt_dwarf_function function;
	struct ckpt_reader in;
	enum ckpt_status status;

	if (!request->batch || !ckpt_dwarf_batch_find(request->batch, request,
						      &status, &in, err)) {
		status = run(request, ckpt_dwarf_work_function, &answer, err);
		ckpt_reader_init(&in, answer.data, answer.size);
	}
	if (!status) {
		status = decode(&in, types, &function);
		if (status)
			(void)ckpt_err_set(err, status,
					   "%s: malformed debug info: the "
					   "types of '%s' make no sense",
					   request->path, request->name);
	}
	ckpt_buf_deinit(&answer);
	if (!status)
		*ret = function;
	return status;
}

enum ckpt_status ckpt_dwarf_read_variable(struct ckpt_types *types,
					  const char *path, uint64_t vaddr,
					  struct ckpt_type **ret,
					  struct ckpt_err *err)
{
	const struct ckpt_dwarf_request request = {.path = path,
						   .name = "a variable",
						   .has_vaddr = true,
						   .vaddr = vaddr};
	struct ckpt_buf answer = {0};
	struct ckpt_type *type = NULL;
	struct ckpt_reader in;
	enum ckpt_status status;

	status = run(&request, ckpt_dwarf_work_variable, &answer, err);
	if (!status) {
		ckpt_reader_init(&in, answer.data, answer.size);
		status = ckpt_typewire_decode(&in, types, &type, 1);
		if (!status && !type)
			status = CKPT_BADDATA;
		if (status)
			(void)ckpt_err_set(err, status,
					   "%s: malformed debug info: the type "
					   "of a variable makes no sense",
					   path);
	}
	ckpt_buf_deinit(&answer);
	if (!status)
		*ret = type;
	return status;
}
