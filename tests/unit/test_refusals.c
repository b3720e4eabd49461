/* SPDX-License-Identifier: MIT */
/* What the contract compiler refuses, in the words people read. */
#include "shim/planner/contract/program.h"

#include "config/config.h"
#include "shim/planner/signature/cdecl.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { TEXT_MAX = 1 << 17 };

struct refusal {
	const char *declaration;
	const char *contract; /* lines of [function.memory] and behind */
	const char *message;  /* a part of what is said */
};

static struct ckpt_config *load(const char *declaration, const char *contract,
				struct ckpt_err *err)
{
	char path[] = "/tmp/ckpt-refusals-XXXXXX.toml";
	struct ckpt_config *config = NULL;
	int fd = mkstemps(path, 5);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_gt(dprintf(fd,
				 "[[function]]\nname = \"f\"\n"
				 "signature = '''%s'''\n"
				 "[function.memory]\n%s",
				 declaration, contract),
			 0);
	ck_assert_int_eq(close(fd), 0);
	ck_assert_msg(!ckpt_config_load(path, NULL, &config, err), "%s",
		      err->text);
	ck_assert_int_eq(unlink(path), 0);
	return config;
}

static void expect(const char *declaration, const char *contract,
		   const char *message)
{
	struct ckpt_types *types = ckpt_types_create();
	struct ckpt_plan_function function = {0};
	struct ckpt_signature signature;
	struct ckpt_tables tables;
	struct ckpt_err err = {.text = ""};
	struct ckpt_config *config = load(declaration, contract, &err);
	struct ckpt_program_request request = {
		.signature = &signature,
		.config = &config->functions[0],
		.type_configs = config->types,
		.type_config_count = config->type_count,
		.types = types,
	};
	enum ckpt_status status;

	status = ckpt_cdecl_parse(types, declaration,
				  &config->functions[0].signature_place,
				  &signature, NULL, &err);
	ckpt_tables_init(&tables);
	if (!status)
		status = ckpt_program_compile(&tables, &request, &function,
					      &err);
	ck_assert_msg(status != CKPT_OK, "not refused: %s", message);
	ck_assert_msg(strstr(err.text, message) != NULL, "'%s' is not in '%s'",
		      message, err.text);
	ckpt_tables_deinit(&tables);
	ckpt_config_destroy(config);
	ckpt_types_destroy(types);
}

static void expect_all(const struct refusal *refusals, size_t count)
{
	for (size_t i = 0; i < count; i++)
		expect(refusals[i].declaration, refusals[i].contract,
		       refusals[i].message);
}

#define EXPECT_ALL(refusals) \
	expect_all(refusals, sizeof(refusals) / sizeof((refusals)[0]))

#define ROW "struct row { int n; short cells[]; };\n"
#define LIST "struct list { char *at; long n; };\n"

