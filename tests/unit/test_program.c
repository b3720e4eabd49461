/* SPDX-License-Identifier: MIT */
#include "shim/planner/contract/program.h"

#include "config/config.h"
#include "shim/planner/signature/cdecl.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* What was compiled from a config with one function and its signature. */
struct compiled {
	struct ckpt_types *types;
	struct ckpt_config *config;
	struct ckpt_signature signature;
	struct ckpt_tables tables;
	struct ckpt_plan_function function;
	struct ckpt_err err;
	enum ckpt_status status;
};

static struct compiled c;

static void load_config(const char *signature, const char *rest)
{
	char path[] = "/tmp/ckpt-program-XXXXXX.toml";
	int fd = mkstemps(path, 5);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_gt(dprintf(fd,
				 "[[function]]\nname = \"f\"\n"
				 "signature = '''%s'''\n%s",
				 signature, rest),
			 0);
	ck_assert_int_eq(close(fd), 0);
	ck_assert_msg(!ckpt_config_load(path, NULL, &c.config, &c.err), "%s",
		      c.err.text);
	ck_assert_int_eq(unlink(path), 0);
}

static void compile_with(const char *signature, const char *rest,
			 const struct ckpt_program_global *globals,
			 size_t global_count)
{
	struct ckpt_program_request request;

	memset(&c, 0, sizeof(c));
	c.types = ckpt_types_create();
	ck_assert_ptr_nonnull(c.types);
	load_config(signature, rest);
	ck_assert_msg(!ckpt_cdecl_parse(c.types, signature,
					&c.config->functions[0].signature_place,
					&c.signature, NULL, &c.err),
		      "%s", c.err.text);
	ckpt_tables_init(&c.tables);
	request = (struct ckpt_program_request){
		.signature = &c.signature,
		.config = &c.config->functions[0],
		.type_configs = c.config->types,
		.type_config_count = c.config->type_count,
		.globals = globals,
		.global_count = global_count,
		.types = c.types,
	};
	c.status =
		ckpt_program_compile(&c.tables, &request, &c.function, &c.err);
}

static void compile(const char *signature, const char *rest)
{
	compile_with(signature, rest, NULL, 0);
}

static void release(void)
{
	ckpt_tables_deinit(&c.tables);
	ckpt_config_destroy(c.config);
	ckpt_types_destroy(c.types);
}

static void expect_refused(const char *signature, const char *rest,
			   const char *message)
{
	compile(signature, rest);
	ck_assert_int_ne(c.status, CKPT_OK);
	ck_assert_msg(strstr(c.err.text, message) != NULL,
		      "'%s' is not in '%s'", message, c.err.text);
	release();
}

static struct ckpt_hash128 digest_of(const char *signature, const char *rest)
{
	struct ckpt_hash128 digest;

	compile(signature, rest);
	ck_assert_msg(c.status == CKPT_OK, "%s", c.err.text);
	digest = c.function.program_digest;
	release();
	return digest;
}

static void expect_same(const char *a, const char *a_rest, const char *b,
			const char *b_rest)
{
	ck_assert(ckpt_hash_equal(digest_of(a, a_rest), digest_of(b, b_rest)));
}

static void expect_other(const char *a, const char *a_rest, const char *b,
			 const char *b_rest)
{
	ck_assert(!ckpt_hash_equal(digest_of(a, a_rest), digest_of(b, b_rest)));
}

static const struct ckpt_plan_clause *clause_at(uint32_t index)
{
	const struct ckpt_buf *clauses = &c.tables.sections[CKPT_PLAN_CLAUSES];

	ck_assert_uint_lt(index * sizeof(struct ckpt_plan_clause),
			  clauses->size);
	return (const struct ckpt_plan_clause *)(const void *)clauses->data +
	       index;
}

/* ---- refusals say what to write ---- */

START_TEST(pointer_without_contract_is_refused_with_the_line_to_add)
{
	expect_refused("int f(const double *x, int n)", "",
		       "`x` (const double *) has no contract: add \"x\" = "
		       "\"[COUNT]\" to [function.memory]");
}
END_TEST

START_TEST(all_pointers_without_contract_are_named_at_once)
{
	compile("int f(const double *x, void *y)", "");
	ck_assert_ptr_nonnull(strstr(c.err.text, "`x`"));
	ck_assert_ptr_nonnull(strstr(c.err.text, "`y`"));
	release();
}
END_TEST

