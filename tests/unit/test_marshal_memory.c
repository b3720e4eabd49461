/* SPDX-License-Identifier: MIT */
/*
 * Who owns memory, in the words of contracts: blocks that a call makes, moves,
 * grows or frees, and text in buffers with room to spare.
 */
#include "tests/unit/compile.h"

#include <malloc.h>

/* ---- allocators --------------------------------------------------------- */

static size_t own_count;
static void *own_block;

static void *own_alloc(size_t size)
{
	own_count++;
	return own_block = malloc(size);
}

static void *own_symbol(const struct ckpt_program *program, const char *symbol)
{
	if (!strcmp(symbol, "own_alloc") ||
	    !strcmp(symbol, "_ZnamRKSt9nothrow_t"))
		return (void *)own_alloc;
	if (!strcmp(symbol, "aligned_alloc"))
		return (void *)aligned_alloc;
	return marshal_symbol(program, symbol);
}

static const struct ckpt_program_host own_host = {.symbol = own_symbol};

START_TEST(a_block_of_another_allocator_is_made_with_it)
{
	char *text = strdup("abc");
	struct ckpt_hash128 key;

	compile("char *f(int n);", "[function.memory]\n"
				   "return = \"string allocator own_alloc\"\n");
	m.program.host = &own_host;
	key = marshal_key(&m);
	m.frame.result_rax = (uintptr_t)text;
	marshal_capture(&m);
	marshal_replay(&m, key);
	ck_assert_uint_eq(own_count, 1);
	ck_assert_uint_eq(m.frame.result_rax, (uintptr_t)own_block);
	ck_assert_str_eq((char *)m.frame.result_rax, "abc");
	m.program.host = &marshal_host;
	(void)marshal_key(&m);
	ck_assert_int_ne(marshal_try_replay(&m), CKPT_OK);
	m.frame.result_rax = (uintptr_t)text;
	ck_assert_int_eq(marshal_try_capture(&m), CKPT_UNSUPPORTED);
	ck_assert_int_eq(m.call->refusal.kind, CKPT_REFUSAL_ALLOCATOR);
	free(text);
	free(own_block);
}
END_TEST

START_TEST(an_array_made_with_new_is_made_with_new)
{
	double numbers[] = {1, 2, 3};
	struct ckpt_hash128 key;

	compile("double *f(int n);",
		"[function.memory]\nreturn = \"[n] new[]\"\n");
	m.program.host = &own_host;
	m.frame.gpr[0] = 3;
	key = marshal_key(&m);
	m.frame.result_rax = (uintptr_t)numbers;
	marshal_capture(&m);
	marshal_replay(&m, key);
	ck_assert_uint_eq(own_count, 1);
	ck_assert_mem_eq(own_block, numbers, sizeof(numbers));
	free(own_block);
}
END_TEST

START_TEST(capacity_and_alignment_are_kept)
{
	uint8_t *block = aligned_alloc(256, 1024);
	struct ckpt_hash128 key;

	compile("uint8_t *f(size_t n, size_t room);",
		"[function.memory]\n"
		"return = \"[n] malloc capacity room aligned 256\"\n");
	m.program.host = &own_host;
	m.frame.gpr[0] = 3;
	m.frame.gpr[1] = 1000;
	key = marshal_key(&m);
	m.frame.result_rax = (uintptr_t)memcpy(block, "xyz", 3);
	marshal_capture(&m);
	ck_assert_uint_lt(m.effects.size, 100);
	marshal_replay(&m, key);
	ck_assert_uint_eq(m.frame.result_rax % 256, 0);
	ck_assert_mem_eq((void *)m.frame.result_rax, "xyz", 3);
	ck_assert_uint_ge(malloc_usable_size((void *)m.frame.result_rax), 1000);
	free(block);
	free((void *)m.frame.result_rax);
}
END_TEST

