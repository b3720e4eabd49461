/* SPDX-License-Identifier: MIT */
/* The thunk: arguments and results of every kind. */
#include "tests/unit/thunk_double.h"

#include <complex.h>
#include <immintrin.h>
#include <stdarg.h>

static long twelve_ints(long a, int b, short c, char d, unsigned e, long f,
			long g, int h, short i, unsigned char j, long k, long l)
{
	original_runs++;
	return a + 2 * b + 3 * c + 4 * d + 5L * e + 6 * f + 7 * g + 8 * h +
	       9 * i + 10 * j + 11 * k + 12 * l;
}

START_TEST(twelve_integers_arrive)
{
	__typeof__(&twelve_ints) f = route(7, twelve_ints, CKPT_VECTOR_NONE);

	reset();
	stack_size = 48;
	in_all_verdicts(ck_assert_int_eq(
		f(1, -2, 3, -4, 5, 6, 1L << 40, -8, 9, 10, 11, 12),
		1 - 4 + 9 - 16 + 25 + 36 + (7L << 40) - 64 + 81 + 100 + 121 +
			144));
	ck_assert_uint_eq(seen_route, 7);
}
END_TEST

static double ten_doubles(double a, double b, double c, double d, double e,
			  double f, double g, double h, double i, double j)
{
	original_runs++;
	return a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f + 7 * g + 8 * h +
	       9 * i + 10 * j;
}

START_TEST(ten_doubles_arrive)
{
	__typeof__(&ten_doubles) f = route(1, ten_doubles, CKPT_VECTOR_XMM);

	reset();
	stack_size = 16;
	in_all_verdicts(ck_assert_double_eq(f(1, 2, 3, 4, 5, 6, 7, 8, 9, 10.5),
					    385 + 5));
}
END_TEST

static double sixteen_mixed(int a, double b, long c, float d, short e, double f,
			    long g, float h, int i, double j, long k, double l,
			    char m, double n, long o, float p)
{
	original_runs++;
	return a + 2 * b + 3.0 * c + 4 * d + 5 * e + 6 * f + 7.0 * g + 8 * h +
	       9 * i + 10 * j + 11.0 * k + 12 * l + 13 * m + 14 * n + 15.0 * o +
	       16 * p;
}

START_TEST(sixteen_mixed_arguments_arrive)
{
	__typeof__(&sixteen_mixed) f = route(2, sixteen_mixed, CKPT_VECTOR_XMM);

	reset();
	stack_size = 16;
	in_all_verdicts(ck_assert_double_eq(
		f(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16),
		1496));
}
END_TEST

struct two_longs {
	long a, b;
};
struct long_double_pair {
	long a;
	double b;
};
struct two_doubles {
	double a, b;
};
struct three_bytes {
	char c[3];
};

static struct two_longs give_ll(struct two_longs x)
{
	original_runs++;
	return (struct two_longs){x.b, x.a};
}

static struct long_double_pair give_ld(struct long_double_pair x)
{
	original_runs++;
	return (struct long_double_pair){x.a + 1, x.b + 1};
}

static struct two_doubles give_dd(struct two_doubles x)
{
	original_runs++;
	return (struct two_doubles){x.b, x.a};
}

static struct three_bytes give_three(struct three_bytes x)
{
	original_runs++;
	return (struct three_bytes){{x.c[2], x.c[1], x.c[0]}};
}

START_TEST(structs_in_registers_come_back)
{
	__typeof__(&give_ll) ll = route(3, give_ll, CKPT_VECTOR_NONE);
	__typeof__(&give_ld) ld = route(4, give_ld, CKPT_VECTOR_XMM);
	__typeof__(&give_dd) dd = route(5, give_dd, CKPT_VECTOR_XMM);
	__typeof__(&give_three) three = route(6, give_three, CKPT_VECTOR_NONE);

	reset();
	in_all_verdicts({
		struct two_longs r = ll((struct two_longs){1, 2});
		ck_assert(r.a == 2 && r.b == 1);
	});
	reset();
	in_all_verdicts({
		struct long_double_pair r =
			ld((struct long_double_pair){1, 2.5});
		ck_assert(r.a == 2 && r.b == 3.5);
	});
	reset();
	in_all_verdicts({
		struct two_doubles r = dd((struct two_doubles){1, 2.5});
		ck_assert(r.a == 2.5 && r.b == 1);
	});
	reset();
	in_all_verdicts({
		struct three_bytes r = three((struct three_bytes){"abc"});
		ck_assert(!memcmp(r.c, "cba", 3));
	});
}
END_TEST

struct large {
	long v[6];
};

static struct large give_large(struct large x, int n)
{
	original_runs++;
	for (int i = 0; i < 6; i++)
		x.v[i] += n;
	return x;
}

START_TEST(struct_in_memory_comes_back_with_its_address_in_rax)
{
	__typeof__(&give_large) f = route(8, give_large, CKPT_VECTOR_NONE);
	struct large x = {{1, 2, 3, 4, 5, 6}}, r;

	reset();
	stack_size = sizeof(x);
	verdict = MISS;
	r = f(x, 10);
	ck_assert_int_eq(r.v[0], 11);
	ck_assert_int_eq(r.v[5], 16);
	ck_assert_uint_eq(after_miss.result_rax, after_miss.gpr[0]);
	verdict = BYPASS;
	r = f(x, 20);
	ck_assert_int_eq(r.v[5], 26);
}
END_TEST

static long double give_x87(long double a, int b)
{
	original_runs++;
	return a + b;
}

static _Complex long double give_x87_pair(_Complex long double a)
{
	original_runs++;
	return conjl(a);
}

