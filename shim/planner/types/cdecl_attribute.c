/* SPDX-License-Identifier: MIT */
#include "shim/planner/types/cdecl_attribute.h"
#include "shim/planner/types/cdecl_expr.h"

#include <string.h>

/* These change neither layout nor how arguments are passed. */
static const char *const harmless[] = {
	"access",
	"alloc_align",
	"alloc_size",
	"always_inline",
	"artificial",
	"assume_aligned",
	"cold",
	"const",
	"deprecated",
	"fallthrough",
	"format",
	"format_arg",
	"gnu_inline",
	"hot",
	"leaf",
	"malloc",
	"may_alias",
	"noclone",
	"noinline",
	"nonnull",
	"noreturn",
	"nothrow",
	"pure",
	"returns_nonnull",
	"sentinel",
	"sysv_abi",
	"unused",
	"used",
	"visibility",
	"warn_unused_result",
	"weak",
	"designated_init",
	"nonstring",
	"cdecl",
	"no_instrument_function",
};

/* `name` with or without the underscores around it. */
static bool is_named(const struct ckpt_token *token, const char *name)
{
	const char *text = token->text;
	size_t size = token->size;

	if (size > 4 && memcmp(text, "__", 2) == 0 &&
	    memcmp(text + size - 2, "__", 2) == 0) {
		text += 2;
		size -= 4;
	}
	return strlen(name) == size && memcmp(name, text, size) == 0;
}

static bool is_harmless(const struct ckpt_token *token)
{
	for (size_t i = 0; i < sizeof(harmless) / sizeof(harmless[0]); i++)
		if (is_named(token, harmless[i]))
			return true;
	return false;
}

static uint32_t read_power(struct ckpt_cdecl *p,
			   struct ckpt_type *(*read_type)(struct ckpt_cdecl *p))
{
	int64_t value = ckpt_cdecl_constant(p, read_type);

	if (!p->status &&
	    (value < 1 || value > 1 << 28 || (value & (value - 1))))
		ckpt_cdecl_fail(p, "a power of two was expected, not %lld",
				(long long)value);
	return p->status ? 1 : (uint32_t)value;
}

static void raise(uint32_t *alignment, uint32_t value)
{
	if (value > *alignment)
		*alignment = value;
}

static void read_one(struct ckpt_cdecl *p, struct ckpt_cdecl_attributes *ret,
		     struct ckpt_type *(*read_type)(struct ckpt_cdecl *p))
{
	struct ckpt_token token = p->token;
	uint32_t value = 16; /* aligned without a number: the most there is */

	if (token.kind != CKPT_TOKEN_NAME) {
		ckpt_cdecl_fail(p, "an attribute's name was expected");
		return;
	}
	ckpt_cdecl_next(p);
	if (is_named(&token, "packed")) {
		ret->is_packed = true;
	} else if (is_named(&token, "aligned") ||
		   is_named(&token, "vector_size")) {
		if (ckpt_cdecl_accept(p, "(")) {
			value = read_power(p, read_type);
			ckpt_cdecl_expect(p, ")");
		}
		if (is_named(&token, "aligned"))
			raise(&ret->alignment, value);
		else
			ret->vector_size = value;
	} else if (is_harmless(&token)) {
		if (ckpt_cdecl_is(p, "("))
			ckpt_cdecl_skip_brackets(p);
	} else {
		ckpt_cdecl_fail(p, "attribute '%.*s' is not understood",
				token.size > 40 ? 40 : (int)token.size,
				token.text);
	}
}

static void read_list(struct ckpt_cdecl *p, struct ckpt_cdecl_attributes *ret,
		      struct ckpt_type *(*read_type)(struct ckpt_cdecl *p))
{
	ckpt_cdecl_expect(p, "(");
	ckpt_cdecl_expect(p, "(");
	while (!p->status && !ckpt_cdecl_is(p, ")")) {
		if (!ckpt_cdecl_is(p, ","))
			read_one(p, ret, read_type);
		if (!ckpt_cdecl_accept(p, ","))
			break;
	}
	ckpt_cdecl_expect(p, ")");
	ckpt_cdecl_expect(p, ")");
}

static void read_alignas(struct ckpt_cdecl *p,
			 struct ckpt_cdecl_attributes *ret,
			 struct ckpt_type *(*read_type)(struct ckpt_cdecl *p))
{
	ckpt_cdecl_expect(p, "(");
	raise(&ret->alignment, read_power(p, read_type));
	ckpt_cdecl_expect(p, ")");
}

void ckpt_cdecl_read_attributes(
	struct ckpt_cdecl *p, struct ckpt_cdecl_attributes *ret,
	struct ckpt_type *(*read_type)(struct ckpt_cdecl *p))
{
	while (!p->status) {
		if (ckpt_cdecl_accept(p, "__attribute__") ||
		    ckpt_cdecl_accept(p, "__attribute")) {
			read_list(p, ret, read_type);
		} else if (ckpt_cdecl_accept(p, "_Alignas") ||
			   ckpt_cdecl_accept(p, "alignas")) {
			read_alignas(p, ret, read_type);
		} else if (ckpt_cdecl_is(p, "__asm__") ||
			   ckpt_cdecl_is(p, "asm") ||
			   ckpt_cdecl_is(p, "__asm")) {
			ckpt_cdecl_next(p);
			if (!ckpt_cdecl_is(p, "("))
				ckpt_cdecl_fail(p, "'(' was expected");
			else
				ckpt_cdecl_skip_brackets(p);
		} else if (!ckpt_cdecl_accept(p, "__extension__")) {
			return;
		}
	}
}
