/* SPDX-License-Identifier: MIT */
#include "tests/unit/marshal.h"

static struct marshal m;

static uint32_t one(void)
{
	return EXPR(&m, CONST(1));
}

static struct ckpt_plan_clause created(uint32_t node, uint8_t owner,
				       uint32_t count)
{
	struct ckpt_plan_clause clause = marshal_clause(node);

	clause.direction = CKPT_DIR_OUT;
	clause.owner = owner;
	clause.flags = CKPT_CLAUSE_CREATED;
	clause.count = count;
	return clause;
}

/* ---- blocks of the allocator ---- */

/* int f(const char *text, char **buffer): "*buffer" = "string malloc" */
static void make_duplicate(void)
{
	struct ckpt_plan_clause clause;

	marshal_init(&m);
	m.function.flags = CKPT_FUNCTION_POINTERS;
	marshal_parameter(&m, marshal_string(&m, CKPT_DIR_IN));
	clause = created(marshal_bytes(&m, 1, 1), CKPT_OWNER_MALLOC,
			 CKPT_PLAN_NONE);
	clause.extent = CKPT_EXTENT_STRING;
	marshal_parameter(&m,
			  marshal_array(&m, CKPT_DIR_OUT,
					marshal_pointer(&m, clause), one()));
}

START_TEST(a_malloced_string_is_made_anew)
{
	struct ckpt_hash128 key;
	char *buffer = NULL;
	char *first;

	make_duplicate();
	m.frame.gpr[0] = (uintptr_t) "hello";
	m.frame.gpr[1] = (uintptr_t)&buffer;
	key = marshal_key(&m);
	buffer = first = strdup("hello");
	marshal_capture(&m);
	buffer = NULL;
	marshal_replay(&m, key);
	ck_assert_str_eq(buffer, "hello");
	ck_assert_ptr_ne(buffer, first);
	free(buffer);
	free(first);
}
END_TEST

START_TEST(a_pointer_the_call_left_null_is_null_again)
{
	struct ckpt_hash128 key;
	char *buffer = NULL;

	make_duplicate();
	m.frame.gpr[0] = (uintptr_t) "hello";
	m.frame.gpr[1] = (uintptr_t)&buffer;
	key = marshal_key(&m);
	marshal_capture(&m);
	buffer = (char *)1;
	marshal_replay(&m, key);
	ck_assert_ptr_null(buffer);
}
END_TEST

START_TEST(a_created_pointer_that_leads_into_an_argument_is_no_block)
{
	char text[] = "hello";
	struct ckpt_hash128 key;
	char *buffer = NULL;

	make_duplicate();
	m.frame.gpr[0] = (uintptr_t)text;
	m.frame.gpr[1] = (uintptr_t)&buffer;
	key = marshal_key(&m);
	buffer = text + 2;
	marshal_capture(&m);
	buffer = NULL;
	marshal_replay(&m, key);
	ck_assert_ptr_eq(buffer, text + 2);
}
END_TEST

START_TEST(a_stream_cut_anywhere_changes_nothing)
{
	char *buffer = NULL;
	char *block;
	size_t whole;

	make_duplicate();
	m.frame.gpr[0] = (uintptr_t) "hello";
	m.frame.gpr[1] = (uintptr_t)&buffer;
	(void)marshal_key(&m);
	buffer = block = strdup("hello");
	marshal_capture(&m);
	whole = m.effects.size;
	buffer = NULL;
	(void)marshal_key(&m);
	for (m.effects.size = 0; m.effects.size < whole; m.effects.size++) {
		ck_assert_int_eq(marshal_try_replay(&m), CKPT_BADDATA);
		ck_assert_ptr_null(buffer);
	}
	free(block);
}
END_TEST

static void *no_memory(size_t size)
{
	(void)size;
	return NULL;
}

static void *refuse_symbol(const struct ckpt_program *program,
			   const char *symbol)
{
	(void)program;
	return strcmp(symbol, "malloc") ? (void *)free : (void *)no_memory;
}

