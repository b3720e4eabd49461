/* SPDX-License-Identifier: MIT */
#include "shim/planner/signature/location_x86_64.h"
#include "shim/planner/signature/abi_x86_64.h"
#include "shim/frame_x86_64.h"

#include <stdio.h>
#include <string.h>

enum { VEC_FIRST = 17, VEC_COUNT = 8, NO_REGISTER = 255 };

/* psABI figure 3.36: DWARF numbers of rdi rsi rdx rcx r8 r9. */
static const uint8_t gprs[] = {5, 4, 1, 2, 8, 9};

static const char *const names[] = {"rax", "rdx", "rcx", "rbx", "rsi", "rdi",
				    "rbp", "rsp", "r8",	 "r9",	"r10", "r11",
				    "r12", "r13", "r14", "r15", "rip"};

static void name_register(uint8_t number, char *text, size_t size)
{
	if (number < sizeof(names) / sizeof(names[0]))
		(void)snprintf(text, size, "in %s", names[number]);
	else if (number < VEC_FIRST + 16)
		(void)snprintf(text, size, "in xmm%d", number - VEC_FIRST);
	else
		(void)snprintf(text, size, "in register %d", number);
}

/* DWARF number of the register whose home in the frame is at `off`. */
static uint8_t get_register(uint32_t off)
{
	if (off < CKPT_FRAME_RAX)
		return gprs[(off - CKPT_FRAME_GPR) / 8];
	if (off >= CKPT_FRAME_VEC && off < CKPT_FRAME_VEC + 64 * VEC_COUNT)
		return (uint8_t)(VEC_FIRST + (off - CKPT_FRAME_VEC) / 64);
	return NO_REGISTER;
}

static void describe_place(const struct ckpt_abi_value *value, char *text,
			   size_t size)
{
	if (value->place == CKPT_PLACE_STACK)
		(void)snprintf(text, size, "at byte %u of the stack arguments",
			       value->off);
	else
		name_register(get_register(value->pieces[0].register_off), text,
			      size);
}

static void describe_location(const struct ckpt_location *location, char *text,
			      size_t size)
{
	if (location->kind == CKPT_LOCATION_REGISTERS)
		name_register(location->registers[0], text, size);
	else if (location->kind == CKPT_LOCATION_STACK)
		(void)snprintf(text, size,
			       "at byte %lld of the stack "
			       "arguments",
			       (long long)location->off);
	else
		(void)snprintf(text, size, "nowhere");
}

static bool agree_registers(const struct ckpt_abi_value *value,
			    const struct ckpt_location *location)
{
	if (value->place != CKPT_PLACE_FRAME)
		return false;
	/* A list of other length describes parts of the value: the first one
	 * is where it starts all the same. */
	for (uint32_t i = 0; i < value->piece_count; i++) {
		if (i && value->piece_count != location->register_count)
			break;
		if (get_register(value->pieces[i].register_off) !=
		    location->registers[i])
			return false;
	}
	return true;
}

static bool agree(const struct ckpt_abi_value *value,
		  const struct ckpt_location *location, bool is_exported)
{
	/* An empty class is nowhere. */
	if (value->place == CKPT_PLACE_FRAME && !value->piece_count)
		return true;
	switch (location->kind) {
	case CKPT_LOCATION_NONE:
		return is_exported;
	case CKPT_LOCATION_REGISTERS:
		return agree_registers(value, location);
	case CKPT_LOCATION_STACK:
		/* Below 0 is the callee's own frame: where it keeps what came
		 * in a register, without optimisation. */
		return location->off < 0 || (value->place == CKPT_PLACE_STACK &&
					     location->off == value->off);
	default:
		return true;
	}
}

static bool is_clone(const char *symbol)
{
	static const char *const marks[] = {".isra.", ".constprop.",
					    ".part.", ".cold",
					    ".llvm.", ".specialized."};

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (strstr(symbol, marks[i]))
			return true;
	return false;
}

enum ckpt_status ckpt_location_check(struct ckpt_types *types,
				     const struct ckpt_dwarf_function *function,
				     const char *symbol, bool is_exported,
				     struct ckpt_err *err)
{
	struct ckpt_abi_call call;
	char expected[64], actual[64];
	enum ckpt_status status;

	if (is_clone(symbol) || function->has_odd_convention)
		return ckpt_err_set(err, CKPT_UNSUPPORTED,
				    "%s: the compiler has changed its "
				    "prototype (%s); it cannot be checkpointed",
				    symbol,
				    is_clone(symbol)
					    ? "it is a specialised copy"
					    : "DW_AT_calling_convention");
	status = ckpt_abi_layout(types, &function->signature, &call, err);
	if (status)
		return status;
	for (size_t i = 0; i < function->signature.parameter_count; i++) {
		const struct ckpt_location *location = &function->locations[i];

		if (agree(&call.parameters[i], location, is_exported))
			continue;
		describe_place(&call.parameters[i], expected, sizeof(expected));
		describe_location(location, actual, sizeof(actual));
		return ckpt_err_set(
			err, CKPT_UNSUPPORTED,
			"%s: parameter '%s' belongs %s, but debug info says "
			"it is %s: the compiler has changed its prototype; "
			"it cannot be checkpointed",
			symbol, function->signature.parameters[i].name,
			expected, actual);
	}
	return CKPT_OK;
}