/* Words of the x87 tag word that are in use: 0 when the stack is empty. */
static unsigned count_x87(void)
{
	struct {
		uint32_t control, status, tag, rest[4];
	} env;
	unsigned used = 0;

	__asm__ volatile("fnstenv %0; fldenv %0" : "+m"(env));
	for (int i = 0; i < 8; i++)
		used += (env.tag >> (2 * i) & 3) != 3;
	return used;
}

START_TEST(x87_results_come_back_and_leave_its_stack_empty)
{
	__typeof__(&give_x87) one = route(9, give_x87, CKPT_VECTOR_NONE);
	__typeof__(&give_x87_pair) two =
		route(10, give_x87_pair, CKPT_VECTOR_NONE);

	for (int i = 0; i < 20; i++) {
		reset();
		stack_size = 16;
		ckpt_thunk_entries[9].x87_count = 1;
		in_all_verdicts(ck_assert(one(1.25L, 2) == 3.25L));
		ck_assert_uint_eq(count_x87(), 0);
		reset();
		stack_size = 32;
		ckpt_thunk_entries[10].x87_count = 2;
		in_all_verdicts({
			_Complex long double r = two(1.5L + 2.5L * I);
			ck_assert(creall(r) == 1.5L && cimagl(r) == -2.5L);
		});
		ck_assert_uint_eq(count_x87(), 0);
	}
}
END_TEST

/* Where the file is not compiled for them, clang passes all wide vectors in
 * memory, also from and to functions that are. */
static uint64_t vectors_on_stack(uint64_t clang_size, uint64_t gcc_size)
{
#ifdef __clang__
	(void)gcc_size;
	return clang_size;
#else
	(void)clang_size;
	return gcc_size;
#endif
}

__attribute__((target("avx"))) static __m256 give_ymm(__m256 a, __m256 b,
						      double c)
{
	original_runs++;
	return _mm256_add_ps(_mm256_add_ps(a, b), _mm256_set1_ps((float)c));
}

__attribute__((target("avx"))) static void call_ymm(void)
{
	__typeof__(&give_ymm) f = route(11, give_ymm, CKPT_VECTOR_YMM);
	__m256 a = _mm256_setr_ps(1, 2, 3, 4, 5, 6, 7, 8);
	float r[8];

	in_all_verdicts({
		_mm256_storeu_ps(r, f(a, a, 100));
		for (int i = 0; i < 8; i++)
			ck_assert_float_eq(r[i], 2.0f * (i + 1) + 100);
	});
}

START_TEST(ymm_arguments_and_results_keep_their_upper_halves)
{
	reset();
	stack_size = vectors_on_stack(2 * 32, 0);
	if (ckpt_thunk_widest() >= CKPT_VECTOR_YMM)
		call_ymm();
}
END_TEST

/* Nine of them: the ninth is on the stack, 64-byte aligned. */
__attribute__((target("avx512f"))) static __m512
give_zmm(__m512 a, __m512 b, __m512 c, __m512 d, __m512 e, __m512 f, __m512 g,
	 __m512 h, __m512 i)
{
	__m512 t = _mm512_add_ps(a, b);

	original_runs++;
	ck_assert_uint_eq((uintptr_t)__builtin_frame_address(0) % 16, 0);
	t = _mm512_add_ps(t, _mm512_add_ps(c, d));
	t = _mm512_add_ps(t, _mm512_add_ps(e, f));
	t = _mm512_add_ps(t, _mm512_add_ps(g, h));
	return _mm512_add_ps(t, i);
}

__attribute__((target("avx512f"))) static void call_zmm(void)
{
	__typeof__(&give_zmm) f = route(12, give_zmm, CKPT_VECTOR_ZMM);
	float v[16], r[16];
	__m512 a;

	for (int i = 0; i < 16; i++)
		v[i] = (float)i;
	a = _mm512_loadu_ps(v);
	in_all_verdicts({
		_mm512_storeu_ps(r, f(a, a, a, a, a, a, a, a, a));
		for (int i = 0; i < 16; i++)
			ck_assert_float_eq(r[i], 9.0f * (float)i);
	});
}

START_TEST(zmm_arguments_arrive_also_on_the_stack)
{
	reset();
	stack_size = vectors_on_stack(9 * 64, 64);
	if (ckpt_thunk_widest() >= CKPT_VECTOR_ZMM)
		call_zmm();
}
END_TEST

static double sum_variadic(int count, ...)
{
	double sum = 0;
	va_list ap;

	original_runs++;
	va_start(ap, count);
	for (int i = 0; i < count; i++)
		sum += i % 2 ? va_arg(ap, double) : (double)va_arg(ap, long);
	va_end(ap);
	return sum;
}

START_TEST(bypassed_variadic_gets_all_its_arguments)
{
	__typeof__(&sum_variadic) f = route(13, sum_variadic, CKPT_VECTOR_ZMM);

	ckpt_thunk_entries[13].vector_width = ckpt_thunk_widest();
	reset();
	verdict = BYPASS;
	ck_assert_double_eq(f(20, 1L, 2., 3L, 4., 5L, 6., 7L, 8., 9L, 10., 11L,
			      12., 13L, 14., 15L, 16., 17L, 18., 19L, 20.),
			    210);
	ck_assert_int_eq(original_runs, 1);
}
END_TEST

UNIT_MAIN("thunk", twelve_integers_arrive, ten_doubles_arrive,
	  sixteen_mixed_arguments_arrive, structs_in_registers_come_back,
	  struct_in_memory_comes_back_with_its_address_in_rax,
	  x87_results_come_back_and_leave_its_stack_empty,
	  ymm_arguments_and_results_keep_their_upper_halves,
	  zmm_arguments_arrive_also_on_the_stack,
	  bypassed_variadic_gets_all_its_arguments)