START_TEST(two_results_may_share_a_block)
{
	char *text = strdup("shared");
	char *first = NULL;
	char *second = NULL;
	struct ckpt_hash128 key;

	compile("void f(char **a, char **b);",
		"[function.memory]\na = \"out one\"\nb = \"out one\"\n"
		"\"*a\" = \"string malloc\"\n\"*b\" = \"string malloc\"\n");
	set_pointer(0, &first);
	set_pointer(1, &second);
	key = marshal_key(&m);
	first = second = text;
	marshal_capture(&m);
	first = second = NULL;
	marshal_replay(&m, key);
	ck_assert_ptr_eq(first, second);
	ck_assert_ptr_ne(first, text);
	ck_assert_str_eq(first, "shared");
	free(first);
	free(text);
}
END_TEST

START_TEST(a_pointer_into_another_result_stays_one)
{
	char *text = strdup("key=value");
	char *whole = NULL;
	char *value = NULL;
	struct ckpt_hash128 key;

	compile("void f(char **value, char **whole);",
		"[function.memory]\nvalue = \"out one\"\nwhole = \"out one\"\n"
		"\"*value\" = \"alias *whole\"\n"
		"\"*whole\" = \"string malloc\"\n");
	set_pointer(0, &value);
	set_pointer(1, &whole);
	key = marshal_key(&m);
	whole = text;
	value = text + 4;
	marshal_capture(&m);
	marshal_replay(&m, key);
	ck_assert_ptr_ne(whole, text);
	ck_assert_ptr_eq(value, whole + 4);
	ck_assert_str_eq(value, "value");
	free(whole);
	free(text);
}
END_TEST

/* ---- memory of the caller ----------------------------------------------- */

static int free_count;

static void count_free(void *block)
{
	free_count++;
	free(block);
}

static void *freeing_symbol(const struct ckpt_program *program,
			    const char *symbol)
{
	return strcmp(symbol, "free") ? marshal_symbol(program, symbol)
				      : (void *)count_free;
}

START_TEST(a_block_that_is_handed_over_is_freed_once)
{
	static const struct ckpt_program_host host = {.symbol = freeing_symbol};
	char *text = strdup("gone");
	struct ckpt_hash128 key;

	compile("int f(char *text);",
		"[function.memory]\ntext = \"string freed\"\n");
	m.program.host = &host;
	set_pointer(0, text);
	key = marshal_key(&m);
	free(text);
	m.frame.result_rax = 4;
	marshal_capture(&m);
	set_pointer(0, strdup("gone"));
	marshal_replay(&m, key);
	ck_assert_int_eq(free_count, 1);
	ck_assert_uint_eq(m.frame.result_rax, 4);
}
END_TEST

/* As getline: the line's block grows by realloc, and may be NULL at first. */
START_TEST(a_line_buffer_may_start_as_null_and_grow)
{
	char *line = NULL;
	size_t room = 0;
	struct ckpt_hash128 key;

	compile("long f(char **line, size_t *room);",
		"[function.memory]\nline = \"inout one\"\nroom = \"inout "
		"one\"\n"
		"\"*line\" = \"inout [pre(*room) -> post(*room)] realloc\"\n");
	set_pointer(0, &line);
	set_pointer(1, &room);
	key = marshal_key(&m);
	room = 120;
	line = calloc(1, room);
	strcpy(line, "a line");
	m.frame.result_rax = 6;
	marshal_capture(&m);
	free(line);
	line = NULL;
	room = 0;
	marshal_replay(&m, key);
	ck_assert_uint_eq(room, 120);
	ck_assert_str_eq(line, "a line");
	key = marshal_key(&m);
	strcpy(line, "other");
	marshal_capture(&m);
	strcpy(line, "a line");
	marshal_replay(&m, key);
	ck_assert_str_eq(line, "other");
	free(line);
}
END_TEST

