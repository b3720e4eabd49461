/* SPDX-License-Identifier: MIT */
/*
 * The classification of psABI 3.2.3 against compilers: a program is generated
 * that calls a function of each random signature, and has each result
 * returned; an assembly trampoline dumps the registers and the stack as the
 * thunk does; the program compares what stands where we say it stands.
 */
#include "shim/planner/signature/abi_x86_64.h"
#include "shim/planner/signature/cdecl.h"
#include "shim/frame_x86_64.h"

#include "tests/unit/random_types.h"
#include "tests/unit/unit.h"

static struct ckpt_types *types;
static struct ckpt_err err;

static void set_up(void)
{
	types = ckpt_types_create();
	ck_assert_ptr_nonnull(types);
}

static void tear_down(void)
{
	ckpt_types_destroy(types);
}

static enum ckpt_status lay_out(const char *text, struct ckpt_abi_call *ret)
{
	struct ckpt_signature signature;
	enum ckpt_status status;

	status = ckpt_cdecl_parse(types, text, NULL, &signature, NULL, &err);
	ck_assert_msg(!status, "%s: %s", text, err.text);
	return ckpt_abi_layout(types, &signature, ret, &err);
}

/* --- cases worked out by hand from the text of the psABI --- */

START_TEST(the_example_of_the_psabi_comes_out)
{
	struct ckpt_abi_call call;

	/* figure 3.5: e,f,s in edi… ; ld on the stack; m, n in xmm; y in
	 * ymm; z in zmm; u in r9? no: i,j,k are the rest */
	ck_assert_int_eq(lay_out("typedef struct { int a, b; double d; } "
				 "structparm; void func(int e, int f, "
				 "structparm s, int g, int h, long double ld, "
				 "double m, __m256 y, __m512 z, double n, int "
				 "i, int j, int k);",
				 &call),
			 CKPT_OK);
	ck_assert_uint_eq(call.parameters[0].off, CKPT_FRAME_GPR);
	ck_assert_uint_eq(call.parameters[1].off, CKPT_FRAME_GPR + 8);
	ck_assert(call.parameters[2].is_gathered);
	ck_assert_uint_eq(call.parameters[2].pieces[0].register_off,
			  CKPT_FRAME_GPR + 16);
	ck_assert_uint_eq(call.parameters[2].pieces[1].register_off,
			  CKPT_FRAME_VEC);
	ck_assert_uint_eq(call.parameters[3].off, CKPT_FRAME_GPR + 24);
	ck_assert_uint_eq(call.parameters[4].off, CKPT_FRAME_GPR + 32);
	ck_assert_int_eq(call.parameters[5].place, CKPT_PLACE_STACK);
	ck_assert_uint_eq(call.parameters[5].off, 0);
	ck_assert_uint_eq(call.parameters[6].off, CKPT_FRAME_VEC + 64);
	ck_assert_uint_eq(call.parameters[7].off, CKPT_FRAME_VEC + 128);
	ck_assert_uint_eq(call.parameters[7].pieces[0].size, 32);
	ck_assert_uint_eq(call.parameters[8].off, CKPT_FRAME_VEC + 192);
	ck_assert_uint_eq(call.parameters[9].off, CKPT_FRAME_VEC + 256);
	ck_assert_uint_eq(call.parameters[10].off, CKPT_FRAME_GPR + 40);
	ck_assert_int_eq(call.parameters[11].place, CKPT_PLACE_STACK);
	ck_assert_uint_eq(call.parameters[11].off, 16);
	ck_assert_uint_eq(call.parameters[12].off, 24);
	ck_assert_uint_eq(call.stack_size, 32);
	ck_assert_int_eq(call.vector_width, CKPT_VECTOR_ZMM);
}
END_TEST