START_TEST(clauses_that_do_not_fit_are_refused)
{
	static const struct refusal refusals[] = {
		{"int f(void *p)", "p = \"as nothing_known\"",
		 "`as` names a type that is not known"},
		{"int f(void *p, int n)", "p = \"[n]\"",
		 "points to a type of unknown size"},
		{ROW "int f(struct row *r)",
		 "r = \"[2]\"\n\"r->cells\" = \"[3]\"",
		 "a struct with a flexible array member: there is `one`"},
		{ROW "int f(struct row *r)",
		 "r = \"out one\"\n\"r->cells\" = \"[3]\"",
		 "a struct with a flexible array member: how long it is must "
		 "be known before the call"},
		{ROW "int f(struct row *r)", "r = \"one\"",
		 "flexible array member: how many elements there are must be "
		 "said"},
		{"struct s { int n; char *names[]; };\nint f(struct s *s)",
		 "s = \"one\"", "flexible array member of pointers"},
		{"struct h;\nint f(struct h *h)",
		 "h = \"handle by kind(h) as double\"",
		 "`handle by FUNC(PATH) as TYPE`: TYPE is what FUNC returns"},
		{"int f(char *p, int n)", "p = \"[pre(n) -> post(n)] realloc\"",
		 "the call cannot tell where the block moved"},
		{LIST "int f(struct list *l)",
		 "l = \"in one\"\n\"l->at\" = "
		 "\"[pre(l->n) -> post(l->n)] new\"",
		 "the call cannot tell where the block moved"},
		{LIST "struct list *f(int n)",
		 "return = \"one malloc\"\n\"return->at\" = \"opaque\"",
		 "the call makes it, so a replay has to know what to put "
		 "there"},
		{LIST "struct list *f(int n)",
		 "return = \"one malloc\"\n\"return->at\" = \"null\"\n"
		 "\"return->n\" = \"ignore\"",
		 "the call makes it, so a replay has to know what to put "
		 "there"},
		{"typedef double wide __attribute__((vector_size(32)));\n"
		 "int f(wide **w)",
		 "w = \"out one\"\n\"*w\" = \"[4] new\"",
		 "elements of more than the usual alignment"},
		{"int f(int *p)", "p = \"string\"",
		 "`string` is for characters"},
		{"int f(char **p)",
		 "p = \"out one\"\n\"*p\" = \"[4] malloc aligned 24\"",
		 "`aligned` takes a power of two"},
		{"int f(const char *s)", "s = \"string\"\n\"s[]\" = \"one\"\n",
		 "the function has no such pointer; its parameters are"},
		{"union u { int a; float b; };\nstruct s { union u u; };\n"
		 "int f(const struct s *s)",
		 "s = \"one\"\n\"s->u\" = \"[2]\"",
		 "is a union: say `member NAME if EXPR`"},
		{"union u { int a; char *b; };\nstruct s { union u u; };\n"
		 "int f(const struct s *s)",
		 "s = \"one\"",
		 "a union that may hold a pointer needs a contract"},
	};

	EXPECT_ALL(refusals);
}
END_TEST

START_TEST(expressions_that_do_not_fit_are_refused)
{
	static const struct refusal refusals[] = {
		{"int f(char *p, char **q)",
		 "q = \"one\"\n"
		 "p = \"bytes sizeof(*q[])\"",
		 "[] means the current element, and there is none of it here"},
		{"int f(char *p)", "p = \"bytes sizeof(nothing_known)\"",
		 "no such type is known"},
		{"int f(char *p, int *n)",
		 "n = \"one\"\np = \"out [post(*n)] max [post(*n)]\"",
		 "post() is not known before the call"},
		{"int f(char *p)", "p = \"[.n]\"", "there is no element here"},
		{"int f(char *p)", "p = \"[return]\"",
		 "is not known before the call"},
		{"void f(char **p)",
		 "p = \"out one\"\n\"*p\" = \"[return] malloc\"",
		 "the function returns nothing"},
		{LIST "int f(struct list *l)",
		 "l = \"one\"\n\"l->at\" = \"[l->count]\"",
		 "the struct has no such member"},
		{"int f(char *p)", "p = \"[n]\"",
		 "the function has no such parameter, nor a global of that "
		 "name that the contract describes"},
		{"struct s;\nint f(char *p, struct s *s)",
		 "s = \"opaque\"\np = \"[s[1].n]\"",
		 "elements of unknown size"},
		{"int f(char *p, int n)", "p = \"[n.size]\"",
		 "is no struct with members"},
		{"int f(char *p, int n)", "p = \"[*n]\"",
		 "is no pointer to follow"},
		{"struct s;\nint f(char *p, struct s *s)",
		 "s = \"opaque\"\np = \"bytes sizeof(*s)\"",
		 "is of unknown size"},
		{"int f(char *p, double x)", "p = \"[x]\"", "is no integer"},
		{"int f(char *p, int *n)", "n = \"one\"\np = \"[strlen(n)]\"",
		 "is no string"},
	};

	EXPECT_ALL(refusals);
}
END_TEST