START_TEST(an_allocator_that_fails_changes_nothing)
{
	static const struct ckpt_program_host host = {.symbol = refuse_symbol};
	char *buffer = NULL;
	char *block;

	make_duplicate();
	m.frame.gpr[0] = (uintptr_t) "hello";
	m.frame.gpr[1] = (uintptr_t)&buffer;
	(void)marshal_key(&m);
	buffer = block = strdup("hello");
	marshal_capture(&m);
	buffer = NULL;
	m.program.host = &host;
	(void)marshal_key(&m);
	ck_assert_int_eq(marshal_try_replay(&m), CKPT_NOMEM);
	ck_assert_ptr_null(buffer);
	free(block);
}
END_TEST

/* ---- a model as libsvm returns it ---- */

struct node {
	int index;
	double value;
};

struct model {
	int count;
	double **coefficients; /* malloc [1], each malloc [count] */
	struct node **vectors; /* malloc [count], each into the input */
};

static struct model *train(struct node **rows, int count)
{
	struct model *model = malloc(sizeof(*model));

	model->count = count / 2;
	model->coefficients = malloc(sizeof(double *));
	model->coefficients[0] = malloc(sizeof(double) * (size_t)count);
	model->vectors = malloc(sizeof(void *) * (size_t)count);
	for (int i = 0; i < model->count; i++) {
		model->coefficients[0][i] = rows[2 * i]->value * 2;
		model->vectors[i] = rows[2 * i];
	}
	return model;
}

static void free_model(struct model *model)
{
	free(model->coefficients[0]);
	free(model->coefficients);
	free(model->vectors);
	free(model);
}

static uint32_t make_node(void)
{
	uint32_t fields[2][2] = {{0, marshal_bytes(&m, 4, 4)},
				 {8, marshal_bytes(&m, 8, 8)}};

	return marshal_struct(&m, 16, CKPT_NODE_FLAT, 2, fields);
}

/* "rows" = "[n]", "rows[]" = "until .index == -1", and the model above. */
static void make_train(void)
{
	struct ckpt_plan_clause clause;
	uint32_t fields[3][2];
	uint32_t count;
	uint32_t node;

	marshal_init(&m);
	m.function.flags = CKPT_FUNCTION_POINTERS;
	node = make_node();
	clause = marshal_clause(node);
	clause.extent = CKPT_EXTENT_UNTIL;
	clause.until = EXPR(&m, ELEMENT(0, 0), LOAD(4, 1), CONST(-1), OP(EQ));
	count = EXPR(&m, GPR(1), LOAD(4, 1));
	marshal_parameter(&m,
			  marshal_array(&m, CKPT_DIR_IN,
					marshal_pointer(&m, clause), count));
	marshal_parameter(&m, marshal_bytes(&m, 4, 4));
	fields[0][0] = 0;
	fields[0][1] = marshal_bytes(&m, 4, 4);
	/* coefficients[]: the count is two extents up. */
	clause = created(marshal_bytes(&m, 8, 8), CKPT_OWNER_MALLOC,
			 EXPR(&m, ELEMENT(1, 0), LOAD(4, 1)));
	clause = created(marshal_pointer(&m, clause), CKPT_OWNER_MALLOC, one());
	fields[1][0] = offsetof(struct model, coefficients);
	fields[1][1] = marshal_pointer(&m, clause);
	clause = created(node, CKPT_OWNER_ALIAS, CKPT_PLAN_NONE);
	clause = created(marshal_pointer(&m, clause), CKPT_OWNER_MALLOC,
			 EXPR(&m, ELEMENT(0, 0), LOAD(4, 1)));
	fields[2][0] = offsetof(struct model, vectors);
	fields[2][1] = marshal_pointer(&m, clause);
	clause = created(marshal_struct(&m, sizeof(struct model), 0, 3, fields),
			 CKPT_OWNER_MALLOC, one());
	marshal_result(&m, marshal_pointer(&m, clause));
}

