/* SPDX-License-Identifier: MIT */
/*
 * From a C declaration and the lines of a contract to a call served from its
 * record: each function below is also defined here, and what a replay leaves
 * is compared with what that definition left.
 */
#include "tests/unit/compile.h"

#include <fcntl.h>
#include <sys/stat.h>

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

START_TEST(scratch_memory_that_is_also_an_input_is_refused)
{
	double x[6] = {1, 2, 3, 4, 5, 6};

	compile("double f(const double *x, int n, double *work);",
		"[function.memory]\nx = \"[n]\"\nwork = \"scratch [n]\"\n");
	set_pointer(0, x);
	m.frame.gpr[1] = 3;
	set_pointer(2, x + 2);
	ck_assert_int_eq(marshal_refusal(&m), CKPT_REFUSAL_SCRATCH);
	set_pointer(2, x + 3); /* they only meet */
	(void)marshal_key(&m);
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

/* ---- what a pointer only names ------------------------------------------ */

static int digest_type(const int *digest)
{
	return *digest;
}

static void *symbol_with_accessor(const struct ckpt_program *program,
				  const char *symbol)
{
	if (!strcmp(symbol, "digest_type"))
		return (void *)digest_type;
	return marshal_symbol(program, symbol);
}

START_TEST(a_handle_counts_by_what_its_accessor_says)
{
	static const struct ckpt_program_host host = {
		.symbol = symbol_with_accessor};
	int sha1 = 64;
	int other = 64;
	struct ckpt_hash128 key;

	compile("struct md;\nint f(const struct md *digest);",
		"[function.memory]\n"
		"digest = \"handle by digest_type(digest)\"\n");
	set_pointer(0, &sha1);
	ck_assert_int_eq(marshal_refusal(&m), CKPT_REFUSAL_HANDLE);
	m.program.host = &host;
	key = marshal_key(&m);
	set_pointer(0, &other);
	ck_assert(marshal_same(key, marshal_key(&m)));
	other = 672;
	ck_assert(!marshal_same(key, marshal_key(&m)));
}
END_TEST

struct cipher {
	const char *name;
};

static uintptr_t cipher_name(const void *cipher)
{
	return (uintptr_t)((const struct cipher *)cipher)->name;
}

/* Leaves something in the upper half, as a function that returns int may. */
static uintptr_t cipher_size(const void *cipher)
{
	const char *name = ((const struct cipher *)cipher)->name;

	return strlen(name) | (uintptr_t)name << 32;
}

static void *symbol_of_cipher(const struct ckpt_program *program,
			      const char *symbol)
{
	if (!strcmp(symbol, "cipher_name"))
		return (void *)cipher_name;
	if (!strcmp(symbol, "cipher_size"))
		return (void *)cipher_size;
	return marshal_symbol(program, symbol);
}

static const struct ckpt_program_host cipher_host = {.symbol =
							     symbol_of_cipher};

START_TEST(a_handle_may_count_by_text_or_by_a_narrow_number)
{
	char first[] = "aes-128";
	char second[] = "aes-128";
	struct cipher cipher = {first};
	struct ckpt_hash128 key;

	compile("struct cipher;\nint f(const struct cipher *c);",
		"[function.memory]\nc = \"handle by cipher_name(c) as "
		"const char *\"\n");
	m.program.host = &cipher_host;
	set_pointer(0, &cipher);
	key = marshal_key(&m);
	cipher.name = second;
	ck_assert(marshal_same(key, marshal_key(&m)));
	second[0] = 'd';
	ck_assert(!marshal_same(key, marshal_key(&m)));
	cipher.name = NULL;
	ck_assert(!marshal_same(key, marshal_key(&m)));
	compile("struct cipher;\nint f(const struct cipher *c);",
		"[function.memory]\nc = \"handle by cipher_size(c) as int\"\n");
	m.program.host = &cipher_host;
	set_pointer(0, &cipher);
	cipher.name = first;
	key = marshal_key(&m);
	cipher.name = second;
	ck_assert(marshal_same(key, marshal_key(&m)));
}
END_TEST

START_TEST(a_handle_may_stand_behind_a_path)
{
	struct cipher cipher = {"aes"}, other = {"aes"};
	struct {
		int mode;
		struct cipher *cipher;
	} context = {1, &cipher};
	struct ckpt_hash128 key;

	compile("struct cipher; struct context { int mode; "
		"struct cipher *cipher; };\nint f(const struct context *x);",
		"[function.memory]\nx = "
		"\"handle by cipher_name(x->cipher) as char *\"\n");
	m.program.host = &cipher_host;
	set_pointer(0, &context);
	key = marshal_key(&m);
	context.cipher = &other;
	ck_assert(marshal_same(key, marshal_key(&m)));
	other.name = "des";
	ck_assert(!marshal_same(key, marshal_key(&m)));
	context.cipher = NULL;
	ck_assert(!marshal_same(key, marshal_key(&m)));
}
END_TEST

/* ZSTD_outBuffer and its like. */
START_TEST(a_type_may_tell_the_slice_that_the_call_fills)
{
	char bytes[8] = "abc.....";
	struct {
		char *dst;
		size_t size, pos;
	} out = {bytes, sizeof(bytes), 3};
	struct ckpt_hash128 key;

	compile("struct out { char *dst; unsigned long size, pos; };\n"
		"int f(struct out *out);",
		"[function.memory]\nout = \"one\"\n"
		"[[type]]\nname = \"out\"\n[type.memory]\n"
		"dst = \"out [pre(pos) .. post(pos)] max [pre(size)]\"\n");
	set_pointer(0, &out);
	key = marshal_key(&m);
	memcpy(bytes + 3, "def", 3);
	out.pos = 6;
	marshal_capture(&m);
	memcpy(bytes, "ABC.....", 8);
	out.pos = 3;
	marshal_replay(&m, key);
	ck_assert_int_eq(out.pos, 6);
	ck_assert_int_eq(memcmp(bytes, "ABCdef..", 8), 0);
	out.pos = 4;
	ck_assert(!marshal_same(key, marshal_key(&m)));
}
END_TEST

static void write_file(const char *path, const char *text)
{
	static const struct timespec old[2] = {{1000000, 0}, {1000000, 0}};
	FILE *file = fopen(path, "w");

	ck_assert_ptr_nonnull(file);
	ck_assert_int_ge(fputs(text, file), 0);
	ck_assert_int_eq(fclose(file), 0);
	ck_assert_int_eq(utimensat(AT_FDCWD, path, old, 0), 0);
}

START_TEST(a_file_counts_by_its_content)
{
	char path[] = "/tmp/ckpt-marshal-file-XXXXXX";
	char other[64];
	struct ckpt_hash128 key;

	ck_assert_int_ge(mkstemp(path), 0);
	(void)snprintf(other, sizeof(other), "%s-2", path);
	write_file(path, "one");
	write_file(other, "one");
	compile("int f(const char *name);",
		"[function.memory]\nname = \"file\"\n");
	set_pointer(0, path);
	key = marshal_key(&m);
	set_pointer(0, other);
	ck_assert(marshal_same(key, marshal_key(&m)));
	/* Its ctime is of this moment: it could change unseen. */
	ck_assert_int_eq(marshal_try_capture(&m), CKPT_UNSUPPORTED);
	ck_assert_int_eq(m.call->refusal.kind, CKPT_REFUSAL_FILE);
	write_file(other, "two");
	ck_assert(!marshal_same(key, marshal_key(&m)));
	set_pointer(0, "/bin/true");
	(void)marshal_key(&m);
	marshal_capture(&m);
	set_pointer(0, "/dev/null");
	ck_assert_int_eq(marshal_refusal(&m), CKPT_REFUSAL_FILE);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(unlink(other), 0);
}
END_TEST

/* ---- numbers that are addresses ----------------------------------------- */

static enum ckpt_status try_number(uint64_t result)
{
	compile("unsigned long f(void);", "");
	(void)marshal_key(&m);
	m.frame.result_rax = result;
	return marshal_try_capture(&m);
}

START_TEST(a_number_that_is_an_address_of_this_process_is_no_value)
{
	int on_stack = 0;
	char *block = malloc(16);

	ck_assert_int_eq(try_number((uintptr_t)&on_stack), CKPT_UNSUPPORTED);
	ck_assert_int_eq(m.call->refusal.kind, CKPT_REFUSAL_RESULT_ADDRESS);
	ck_assert_int_eq(try_number((uintptr_t)block), CKPT_UNSUPPORTED);
	ck_assert_int_eq(try_number((uintptr_t)try_number), CKPT_UNSUPPORTED);
	free(block);
}
END_TEST

START_TEST(a_number_that_is_no_address_is_a_value)
{
	static const uint64_t numbers[] = {
		0,	    1,		4198400, /* where programs may stand */
		UINT32_MAX, 1ull << 46, 0x4005bf0a8b145769, /* e */
		UINT64_MAX,
	};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		ck_assert_int_eq(try_number(numbers[i]), CKPT_OK);
}
END_TEST

UNIT_MAIN("marshal", a_handle_counts_by_what_its_accessor_says,
	  a_handle_may_count_by_text_or_by_a_narrow_number,
	  a_handle_may_stand_behind_a_path,
	  a_type_may_tell_the_slice_that_the_call_fills,
	  a_file_counts_by_its_content, a_static_string_is_told_again,
	  a_result_inside_an_argument_is_an_alias, brotlis_contract_works,
	  a_slice_starts_where_the_caller_is,
	  one_buffer_given_twice_is_another_call_than_two,
	  scratch_memory_that_is_also_an_input_is_refused,
	  wrong_extents_are_refused_with_their_values,
	  narrow_arguments_count_by_their_own_width,
	  a_struct_by_value_over_both_register_kinds_is_one_input,
	  a_struct_result_over_both_register_kinds_comes_back,
	  a_large_struct_result_is_written_where_the_caller_wants_it,
	  a_long_double_on_the_stack_counts_by_ten_bytes,
	  a_number_that_is_an_address_of_this_process_is_no_value,
	  a_number_that_is_no_address_is_a_value)
