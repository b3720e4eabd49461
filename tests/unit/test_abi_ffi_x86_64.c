/* SPDX-License-Identifier: MIT */
/*
 * The classification of psABI 3.2.3 against libffi, a third reading of that
 * text: it calls a trampoline that dumps registers and stack.
 */
#include "shim/frame_x86_64.h"
#include "shim/planner/signature/abi_x86_64.h"
#include "shim/planner/signature/cdecl.h"

#include "tests/unit/random_types.h"
#include "tests/unit/unit.h"

#include <dlfcn.h>

#if __has_include(<ffi.h>)
#include <ffi.h>

enum { STRUCT_COUNT = 60, MEMBERS_MAX = 5, SCALAR_COUNT = 12, ARGS_MAX = 12 };

uint8_t test_frame[CKPT_FRAME_SIZE] __attribute__((aligned(64)));
uint8_t test_stack[2048];
void test_trampoline(void);

__asm__(".text\n.globl test_trampoline\n"
	".type test_trampoline, @function\n"
	"test_trampoline:\n	endbr64\n"
	"	lea test_frame(%rip), %r11\n"
	"	mov %rdi, (%r11)\n	mov %rsi, 8(%r11)\n"
	"	mov %rdx, 16(%r11)\n	mov %rcx, 24(%r11)\n"
	"	mov %r8, 32(%r11)\n	mov %r9, 40(%r11)\n"
	"	movups %xmm0, 64(%r11)\n	movups %xmm1, 128(%r11)\n"
	"	movups %xmm2, 192(%r11)\n	movups %xmm3, 256(%r11)\n"
	"	movups %xmm4, 320(%r11)\n	movups %xmm5, 384(%r11)\n"
	"	movups %xmm6, 448(%r11)\n	movups %xmm7, 512(%r11)\n"
	"	mov %rdi, %rax\n	lea 8(%rsp), %rsi\n"
	"	lea test_stack(%rip), %rdi\n	mov $2048, %ecx\n"
	"	rep movsb\n	ret\n"
	".size test_trampoline, .-test_trampoline\n");

/* libffi, looked up so that the tests link without it. */
struct ffi {
	__typeof__(&ffi_prep_cif) prepare;
	__typeof__(&ffi_call) call;
	ffi_type *scalars[SCALAR_COUNT];
};

static const char *const scalar_words[SCALAR_COUNT] = {
	"signed char", "unsigned char", "short",       "unsigned short",
	"int",	       "unsigned int",	"long",	       "unsigned long",
	"float",       "double",	"long double", "void *"};
static const char *const scalar_names[SCALAR_COUNT] = {
	"ffi_type_sint8",  "ffi_type_uint8",	  "ffi_type_sint16",
	"ffi_type_uint16", "ffi_type_sint32",	  "ffi_type_uint32",
	"ffi_type_sint64", "ffi_type_uint64",	  "ffi_type_float",
	"ffi_type_double", "ffi_type_longdouble", "ffi_type_pointer"};

static struct ckpt_types *types;
static struct ffi ffi;
static ffi_type structs[STRUCT_COUNT];
static ffi_type *elements[STRUCT_COUNT][MEMBERS_MAX + 1];

static void set_up(void)
{
	types = ckpt_types_create();
	ck_assert_ptr_nonnull(types);
}

static void tear_down(void)
{
	ckpt_types_destroy(types);
}

static bool open_ffi(void)
{
	void *library = dlopen("libffi.so.8", RTLD_NOW);

	if (!library)
		return false;
	*(void **)&ffi.prepare = dlsym(library, "ffi_prep_cif");
	*(void **)&ffi.call = dlsym(library, "ffi_call");
	for (int i = 0; i < SCALAR_COUNT; i++) {
		ffi.scalars[i] = dlsym(library, scalar_names[i]);
		if (!ffi.scalars[i])
			return false;
	}
	return ffi.prepare && ffi.call;
}

/* The type of number `number`: scalars first, then structs. */
static ffi_type *get_type(unsigned int number, char *name, size_t size)
{
	if (number < SCALAR_COUNT) {
		(void)snprintf(name, size, "%s", scalar_words[number]);
		return ffi.scalars[number];
	}
	(void)snprintf(name, size, "struct r%u", number - SCALAR_COUNT);
	return &structs[number - SCALAR_COUNT];
}

static void make_structs(struct text *text, unsigned int *seed)
{
	char name[32];

	for (unsigned int i = 0; i < STRUCT_COUNT; i++) {
		unsigned int count = 1 + choose(seed, MEMBERS_MAX);

		add(text, "struct r%u {", i);
		for (unsigned int k = 0; k < count; k++) {
			unsigned int number = choose(seed, SCALAR_COUNT);

			if (i && !choose(seed, 6))
				number = SCALAR_COUNT + choose(seed, i);
			elements[i][k] = get_type(number, name, sizeof(name));
			add(text, " %s m%u;", name, k);
		}
		add(text, " };\n");
		structs[i].type = FFI_TYPE_STRUCT;
		structs[i].elements = elements[i];
	}
}

