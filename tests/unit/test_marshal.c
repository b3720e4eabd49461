/* SPDX-License-Identifier: MIT */
/*
 * From a C declaration and the lines of a contract to a call served from its
 * record: each function below is also defined here, and what a replay leaves
 * is compared with what that definition left.
 */
/* The two halves never meet but here: both have segments and extents. */
#define ckpt_segment ckpt_image_segment
#define ckpt_extent ckpt_image_extent
#include "shim/planner/cdecl.h"
#include "shim/planner/program.h"
#undef ckpt_segment
#undef ckpt_extent

#include "config/config.h"
#include "tests/unit/marshal.h"

#include <stdio.h>
#include <unistd.h>

static struct marshal m;
static struct ckpt_tables tables;

static struct ckpt_config *load_config(const char *signature,
				       const char *contract)
{
	char path[] = "/tmp/ckpt-marshal-XXXXXX.toml";
	struct ckpt_config *config = NULL;
	struct ckpt_err err = {0};
	int fd = mkstemps(path, 5);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_gt(dprintf(fd,
				 "[[function]]\nname = \"f\"\n"
				 "signature = '''%s'''\n%s",
				 signature, contract),
			 0);
	ck_assert_int_eq(close(fd), 0);
	ck_assert_msg(!ckpt_config_load(path, NULL, &config, &err), "%s",
		      err.text);
	ck_assert_int_eq(unlink(path), 0);
	return config;
}

#define SECTION(member, id) \
	m.program.member = (const void *)tables.sections[id].data

/* Make `m` the program of the declaration and the contract (TOML lines). */
static void compile_with(const char *signature, const char *contract,
			 const struct ckpt_program_global *globals,
			 size_t global_count)
{
	struct ckpt_types *types = ckpt_types_create();
	struct ckpt_config *config = load_config(signature, contract);
	struct ckpt_signature parsed;
	struct ckpt_program_request request = {
		.signature = &parsed,
		.config = &config->functions[0],
		.type_configs = config->types,
		.type_config_count = config->type_count,
		.globals = globals,
		.global_count = global_count,
		.types = types,
	};
	struct ckpt_err err = {0};

	marshal_init(&m);
	ckpt_tables_init(&tables);
	ck_assert_msg(!ckpt_cdecl_parse(types, signature,
					&config->functions[0].signature_place,
					&parsed, NULL, &err),
		      "%s", err.text);
	ck_assert_msg(
		!ckpt_program_compile(&tables, &request, &m.function, &err),
		"%s", err.text);
	SECTION(strings, CKPT_PLAN_STRINGS);
	SECTION(moves, CKPT_PLAN_MOVES);
	SECTION(roots, CKPT_PLAN_ROOTS);
	SECTION(nodes, CKPT_PLAN_NODES);
	SECTION(fields, CKPT_PLAN_FIELDS);
	SECTION(clauses, CKPT_PLAN_CLAUSES);
	SECTION(exprs, CKPT_PLAN_EXPRS);
	SECTION(ops, CKPT_PLAN_OPS);
	ckpt_config_destroy(config);
	ckpt_types_destroy(types);
}

static void compile(const char *signature, const char *contract)
{
	compile_with(signature, contract, NULL, 0);
}

static void set_pointer(int i, const void *pointer)
{
	m.frame.gpr[i] = (uintptr_t)pointer;
}

static void set_double(int i, double value)
{
	memcpy(m.frame.vec[i], &value, sizeof(value));
}

/* ---- strings, static results -------------------------------------------- */

static char crypt_buffer[64];

static char *fake_crypt(const char *key, const char *setting)
{
	(void)snprintf(crypt_buffer, sizeof(crypt_buffer), "%s$%zu", setting,
		       strlen(key) * 31);
	return crypt_buffer;
}

