/* SPDX-License-Identifier: MIT */
/* What is known of values, indexes and addresses in straight and in branching
 * code; the assembly says what has to come out. */
#include "shim/planner/code/track_x86_64.h"

#include "tests/unit/codebuild.h"

enum { INSNS_MAX = 64 };

struct decoded {
	struct ckpt_insn insns[INSNS_MAX];
	uint32_t offs[INSNS_MAX + 1];
	uint8_t labels[1024];
	struct ckpt_code code;
};

static void decode(struct decoded *d, const struct ckpt_image *image,
		   const struct ckpt_symbol *symbol)
{
	const uint8_t *bytes =
		ckpt_image_bytes(image, symbol->vaddr, symbol->size);
	uint32_t off = 0;

	*d = (struct decoded){.code = {.vaddr = symbol->vaddr,
				       .insns = d->insns,
				       .offs = d->offs,
				       .labels = d->labels}};
	ck_assert_ptr_nonnull(bytes);
	while (off < symbol->size) {
		struct ckpt_insn *insn = &d->insns[d->code.count];

		ck_assert_int_eq(ckpt_insn_decode(bytes + off,
						  symbol->size - off,
						  symbol->vaddr + off, insn),
				 CKPT_OK);
		d->offs[d->code.count++] = off;
		off += insn->size;
		ck_assert_uint_lt(d->code.count, INSNS_MAX);
	}
	d->offs[d->code.count] = off;
	for (size_t i = 0; i < d->code.count; i++)
		if (d->insns[i].target - symbol->vaddr < symbol->size)
			d->labels[d->insns[i].target - symbol->vaddr] = 1;
}

/* The function that `text` is the body of. */
static void assemble(struct decoded *d, const char *text)
{
	struct ckpt_image *image = NULL;
	const struct ckpt_symbol *symbols;
	char source[2048], path[128];
	size_t count, i = 0;

	make_directory();
	(void)snprintf(source, sizeof(source),
		       ".data\nt: .zero 64\n.text\n.globl f\n"
		       ".type f, @function\nf:\n%s\n.size f, .-f\n"
		       ".globl main\nmain: ret\ng: ret\n"
		       ".section .note.GNU-stack,\"\",@progbits\n",
		       text);
	write_file("f.s", source);
	run("cd %s && gcc -o p f.s%s%s", directory, "", "");
	(void)snprintf(path, sizeof(path), "%s/p", directory);
	ck_assert_int_eq(ckpt_image_open(path, &image, NULL), CKPT_OK);
	symbols = ckpt_image_static_symbols(image, &count);
	while (i < count && strcmp(symbols[i].name, "f") != 0)
		i++;
	ck_assert_uint_lt(i, count);
	decode(d, image, &symbols[i]);
	ckpt_image_close(image);
	remove_directory();
}

static size_t find_kind(const struct decoded *d, enum ckpt_insn_kind kind)
{
	for (size_t i = 0; i < d->code.count; i++)
		if (d->insns[i].kind == kind)
			return i;
	ck_abort_msg("no such instruction");
	return 0;
}