START_TEST(a_wide_integer_is_never_split)
{
	struct ckpt_abi_call call;

	ck_assert_int_eq(lay_out("void f(long a, long b, long c, long d, long "
				 "e, __int128 x, long g, int h)",
				 &call),
			 CKPT_OK);
	ck_assert_int_eq(call.parameters[5].place, CKPT_PLACE_STACK);
	ck_assert_uint_eq(call.parameters[5].off, 0);
	ck_assert_uint_eq(call.parameters[6].off, CKPT_FRAME_GPR + 40);
	ck_assert_uint_eq(call.parameters[7].off, 16);
	ck_assert_uint_eq(call.stack_size, 24);
}
END_TEST

START_TEST(a_result_in_memory_takes_the_first_register)
{
	struct ckpt_abi_call call;

	ck_assert_int_eq(
		lay_out("struct s { long a[3]; }; struct s f(int a)", &call),
		CKPT_OK);
	ck_assert(call.result.is_memory);
	ck_assert_uint_eq(call.parameters[0].off, CKPT_FRAME_GPR + 8);
}
END_TEST

START_TEST(x87_results_are_counted)
{
	struct ckpt_abi_call call;

	ck_assert_int_eq(lay_out("long double f(void)", &call), CKPT_OK);
	ck_assert_uint_eq(call.x87_count, 1);
	ck_assert_uint_eq(call.result.pieces[0].size, 10);
	ck_assert_int_eq(lay_out("long double _Complex f(void)", &call),
			 CKPT_OK);
	ck_assert_uint_eq(call.x87_count, 2);
	ck_assert_uint_eq(call.result.pieces[1].register_off,
			  CKPT_FRAME_RESULT_ST1);
}
END_TEST

START_TEST(small_scalars_count_by_their_own_width)
{
	struct ckpt_abi_call call;

	ck_assert_int_eq(
		lay_out("short f(_Bool a, char b, short c, float d)", &call),
		CKPT_OK);
	ck_assert_uint_eq(call.parameters[0].pieces[0].size, 1);
	ck_assert_uint_eq(call.parameters[1].pieces[0].size, 1);
	ck_assert_uint_eq(call.parameters[2].pieces[0].size, 2);
	ck_assert_uint_eq(call.parameters[3].pieces[0].size, 4);
	ck_assert_uint_eq(call.result.pieces[0].size, 2);
}
END_TEST

START_TEST(a_nontrivial_class_goes_by_invisible_reference)
{
	struct ckpt_type *type, *pointer;
	struct ckpt_parameter parameters[2] = {{.name = "s"}, {.name = "n"}};
	struct ckpt_signature signature = {.parameters = parameters,
					   .parameter_count = 2,
					   .has_prototype = true};
	struct ckpt_abi_call call;

	type = ckpt_types_new(types, CKPT_TYPE_STRUCT, "std::string", 32, 8);
	type->is_nontrivial = true;
	pointer = ckpt_types_pointer(types, type);
	parameters[0].type = type;
	parameters[1].type = pointer;
	signature.result = type;
	ck_assert_int_eq(ckpt_abi_layout(types, &signature, &call, &err),
			 CKPT_OK);
	ck_assert(call.result.is_memory);
	ck_assert(call.parameters[0].is_by_reference);
	ck_assert_uint_eq(call.parameters[0].off, CKPT_FRAME_GPR + 8);
	ck_assert_uint_eq(call.parameters[1].off, CKPT_FRAME_GPR + 16);
}
END_TEST

START_TEST(an_empty_class_takes_no_register)
{
	struct ckpt_parameter parameters[2] = {{.name = "s"}, {.name = "n"}};
	struct ckpt_signature signature = {.parameters = parameters,
					   .parameter_count = 2,
					   .has_prototype = true};
	struct ckpt_abi_call call;

	parameters[0].type =
		ckpt_types_new(types, CKPT_TYPE_STRUCT, "tag", 1, 1);
	parameters[1].type = ckpt_types_find(types, "int");
	signature.result = ckpt_types_find(types, "void");
	ck_assert_int_eq(ckpt_abi_layout(types, &signature, &call, &err),
			 CKPT_OK);
	ck_assert_uint_eq(call.parameters[0].piece_count, 0);
	ck_assert_uint_eq(call.parameters[1].off, CKPT_FRAME_GPR);
	ck_assert_uint_eq(call.stack_size, 0);
}
END_TEST