START_TEST(a_static_string_is_told_again)
{
	struct ckpt_program_global global = {
		.name = "crypt_buffer",
		.vaddr = (uintptr_t)crypt_buffer,
		.size = sizeof(crypt_buffer),
		.is_written = true,
		.is_scratch = true,
	};
	struct ckpt_hash128 key;

	compile_with("char *f(const char *key, const char *setting);",
		     "[function.memory]\nkey = \"string\"\n"
		     "setting = \"string\"\nreturn = \"string static\"\n",
		     &global, 1);
	m.program.object_count = 1;
	set_pointer(0, "secret");
	set_pointer(1, "$6$");
	key = marshal_key(&m);
	m.frame.result_rax = (uintptr_t)fake_crypt("secret", "$6$");
	marshal_capture(&m);
	(void)fake_crypt("other", "$5$");
	marshal_replay(&m, key);
	ck_assert_uint_eq(m.frame.result_rax, (uintptr_t)crypt_buffer);
	ck_assert_str_eq(crypt_buffer, "$6$$186");
	set_pointer(0, "secreT");
	ck_assert(!marshal_same(key, marshal_key(&m)));
}
END_TEST

START_TEST(a_result_inside_an_argument_is_an_alias)
{
	char text[] = "a,b,c";
	struct ckpt_hash128 key;

	compile("char *f(char *text, int c);",
		"[function.memory]\ntext = \"inout string\"\n"
		"return = \"alias text\"\n");
	set_pointer(0, text);
	m.frame.gpr[1] = ',';
	key = marshal_key(&m);
	m.frame.result_rax = (uintptr_t)strchr(text, ',');
	marshal_capture(&m);
	marshal_replay(&m, key);
	ck_assert_uint_eq(m.frame.result_rax, (uintptr_t)(text + 1));
}
END_TEST

/* ---- buffers ------------------------------------------------------------ */

START_TEST(brotlis_contract_works)
{
	uint8_t in[8] = "abcdefg";
	uint8_t out[16];
	struct ckpt_hash128 key;
	size_t size = sizeof(out);

	compile("int f(int q, int w, int mode, size_t n, const uint8_t *in, "
		"size_t *on, uint8_t *out);",
		"store_if = \"return == 1\"\n[function.memory]\nin = \"[n]\"\n"
		"on = \"inout one\"\n"
		"out = \"out [post(*on)] max [pre(*on)]\"\n");
	m.frame.gpr[0] = 11;
	m.frame.gpr[3] = sizeof(in);
	set_pointer(4, in);
	set_pointer(5, &size);
	m.stack[1] = (uintptr_t)out;
	key = marshal_key(&m);
	memcpy(out, in, 3);
	size = 3;
	m.frame.result_rax = 1;
	marshal_capture(&m);
	memset(out, 0xaa, sizeof(out));
	size = sizeof(out);
	marshal_replay(&m, key);
	ck_assert_uint_eq(size, 3);
	ck_assert_mem_eq(out, "abc\xaa", 4);
	m.frame.result_rax = 0;
	ck_assert_int_eq(marshal_try_capture(&m), CKPT_UNSUPPORTED);
	ck_assert_int_eq(m.call->refusal.kind, CKPT_REFUSAL_STORE_IF);
}
END_TEST

START_TEST(a_slice_starts_where_the_caller_is)
{
	uint8_t out[16];
	struct ckpt_hash128 key;
	size_t pos = 2;

	compile("int f(const uint8_t *in, size_t n, uint8_t *out, size_t *pos, "
		"size_t size);",
		"[function.memory]\nin = \"[n]\"\npos = \"inout one\"\n"
		"out = \"out [pre(*pos) .. post(*pos)] max [size]\"\n");
	set_pointer(0, "xyz");
	m.frame.gpr[1] = 3;
	set_pointer(2, out);
	set_pointer(3, &pos);
	m.frame.gpr[4] = sizeof(out);
	memset(out, '.', sizeof(out));
	key = marshal_key(&m);
	memcpy(out + 2, "xyz", 3);
	pos = 5;
	marshal_capture(&m);
	memset(out, '.', sizeof(out));
	pos = 2;
	marshal_replay(&m, key);
	ck_assert_mem_eq(out, "..xyz...........", 16);
	ck_assert_uint_eq(pos, 5);
	pos = 17;
	ck_assert_int_eq(marshal_refusal(&m), CKPT_REFUSAL_NEGATIVE);
}
END_TEST