/* Compare all bytes of a value that are not padding. */
static void compare(const struct ckpt_type *type, const uint8_t *value,
		    const uint8_t *actual, const char *prototype)
{
	if (type->kind != CKPT_TYPE_STRUCT) {
		ck_assert_msg(memcmp(value, actual, type->value_size) == 0,
			      "%s", prototype);
		return;
	}
	for (size_t i = 0; i < type->field_count; i++)
		compare(type->fields[i].type, value + type->fields[i].off,
			actual + type->fields[i].off, prototype);
}

static void check_value(const struct ckpt_type *type,
			const struct ckpt_abi_value *value,
			const uint8_t *expected, const char *prototype)
{
	uint8_t actual[4096];

	memset(actual, 0xe5, sizeof(actual));
	ck_assert_uint_le(type->size, sizeof(actual));
	if (value->place == CKPT_PLACE_STACK)
		memcpy(actual, test_stack + value->off, type->size);
	else
		for (uint32_t i = 0; i < value->piece_count; i++)
			memcpy(actual + value->pieces[i].value_off,
			       test_frame + value->pieces[i].register_off,
			       value->pieces[i].size);
	compare(type, expected, actual, prototype);
}

/* libffi 3.4.4 copies all of such a value to the home of r9, and so over that
 * of xmm0, which is the next one. */
static bool is_spoilt_by_libffi(const struct ckpt_abi_call *call, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct ckpt_abi_value *value = &call->parameters[i];

		if (value->is_gathered && value->pieces[0].register_off == 40)
			return true;
	}
	return false;
}

static void check_call(unsigned int *seed)
{
	static uint8_t values[ARGS_MAX][4096] __attribute__((aligned(64)));
	static uint8_t result[4096] __attribute__((aligned(64)));
	static struct text prototype;
	unsigned int count = choose(seed, ARGS_MAX + 1);
	ffi_type *arguments[ARGS_MAX], *result_type;
	void *addresses[ARGS_MAX];
	struct ckpt_signature signature;
	struct ckpt_abi_call call;
	char name[32];
	ffi_cif cif;

	prototype.size = 0;
	result_type = get_type(choose(seed, SCALAR_COUNT + STRUCT_COUNT), name,
			       sizeof(name));
	add(&prototype, "%s f(", name);
	for (unsigned int i = 0; i < count; i++) {
		unsigned int kind = SCALAR_COUNT + STRUCT_COUNT;

		arguments[i] = get_type(choose(seed, kind), name, sizeof(name));
		add(&prototype, "%s%s a%u", i ? ", " : "", name, i);
		addresses[i] = values[i];
		for (size_t k = 0; k < sizeof(values[i]); k++)
			values[i][k] = (uint8_t)choose(seed, 256);
	}
	add(&prototype, count ? ")" : "void)");
	ck_assert_int_eq(ckpt_cdecl_parse(types, prototype.bytes, NULL,
					  &signature, NULL, NULL),
			 CKPT_OK);
	ck_assert_int_eq(ckpt_abi_layout(types, &signature, &call, NULL),
			 CKPT_OK);
	if (call.stack_size > sizeof(test_stack) ||
	    signature.result->size > sizeof(result) ||
	    is_spoilt_by_libffi(&call, count))
		return;
	ck_assert_int_eq(ffi.prepare(&cif, FFI_DEFAULT_ABI, count, result_type,
				     arguments),
			 FFI_OK);
	ffi.call(&cif, test_trampoline, result, addresses);
	__asm__ volatile("fninit");
	if (call.result.is_memory) {
		uint8_t *given = result;

		ck_assert_msg(memcmp(test_frame, &given, 8) == 0, "%s",
			      prototype.bytes);
	}
	for (unsigned int i = 0; i < count; i++)
		check_value(signature.parameters[i].type, &call.parameters[i],
			    values[i], prototype.bytes);
}

START_TEST(random_signatures_agree_with_libffi)
{
	static struct text text;
	unsigned int seed = choose_seed();
	struct ckpt_signature ignored;
	struct ckpt_err err;

	if (!open_ffi()) {
		printf("no libffi.so.8: not compared with it\n");
		return;
	}
	make_structs(&text, &seed);
	add(&text, "int f(void)");
	ck_assert_msg(!ckpt_cdecl_parse(types, text.bytes, NULL, &ignored, NULL,
					&err),
		      "%s", err.text);
	for (int i = 0; i < 5000; i++)
		check_call(&seed);
}
END_TEST

UNIT_MAIN_WITH("abi_ffi_x86_64", set_up, tear_down,
	       random_signatures_agree_with_libffi)
#else
int main(void)
{
	(void)printf("no ffi.h: not compared with libffi\n");
	return 0;
}
#endif