START_TEST(what_compilers_disagree_about_is_refused_by_name)
{
	struct ckpt_abi_call call;

	ck_assert_int_eq(lay_out("struct s { int n; int a[]; }; "
				 "void f(int a, struct s tail)",
				 &call),
			 CKPT_UNSUPPORTED);
	ck_assert_ptr_nonnull(strstr(err.text, "tail"));
	ck_assert_ptr_nonnull(strstr(err.text, "struct s"));
	ck_assert_int_eq(lay_out("typedef char v4 __attribute__((vector_size("
				 "4))); void f(v4 x)",
				 &call),
			 CKPT_UNSUPPORTED);
	ck_assert_ptr_nonnull(strstr(err.text, "x: "));
}
END_TEST

START_TEST(a_variadic_function_saves_the_widest_vectors)
{
	struct ckpt_abi_call call;

	ck_assert_int_eq(lay_out("int f(const char *, ...)", &call), CKPT_OK);
	ck_assert_int_eq(call.vector_width, CKPT_VECTOR_ZMM);
	ck_assert_int_eq(lay_out("int f(const char *)", &call), CKPT_OK);
	ck_assert_int_eq(call.vector_width, CKPT_VECTOR_NONE);
}
END_TEST

/* --- against the compilers --- */

static const char runtime[] =
	"#include <stddef.h>\n#include <stdint.h>\n#include <stdio.h>\n"
	"#include <string.h>\n#include <immintrin.h>\n"
	"uint8_t frame[4096] __attribute__((aligned(64)));\n"
	"uint8_t stack[2048], memory[4096] __attribute__((aligned(64)));\n"
	"extern char tramp[]; void result(void *f, int x87);\n"
	"asm(\".text\\ntramp: lea frame(%rip), %r11\\n\"\n"
	"\"mov %rdi, (%r11)\\nmov %rsi, 8(%r11)\\nmov %rdx, 16(%r11)\\n\"\n"
	"\"mov %rcx, 24(%r11)\\nmov %r8, 32(%r11)\\nmov %r9, 40(%r11)\\n\"\n"
	"\".irp n,0,1,2,3,4,5,6,7\\n\" MOVE \"\\\\n, 64+64*\\\\n(%r11)\\n\"\n"
	"\".endr\\nmov %rdi, %rax\\n\"\n"
	"\"lea 8(%rsp), %rsi\\nlea stack(%rip), %rdi\\nmov $2048, %ecx\\n\"\n"
	"\"rep movsb\\nret\\n\"\n"
	"\"result: push %rbx\\nmov %esi, %ebx\\nmov %rdi, %rax\\n\"\n"
	"\"lea memory(%rip), %rdi\\ncall *%rax\\nlea frame(%rip), %r11\\n\"\n"
	"\"mov %rax, 576(%r11)\\nmov %rdx, 584(%r11)\\n\"\n"
	"MOVE \"0, 704(%r11)\\n\" MOVE \"1, 768(%r11)\\n\"\n"
	"\"test %ebx, %ebx\\njz 1f\\nfstpt 592(%r11)\\ndec %ebx\\njz 1f\\n\"\n"
	"\"fstpt 608(%r11)\\n1: pop %rbx\\nret\\n\");\n"
	"static int bad;\n"
	"static void cmp(int n, int i, const uint8_t *v, const uint8_t *m,\n"
	"	const uint8_t *at, int from, int size)\n"
	"{ for (int k = 0; k < size; k++)\n"
	"	if ((v[from + k] ^ at[k]) & m[from + k]) {\n"
	"		if (bad++ < 20) printf(\"f%d parameter %d byte "
	"%d\\n\",\n"
	"			n, i, from + k); return; } }\n"
	"static void ready(void)\n"
	"{ memset(frame, 0xe5, sizeof frame); memset(stack, 0xe5, 2048); }\n"
	"static void empty(int n)\n"
	"{ struct { uint32_t w[7]; } e; asm volatile(\"fnstenv %0\\n"
	"fldenv %0\" : \"+m\"(e));\n"
	"if ((uint16_t)e.w[2] != 0xffff && bad++ < 20) "
	"printf(\"f%d x87\\n\", n); asm volatile(\"fninit\"); }\n";