START_TEST(one_buffer_given_twice_is_another_call_than_two)
{
	double a[2] = {1, 2};
	double copy[2] = {1, 2};
	struct ckpt_hash128 same;

	compile("void f(const double *x, double *y, int n);",
		"[function.memory]\nx = \"[n]\"\ny = \"out [n]\"\n");
	set_pointer(0, a);
	set_pointer(1, a);
	m.frame.gpr[2] = 2;
	same = marshal_key(&m);
	a[0] = 5;
	a[1] = 6;
	marshal_capture(&m);
	a[0] = 1;
	a[1] = 2;
	marshal_replay(&m, same);
	ck_assert(a[0] == 5 && a[1] == 6);
	a[0] = 1;
	a[1] = 2;
	set_pointer(1, copy);
	ck_assert(!marshal_same(same, marshal_key(&m)));
}
END_TEST

START_TEST(wrong_extents_are_refused_with_their_values)
{
	uint8_t *guarded = marshal_guarded(16);
	char text[256];

	compile("void f(const double *x, int n, int step);",
		"[function.memory]\nx = \"[n * step]\"\n");
	set_pointer(0, guarded);
	m.frame.gpr[1] = 2;
	m.frame.gpr[2] = 1;
	(void)marshal_key(&m);
	m.frame.gpr[2] = 2;
	ck_assert_int_eq(marshal_refusal(&m), CKPT_REFUSAL_UNREADABLE);
	m.frame.gpr[1] = (uint32_t)-3;
	ck_assert_int_eq(marshal_refusal(&m), CKPT_REFUSAL_NEGATIVE);
	ckpt_message_refusal(m.call, text, sizeof(text));
	ck_assert_ptr_nonnull(strstr(text, "x: "));
	ck_assert_ptr_nonnull(strstr(text, "n * step = -6"));
	m.frame.gpr[1] = INT32_MAX;
	m.frame.gpr[2] = INT32_MAX;
	ck_assert_int_eq(marshal_refusal(&m), CKPT_REFUSAL_ABSURD);
	set_pointer(0, NULL);
	(void)marshal_key(&m);
}
END_TEST

/* ---- scalars by value --------------------------------------------------- */

START_TEST(narrow_arguments_count_by_their_own_width)
{
	struct ckpt_hash128 key;

	compile("int f(_Bool a, char b, short c, int d);", "");
	m.frame.gpr[0] = 1;
	m.frame.gpr[1] = 2;
	m.frame.gpr[2] = 3;
	m.frame.gpr[3] = 4;
	key = marshal_key(&m);
	m.frame.gpr[0] |= 0xffffff00;
	m.frame.gpr[1] |= 0xffffffffffffff00;
	m.frame.gpr[2] |= 0xffff0000;
	m.frame.gpr[3] |= 0xdead00000000;
	ck_assert(marshal_same(key, marshal_key(&m)));
	m.frame.gpr[3] = 5;
	ck_assert(!marshal_same(key, marshal_key(&m)));
}
END_TEST

START_TEST(a_struct_by_value_over_both_register_kinds_is_one_input)
{
	struct ckpt_hash128 key;

	compile("struct s { double x; int n; };\nlong f(struct s a, double b);",
		"");
	set_double(0, 1.5);
	m.frame.gpr[0] = 7;
	set_double(1, 2.5);
	key = marshal_key(&m);
	m.frame.gpr[0] |= (uint64_t)0xffff << 32; /* padding of struct s */
	ck_assert(marshal_same(key, marshal_key(&m)));
	set_double(0, 1.25);
	ck_assert(!marshal_same(key, marshal_key(&m)));
	set_double(0, 1.5);
	set_double(1, 2.25);
	ck_assert(!marshal_same(key, marshal_key(&m)));
}
END_TEST

START_TEST(a_struct_result_over_both_register_kinds_comes_back)
{
	struct ckpt_hash128 key;
	double x = 3.25;

	compile("struct s { double x; long n; };\nstruct s f(int a);", "");
	key = marshal_key(&m);
	memcpy(m.frame.result_vec[0], &x, sizeof(x));
	m.frame.result_rax = 9;
	marshal_capture(&m);
	marshal_replay(&m, key);
	ck_assert_mem_eq(m.frame.result_vec[0], &x, sizeof(x));
	ck_assert_uint_eq(m.frame.result_rax, 9);
}
END_TEST