START_TEST(types_that_cannot_be_described_are_refused)
{
	static const struct refusal refusals[] = {
		{"struct s { char *names[5000]; };\nint f(struct s *s)",
		 "s = \"one\"\n\"s->names[]\" = \"string\"",
		 "an array of so many pointers inside a struct"},
		{"struct s { char bytes[5000000000]; };\nint f(struct s *s)",
		 "s = \"one\"", "larger than 4 GiB"},
		{"struct s;\nstruct t { struct s *s; };\n"
		 "int f(struct t *t)",
		 "t = \"one\"\n\"t->s\" = \"one\"",
		 "points to a type of unknown size"},
		{"struct s { __int128 x : 100; };\nint f(struct s *s)",
		 "s = \"one\"", "bit-field across more than eight bytes"},
		{"struct row { int n; short cells[]; };\nint f(struct row r)",
		 "", "cannot be passed by value"},
		{"struct s { char b[99]; } __attribute__((aligned(128)));\n"
		 "int f(struct s s)",
		 "", "too large or too strictly aligned"},
		{"int f()", "",
		 "its declaration has no parameter types: "
		 "write `signature`"},
	};

	EXPECT_ALL(refusals);
}
END_TEST

/* ---- limits ---- */

static char text[TEXT_MAX];

static size_t add(size_t at, const char *format, int i)
{
	int size = snprintf(text + at, sizeof(text) - at, format, i, i, i, i);

	ck_assert(size > 0 && (size_t)size < sizeof(text) - at);
	return at + (size_t)size;
}

START_TEST(more_than_a_function_can_have_is_refused)
{
	static char lines[1 << 15] = "p = \"one\"\n";
	char contract[4096] = "p = \"out [0";
	size_t at;

	for (int i = 0; i < 20; i++)
		(void)snprintf(contract + strlen(contract), 40,
			       " + post(*n) * 0 * pre(*n + %d)", i);
	strcat(contract, "] max [1]\"\nn = \"one\"\n");
	expect("int f(char *p, long *n)", contract, "different pre()");
	strcpy(contract, "p = \"[n");
	for (int i = 0; i < 25; i++)
		strcat(contract, " + (n");
	for (int i = 0; i < 25; i++)
		strcat(contract, ")");
	strcat(contract, "]\"\n");
	expect("int f(char *p, long n)", contract,
	       "the expression is too deep or too long");
	expect("struct list { char *at; long n; };\n"
	       "int f(struct list *l)",
	       "l = \"one\"\n[[type]]\nname = \"list\"\n[type.memory]\n"
	       "at = \"out [post(n) - pre(n)] max [pre(n)]\"\n",
	       "cannot be reached here");
	at = 0;
	for (int i = 0; i < 600; i++)
		at = add(at, "struct d%d { int n; };\n", i);
	at = add(at, "struct all {\n", 0);
	for (int i = 0; i < 600; i++)
		at = add(at, "struct d%d *p%d;\n", i);
	(void)add(at, "};\nint f(struct all *p)", 0);
	for (int i = 0; i < 600; i++)
		(void)snprintf(lines + strlen(lines), 32,
			       "\"p->p%d\" = \"one\"\n", i);
	expect(text, lines, "different structs");
	at = add(0, "struct many {\n", 0);
	for (int i = 0; i < 17; i++)
		at = add(at, "char *names%d[4096];\n", i);
	(void)add(at, "};\nint f(struct many *p)", 0);
	expect(text, "p = \"one\"\n", "more than 65536 members");
	at = add(0, "struct s0 { int n; };\n", 0);
	for (int i = 1; i < 70; i++) {
		at = add(at, "struct s%d { ", i);
		at = add(at, "struct s%d *p; };\n", i - 1);
	}
	(void)add(at, "int f(struct s69 *p)", 0);
	expect(text,
	       "p = \"one\"\n[[type]]\nname = \"s*\"\n"
	       "[type.memory]\np = \"one\"\n",
	       "pointers nest deeper than");
}
END_TEST

UNIT_MAIN("refusals", clauses_that_do_not_fit_are_refused,
	  expressions_that_do_not_fit_are_refused,
	  types_that_cannot_be_described_are_refused,
	  more_than_a_function_can_have_is_refused)
