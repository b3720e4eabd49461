/* SPDX-License-Identifier: MIT */
#include "shim/planner/code/entrypatch_x86_64.h"

#include "shim/runtime/calls/entry_x86_64.h"
#include "tests/unit/unit.h"

#include <link.h>
#include <stdlib.h>
#include <string.h>

/*
 * Functions with first instructions of every kind, each (int) → int. What they
 * compute is asked of themselves, before and after being moved.
 */
#define FUNCTION(name, body)                                            \
	__asm__(".section patched, \"ax\"\n\t.balign 16\n\t.type " name \
		", @function\n" name ":\n\t.cfi_startproc\n\t" body     \
		"\n\t.cfi_endproc\n\t.size " name ", . - " name "\n\t.text\n")

/* Pages of their own: they are not executable while they are changed. */
__asm__(".section patched, \"ax\"\n\t.balign 4096\n\t.text\n");
FUNCTION("start_plain", "push %rbp\n\tmov %rsp, %rbp\n\tlea 1(%rdi), %eax\n\t"
			"pop %rbp\n\tret");
FUNCTION("start_endbr", "endbr64\n\tlea 2(%rdi), %eax\n\tadd $40, %eax\n\tret");
FUNCTION("start_rip", "mov start_number(%rip), %eax\n\tadd %edi, %eax\n\tret");
FUNCTION("start_rip_imm", "cmpl $1234, start_number(%rip)\n\tsete %al\n\t"
			  "movzbl %al, %eax\n\tadd %edi, %eax\n\tret");
FUNCTION("start_branch",
	 "test %edi, %edi\n\tjs 1f\n\tlea 5(%rdi), %eax\n\tret\n"
	 "1:\tmov $-9, %eax\n\tret");
FUNCTION("start_jump", ".byte 0xe9\n\t.long start_plain - . - 4");
FUNCTION("start_call", "call start_callee\n\tadd %edi, %eax\n\tret");
FUNCTION("start_callee", "mov (%rsp), %rax\n\tlea start_call+5(%rip), %rdx\n\t"
			 "sub %rdx, %rax\n\tadd $70, %eax\n\tret");
FUNCTION("start_short", "mov %edi, %eax\n\tret\n\tnop");
FUNCTION("start_loop",
	 "sub $1, %edi\n\tjns start_loop\n\tmov %edi, %eax\n\tret");
FUNCTION("jumps_inside", "mov $1, %eax\n\tmov $7, %edi\n\tjmp start_marked+2");
FUNCTION("start_marked", "xor %eax, %eax\n\txor %edx, %edx\n\tnop\n\t"
			 "add %edi, %eax\n\tret");
FUNCTION("start_symbol", "xor %eax, %eax\nsymbol_inside:\n\txor %edx, %edx\n\t"
			 "nop\n\tadd %edi, %eax\n\tret");
FUNCTION("start_far", "call *start_pointer(%rip)\n\tret");
FUNCTION("start_loops",
	 "mov %edi, %ecx\n\tloop 1f\n\tnop\n1:\tmov %ecx, %eax\n\t"
	 "ret");

__asm__(".section patched, \"ax\"\n\t.balign 4096\n\t.text\n");

/* Loops whose head is in the window and is reached by a jump table only: of
 * distances, and of addresses. */
FUNCTION("start_table", "push %rbx\n1:\tmov %edi, %ebx\n\tsub $1, %edi\n\t"
			"lea 2f(%rip), %rdx\n\tmovslq (%rdx), %rcx\n\t"
			"add %rdx, %rcx\n\tjmp *%rcx\n\t"
			".section .rodata\n\t.balign 4\n"
			"2:\t.long 1b - 2b\n\t.section patched");
FUNCTION("start_addresses", "push %rbx\n1:\tmov %edi, %ebx\n\tsub $1, %edi\n\t"
			    "jmp *2f(%rip)\n\t"
			    ".section .data.rel.ro, \"aw\"\n\t.balign 8\n"
			    "2:\t.quad 1b\n\t.section patched");

extern int start_number, start_pointer;
int start_number __attribute__((visibility("hidden"))) = 1234;
int start_pointer __attribute__((visibility("hidden")));

typedef int function(int);

static struct ckpt_image *image;
static struct ckpt_code_object *object;
static struct ckpt_err err;
static uintptr_t base;

static int find_base(struct dl_phdr_info *info, size_t size, void *context)
{
	(void)size;
	(void)context;
	base = info->dlpi_addr;
	return 1;
}

static uint64_t find(const char *name)
{
	size_t count;
	const struct ckpt_symbol *symbols;

	if (!image) {
		ck_assert_int_eq(
			ckpt_image_open("/proc/self/exe", &image, &err),
			CKPT_OK);
		symbols = ckpt_image_static_symbols(image, &count);
		ck_assert_int_eq(
			ckpt_code_object_create(image, symbols, count, &object),
			CKPT_OK);
		dl_iterate_phdr(find_base, NULL);
	}
	symbols = ckpt_image_static_symbols(image, &count);
	for (size_t i = 0; i < count; i++)
		if (!strcmp(symbols[i].name, name))
			return symbols[i].vaddr;
	ck_abort_msg("no symbol %s", name);
}

static struct ckpt_entrypatch prepare(const char *name)
{
	struct ckpt_entrypatch patch;
	uint64_t vaddr = find(name);

	ck_assert_msg(!ckpt_entrypatch_prepare(object, vaddr, &patch, &err),
		      "%s: %s", name, err.text);
	ck_assert_uint_eq(patch.function, vaddr);
	return patch;
}