START_TEST(a_large_struct_result_is_written_where_the_caller_wants_it)
{
	struct large {
		long a[5];
	} result;
	struct ckpt_hash128 key;

	compile("struct large { long a[5]; };\nstruct large f(int a);", "");
	set_pointer(0, &result);
	m.frame.gpr[1] = 3;
	key = marshal_key(&m);
	for (int i = 0; i < 5; i++)
		result.a[i] = i * 3;
	m.frame.result_rax = (uintptr_t)&result;
	marshal_capture(&m);
	memset(&result, 0xee, sizeof(result));
	marshal_replay(&m, key);
	ck_assert_uint_eq(m.frame.result_rax, (uintptr_t)&result);
	for (int i = 0; i < 5; i++)
		ck_assert_int_eq(result.a[i], i * 3);
}
END_TEST

START_TEST(a_long_double_on_the_stack_counts_by_ten_bytes)
{
	long double value = 0.1L;
	struct ckpt_hash128 key;

	compile("long double f(long double x);", "");
	memcpy(&m.stack[1], &value, sizeof(value));
	key = marshal_key(&m);
	((uint8_t *)&m.stack[1])[12] ^= 0xff;
	ck_assert(marshal_same(key, marshal_key(&m)));
	((uint8_t *)&m.stack[1])[0] ^= 1;
	ck_assert(!marshal_same(key, marshal_key(&m)));
}
END_TEST

/* ---- structs ------------------------------------------------------------ */

#define MATRIX                                                        \
	"typedef struct { size_t size; double *data; } gsl_block;\n"  \
	"typedef struct { size_t size1; size_t size2; size_t tda; "   \
	"double *data; gsl_block *block; int owner; } gsl_matrix;\n"  \
	"typedef struct { size_t size; size_t stride; double *data; " \
	"gsl_block *block; int owner; } gsl_vector;\n"

#define MATRIX_TYPES                                       \
	"[[type]]\nname = \"gsl_matrix\"\n[type.memory]\n" \
	"data = \"inout rows(size1, size2, step tda)\"\n"  \
	"block = \"ignore\"\nowner = \"ignore\"\n"         \
	"[[type]]\nname = \"gsl_vector\"\n[type.memory]\n" \
	"data = \"inout rows(size, 1, step stride)\"\n"    \
	"block = \"ignore\"\nowner = \"ignore\"\n"

struct matrix {
	size_t size1, size2, tda;
	double *data;
	void *block;
	int owner;
};

struct vector {
	size_t size, stride;
	double *data;
	void *block;
	int owner;
};

START_TEST(matrices_with_a_type_contract_are_walked_by_row)
{
	double data[6] = {1, 2, -1, 3, 4, -1};
	double items[4] = {5, -2, 6, -2};
	struct matrix a = {2, 2, 3, data, &a, 1};
	struct vector s = {2, 2, items, NULL, 0};
	struct ckpt_hash128 key;

	compile(MATRIX "int f(gsl_matrix *a, gsl_vector *s);",
		"[function.memory]\na = \"in one\"\ns = \"in one\"\n"
		"\"s->data\" = \"out rows(s->size, 1, step "
		"s->stride)\"\n" MATRIX_TYPES);
	set_pointer(0, &a);
	set_pointer(1, &s);
	key = marshal_key(&m);
	data[2] = items[1] = -7;
	items[0] = 77;
	a.owner = 5;
	a.block = NULL;
	ck_assert(marshal_same(key, marshal_key(&m)));
	data[0] = 10;
	items[0] = 50;
	items[2] = 60;
	m.frame.result_rax = 0;
	marshal_capture(&m);
	data[0] = 1;
	data[2] = -8;
	items[0] = items[2] = 0;
	marshal_replay(&m, key);
	ck_assert(data[0] == 10 && data[1] == 2 && data[2] == -8);
	ck_assert(items[0] == 50 && items[1] == -7 && items[2] == 60);
	data[0] = 1;
	a.tda = 2;
	ck_assert(!marshal_same(key, marshal_key(&m)));
}
END_TEST

/* ---- libsvm ------------------------------------------------------------- */

