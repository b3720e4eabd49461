/* SPDX-License-Identifier: MIT */
#include "shim/runtime/marshal/difference.h"

#include "shim/runtime/marshal/effect.h"
#include "shim/runtime/marshal/explain.h"
#include "shim/runtime/guest/format.h"

#include <string.h>

enum { PATH_MAX_SIZE = 256, VALUE_MAX_SIZE = 64 };

/* A value in memory, as far as its type is known. */
struct leaf {
	uint64_t off; /* in the extent */
	uint32_t size;
	const char *type;
};

struct comparison {
	const struct ckpt_call *call;
	char *text;
	size_t size;
};

/* ---- values ------------------------------------------------------------- */

/* The value that has the byte at `off` of an element of this node; its start
 * is relative to the element. */
static struct leaf leaf_in(const struct ckpt_program *program, uint32_t node,
			   uint64_t off)
{
	struct leaf leaf = {.size = 1, .type = ""};

	for (uint32_t depth = 0; depth < CKPT_NODE_DEPTH_MAX; depth++) {
		const struct ckpt_plan_node *n = &program->nodes[node];
		uint64_t start = 0;

		if (n->type_name != CKPT_PLAN_NONE)
			leaf.type = program->strings + n->type_name;
		leaf.size = n->size;
		if (n->kind == CKPT_NODE_ARRAY) {
			node = n->first;
			start = program->nodes[node].stride
					? off - off % program->nodes[node]
								  .stride
					: 0;
		} else if (n->kind == CKPT_NODE_STRUCT && n->count) {
			const struct ckpt_plan_field *field =
				&program->fields[n->first];

			for (uint32_t i = 1; i < n->count; i++)
				if (program->fields[n->first + i].off <= off)
					field++;
			node = field->node;
			start = field->off;
		} else {
			break;
		}
		leaf.off += start;
		off -= start;
	}
	return leaf;
}

static struct leaf leaf_at(const struct ckpt_call *call, uint32_t number,
			   uint64_t off)
{
	const struct ckpt_extent *extent = &call->extents[number];
	uint64_t stride = call->program->nodes[extent->node].stride;
	uint64_t inside = stride ? off % stride : off;
	struct leaf leaf = leaf_in(call->program, extent->node, inside);

	leaf.off += off - inside;
	return leaf;
}

/* Digits without floating-point instructions: they would leave marks in the
 * target's status flags. Numbers too large or small for that: their bits. */
static void format_double(uint64_t bits, char *text, size_t size)
{
	int exponent = (int)(bits >> 52 & 0x7ff) - 1075;
	uint64_t mantissa = (bits & (((uint64_t)1 << 52) - 1)) | (uint64_t)1
									 << 52;
	const char *sign = bits >> 63 ? "-" : "";
	uint64_t whole;
	unsigned __int128 fraction;

	if (!(bits << 1)) {
		(void)ckpt_format(text, size, "%s0.0", sign);
		return;
	}
	if (exponent > 10 || exponent < -72) {
		(void)ckpt_format(text, size, "0x%lx", (unsigned long)bits);
		return;
	}
	whole = exponent >= 0 ? mantissa << exponent
			      : (exponent > -64 ? mantissa >> -exponent : 0);
	fraction = exponent >= 0
			   ? 0
			   : mantissa & ((((unsigned __int128)1) << -exponent) -
					 1);
	fraction = exponent >= 0 ? 0 : fraction * 1000000000 >> -exponent;
	(void)ckpt_format(text, size, "%s%lu.%09lu", sign, (unsigned long)whole,
			  (unsigned long)fraction);
}

/* Neither zero nor denormal, infinite or no number. */
static bool is_normal_float(uint64_t bits)
{
	return (bits >> 23 & 0xff) % 0xff;
}

/* The double of the same value. */
static uint64_t widen_float(uint64_t bits)
{
	uint64_t exponent = (bits >> 23 & 0xff) + 1023 - 127;

	return (bits >> 31) << 63 | exponent << 52 | (bits & 0x7fffff) << 29;
}

static void format_bits(const struct leaf *leaf, const uint8_t *value,
			char *text, size_t size)
{
	uint64_t word = 0;

	memcpy(&word, value, leaf->size < 8 ? leaf->size : 8);
	(void)ckpt_format(text, size, "0x%lx", (unsigned long)word);
}

static void format_value(const struct leaf *leaf, const uint8_t *value,
			 char *text, size_t size)
{
	uint64_t word = 0;

	if (leaf->size > sizeof(word)) {
		(void)ckpt_format(text, size, "(%u bytes)", leaf->size);
		return;
	}
	memcpy(&word, value, leaf->size);
	if (!strcmp(leaf->type, "double"))
		format_double(word, text, size);
	else if (!strcmp(leaf->type, "float") && is_normal_float(word))
		format_double(widen_float(word), text, size);
	else if (!strcmp(leaf->type, "float") || leaf->size == 0)
		format_bits(leaf, value, text, size);
	else if (leaf->size == 8 || word >> (leaf->size * 8 - 1) == 0)
		(void)ckpt_format(text, size, "%ld", (long)word);
	else
		(void)ckpt_format(
			text, size, "%ld",
			(long)(word - ((uint64_t)1 << leaf->size * 8)));
}