START_TEST(pointer_inside_a_struct_is_refused_by_its_path)
{
	expect_refused("struct v { int n; double *data; };\n"
		       "int f(struct v *v)",
		       "[function.memory]\nv = \"one\"\n", "\"v->data\" = ");
}
END_TEST

START_TEST(extent_of_what_is_no_pointer_is_refused)
{
	expect_refused("int f(int n)", "[function.memory]\nn = \"[5]\"\n",
		       "`n`: is no pointer");
	expect_refused("struct v { int n; };\nint f(struct v *v)",
		       "[function.memory]\n\"v->n\" = \"one\"\n",
		       "is no pointer");
}
END_TEST

START_TEST(contract_for_no_pointer_of_the_function_is_refused)
{
	expect_refused("int f(const char *s)",
		       "[function.memory]\ns = \"string\"\nt = \"string\"\n",
		       "\"t\": the function has no such pointer");
}
END_TEST

START_TEST(out_extent_over_memory_must_say_which_moment)
{
	expect_refused("int f(unsigned char *d, unsigned long *n)",
		       "[function.memory]\nn = \"one\"\nd = \"out [*n]\"\n",
		       "write pre() or post()");
}
END_TEST

START_TEST(post_extent_needs_a_bound)
{
	expect_refused("int f(unsigned char *d, unsigned long *n)",
		       "[function.memory]\nn = \"one\"\n"
		       "d = \"out [post(*n)]\"\n",
		       "add `max [EXPR]`");
}
END_TEST

START_TEST(parameter_cannot_be_set_by_the_call)
{
	expect_refused("int f(char *p, int n)",
		       "[function.memory]\np = \"[n] malloc\"\n",
		       "the call cannot set it");
}
END_TEST

START_TEST(pointer_in_memory_that_is_only_read_cannot_be_set)
{
	expect_refused("int f(char *const *p, int n)",
		       "[function.memory]\np = \"one\"\n"
		       "\"*p\" = \"[n] malloc\"\n",
		       "the call cannot set it");
}
END_TEST

START_TEST(unknown_name_in_an_expression_is_refused_with_its_place)
{
	expect_refused("int f(const double *x)",
		       "[function.memory]\nx = \"[m]\"\n",
		       ".toml:5:7: `m`: the function has no such parameter");
}
END_TEST

START_TEST(floating_extent_is_refused)
{
	expect_refused("int f(const double *x, double n)",
		       "[function.memory]\nx = \"[n]\"\n", "is no integer");
}
END_TEST

START_TEST(variadic_function_is_refused)
{
	expect_refused("int f(int n, ...)", "", "variable number");
}
END_TEST

START_TEST(flexible_array_member_is_refused)
{
	expect_refused("struct s { int n; double v[]; };\n"
		       "int f(const struct s *s)",
		       "[function.memory]\ns = \"one\"\n", "flexible");
}
END_TEST

START_TEST(union_that_may_hold_a_pointer_needs_a_contract)
{
	expect_refused("union u { long i; char *s; };\n"
		       "struct s { int kind; union u u; };\n"
		       "int f(const struct s *s)",
		       "[function.memory]\ns = \"one\"\n", "member NAME");
}
END_TEST

START_TEST(bytes_of_what_holds_pointers_are_refused)
{
	expect_refused("int f(char **p, int n)",
		       "[function.memory]\np = \"bytes n\"\n",
		       "holds pointers");
}
END_TEST

/* ---- what the digest depends on ---- */

START_TEST(renamed_parameters_give_the_same_digest)
{
	expect_same("int f(const double *x, int n)",
		    "[function.memory]\nx = \"[n]\"\n",
		    "int f(const double *values, int count)",
		    "[function.memory]\nvalues = \"[count]\"\n");
}
END_TEST

START_TEST(renamed_struct_and_members_give_the_same_digest)
{
	expect_same("struct a { int n; double *v; }; int f(struct a *p)",
		    "[function.memory]\np = \"one\"\n\"p->v\" = \"[p->n]\"\n",
		    "struct b { int k; double *w; }; int f(struct b *q)",
		    "[function.memory]\nq = \"one\"\n\"q->w\" = \"[q->k]\"\n");
}
END_TEST