START_TEST(a_result_graph_with_pointers_into_the_input_comes_back)
{
	static struct node data[12];
	struct node *rows[6];
	struct ckpt_hash128 key;
	struct model *model;

	for (int i = 0; i < 6; i++) {
		rows[i] = &data[2 * i];
		data[2 * i] = (struct node){i, i + 0.5};
		data[2 * i + 1].index = -1;
	}
	make_train();
	m.frame.gpr[0] = (uintptr_t)rows;
	m.frame.gpr[1] = 6;
	key = marshal_key(&m);
	model = train(rows, 6);
	m.frame.result_rax = (uintptr_t)model;
	marshal_capture(&m);
	free_model(model);
	marshal_replay(&m, key);
	model = (struct model *)m.frame.result_rax;
	ck_assert_int_eq(model->count, 3);
	for (int i = 0; i < 3; i++) {
		ck_assert(model->coefficients[0][i] == 2 * (2 * i + 0.5));
		ck_assert_ptr_eq(model->vectors[i], rows[2 * i]);
	}
	free_model(model);
}
END_TEST

/* ---- lists, shared nodes, cycles ---- */

struct link {
	long value;
	struct link *next;
	struct link *back;
};

/* struct link with "next" and "back" one each. */
static uint32_t make_link(uint8_t owner, uint8_t flags)
{
	struct ckpt_plan_clause clause;
	uint32_t fields[3][2];
	uint32_t link = 60; /* chosen before its parts are made */
	uint32_t count = one();

	fields[0][0] = 0;
	fields[0][1] = marshal_bytes(&m, 8, 8);
	clause = marshal_clause(link);
	clause.owner = owner;
	clause.flags = flags;
	clause.count = count;
	fields[1][0] = offsetof(struct link, next);
	fields[1][1] = marshal_pointer(&m, clause);
	fields[2][0] = offsetof(struct link, back);
	fields[2][1] = marshal_pointer(&m, clause);
	m.nodes[link] = m.nodes[marshal_struct(&m, sizeof(struct link),
					       CKPT_NODE_GRAPH, 3, fields)];
	return link;
}

static struct link *make_ring(int count)
{
	struct link *links = calloc((size_t)count, sizeof(*links));

	for (int i = 0; i < count; i++) {
		links[i].value = i;
		links[i].next = &links[(i + 1) % count];
		links[i].back = &links[(i + count - 1) % count];
	}
	return links;
}

static void make_list_reader(void)
{
	marshal_init(&m);
	marshal_parameter(&m, marshal_array(&m, CKPT_DIR_IN,
					    make_link(CKPT_OWNER_CALLER, 0),
					    one()));
}

START_TEST(a_ring_of_a_hundred_thousand_nodes_has_a_key)
{
	struct link *a = make_ring(100000);
	struct link *b = make_ring(100000);
	struct ckpt_hash128 key;

	make_list_reader();
	m.frame.gpr[0] = (uintptr_t)a;
	key = marshal_key(&m);
	m.frame.gpr[0] = (uintptr_t)b;
	ck_assert(marshal_same(key, marshal_key(&m)));
	b[77777].value = 1;
	ck_assert(!marshal_same(key, marshal_key(&m)));
	b[77777].value = 77777;
	b[77777].back = &b[5];
	ck_assert(!marshal_same(key, marshal_key(&m)));
	free(a);
	free(b);
}
END_TEST

START_TEST(a_shared_node_and_two_equal_nodes_differ)
{
	struct link leaf = {7, NULL, NULL};
	struct link copy = {7, NULL, NULL};
	struct link top = {1, &leaf, &leaf};
	struct ckpt_hash128 key;

	make_list_reader();
	m.frame.gpr[0] = (uintptr_t)&top;
	key = marshal_key(&m);
	top.back = &copy;
	ck_assert(!marshal_same(key, marshal_key(&m)));
}
END_TEST