START_TEST(text_in_a_larger_buffer_is_written_up_to_its_end)
{
	char buffer[64];
	struct ckpt_hash128 key;

	compile("int f(char *out, size_t size);",
		"[function.memory]\nout = \"out string max [size]\"\n");
	set_pointer(0, buffer);
	m.frame.gpr[1] = sizeof(buffer);
	memset(buffer, '#', sizeof(buffer));
	key = marshal_key(&m);
	strcpy(buffer, "encoded");
	marshal_capture(&m);
	memset(buffer, '#', sizeof(buffer));
	marshal_replay(&m, key);
	ck_assert_mem_eq(buffer, "encoded\0#", 9);
	memset(buffer, '#', sizeof(buffer));
	(void)marshal_key(&m);
	ck_assert_int_eq(marshal_try_capture(&m), CKPT_UNSUPPORTED);
	ck_assert_int_eq(m.call->refusal.kind, CKPT_REFUSAL_ENDLESS);
}
END_TEST

START_TEST(text_that_grows_in_place_needs_room_that_was_promised)
{
	char buffer[64] = "abc";
	struct ckpt_hash128 key;

	compile("void f(char *text);",
		"[function.memory]\ntext = \"inout string\"\n");
	set_pointer(0, buffer);
	(void)marshal_key(&m);
	strcpy(buffer, "abcdef");
	ck_assert_int_eq(marshal_try_capture(&m), CKPT_UNSUPPORTED);
	compile("void f(char *text, int size);",
		"[function.memory]\ntext = \"inout string max [size]\"\n");
	strcpy(buffer, "abc");
	set_pointer(0, buffer);
	m.frame.gpr[1] = sizeof(buffer);
	key = marshal_key(&m);
	strcpy(buffer, "abcdef");
	marshal_capture(&m);
	strcpy(buffer, "abc");
	marshal_replay(&m, key);
	ck_assert_str_eq(buffer, "abcdef");
}
END_TEST

START_TEST(an_alternative_that_depends_on_an_argument_is_part_of_the_key)
{
	double u[4] = {1, 2, 3, 4};
	struct ckpt_hash128 all, some;

	compile("void f(const char *job, double *u);",
		"[function.memory]\njob = \"one\"\n"
		"u = [\"out [4] if pre(*job) == 'A'\", "
		"\"out [2] if pre(*job) == 'S'\", \"ignore\"]\n");
	set_pointer(0, "A");
	set_pointer(1, u);
	all = marshal_key(&m);
	u[3] = 40;
	marshal_capture(&m);
	u[3] = 4;
	marshal_replay(&m, all);
	ck_assert(u[3] == 40);
	set_pointer(0, "S");
	some = marshal_key(&m);
	ck_assert(!marshal_same(all, some));
	u[1] = 20;
	marshal_capture(&m);
	u[1] = 2;
	u[3] = 9;
	marshal_replay(&m, some);
	ck_assert(u[1] == 20 && u[3] == 9);
	set_pointer(0, "N");
	set_pointer(1, (void *)8);
	some = marshal_key(&m);
	marshal_capture(&m);
	marshal_replay(&m, some);
}
END_TEST

START_TEST(nested_pointers_of_the_caller_are_written_where_they_are)
{
	double a[2] = {1, 2};
	double b[2] = {3, 4};
	double *rows[2] = {a, b};
	struct ckpt_hash128 key;

	compile("void f(double **coords, int n, int dim);",
		"[function.memory]\ncoords = \"in [n]\"\n"
		"\"coords[]\" = \"inout [dim]\"\n");
	set_pointer(0, rows);
	m.frame.gpr[1] = m.frame.gpr[2] = 2;
	key = marshal_key(&m);
	b[1] = 44;
	marshal_capture(&m);
	b[1] = 4;
	marshal_replay(&m, key);
	ck_assert(b[1] == 44 && a[0] == 1);
	rows[1] = a;
	b[1] = 4;
	ck_assert(!marshal_same(key, marshal_key(&m)));
}
END_TEST