START_TEST(another_extent_gives_another_digest)
{
	expect_other("int f(const double *x, int n)",
		     "[function.memory]\nx = \"[n]\"\n",
		     "int f(const double *x, int n)",
		     "[function.memory]\nx = \"[n + 1]\"\n");
}
END_TEST

START_TEST(another_direction_gives_another_digest)
{
	expect_other("int f(double *x, int n)",
		     "[function.memory]\nx = \"[n]\"\n",
		     "int f(double *x, int n)",
		     "[function.memory]\nx = \"out [n]\"\n");
}
END_TEST

START_TEST(another_layout_gives_another_digest)
{
	expect_other("struct s { int a, b; }; int f(const struct s *p)",
		     "[function.memory]\np = \"one\"\n",
		     "struct s { long a; }; int f(const struct s *p)",
		     "[function.memory]\np = \"one\"\n");
}
END_TEST

START_TEST(narrower_argument_gives_another_digest)
{
	expect_other("int f(int n)", "", "int f(char n)", "");
}
END_TEST

START_TEST(conditions_and_inputs_are_in_the_digest)
{
	expect_other("int f(int n)", "", "int f(int n)", "require = \"n\"\n");
	expect_other("int f(int n)", "", "int f(int n)",
		     "store_if = \"return\"\n");
	expect_other("int f(int n)", "env = [\"A\"]\n", "int f(int n)",
		     "env = [\"B\"]\n");
}
END_TEST

START_TEST(moved_global_gives_the_same_digest_and_a_waived_one_another)
{
	struct ckpt_program_global here = {
		.name = "g", .vaddr = 0x4000, .size = 8};
	struct ckpt_program_global there = {
		.name = "h", .object = 3, .vaddr = 0x5000, .size = 8};
	struct ckpt_program_global waived = here;
	struct ckpt_hash128 digest;

	waived.is_scratch = true;
	compile_with("int f(int n)", "", &here, 1);
	digest = c.function.program_digest;
	release();
	compile_with("int f(int n)", "", &there, 1);
	ck_assert(ckpt_hash_equal(digest, c.function.program_digest));
	release();
	compile_with("int f(int n)", "", &waived, 1);
	ck_assert(!ckpt_hash_equal(digest, c.function.program_digest));
	release();
}
END_TEST

/* ---- what comes out ---- */

START_TEST(const_pointee_is_in_and_another_is_inout)
{
	compile("int f(const double *x, double *y)",
		"[function.memory]\nx = \"one\"\ny = \"one\"\n");
	ck_assert_msg(c.status == CKPT_OK, "%s", c.err.text);
	ck_assert_int_eq(clause_at(0)->direction, CKPT_DIR_IN);
	ck_assert_int_eq(clause_at(1)->direction, CKPT_DIR_INOUT);
	release();
}
END_TEST

START_TEST(pointer_that_a_contract_follows_points_to_one)
{
	compile("struct v { int n; double *data; };\n"
		"int f(const struct v *v)",
		"[function.memory]\n\"v->data\" = \"[v->n]\"\n");
	ck_assert_msg(c.status == CKPT_OK, "%s", c.err.text);
	ck_assert_int_eq(clause_at(0)->extent, CKPT_EXTENT_COUNT);
	release();
}
END_TEST

START_TEST(type_contract_holds_wherever_the_struct_appears)
{
	compile("struct v { unsigned long n; double *data; };\n"
		"struct m { struct v *row; struct v own; };\n"
		"int f(struct m *m, const struct v *v)",
		"[function.memory]\nm = \"one\"\n\"m->row\" = \"one\"\n"
		"v = \"one\"\n"
		"[[type]]\nname = \"struct v\"\n"
		"[type.memory]\ndata = \"[n]\"\n");
	ck_assert_msg(c.status == CKPT_OK, "%s", c.err.text);
	release();
}
END_TEST