struct node {
	int index;
	double value;
};

struct problem {
	int l;
	double *y;
	struct node **x;
};

struct model {
	int nr_class, l;
	struct node **SV;
	double **sv_coef;
	double *rho;
	int *label;
};

#define SVM                                                        \
	"struct node { int index; double value; };\n"              \
	"struct problem { int l; double *y; struct node **x; };\n" \
	"struct model { int nr_class; int l; struct node **SV; "   \
	"double **sv_coef; double *rho; int *label; };\n"          \
	"struct model *f(const struct problem *prob);"

#define SVM_CONTRACT                                                          \
	"[function.memory]\nprob = \"one\"\n\"prob->y\" = \"in [prob->l]\"\n" \
	"\"prob->x\" = \"in [prob->l]\"\n"                                    \
	"\"prob->x[]\" = \"in until .index == -1\"\n"                         \
	"return = \"one malloc\"\n"                                           \
	"\"return->SV\" = \"[return->l] malloc\"\n"                           \
	"\"return->SV[]\" = \"alias prob->x[]\"\n"                            \
	"\"return->sv_coef\" = \"[return->nr_class - 1] malloc\"\n"           \
	"\"return->sv_coef[]\" = \"[return->l] malloc\"\n"                    \
	"\"return->rho\" = "                                                  \
	"\"[return->nr_class * (return->nr_class - 1) / 2] malloc\"\n"        \
	"\"return->label\" = \"[return->nr_class] malloc\"\n"

static void *copy_of(const void *data, size_t size)
{
	return memcpy(malloc(size), data, size);
}

static struct model *train(const struct problem *prob)
{
	struct model model = {.nr_class = 3, .l = prob->l / 2};
	struct node *vectors[2] = {prob->x[1], prob->x[3]};
	double *coefs[2];
	double numbers[3] = {prob->y[0], 2, 3};
	int labels[3] = {7, 8, 9};

	coefs[0] = copy_of(numbers, 16);
	coefs[1] = copy_of(numbers + 1, 16);
	model.SV = copy_of(vectors, sizeof(vectors));
	model.sv_coef = copy_of(coefs, sizeof(coefs));
	model.rho = copy_of(numbers, sizeof(numbers));
	model.label = copy_of(labels, sizeof(labels));
	return copy_of(&model, sizeof(model));
}

static void free_model(struct model *model)
{
	for (int i = 0; i < model->nr_class - 1; i++)
		free(model->sv_coef[i]);
	free(model->SV);
	free(model->sv_coef);
	free(model->rho);
	free(model->label);
	free(model);
}

START_TEST(libsvms_model_comes_back_with_its_vectors_in_the_input)
{
	struct node data[8] = {{1, 0.5}, {-1, 0}, {1, 1.5}, {-1, 0},
			       {2, 2.5}, {-1, 0}, {1, 3.5}, {-1, 0}};
	struct node *rows[4] = {data, data + 2, data + 4, data + 6};
	double y[4] = {1, -1, 1, -1};
	struct problem prob = {4, y, rows};
	struct model *model;
	struct ckpt_hash128 key;

	compile(SVM, SVM_CONTRACT);
	set_pointer(0, &prob);
	key = marshal_key(&m);
	memset((uint8_t *)&data[0] + 4, 0x55, 4);
	ck_assert(marshal_same(key, marshal_key(&m)));
	model = train(&prob);
	m.frame.result_rax = (uintptr_t)model;
	marshal_capture(&m);
	free_model(model);
	marshal_replay(&m, key);
	model = (struct model *)m.frame.result_rax;
	ck_assert_int_eq(model->l, 2);
	ck_assert_ptr_eq(model->SV[0], rows[1]);
	ck_assert_ptr_eq(model->SV[1], rows[3]);
	ck_assert(model->sv_coef[0][0] == 1 && model->sv_coef[1][1] == 3);
	ck_assert(model->rho[2] == 3);
	ck_assert_int_eq(model->label[2], 9);
	free_model(model);
	data[4].value = 2.25;
	ck_assert(!marshal_same(key, marshal_key(&m)));
}
END_TEST

/* ---- lists -------------------------------------------------------------- */

struct item {
	struct item *next;
	long value;
};