/* Bits of a value that are part of it, and none of its padding. */
static void set_mask(const struct ckpt_type *type, uint8_t *mask)
{
	switch (type->kind) {
	case CKPT_TYPE_STRUCT:
	case CKPT_TYPE_UNION:
		for (size_t i = 0; i < type->field_count; i++) {
			const struct ckpt_type_field *f = &type->fields[i];

			if (!f->bit_size)
				set_mask(f->type, mask + f->off);
			for (unsigned int b = f->bit_off;
			     b < f->bit_off + f->bit_size; b++)
				mask[f->off + b / 8] |= (uint8_t)(1u << b % 8);
		}
		break;
	case CKPT_TYPE_ARRAY:
		for (uint64_t i = 0; i < type->count; i++)
			set_mask(type->element, mask + i * type->element->size);
		break;
	case CKPT_TYPE_COMPLEX:
		set_mask(type->element, mask);
		set_mask(type->element, mask + type->element->size);
		break;
	default:
		memset(mask, type->kind == CKPT_TYPE_BOOL ? 1 : 0xff,
		       type->value_size);
	}
}

static void add_bytes(struct text *text, const char *name, const uint8_t *bytes,
		      size_t size)
{
	add(text, "uint8_t %s[] = {", name);
	for (size_t i = 0; i < size; i++)
		add(text, "%u,", bytes[i]);
	add(text, "0};\n");
}

/* vN_I: bytes of the value, mN_I: its mask. */
static void add_value(struct text *text, unsigned int n, int i,
		      const struct ckpt_type *type, unsigned int *seed)
{
	uint8_t mask[4096] = {0}, value[4096];
	char name[32];

	ck_assert_uint_le(type->size, sizeof(mask));
	set_mask(type, mask);
	for (size_t k = 0; k < type->size; k++)
		value[k] = (uint8_t)choose(seed, 256) & mask[k];
	(void)snprintf(name, sizeof(name), "v%u_%d", n, i + 1);
	add_bytes(text, name, value, type->size);
	(void)snprintf(name, sizeof(name), "m%u_%d", n, i + 1);
	add_bytes(text, name, mask, type->size);
}

static void add_check(struct text *text, unsigned int n, int i,
		      const struct ckpt_type *type,
		      const struct ckpt_abi_value *value)
{
	if (value->is_memory)
		add(text,
		    "{ uint8_t *p = memory; cmp(%u, %d, (void *)&p, (uint8_t "
		    "[8]){255,255,255,255,255,255,255,255}, frame + %u, 0, 8); "
		    "cmp(%u, %d, v%u_%d, m%u_%d, memory, 0, %u); }\n",
		    n, i, value->off, n, i, n, i + 1, n, i + 1,
		    (unsigned int)type->size);
	else if (value->place == CKPT_PLACE_STACK)
		add(text, "cmp(%u, %d, v%u_%d, m%u_%d, stack + %u, 0, %u);\n",
		    n, i, n, i + 1, n, i + 1, value->off,
		    (unsigned int)type->size);
	else
		for (uint32_t k = 0; k < value->piece_count; k++)
			add(text,
			    "cmp(%u, %d, v%u_%d, m%u_%d, frame + %u, %u, "
			    "%u);\n",
			    n, i, n, i + 1, n, i + 1,
			    value->pieces[k].register_off,
			    value->pieces[k].value_off, value->pieces[k].size);
}