static struct link *make_chain(int count)
{
	struct link *head = NULL;
	struct link *tail = NULL;

	for (int i = 0; i < count; i++) {
		struct link *next = malloc(sizeof(*next));

		*next = (struct link){i, NULL, tail};
		if (tail)
			tail->next = next;
		else
			head = next;
		tail = next;
	}
	return head;
}

static void free_chain(struct link *head)
{
	while (head) {
		struct link *next = head->next;

		free(head);
		head = next;
	}
}

START_TEST(a_long_result_list_with_back_pointers_comes_back)
{
	struct ckpt_plan_clause clause;
	struct ckpt_hash128 key;
	struct link *head;
	struct link *link;
	long i = 0;

	marshal_init(&m);
	m.function.flags = CKPT_FUNCTION_POINTERS;
	clause = created(make_link(CKPT_OWNER_MALLOC, CKPT_CLAUSE_CREATED),
			 CKPT_OWNER_MALLOC, one());
	marshal_result(&m, marshal_pointer(&m, clause));
	key = marshal_key(&m);
	head = make_chain(100000);
	m.frame.result_rax = (uintptr_t)head;
	marshal_capture(&m);
	free_chain(head);
	marshal_replay(&m, key);
	head = (struct link *)m.frame.result_rax;
	for (link = head; link; link = link->next, i++) {
		ck_assert_int_eq(link->value, i);
		ck_assert(!link->next || link->next->back == link);
	}
	ck_assert_int_eq(i, 100000);
	free_chain(head);
}
END_TEST

START_TEST(blocks_that_overlap_are_refused)
{
	struct ckpt_plan_clause clause;
	struct link *block = calloc(2, sizeof(*block));

	marshal_init(&m);
	m.function.flags = CKPT_FUNCTION_POINTERS;
	clause = created(make_link(CKPT_OWNER_MALLOC, CKPT_CLAUSE_CREATED),
			 CKPT_OWNER_MALLOC, one());
	marshal_result(&m, marshal_pointer(&m, clause));
	(void)marshal_key(&m);
	block->next = (struct link *)((char *)block + 8);
	m.frame.result_rax = (uintptr_t)block;
	ck_assert_int_eq(marshal_try_capture(&m), CKPT_UNSUPPORTED);
	ck_assert_int_eq(m.call->refusal.kind, CKPT_REFUSAL_OVERLAP);
	free(block);
}
END_TEST

/* ---- memory given away or moved ---- */

START_TEST(a_block_the_call_frees_is_freed_on_a_hit)
{
	struct ckpt_plan_clause clause;
	struct ckpt_hash128 key;
	char *block = strdup("gone");

	marshal_init(&m);
	clause = marshal_clause(marshal_bytes(&m, 1, 1));
	clause.extent = CKPT_EXTENT_STRING;
	clause.owner = CKPT_OWNER_FREED;
	marshal_parameter(&m, marshal_pointer(&m, clause));
	m.frame.gpr[0] = (uintptr_t)block;
	key = marshal_key(&m);
	free(block);
	marshal_capture(&m);
	block = strdup("gone");
	m.frame.gpr[0] = (uintptr_t)block;
	marshal_replay(&m,
		       key); /* a leak or double free shows under valgrind */
}
END_TEST

struct vector {
	long count;
	long *items;
};

