/* SPDX-License-Identifier: MIT */
#include "shim/planner/signature/dwarf_work.h"
#include "shim/planner/signature/dwarf_find.h"
#include "shim/planner/signature/dwarf_location.h"
#include "shim/planner/signature/dwarf_type.h"
#include "shim/planner/types/typewire.h"

#include <stdlib.h>
#include <string.h>

enum { ROOTS_MAX = CKPT_DWARF_PARAMETERS_MAX + 200 };

enum language { LANGUAGE_OTHER, LANGUAGE_C, LANGUAGE_CXX, LANGUAGE_FORTRAN };

/* What is read of one function. */
struct work {
	struct ckpt_dies dies;
	const struct ckpt_dwarf_request *request;
	struct ckpt_die die;
	struct ckpt_types *types;
	struct ckpt_dwarf_types *t;
	enum language language;
	uint32_t flags;
	size_t count;
	const char *names[CKPT_DWARF_PARAMETERS_MAX];
	struct ckpt_location locations[CKPT_DWARF_PARAMETERS_MAX];
	struct ckpt_type *roots[ROOTS_MAX]; /* result, parameters, extra */
	size_t extra_count;
	bool is_cfa_based;
};

static enum language get_language(struct ckpt_dies *dies, struct ckpt_die unit,
				  uint64_t *ret_code)
{
	uint64_t code = 0;

	(void)ckpt_die_number(dies, unit, DW_AT_language, &code);
	*ret_code = code;
	switch (code) {
	case DW_LANG_C89:
	case DW_LANG_C:
	case DW_LANG_C99:
	case DW_LANG_C11:
	case 0x2c: /* C17 */
		return LANGUAGE_C;
	case DW_LANG_C_plus_plus:
	case DW_LANG_C_plus_plus_03:
	case DW_LANG_C_plus_plus_11:
	case DW_LANG_C_plus_plus_14:
	case 0x2a: /* C++17 */
	case 0x2b: /* C++20 */
		return LANGUAGE_CXX;
	case DW_LANG_Fortran77:
	case DW_LANG_Fortran90:
	case DW_LANG_Fortran95:
	case DW_LANG_Fortran03:
	case DW_LANG_Fortran08:
		return LANGUAGE_FORTRAN;
	default:
		return LANGUAGE_OTHER;
	}
}

static enum ckpt_status check_language(struct work *work, struct ckpt_err *err)
{
	struct ckpt_die unit = ckpt_die_unit(&work->dies, work->die);
	uint64_t code;
	const char *name = "another language";

	work->language = get_language(&work->dies, unit, &code);
	if (work->language != LANGUAGE_OTHER)
		return CKPT_OK;
	if (code == DW_LANG_Mips_Assembler)
		return ckpt_err_set(err, CKPT_NOTFOUND,
				    "%s: '%s' is written in assembly, its "
				    "debug info has no types",
				    work->dies.path, work->request->name);
	(void)dwarf_get_LANG_name((unsigned int)code, &name);
	return ckpt_err_set(err, CKPT_UNSUPPORTED,
			    "%s: '%s' is compiled from %s, whose calling "
			    "convention is not known to be C's",
			    work->dies.path, work->request->name, name);
}

/* The concrete parameter that stands for `abstract`, which is a child of what
 * the function's entry has as its abstract origin. */
static struct ckpt_die find_concrete(struct work *work,
				     struct ckpt_die abstract)
{
	static const struct ckpt_die none = {NULL, NULL};
	uint64_t key = ckpt_die_key(&work->dies, abstract);
	struct ckpt_die child = ckpt_die_child(&work->dies, work->die);

	for (; child.die; child = ckpt_die_sibling(&work->dies, child)) {
		struct ckpt_die origin;

		if (ckpt_die_tag(&work->dies, child) != DW_TAG_formal_parameter)
			continue;
		origin = ckpt_die_reference(&work->dies, child,
					    DW_AT_abstract_origin);
		if (origin.die && ckpt_die_key(&work->dies, origin) == key)
			return child;
	}
	return none;
}

/* Constructors and destructors share one abstract entry for all their
 * variants; only some of them have these. */
static bool is_variant_parameter(const char *name)
{
	return name && (strcmp(name, "__in_chrg") == 0 ||
			strcmp(name, "__vtt_parm") == 0);
}