START_TEST(an_alias_that_is_there_before_counts_by_its_distance)
{
	double numbers[4] = {1, 2, 3, 4};
	double copy[4] = {1, 2, 3, 4};
	struct ckpt_hash128 key;

	compile("double f(const double *begin, const double *end);",
		"[function.memory]\nbegin = \"bytes end - begin\"\n"
		"end = \"alias begin\"\n");
	set_pointer(0, numbers);
	set_pointer(1, numbers + 3);
	key = marshal_key(&m);
	set_pointer(0, copy);
	set_pointer(1, copy + 3);
	ck_assert(marshal_same(key, marshal_key(&m)));
	set_pointer(1, copy + 2);
	ck_assert(!marshal_same(key, marshal_key(&m)));
	set_pointer(0, copy + 1);
	set_pointer(1, copy);
	ck_assert_int_eq(marshal_refusal(&m), CKPT_REFUSAL_NEGATIVE);
}
END_TEST

/* As strsep: moves a pointer on inside a text that it cuts. */
START_TEST(an_alias_that_the_call_moves_is_input_and_output)
{
	char text[] = "a,b,c";
	char *at = text + 2;
	struct ckpt_hash128 key;

	compile("char *f(char **at, char *text);",
		"[function.memory]\nat = \"inout one\"\n"
		"\"*at\" = \"alias text\"\n"
		"text = \"inout string\"\nreturn = \"alias text\"\n");
	set_pointer(0, &at);
	set_pointer(1, text);
	key = marshal_key(&m);
	at = text;
	ck_assert(!marshal_same(key, marshal_key(&m)));
	at = text + 2;
	(void)marshal_key(&m);
	m.frame.result_rax = (uintptr_t)at;
	at = text + 4;
	marshal_capture(&m);
	at = text + 2;
	marshal_replay(&m, key);
	ck_assert_ptr_eq(at, text + 4);
	ck_assert_uint_eq(m.frame.result_rax, (uintptr_t)(text + 2));
}
END_TEST

START_TEST(memory_that_the_call_unmapped_is_refused_not_read)
{
	char *block = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	compile("void f(char *block);",
		"[function.memory]\nblock = \"inout [1048576]\"\n");
	set_pointer(0, block);
	(void)marshal_key(&m);
	ck_assert_int_eq(munmap(block, 1 << 20), 0);
	ck_assert_int_eq(marshal_try_capture(&m), CKPT_UNSUPPORTED);
	ck_assert_int_eq(m.call->refusal.kind, CKPT_REFUSAL_UNREADABLE);
}
END_TEST

/* ---- pointers in structs by value --------------------------------------- */

struct span {
	double *p;
	long n;
};

struct long_span {
	double *p;
	long n, more;
};

START_TEST(a_struct_by_value_may_lead_to_memory)
{
	double numbers[3] = {1, 2, 3};
	struct long_span large = {numbers, 3, 0};
	struct ckpt_hash128 key;

	compile("struct span { double *p; long n; };\n"
		"void f(struct span v);",
		"[function.memory]\n\"v.p\" = \"inout [v.n]\"\n");
	set_pointer(0, numbers);
	m.frame.gpr[1] = 3;
	key = marshal_key(&m);
	numbers[2] = 30;
	marshal_capture(&m);
	numbers[2] = 3;
	marshal_replay(&m, key);
	ck_assert(numbers[2] == 30);
	compile("struct span { double *p; long n, more; };\n"
		"void f(struct span v);",
		"[[type]]\nname = \"struct span\"\n[type.memory]\n"
		"p = \"inout [n]\"\n");
	memcpy(&m.stack[1], &large, sizeof(large));
	key = marshal_key(&m);
	numbers[0] = 10;
	marshal_capture(&m);
	numbers[0] = 1;
	marshal_replay(&m, key);
	ck_assert(numbers[0] == 10);
	numbers[1] = 0;
	ck_assert(!marshal_same(key, marshal_key(&m)));
}
END_TEST