/* "v->items" = "inout [pre(v->count) -> post(v->count)] realloc" */
static void make_append(void)
{
	struct ckpt_plan_clause clause;
	uint32_t fields[2][2];

	marshal_init(&m);
	m.function.flags = CKPT_FUNCTION_POINTERS;
	clause = marshal_clause(marshal_bytes(&m, 8, 8));
	clause.extent = CKPT_EXTENT_GROW;
	clause.direction = CKPT_DIR_INOUT;
	clause.owner = CKPT_OWNER_REALLOC;
	clause.low = EXPR(&m, ELEMENT(0, 0), LOAD(8, 1));
	clause.count = EXPR(&m, ELEMENT(0, 0), LOAD(8, 1));
	fields[0][0] = 0;
	fields[0][1] = marshal_bytes(&m, 8, 8);
	fields[1][0] = offsetof(struct vector, items);
	fields[1][1] = marshal_pointer(&m, clause);
	marshal_parameter(
		&m, marshal_array(&m, CKPT_DIR_INOUT,
				  marshal_struct(&m, 16, 0, 2, fields), one()));
}

static void append(struct vector *v, long extra)
{
	v->items = realloc(v->items, (size_t)(v->count + extra) * sizeof(long));
	for (long i = 0; i < extra; i++)
		v->items[v->count++] = 100 + i;
}

START_TEST(a_block_that_grows_is_replaced)
{
	struct vector v = {2, malloc(16)};
	struct ckpt_hash128 key;

	make_append();
	m.frame.gpr[0] = (uintptr_t)&v;
	v.items[0] = 1;
	v.items[1] = 2;
	key = marshal_key(&m);
	append(&v, 1000);
	marshal_capture(&m);
	v.items = realloc(v.items, 16);
	v.count = 2;
	marshal_replay(&m, key);
	ck_assert_int_eq(v.count, 1002);
	ck_assert_int_eq(v.items[1], 2);
	ck_assert_int_eq(v.items[1001], 1099);
	free(v.items);
}
END_TEST

START_TEST(a_block_that_stays_is_written_in_place)
{
	struct vector v = {2, malloc(16)};
	long *items = v.items;
	struct ckpt_hash128 key;

	make_append();
	m.frame.gpr[0] = (uintptr_t)&v;
	v.items[0] = 1;
	v.items[1] = 2;
	key = marshal_key(&m);
	v.items[0] = 5;
	marshal_capture(&m);
	v.items[0] = 1;
	marshal_replay(&m, key);
	ck_assert_ptr_eq(v.items, items);
	ck_assert_int_eq(v.items[0], 5);
	free(v.items);
}
END_TEST

/* ---- pointers to elsewhere ---- */

START_TEST(a_pointer_to_memory_nobody_described_is_refused)
{
	char *elsewhere = strdup("x");
	char *end = NULL;

	marshal_init(&m);
	marshal_parameter(
		&m, marshal_array(
			    &m, CKPT_DIR_OUT,
			    marshal_pointer(&m, created(marshal_bytes(&m, 1, 1),
							CKPT_OWNER_ALIAS,
							CKPT_PLAN_NONE)),
			    one()));
	m.frame.gpr[0] = (uintptr_t)&end;
	(void)marshal_key(&m);
	end = elsewhere;
	ck_assert_int_eq(marshal_try_capture(&m), CKPT_UNSUPPORTED);
	ck_assert_int_eq(m.call->refusal.kind, CKPT_REFUSAL_UNKNOWN_TARGET);
	free(elsewhere);
}
END_TEST

UNIT_MAIN("capture", a_malloced_string_is_made_anew,
	  a_pointer_the_call_left_null_is_null_again,
	  a_created_pointer_that_leads_into_an_argument_is_no_block,
	  a_stream_cut_anywhere_changes_nothing,
	  an_allocator_that_fails_changes_nothing,
	  a_result_graph_with_pointers_into_the_input_comes_back,
	  a_ring_of_a_hundred_thousand_nodes_has_a_key,
	  a_shared_node_and_two_equal_nodes_differ,
	  a_long_result_list_with_back_pointers_comes_back,
	  blocks_that_overlap_are_refused,
	  a_block_the_call_frees_is_freed_on_a_hit,
	  a_block_that_grows_is_replaced,
	  a_block_that_stays_is_written_in_place,
	  a_pointer_to_memory_nobody_described_is_refused)