/* `this` points to one object and never to none: it is a reference. */
static struct ckpt_type *get_type(struct work *work, struct ckpt_die described,
				  const char *name)
{
	struct ckpt_type *type = ckpt_dwarf_types_of(work->t, described);
	struct ckpt_die carrier =
		ckpt_die_carrier(&work->dies, described, DW_AT_artificial);
	struct ckpt_type *copy;

	if (type->kind != CKPT_TYPE_POINTER || !name ||
	    strcmp(name, "this") != 0 ||
	    !ckpt_die_flag(&work->dies, carrier, DW_AT_artificial))
		return type;
	copy = ckpt_types_alloc(work->types, sizeof(*copy));
	if (!copy)
		return type;
	*copy = *type;
	copy->const_twin = NULL;
	copy->is_reference = true;
	return copy;
}

static void add_parameter(struct work *work, struct ckpt_die described,
			  struct ckpt_die concrete)
{
	struct ckpt_dies *dies = &work->dies;
	struct ckpt_die named = ckpt_die_carrier(dies, described, DW_AT_name);
	const char *name = ckpt_die_text(dies, named, DW_AT_name);

	if (!concrete.die && is_variant_parameter(name))
		return;
	if (work->count == CKPT_DWARF_PARAMETERS_MAX) {
		ckpt_dies_fail(dies, "too many parameters", NULL);
		return;
	}
	work->names[work->count] = name ? name : "";
	ckpt_location_read(dies, concrete, work->request->vaddr,
			   work->is_cfa_based, &work->locations[work->count]);
	work->roots[++work->count] = get_type(work, described, name);
}

static void read_parameters(struct work *work)
{
	struct ckpt_dies *dies = &work->dies;
	struct ckpt_die abstract, child;

	abstract = ckpt_die_reference(dies, work->die, DW_AT_abstract_origin);
	child = ckpt_die_child(dies, abstract.die ? abstract : work->die);
	for (; child.die; child = ckpt_die_sibling(dies, child)) {
		uint16_t tag = ckpt_die_tag(dies, child);

		if (tag == DW_TAG_unspecified_parameters)
			work->flags |= CKPT_DWARF_VARIADIC;
		if (tag == DW_TAG_formal_parameter)
			add_parameter(work, child,
				      abstract.die ? find_concrete(work, child)
						   : child);
	}
}

static bool has_flag(struct work *work, uint16_t name)
{
	return ckpt_die_flag(&work->dies,
			     ckpt_die_carrier(&work->dies, work->die, name),
			     name);
}

static void read_flags(struct work *work)
{
	struct ckpt_dies *dies = &work->dies;
	struct ckpt_die carrier;
	uint64_t convention = DW_CC_normal;

	if (has_flag(work, DW_AT_external))
		work->flags |= CKPT_DWARF_EXTERNAL;
	if (!ckpt_die_flag(dies, work->die, DW_AT_declaration))
		work->flags |= CKPT_DWARF_DEFINITION;
	if (work->language != LANGUAGE_C || has_flag(work, DW_AT_prototyped))
		work->flags |= CKPT_DWARF_PROTOTYPED;
	if (work->language == LANGUAGE_CXX)
		work->flags |= CKPT_DWARF_CXX;
	carrier = ckpt_die_carrier(dies, work->die, DW_AT_calling_convention);
	if (carrier.die &&
	    (!ckpt_die_number(dies, carrier, DW_AT_calling_convention,
			      &convention) ||
	     (convention != DW_CC_normal && convention != DW_CC_program)))
		work->flags |= CKPT_DWARF_ODD_CONVENTION;
}

/* Types that were asked for by name; one that is not there is no error. */
static void read_extra(struct work *work)
{
	struct ckpt_die unit = ckpt_die_unit(&work->dies, work->die), die;
	const struct ckpt_dwarf_request *request = work->request;

	for (size_t i = 0; i < request->type_count; i++) {
		if (1 + work->count + work->extra_count == ROOTS_MAX)
			return;
		if (ckpt_dwarf_find_type(&work->dies, unit,
					 request->type_names[i], &die, NULL))
			continue;
		work->extra_count++;
		work->roots[work->count + work->extra_count] =
			ckpt_dwarf_types_get(work->t, die);
	}
}