START_TEST(list_of_a_type_that_points_to_itself_is_a_finite_graph)
{
	const struct ckpt_buf *nodes = NULL;
	const struct ckpt_plan_node *node = NULL;
	uint32_t graphs = 0;

	compile("struct node { int value; struct node *next; };\n"
		"int f(const struct node *list)",
		"[function.memory]\nlist = \"one\"\n"
		"[[type]]\nname = \"node\"\n"
		"[type.memory]\nnext = \"one\"\n");
	ck_assert_msg(c.status == CKPT_OK, "%s", c.err.text);
	nodes = &c.tables.sections[CKPT_PLAN_NODES];
	node = (const void *)nodes->data;
	for (; (const uint8_t *)node < nodes->data + nodes->size; node++)
		graphs += (node->flags & CKPT_NODE_GRAPH) != 0;
	ck_assert_uint_eq(graphs, 1);
	release();
}
END_TEST

START_TEST(result_in_memory_is_an_output_through_the_hidden_pointer)
{
	compile("struct big { double v[8]; }; struct big f(int n)", "");
	ck_assert_msg(c.status == CKPT_OK, "%s", c.err.text);
	ck_assert_int_eq(clause_at(0)->direction, CKPT_DIR_OUT);
	ck_assert_int_eq(clause_at(1)->owner, CKPT_OWNER_ALIAS);
	ck_assert_uint_eq(c.function.root_count, 3);
	release();
}
END_TEST

START_TEST(negative_constant_is_converted_like_c_does)
{
	const struct ckpt_buf *ops = NULL;
	const struct ckpt_plan_op *op = NULL;
	uint64_t constant = 0;

	compile("struct e { unsigned long id; };\n"
		"int f(const struct e *e)",
		"[function.memory]\ne = \"until .id == -1\"\n");
	ck_assert_msg(c.status == CKPT_OK, "%s", c.err.text);
	ops = &c.tables.sections[CKPT_PLAN_OPS];
	op = (const void *)ops->data;
	for (; (const uint8_t *)op < ops->data + ops->size; op++) {
		if (op->code == CKPT_OP_CONST && !op->is_signed)
			constant = (uint64_t)op->imm;
	}
	ck_assert_uint_eq(constant, UINT64_MAX);
	release();
}
END_TEST

START_TEST(equal_pre_values_share_one_slot)
{
	compile("int f(unsigned char *d, unsigned long *n, unsigned long *p)",
		"[function.memory]\nn = \"one\"\np = \"one\"\n"
		"d = \"out [post(*p) - pre(*p) + 0 * pre(*p)] max [*n]\"\n");
	ck_assert_msg(c.status == CKPT_OK, "%s", c.err.text);
	ck_assert_uint_eq(c.function.pre_count, 1);
	ck_assert(clause_at(0)->flags & CKPT_CLAUSE_POST_COUNT);
	release();
}
END_TEST

UNIT_MAIN("program", pointer_without_contract_is_refused_with_the_line_to_add,
	  all_pointers_without_contract_are_named_at_once,
	  pointer_inside_a_struct_is_refused_by_its_path,
	  extent_of_what_is_no_pointer_is_refused,
	  contract_for_no_pointer_of_the_function_is_refused,
	  out_extent_over_memory_must_say_which_moment,
	  post_extent_needs_a_bound, parameter_cannot_be_set_by_the_call,
	  pointer_in_memory_that_is_only_read_cannot_be_set,
	  unknown_name_in_an_expression_is_refused_with_its_place,
	  floating_extent_is_refused, variadic_function_is_refused,
	  flexible_array_member_is_refused,
	  union_that_may_hold_a_pointer_needs_a_contract,
	  bytes_of_what_holds_pointers_are_refused,
	  renamed_parameters_give_the_same_digest,
	  renamed_struct_and_members_give_the_same_digest,
	  another_extent_gives_another_digest,
	  another_direction_gives_another_digest,
	  another_layout_gives_another_digest,
	  narrower_argument_gives_another_digest,
	  conditions_and_inputs_are_in_the_digest,
	  moved_global_gives_the_same_digest_and_a_waived_one_another,
	  const_pointee_is_in_and_another_is_inout,
	  pointer_that_a_contract_follows_points_to_one,
	  type_contract_holds_wherever_the_struct_appears,
	  list_of_a_type_that_points_to_itself_is_a_finite_graph,
	  result_in_memory_is_an_output_through_the_hidden_pointer,
	  negative_constant_is_converted_like_c_does,
	  equal_pre_values_share_one_slot)
