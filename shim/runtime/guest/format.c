/* SPDX-License-Identifier: MIT */
#include "shim/runtime/guest/format.h"

#include <stdbool.h>
#include <stdint.h>

struct output {
	char *next;
	char *end; /* one before the place of the NUL */
};

/* One conversion: flags, width, precision, length, letter. */
struct conversion {
	bool is_zero_padded;
	bool is_long; /* l, ll and z: all 64 bits here */
	unsigned width;
	unsigned precision;
	char letter;
};

static void put_char(struct output *out, char c)
{
	if (out->next < out->end)
		*out->next++ = c;
}

static void put_padding(struct output *out, char c, size_t used, size_t width)
{
	while (used++ < width)
		put_char(out, c);
}

static void put_text(struct output *out, const char *text,
		     const struct conversion *conversion)
{
	size_t size = 0;

	if (!text)
		text = "(null)";
	while (size < conversion->precision && text[size])
		size++;
	put_padding(out, ' ', size, conversion->width);
	for (size_t i = 0; i < size; i++)
		put_char(out, text[i]);
}

static void put_number(struct output *out, uint64_t value, bool is_negative,
		       unsigned base, const struct conversion *conversion)
{
	char digits[24];
	size_t count = 0, width = conversion->width;

	do
		digits[count++] = "0123456789abcdef"[value % base];
	while (value /= base);
	if (is_negative && conversion->is_zero_padded) {
		put_char(out, '-');
		width -= width > 0;
	} else if (is_negative) {
		digits[count++] = '-';
	}
	put_padding(out, conversion->is_zero_padded ? '0' : ' ', count, width);
	while (count)
		put_char(out, digits[--count]);
}

static void put_signed(struct output *out, int64_t value,
		       const struct conversion *conversion)
{
	put_number(out, value < 0 ? -(uint64_t)value : (uint64_t)value,
		   value < 0, 10, conversion);
}

static const char *read_digits(const char *format, unsigned *ret)
{
	unsigned value = 0;

	for (; *format >= '0' && *format <= '9'; format++)
		if (value < 1000)
			value = value * 10 + (unsigned)(*format - '0');
	*ret = value;
	return format;
}

/* What stands between '%' and the letter, which it leaves in `ret` too. */
static const char *read_conversion(const char *format, va_list *values,
				   struct conversion *ret)
{
	*ret = (struct conversion){.precision = UINT32_MAX};
	if (*format == '0')
		ret->is_zero_padded = true;
	format = read_digits(format, &ret->width);
	if (*format == '.' && format[1] == '*') {
		ret->precision = (unsigned)va_arg(*values, int);
		format += 2;
	} else if (*format == '.') {
		format = read_digits(format + 1, &ret->precision);
	}
	for (; *format == 'l' || *format == 'z'; format++)
		ret->is_long = true;
	ret->letter = *format;
	return *format ? format + 1 : format;
}

/* False: not one of ours. */
static bool put_conversion(struct output *out, va_list *values,
			   const struct conversion *conversion)
{
	bool is_long = conversion->is_long;

	switch (conversion->letter) {
	case '%':
		put_char(out, '%');
		return true;
	case 'c':
		put_char(out, (char)va_arg(*values, int));
		return true;
	case 's':
		put_text(out, va_arg(*values, const char *), conversion);
		return true;
	case 'd':
	case 'i':
		put_signed(out,
			   is_long ? va_arg(*values, int64_t)
				   : va_arg(*values, int),
			   conversion);
		return true;
	case 'u':
	case 'x':
		put_number(out,
			   is_long ? va_arg(*values, uint64_t)
				   : va_arg(*values, unsigned),
			   false, conversion->letter == 'x' ? 16 : 10,
			   conversion);
		return true;
	case 'p':
		put_char(out, '0');
		put_char(out, 'x');
		put_number(out, (uintptr_t)va_arg(*values, void *), false, 16,
			   conversion);
		return true;
	default:
		return false;
	}
}

size_t ckpt_format_va(char *to, size_t size, const char *format, va_list values)
{
	struct output out = {to, size ? to + size - 1 : to};
	struct conversion conversion;
	const char *start;
	va_list rest;
	bool is_known = true;

	va_copy(rest, values);
	while (*format && is_known) {
		if (*format != '%') {
			put_char(&out, *format++);
			continue;
		}
		start = format;
		format = read_conversion(format + 1, &rest, &conversion);
		is_known = put_conversion(&out, &rest, &conversion);
		if (!is_known)
			while (*start)
				put_char(&out, *start++);
	}
	va_end(rest);
	if (size)
		*out.next = '\0';
	return (size_t)(out.next - to);
}

size_t ckpt_format(char *to, size_t size, const char *format, ...)
{
	va_list values;
	size_t length;

	va_start(values, format);
	length = ckpt_format_va(to, size, format, values);
	va_end(values);
	return length;
}
