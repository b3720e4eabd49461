/* SPDX-License-Identifier: MIT */
/*
 * From a C declaration and the lines of a contract to a call served from its
 * record: each function below is also defined here, and what a replay leaves
 * is compared with what that definition left.
 */
#include "tests/unit/compile.h"

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
		"\"s->data\" = \"out rows(pre(s->size), 1, "
		"step pre(s->stride))\"\n" MATRIX_TYPES);
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

START_TEST(field_that_is_ignored_on_a_condition_counts_elsewhere)
{
	struct {
		int index;
		double value;
	} items[3] = {{1, 0.5}, {2, 1.5}, {-1, 7}};
	struct ckpt_hash128 key;

	compile("struct item { int index; double value; };\n"
		"int f(const struct item *x);",
		"[function.memory]\nx = \"until .index == -1\"\n"
		"\"x[].value\" = \"ignore if .index == -1\"\n");
	set_pointer(0, items);
	key = marshal_key(&m);
	items[2].value = 8;
	ck_assert(marshal_same(key, marshal_key(&m)));
	items[1].value = 8;
	ck_assert(!marshal_same(key, marshal_key(&m)));
	items[1].value = 1.5;
	items[1].index = 3;
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

static void free_list(struct item *head)
{
	while (head) {
		struct item *next = head->next;

		free(head);
		head = next;
	}
}

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
	free_list(head);
	head = (struct item *)m.frame.result_rax;
	for (struct item *item = head; item; item = item->next)
		ck_assert_int_eq(item->value, 999 - count++);
	ck_assert_int_eq(count, 1000);
	free_list(head);
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

/* ---- unions ------------------------------------------------------------- */

struct variant {
	int kind;
	union {
		long number;
		const char *text;
	};
};

START_TEST(the_live_member_of_a_union_counts)
{
	struct variant v = {.kind = 1, .text = "hello"};
	char copy[] = "hello";
	struct ckpt_hash128 key;

	compile("struct variant { int kind; union { long number; "
		"const char *text; } u; };\n"
		"int f(const struct variant *v);",
		"[function.memory]\nv = \"one\"\n"
		"\"v->u\" = [\"member number if v->kind == 0\", "
		"\"member text if v->kind == 1\"]\n"
		"\"v->u.text\" = \"string\"\n");
	set_pointer(0, &v);
	key = marshal_key(&m);
	v.text = copy;
	ck_assert(marshal_same(key, marshal_key(&m)));
	copy[0] = 'j';
	ck_assert(!marshal_same(key, marshal_key(&m)));
	v.kind = 0;
	v.number = 1;
	key = marshal_key(&m);
	v.number = 2;
	ck_assert(!marshal_same(key, marshal_key(&m)));
	v.kind = 2;
	ck_assert_int_eq(marshal_refusal(&m), CKPT_REFUSAL_NO_CLAUSE);
}
END_TEST

START_TEST(alternatives_are_tried_in_order)
{
	static const char first[16] = "hello";
	static const char second[16] = "hellO";
	struct variant v = {.kind = 1, .text = first};
	struct ckpt_hash128 key;

	compile("struct variant { int kind; void *u; };\n"
		"int f(const struct variant *v);",
		"[function.memory]\nv = \"one\"\n"
		"\"v->u\" = [\"string as char if v->kind == 1\", "
		"\"as long if v->kind == 2\", \"null\"]\n");
	set_pointer(0, &v);
	key = marshal_key(&m);
	v.text = second;
	ck_assert(!marshal_same(key, marshal_key(&m)));
	v.kind = 2;
	(void)marshal_key(&m);
	v.kind = 3;
	ck_assert_int_eq(marshal_refusal(&m), CKPT_REFUSAL_NOT_NULL);
	v.text = NULL;
	(void)marshal_key(&m);
}
END_TEST

UNIT_MAIN("marshal_graph", the_live_member_of_a_union_counts,
	  alternatives_are_tried_in_order,
	  matrices_with_a_type_contract_are_walked_by_row,
	  field_that_is_ignored_on_a_condition_counts_elsewhere,
	  libsvms_model_comes_back_with_its_vectors_in_the_input,
	  a_list_that_a_type_contract_describes_comes_back,
	  a_ring_that_a_type_contract_describes_has_a_key,
	  a_workspace_query_is_bypassed_and_extents_follow_arguments)
