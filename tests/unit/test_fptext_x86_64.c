/* SPDX-License-Identifier: MIT */
#include "tools/fptext_x86_64.h"

#include "tests/unit/unit.h"

/* MXCSR and x87 control word as a process starts with them. */
enum { START_MXCSR = 0x1f80, START_X87 = 0x037f };

static uint32_t control(uint32_t mxcsr, uint32_t x87)
{
	return mxcsr | x87 << 16;
}

static void expect(uint32_t mine, const char *text)
{
	struct ckpt_buf out = {.size = 0};
	bool is_any = ckpt_fptext_compare(mine, control(START_MXCSR, START_X87),
					  &out);

	ckpt_buf_add_u8(&out, 0);
	ck_assert_str_eq((const char *)out.data, text);
	ck_assert_int_eq(is_any, *text != 0);
	ckpt_buf_deinit(&out);
}

START_TEST(each_setting_has_its_line)
{
	expect(control(START_MXCSR, START_X87), "");
	/* _MM_ROUND_UP is 0x4000, FE_UPWARD in the x87 word 0x800. */
	expect(control(START_MXCSR | 0x4000, START_X87 | 0x800),
	       "rounding mode: upward, was to nearest\n"
	       "x87 rounding mode: upward, was to nearest\n");
	/* _MM_FLUSH_ZERO_ON, _MM_DENORMALS_ZERO_ON */
	expect(control(START_MXCSR | 0x8000 | 0x40, START_X87),
	       "flush to zero: on, was off\n"
	       "denormals are zero: on, was off\n");
	expect(control(START_MXCSR, 0x027f),
	       "x87 precision: double, was extended\n");
	/* feenableexcept(FE_DIVBYZERO) */
	expect(control(START_MXCSR & ~0x200U, START_X87 & ~4U),
	       "masks of floating-point exceptions: 0x3b, was 0x3f\n"
	       "masks of x87 exceptions: 0x3b, was 0x3f\n");
}
END_TEST

UNIT_MAIN("fptext_x86_64", each_setting_has_its_line)