/* Pieces must cover every byte that counts, or a value is read in part. */
static void check_coverage(const struct ckpt_type *type,
			   const struct ckpt_abi_value *value)
{
	uint8_t mask[4096] = {0};

	if (value->is_memory || value->place == CKPT_PLACE_STACK)
		return;
	set_mask(type, mask);
	for (uint32_t k = 0; k < value->piece_count; k++)
		memset(mask + value->pieces[k].value_off, 0,
		       value->pieces[k].size);
	for (size_t k = 0; k < type->size; k++)
		ck_assert_msg(!mask[k], "byte %zu is in no piece", k);
}

struct generator {
	struct text program;
	unsigned int seed;
	unsigned int struct_count;
	bool is_clang;
	int vectors; /* 0: xmm, 1: and ymm, 2: and zmm */
};

static void choose_type(struct generator *g, char *name, size_t size)
{
	static const char *const vectors[] = {
		"__m128",  "__m128d", "__m128i", "__m64",   "__m256",
		"__m256d", "__m256i", "__m512",	 "__m512d", "__m512i"};
	static const unsigned int counts[] = {4, 7, 10};
	static const char *const wide[] = {"double _Complex",
					   "long double _Complex", "_Float128",
					   "_Float16"};
	unsigned int kind = choose(&g->seed, 16);

	if (kind < 7)
		(void)snprintf(
			name, size, "%s",
			random_words[choose(&g->seed, RANDOM_WORD_COUNT)]);
	else if (kind == 7)
		(void)snprintf(name, size, "%s",
			       vectors[choose(&g->seed, counts[g->vectors])]);
	else if (kind == 8)
		(void)snprintf(name, size, "%s",
			       wide[choose(&g->seed, g->is_clang ? 2 : 4)]);
	else
		(void)snprintf(name, size, "struct r%u",
			       choose(&g->seed, g->struct_count));
	/* clang 14 splits it between r9 and the stack: LLVM bug 41784. */
	if (g->is_clang && strcmp(name, "__int128") == 0)
		(void)strcpy(name, "long");
}

static void add_function(struct generator *g, unsigned int n)
{
	char prototype[4096], names[16][32], part[64];
	unsigned int count = choose(&g->seed, 13);
	struct ckpt_signature signature;
	struct ckpt_abi_call call;
	enum ckpt_status status;

	choose_type(g, names[0], sizeof(names[0]));
	(void)snprintf(prototype, sizeof(prototype), "%s f(", names[0]);
	for (unsigned int i = 0; i < count; i++) {
		choose_type(g, names[i + 1], sizeof(names[0]));
		(void)snprintf(part, sizeof(part), "%s%s a%u", i ? ", " : "",
			       names[i + 1], i);
		(void)strcat(prototype, part);
	}
	(void)strcat(prototype, count ? ")" : "void)");
	status = ckpt_cdecl_parse(types, prototype, NULL, &signature, NULL,
				  &err);
	ck_assert_msg(!status, "%s: %s", prototype, err.text);
	status = ckpt_abi_layout(types, &signature, &call, &err);
	if (status == CKPT_UNSUPPORTED && strstr(err.text, "padding")) {
		add(&g->program, "static void t%u(void) {}\n", n);
		return;
	}
	ck_assert_msg(!status, "%s: %s", prototype, err.text);
	add(&g->program, "/* %s */\n", prototype);
	add_value(&g->program, n, -1, signature.result, &g->seed);
	add(&g->program,
	    "static %s g%u(void) { %s r; memcpy(&r, v%u_0, sizeof r); return "
	    "r; }\n",
	    names[0], n, names[0], n);
	for (unsigned int i = 0; i < count; i++)
		add_value(&g->program, n, (int)i, signature.parameters[i].type,
			  &g->seed);
	add(&g->program, "static void t%u(void) {\n", n);
	for (unsigned int i = 0; i < count; i++)
		add(&g->program, "%s a%u; memcpy(&a%u, v%u_%u, sizeof a%u);\n",
		    names[i + 1], i, i, n, i + 1, i);
	add(&g->program, "ready(); ((%s (*)(", names[0]);
	for (unsigned int i = 0; i < count; i++)
		add(&g->program, "%s%s", i ? ", " : "", names[i + 1]);
	add(&g->program, "%s))tramp)(", count ? "" : "void");
	for (unsigned int i = 0; i < count; i++)
		add(&g->program, "%sa%u", i ? ", " : "", i);
	add(&g->program, ");\nasm volatile(\"fninit\");\n");
	for (unsigned int i = 0; i < count; i++) {
		add_check(&g->program, n, (int)i, signature.parameters[i].type,
			  &call.parameters[i]);
		check_coverage(signature.parameters[i].type,
			       &call.parameters[i]);
	}
	add(&g->program, "ready(); result(g%u, %u); empty(%u);\n", n,
	    call.x87_count, n);
	add_check(&g->program, n, -1, signature.result, &call.result);
	check_coverage(signature.result, &call.result);
	add(&g->program, "}\n");
}