static void expect_refusal(const char *name, const char *text)
{
	struct ckpt_entrypatch patch;

	ck_assert_int_eq(
		ckpt_entrypatch_prepare(object, find(name), &patch, &err),
		CKPT_UNSUPPORTED);
	ck_assert_msg(strstr(err.text, text) != NULL, "%s: %s", name, err.text);
}

/* The function as moved by the patch, called by its original only. */
static function *moved;

static int stub(int value)
{
	return 1000 + moved(value);
}

static void *take_original(void *context, void *original)
{
	(void)context;
	memcpy(&moved, &original, sizeof(moved));
	return (void *)(uintptr_t)stub;
}

/* Patches the running program: in a test's own process. */
static void patch_and_compare(const char *name)
{
	struct ckpt_entrypatch patch = prepare(name);
	struct ckpt_buf code = {0}, fixups = {0};
	struct ckpt_plan_entry entry = {.vaddr = patch.vaddr,
					.window_size = patch.window_size};
	struct ckpt_plan_view plan = {0};
	struct ckpt_entry_place place = {
		.plan = &plan, .entry = &entry, .base = base};
	uintptr_t address = base + patch.function;
	void *island = NULL;
	function *original;
	int before[3];

	memcpy(&original, &address, sizeof(original));
	for (int i = 0; i < 3; i++)
		before[i] = original(10 * i - 3);
	ck_assert_int_eq(ckpt_entrypatch_emit(&patch, &code, &fixups), CKPT_OK);
	memcpy(entry.old, patch.old, sizeof(entry.old));
	entry.code_size = (uint32_t)code.size;
	entry.fixup_count =
		(uint32_t)(fixups.size / sizeof(struct ckpt_plan_fixup));
	plan.code = code.data;
	plan.fixups = (const void *)fixups.data;
	place.start = place.end = address;
	ck_assert_msg(
		!ckpt_entry_patch(&place, take_original, NULL, &island, &err),
		"%s", err.text);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(original(10 * i - 3), 1000 + before[i]);
}

START_TEST(a_plain_prologue_moves)
{
	patch_and_compare("start_plain");
}
END_TEST

START_TEST(an_endbr_stays)
{
	struct ckpt_entrypatch patch = prepare("start_endbr");

	ck_assert_uint_eq(patch.vaddr, patch.function + 4);
	patch_and_compare("start_endbr");
}
END_TEST

START_TEST(a_rip_relative_operand_still_means_the_same)
{
	patch_and_compare("start_rip");
}
END_TEST

START_TEST(a_rip_relative_operand_before_an_immediate_too)
{
	patch_and_compare("start_rip_imm");
}
END_TEST

START_TEST(a_short_branch_becomes_a_long_one)
{
	patch_and_compare("start_branch");
}
END_TEST

START_TEST(a_jump_goes_where_it_went)
{
	patch_and_compare("start_jump");
}
END_TEST

START_TEST(a_call_returns_into_the_function)
{
	patch_and_compare("start_call");
}
END_TEST

START_TEST(a_function_too_short_is_refused)
{
	expect_refusal("start_short", "too short");
}
END_TEST

START_TEST(a_loop_to_the_start_is_refused)
{
	expect_refusal("start_loop", "jumps to its first instructions");
}
END_TEST

START_TEST(a_jump_from_elsewhere_is_refused)
{
	expect_refusal("start_marked", "jump");
}
END_TEST

START_TEST(a_jump_table_into_the_window_is_refused)
{
	expect_refusal("start_table", "jump table");
	expect_refusal("start_addresses", "lead");
}
END_TEST

START_TEST(a_symbol_in_the_window_is_refused)
{
	expect_refusal("start_symbol", "symbol_inside");
}
END_TEST

START_TEST(instructions_that_cannot_move_are_refused)
{
	expect_refusal("start_far", "indirect call");
	expect_refusal("start_loops", "loop");
}
END_TEST

START_TEST(the_middle_of_a_function_is_refused)
{
	struct ckpt_entrypatch patch;

	ck_assert_int_eq(ckpt_entrypatch_prepare(
				 object, find("start_plain") + 1, &patch, &err),
			 CKPT_UNSUPPORTED);
}
END_TEST

START_TEST(changed_bytes_are_left_alone)
{
	struct ckpt_entrypatch patch = prepare("start_plain");
	struct ckpt_plan_entry entry = {.vaddr = patch.vaddr,
					.window_size = patch.window_size};
	struct ckpt_plan_view plan = {0};
	void *island = NULL;
	struct ckpt_entry_place place = {
		.plan = &plan, .entry = &entry, .base = base};

	ck_assert_int_eq(
		ckpt_entry_patch(&place, take_original, NULL, &island, &err),
		CKPT_UNSUPPORTED);
	ck_assert_ptr_nonnull(strstr(err.text, "not what its file has"));
}
END_TEST

UNIT_MAIN("entrypatch", a_plain_prologue_moves, an_endbr_stays,
	  a_rip_relative_operand_still_means_the_same,
	  a_rip_relative_operand_before_an_immediate_too,
	  a_short_branch_becomes_a_long_one, a_jump_goes_where_it_went,
	  a_call_returns_into_the_function, a_function_too_short_is_refused,
	  a_loop_to_the_start_is_refused, a_jump_from_elsewhere_is_refused,
	  a_jump_table_into_the_window_is_refused,
	  a_symbol_in_the_window_is_refused,
	  instructions_that_cannot_move_are_refused,
	  the_middle_of_a_function_is_refused, changed_bytes_are_left_alone)