START_TEST(a_list_that_a_type_contract_describes_comes_back)
{
	struct item *head = NULL;
	struct ckpt_hash128 key;
	long count = 0;

	compile("struct item { struct item *next; long value; };\n"
		"struct item *f(int n);",
		"[function.memory]\nreturn = \"one malloc\"\n"
		"[[type]]\nname = \"item\"\n[type.memory]\n"
		"next = \"one malloc\"\n");
	m.frame.gpr[0] = 1000;
	key = marshal_key(&m);
	for (long i = 0; i < 1000; i++) {
		struct item item = {head, i};

		head = copy_of(&item, sizeof(item));
	}
	m.frame.result_rax = (uintptr_t)head;
	marshal_capture(&m);
	marshal_replay(&m, key);
	for (head = (struct item *)m.frame.result_rax; head; head = head->next)
		ck_assert_int_eq(head->value, 999 - count++);
	ck_assert_int_eq(count, 1000);
}
END_TEST

START_TEST(a_ring_that_a_type_contract_describes_has_a_key)
{
	struct item ring[3] = {{&ring[1], 1}, {&ring[2], 2}, {&ring[0], 3}};
	struct ckpt_hash128 key;

	compile("struct item { struct item *next; long value; };\n"
		"long f(const struct item *head);",
		"[function.memory]\nhead = \"one\"\n"
		"[[type]]\nname = \"struct item\"\n[type.memory]\n"
		"next = \"in one\"\n");
	set_pointer(0, ring);
	key = marshal_key(&m);
	ring[2].next = &ring[1];
	ck_assert(!marshal_same(key, marshal_key(&m)));
}
END_TEST

/* ---- Fortran ------------------------------------------------------------ */

START_TEST(a_workspace_query_is_bypassed_and_extents_follow_arguments)
{
	double a[6] = {1, 2, 3, 4, 5, 6};
	double work[1];
	int n = 2, lda = 3, lwork = -1, info = 9;
	struct ckpt_hash128 key;

	compile("void f(const int *n, double *a, const int *lda, double *work, "
		"const int *lwork, int *info);",
		"bypass_if = \"*lwork == -1\"\n[function.memory]\n"
		"n = \"one\"\nlda = \"one\"\nlwork = \"one\"\n"
		"a = \"inout rows(*n, *n, step *lda)\"\n"
		"work = \"scratch [*lwork]\"\ninfo = \"out one\"\n");
	set_pointer(0, &n);
	set_pointer(1, a);
	set_pointer(2, &lda);
	set_pointer(3, work);
	set_pointer(4, &lwork);
	set_pointer(5, &info);
	ck_assert_int_eq(marshal_refusal(&m), CKPT_REFUSAL_BYPASS);
	lwork = 1;
	key = marshal_key(&m);
	a[2] = work[0] = 99;
	ck_assert(marshal_same(key, marshal_key(&m)));
	a[4] = 50;
	info = 0;
	marshal_capture(&m);
	a[4] = 5;
	a[2] = 3;
	info = 9;
	marshal_replay(&m, key);
	ck_assert(a[4] == 50 && a[2] == 3);
	ck_assert_int_eq(info, 0);
}
END_TEST

UNIT_MAIN("marshal", a_static_string_is_told_again,
	  a_result_inside_an_argument_is_an_alias, brotlis_contract_works,
	  a_slice_starts_where_the_caller_is,
	  one_buffer_given_twice_is_another_call_than_two,
	  wrong_extents_are_refused_with_their_values,
	  narrow_arguments_count_by_their_own_width,
	  a_struct_by_value_over_both_register_kinds_is_one_input,
	  a_struct_result_over_both_register_kinds_comes_back,
	  a_large_struct_result_is_written_where_the_caller_wants_it,
	  a_long_double_on_the_stack_counts_by_ten_bytes,
	  matrices_with_a_type_contract_are_walked_by_row,
	  libsvms_model_comes_back_with_its_vectors_in_the_input,
	  a_list_that_a_type_contract_describes_comes_back,
	  a_ring_that_a_type_contract_describes_has_a_key,
	  a_workspace_query_is_bypassed_and_extents_follow_arguments)