static void check_against(const char *compiler, bool is_clang,
			  unsigned int count)
{
	static struct generator g;
	static struct text definitions, output;
	static char source[sizeof(definitions.bytes) + 100];
	static const char *const flags[] = {"", "-mavx2", "-mavx512f"};
	static const char *const moves[] = {"movups %xmm", "vmovdqu %ymm",
					    "vmovdqu64 %zmm"};
	struct ckpt_signature signature;
	char command[256];

	g.seed = choose_seed() + is_clang;
	g.is_clang = is_clang;
	g.vectors = __builtin_cpu_supports("avx512f") ? 2
		    : __builtin_cpu_supports("avx2")  ? 1
						      : 0;
	g.struct_count = 120;
	add_random_structs(&definitions, &g.seed, g.struct_count, 4);
	(void)snprintf(source, sizeof(source), "%s int f(void);",
		       definitions.bytes);
	ck_assert_msg(
		!ckpt_cdecl_parse(types, source, NULL, &signature, NULL, &err),
		"%s", err.text);
	add(&g.program, "#define MOVE \"%s\"\n%s%s", moves[g.vectors], runtime,
	    definitions.bytes);
	for (unsigned int n = 0; n < count; n++)
		add_function(&g, n);
	/* What tramp copies of the stack must be there. */
	add(&g.program,
	    "int main(void) {\n"
	    "volatile char room[4096]; room[0] = room[4095] = 0;\n");
	for (unsigned int n = 0; n < count; n++)
		add(&g.program, "t%u();\n", n);
	add(&g.program, "puts(bad ? \"bad\" : \"good\"); return 0; }\n");
	if (getenv("CKPT_TEST_KEEP")) {
		FILE *file = fopen(getenv("CKPT_TEST_KEEP"), "w");

		(void)fputs(g.program.bytes, file);
		(void)fclose(file);
	}
	(void)snprintf(command, sizeof(command), "%s %s -O0", compiler,
		       flags[g.vectors]);
	run_compiled(&g.program, command, &output);
	ck_assert_msg(strcmp(output.bytes, "good\n") == 0, "%s", output.bytes);
}

START_TEST(random_signatures_agree_with_gcc)
{
	check_against("gcc -Wno-psabi -Wno-packed-bitfield-compat", false,
		      1500);
}
END_TEST

START_TEST(random_signatures_agree_with_clang)
{
	if (system("clang --version >/dev/null 2>&1") != 0) {
		printf("no clang: not compared with it\n");
		return;
	}
	check_against("clang", true, 1500);
}
END_TEST

UNIT_MAIN_WITH("abi_x86_64", set_up, tear_down,
	       the_example_of_the_psabi_comes_out,
	       a_wide_integer_is_never_split,
	       a_result_in_memory_takes_the_first_register,
	       x87_results_are_counted, small_scalars_count_by_their_own_width,
	       a_nontrivial_class_goes_by_invisible_reference,
	       an_empty_class_takes_no_register,
	       what_compilers_disagree_about_is_refused_by_name,
	       a_variadic_function_saves_the_widest_vectors,
	       random_signatures_agree_with_gcc,
	       random_signatures_agree_with_clang)