START_TEST(a_struct_result_may_lead_to_memory)
{
	double numbers[3] = {1, 2, 3};
	struct long_span large = {numbers, 2, 5};
	struct ckpt_hash128 key;
	double *copy;

	compile("struct span { double *p; long n; };\nstruct span f(int a);",
		"[function.memory]\n"
		"\"return.p\" = \"[return.n] malloc\"\n");
	key = marshal_key(&m);
	m.frame.result_rax = (uintptr_t)numbers;
	m.frame.result_rdx = 3;
	marshal_capture(&m);
	m.frame.result_rdx = 0;
	marshal_replay(&m, key);
	copy = (double *)m.frame.result_rax;
	ck_assert_ptr_ne(copy, numbers);
	ck_assert_uint_eq(m.frame.result_rdx, 3);
	ck_assert_mem_eq(copy, numbers, sizeof(numbers));
	free(copy);
	compile("struct span { double *p; long n, more; };\n"
		"struct span f(int a);",
		"[function.memory]\n"
		"\"return.p\" = \"[return.n] malloc\"\n");
	set_pointer(0, &large);
	key = marshal_key(&m);
	m.frame.result_rax = (uintptr_t)&large;
	marshal_capture(&m);
	memset(&large, 0, sizeof(large));
	marshal_replay(&m, key);
	ck_assert_int_eq(large.n, 2);
	ck_assert_int_eq(large.more, 5);
	ck_assert_ptr_ne(large.p, numbers);
	ck_assert_mem_eq(large.p, numbers, 2 * sizeof(double));
	free(large.p);
}
END_TEST

START_TEST(which_of_many_rows_are_the_same_counts_and_their_places_do_not)
{
	enum { ROWS = 40 };
	static double first[ROWS][2], second[2 * ROWS][2];
	double *rows[ROWS];
	struct ckpt_hash128 key, other;

	compile("void f(double **rows, int n);",
		"[function.memory]\nrows = \"in [n]\"\n"
		"\"rows[]\" = \"inout [2]\"\n");
	set_pointer(0, rows);
	m.frame.gpr[1] = ROWS;
	for (int i = 0; i < ROWS; i++)
		rows[i] = first[i];
	rows[7] = rows[30];
	key = marshal_key(&m);
	/* Backwards and further apart: all addresses compare otherwise. */
	for (int i = 0; i < ROWS; i++)
		rows[i] = second[2 * (ROWS - 1 - i)];
	rows[7] = rows[30];
	other = marshal_key(&m);
	ck_assert(marshal_same(key, other));
	rows[7] = rows[31];
	ck_assert(!marshal_same(key, marshal_key(&m)));
	rows[7] = second[1];
	ck_assert(!marshal_same(key, marshal_key(&m)));
}
END_TEST

UNIT_MAIN("marshal_memory", memory_that_the_call_unmapped_is_refused_not_read,
	  a_struct_by_value_may_lead_to_memory,
	  a_struct_result_may_lead_to_memory,
	  which_of_many_rows_are_the_same_counts_and_their_places_do_not,
	  an_alias_that_is_there_before_counts_by_its_distance,
	  an_alias_that_the_call_moves_is_input_and_output,
	  a_block_of_another_allocator_is_made_with_it,
	  an_array_made_with_new_is_made_with_new,
	  capacity_and_alignment_are_kept, two_results_may_share_a_block,
	  a_pointer_into_another_result_stays_one,
	  a_block_that_is_handed_over_is_freed_once,
	  a_line_buffer_may_start_as_null_and_grow,
	  text_in_a_larger_buffer_is_written_up_to_its_end,
	  text_that_grows_in_place_needs_room_that_was_promised,
	  an_alternative_that_depends_on_an_argument_is_part_of_the_key,
	  nested_pointers_of_the_caller_are_written_where_they_are)