START_TEST(an_address_is_walked_passed_on_or_indexed_within_bounds)
{
	static const struct {
		const char *text;
		uint8_t step;
		uint32_t reach;
	} cases[] = {
		/* Handed on, returned, kept. */
		{"lea t(%rip), %rdi\n call g\n ret", 0, 0},
		{"lea t(%rip), %rax\n mov %rax, %rsi\n jmp g", 0, 0},
		{"lea t(%rip), %rax\n ret", 0, 0},
		{"lea t(%rip), %rax\n mov %rax, 8(%rdi)\n ret", 0, 0},
		{"lea t(%rip), %rax\n test %edi, %edi\n cmovs %rsi, %rax\n ret",
		 0, 0},
		/* An index that is not bounded, by the size of its elements. */
		{"lea t(%rip), %rdx\n mov (%rdx,%rdi,4), %eax\n ret", 4, 0},
		{"lea t(%rip), %rdx\n movzbl (%rdx,%rdi), %eax\n ret", 1, 0},
		{"lea t(%rip), %rdx\n add %rdi, %rdx\n mov (%rdx), %eax\n ret",
		 8, 0},
		{"lea t(%rip), %rdx\n mov %rdx, 8(%rsp)\n ret", 8, 0},
		{"lea t(%rip), %rdx\n 1: add (%rdx), %eax\n add $4, %rdx\n "
		 "cmp %rdx, %rdi\n jne 1b\n ret",
		 8, 0},
		{"lea t(%rip), %rdx\n mov -4(%rdx), %eax\n ret", 4, 0},
		/* Bounds that are proven. */
		{"lea t(%rip), %rdx\n mov 8(%rdx), %eax\n ret", 0, 12},
		{"and $7, %edi\n lea t(%rip), %rdx\n mov (%rdx,%rdi,4), %eax\n "
		 "ret",
		 0, 32},
		{"cmp $5, %edi\n ja 1f\n mov %edi, %edi\n lea t(%rip), %rdx\n "
		 "movzwl (%rdx,%rdi,2), %eax\n 1: ret",
		 0, 12},
		{"mov %edi, %eax\n cmp $4, %edi\n ja 1f\n cltq\n lea t(%rip), "
		 "%rcx\n mov (%rcx,%rax,4), %eax\n 1: ret",
		 0, 20},
		/* Not these: the flags are of another instruction, the rest of
		 * the register is not bounded, the bound is signed. */
		{"cmp $5, %edi\n sub $1, %esi\n ja 1f\n lea t(%rip), %rdx\n "
		 "mov (%rdx,%rdi,4), %eax\n 1: ret",
		 4, 0},
		{"and $7, %dil\n lea t(%rip), %rdx\n mov (%rdx,%rdi,4), %eax\n "
		 "ret",
		 4, 0},
		{"cmp $5, %edi\n jg 1f\n lea t(%rip), %rdx\n "
		 "mov (%rdx,%rdi,4), %eax\n 1: ret",
		 4, 0},
	};
	struct decoded d;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ckpt_walk walk;

		assemble(&d, cases[i].text);
		walk = ckpt_track_walk(&d.code, find_kind(&d, CKPT_INSN_LEA));
		ck_assert_msg(
			walk.step == cases[i].step &&
				(walk.step || walk.reach == cases[i].reach),
			"%s: step %u, reach %u", cases[i].text, walk.step,
			walk.reach);
	}
}
END_TEST

START_TEST(what_a_call_points_at_is_read_unless_written_first)
{
	static const struct {
		const char *text;
		bool is_read;
	} cases[] = {
		{"call g\n mov (%rax), %eax\n ret", true},
		{"call g\n movl $0, (%rax)\n ret", false},
		{"call g\n movl $0, (%rax)\n mov (%rax), %eax\n ret", false},
		{"call g\n mov %rax, %rbx\n call g\n cmpl $34, (%rbx)\n ret",
		 true},
		{"call g\n incl (%rax)\n ret", true},
		{"call g\n test %edi, %edi\n je 1f\n movl $0, (%rax)\n 1: mov "
		 "(%rax), %eax\n ret",
		 true},
		{"call g\n xor %eax, %eax\n ret", false},
		{"call g\n ret", true},
	};
	struct decoded d;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assemble(&d, cases[i].text);
		ck_assert_msg(ckpt_track_reads_result(&d.code, 0) ==
				      cases[i].is_read,
			      "%s", cases[i].text);
	}
}
END_TEST

START_TEST(uses_of_a_thread_local_block_are_all_found_or_none)
{
	struct ckpt_block_use uses[CKPT_BLOCK_USES_MAX];
	struct decoded d;
	size_t count = 0;

	assemble(&d, "lea t(%rip), %rdi\n call g\n mov %rax, %rbx\n mov "
		     "4(%rax), %ecx\n test %ecx, %ecx\n je 1f\n mov %ecx, "
		     "8(%rbx)\n 1: lea 16(%rbx), %rdi\n call g\n xor %eax, "
		     "%eax\n ret");
	ck_assert(ckpt_track_block(&d.code, 0, uses, &count));
	ck_assert_uint_eq(count, 3);
	ck_assert(uses[0].off == 4 && uses[0].size == 4 && !uses[0].is_written);
	ck_assert(uses[1].off == 8 && uses[1].size == 4 && uses[1].is_written);
	ck_assert(uses[2].off == 16 && uses[2].size == 0);
	/* Kept where it is not followed, or changed. */
	assemble(&d, "lea t(%rip), %rdi\n call g\n mov %rax, 8(%rsp)\n ret");
	ck_assert(!ckpt_track_block(&d.code, 0, uses, &count));
	assemble(&d, "lea t(%rip), %rdi\n call g\n add $4, %rax\n mov (%rax), "
		     "%eax\n ret");
	ck_assert(!ckpt_track_block(&d.code, 0, uses, &count));
	assemble(&d, "lea t(%rip), %rdi\n call g\n mov %rax, %rdi\n jmp g");
	ck_assert(!ckpt_track_block(&d.code, 0, uses, &count));
}
END_TEST

UNIT_MAIN("track", an_address_is_walked_passed_on_or_indexed_within_bounds,
	  what_a_call_points_at_is_read_unless_written_first,
	  uses_of_a_thread_local_block_are_all_found_or_none)