static void write_answer(const struct work *work, struct ckpt_buf *out)
{
	ckpt_buf_add_u8(out, (uint8_t)work->flags);
	ckpt_buf_add_u32(out, (uint32_t)work->count);
	ckpt_buf_add_u32(out, (uint32_t)work->extra_count);
	for (size_t i = 0; i < work->count; i++) {
		ckpt_buf_add(out, work->names[i], strlen(work->names[i]) + 1);
		ckpt_location_encode(&work->locations[i], out);
	}
}

static enum ckpt_status find(struct work *work, struct ckpt_err *err)
{
	const struct ckpt_dwarf_request *request = work->request;
	enum ckpt_status status;

	if (!request->has_vaddr)
		return ckpt_dwarf_find_declaration(&work->dies, request->name,
						   &work->die, err);
	status = ckpt_dwarf_find_function(&work->dies, request->vaddr,
					  request->name, &work->die, err);
	if (status == CKPT_NOTFOUND && request->is_exported)
		status = ckpt_dwarf_find_folded(&work->dies, request->name,
						&work->die, err);
	return status;
}

static enum ckpt_status start(struct work *work, struct ckpt_err *err)
{
	work->types = ckpt_types_create();
	if (work->types)
		work->t =
			ckpt_dwarf_types_create(&work->dies, work->types,
						work->language == LANGUAGE_CXX);
	return work->t ? CKPT_OK
		       : ckpt_err_set(err, CKPT_NOMEM, "out of memory");
}

static enum ckpt_status end(struct work *work, size_t root_count,
			    struct ckpt_buf *out, struct ckpt_err *err)
{
	ckpt_dwarf_types_finish(work->t);
	if (work->dies.status)
		return ckpt_err_set(err, work->dies.status, "%s",
				    work->dies.err.text);
	return ckpt_typewire_encode(
		(const struct ckpt_type *const *)work->roots, root_count, out);
}

/* Of an open file. */
static enum ckpt_status read_function(struct work *work, struct ckpt_buf *out,
				      struct ckpt_err *err)
{
	enum ckpt_status status = find(work, err);

	if (!status)
		status = check_language(work, err);
	if (!status)
		status = start(work, err);
	if (status)
		return status;
	work->is_cfa_based = ckpt_location_is_cfa_based(&work->dies, work->die);
	work->roots[0] = ckpt_dwarf_types_of(work->t, work->die);
	read_flags(work);
	read_parameters(work);
	read_extra(work);
	write_answer(work, out);
	return end(work, 1 + work->count + work->extra_count, out, err);
}

enum ckpt_status ckpt_dwarf_work_one(struct ckpt_dies *dies,
				     const struct ckpt_dwarf_request *request,
				     struct ckpt_buf *out, struct ckpt_err *err)
{
	struct work *work = calloc(1, sizeof(*work));
	enum ckpt_status status;

	if (!work)
		return ckpt_err_set(err, CKPT_NOMEM, "out of memory");
	work->dies = *dies;
	work->request = request;
	status = read_function(work, out, err);
	*dies = work->dies;
	free(work);
	return status;
}

enum ckpt_status ckpt_dwarf_work_function(void *request, struct ckpt_buf *out,
					  struct ckpt_err *err)
{
	const struct ckpt_dwarf_request *wanted = request;
	struct ckpt_dies dies;
	enum ckpt_status status;

	status = ckpt_dies_open(wanted->path, wanted->alt_path, &dies, err);
	return status ? status : ckpt_dwarf_work_one(&dies, wanted, out, err);
}

enum ckpt_status ckpt_dwarf_work_variable(void *request, struct ckpt_buf *out,
					  struct ckpt_err *err)
{
	static struct work work;
	enum ckpt_status status;

	work.request = request;
	status = ckpt_dies_open(work.request->path, work.request->alt_path,
				&work.dies, err);
	if (!status)
		status = ckpt_dwarf_find_variable(
			&work.dies, work.request->vaddr, &work.die, err);
	if (!status)
		status = check_language(&work, err);
	if (!status)
		status = start(&work, err);
	if (status)
		return status;
	work.roots[0] = ckpt_dwarf_types_of(work.t, work.die);
	return end(&work, 1, out, err);
}