/* ---- differences -------------------------------------------------------- */

static void write_path(const struct comparison *c, uint32_t number,
		       uint64_t off, char *path, size_t size)
{
	path[0] = 0;
	if (number < c->call->extent_count)
		(void)ckpt_explain_path(c->call, number,
					c->call->extents[number].address + off,
					path, size);
}

static void tell(const struct comparison *c, uint32_t number, uint64_t off,
		 const char *what)
{
	char path[PATH_MAX_SIZE];

	write_path(c, number, off, path, sizeof(path));
	(void)ckpt_format(c->text, c->size, "%s: %s", path, what);
}

/* The same place with other bytes: the first value that differs. */
static void tell_bytes(const struct comparison *c, const struct ckpt_effect *a,
		       const struct ckpt_effect *b)
{
	char path[PATH_MAX_SIZE];
	char was[VALUE_MAX_SIZE];
	char is[VALUE_MAX_SIZE];
	uint64_t at = 0;
	uint64_t off;
	uint64_t back;
	struct leaf leaf;

	while (a->payload[at] == b->payload[at])
		at++;
	off = a->off + at / a->size * a->stride + at % a->size;
	leaf = leaf_at(c->call, a->extent, off);
	back = off - leaf.off;
	write_path(c, a->extent, leaf.off, path, sizeof(path));
	/* A value that is not all in the run (never, by type) has no digits. */
	if (back > at % a->size || at % a->size - back + leaf.size > a->size) {
		tell(c, a->extent, off, "differs");
		return;
	}
	format_value(&leaf, a->payload + at - back, was, sizeof(was));
	format_value(&leaf, b->payload + at - back, is, sizeof(is));
	/* They differ in a digit that is not written. */
	if (!strcmp(was, is)) {
		format_bits(&leaf, a->payload + at - back, was, sizeof(was));
		format_bits(&leaf, b->payload + at - back, is, sizeof(is));
	}
	(void)ckpt_format(c->text, c->size, "%s: %s was %s", path, is, was);
}

static bool is_same_target(const struct ckpt_effect *a,
			   const struct ckpt_effect *b)
{
	return a->target == b->target && a->target_extent == b->target_extent &&
	       a->target_off == b->target_off &&
	       ckpt_hash_equal(a->identity, b->identity);
}

static bool is_same_place(const struct ckpt_effect *a,
			  const struct ckpt_effect *b)
{
	return a->op == b->op && a->extent == b->extent && a->off == b->off &&
	       a->clause == b->clause && a->count == b->count &&
	       a->stride == b->stride && a->bit_off == b->bit_off;
}

/* True if the two are the same; `number` is the extent an ALLOC makes. */
static bool compare(const struct comparison *c, const struct ckpt_effect *a,
		    const struct ckpt_effect *b, uint32_t number)
{
	bool is_block =
		a->op == CKPT_EFFECT_ALLOC || a->op == CKPT_EFFECT_STATIC;

	if (!is_same_place(a, b)) {
		tell(c, is_block ? number : b->extent, b->off,
		     "changed, or did not, as it did when it was recorded");
		return false;
	}
	if (a->size != b->size || a->capacity != b->capacity) {
		tell(c, is_block ? number : b->extent, b->off,
		     "is of another size than when it was recorded");
		return false;
	}
	if (!is_same_target(a, b)) {
		tell(c, is_block ? number : b->extent, b->off,
		     "leads elsewhere than when it was recorded");
		return false;
	}
	if (a->op == CKPT_EFFECT_BITS && a->value != b->value) {
		tell(c, b->extent, b->off, "differs");
		return false;
	}
	if (a->op == CKPT_EFFECT_BYTES &&
	    memcmp(a->payload, b->payload, a->size * a->count) != 0) {
		tell_bytes(c, a, b);
		return false;
	}
	return true;
}

bool ckpt_difference_find(const struct ckpt_call *call, const void *recorded,
			  size_t recorded_size, const void *computed,
			  size_t computed_size, char *text, size_t text_size)
{
	const struct comparison c = {call, text, text_size};
	struct ckpt_effect a = {.op = CKPT_EFFECT_BYTES};
	struct ckpt_effect b = {.op = CKPT_EFFECT_BYTES};
	uint32_t number = call->pre_extent_count;
	struct ckpt_reader old;
	struct ckpt_reader new;
	uint32_t counts[2];

	(void)ckpt_format(text, text_size, "the record cannot be read");
	ckpt_reader_init(&old, recorded, recorded_size);
	ckpt_reader_init(&new, computed, computed_size);
	if (ckpt_effect_open(&old, &counts[0]) ||
	    ckpt_effect_open(&new, &counts[1]) || counts[0] != counts[1])
		return false;
	while (b.op != CKPT_EFFECT_END) {
		if (ckpt_effect_next(&old, &a) || ckpt_effect_next(&new, &b))
			return false;
		if (!compare(&c, &a, &b, number))
			return false;
		number +=
			b.op == CKPT_EFFECT_ALLOC || b.op == CKPT_EFFECT_STATIC;
	}
	text[0] = 0;
	return true;
}
