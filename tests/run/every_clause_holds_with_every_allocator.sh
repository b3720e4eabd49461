#!/bin/bash
# SPDX-License-Identifier: MIT
# Each clause of the contract language on a small function, cold and warm, with
# glibc's malloc, the one that checks, and jemalloc: rows, slices, blocks that
# grow, graphs with cycles and of 100,000 nodes, arguments that are the same or
# overlap by one, memory that is freed, code, files, handles, conditions.
. "$(dirname "$0")/lib.sh"

compile_library lang -lm <<'EOF'
#include <stdlib.h>
#include <string.h>
#include <stdio.h>
struct node { int value; struct node *next, *other; };
struct stream { unsigned char *at; size_t room, used; };
struct shape { int kind; union { double radius; struct { int a, b; } box;
	const char *text; } u; };
struct handle { int secret; int kind; };
struct packet { unsigned short size; short cells[]; };
/* rows */
double corner(const double *m, int rows, int columns, int lead)
{
	double sum = 0;
	for (int i = 0; i < rows; i++)
		for (int k = 0; k < columns; k++)
			sum += m[i * lead + k];
	return sum;
}
void scale(double *m, int rows, int columns, int lead, double by)
{
	for (int i = 0; i < rows; i++)
		for (int k = 0; k < columns; k++)
			m[i * lead + k] *= by;
}
/* slices */
int put(struct stream *s, const char *text)
{
	size_t size = strlen(text);
	if (s->used + size > s->room)
		return -1;
	memcpy(s->at + s->used, text, size);
	s->used += size;
	return (int)size;
}
/* blocks that grow */
int push(int **items, int *count, int *room, int item)
{
	if (*count == *room) {
		*room = *room ? 2 * *room : 2;
		*items = realloc(*items, *room * sizeof(**items));
	}
	(*items)[(*count)++] = item;
	return *count;
}
/* graphs */
long walk(const struct node *list)
{
	long sum = 0;
	const struct node *n = list;
	do {
		sum = 31 * sum + n->value + (n->other ? n->other->value : 0);
		n = n->next;
	} while (n && n != list);
	return sum;
}
struct node *ring(int count)
{
	struct node *nodes = NULL, *first = NULL;
	for (int i = 0; i < count; i++) {
		struct node *n = calloc(1, sizeof(*n));
		n->value = i;
		n->next = nodes;
		n->other = first ? first : n;
		first = first ? first : n;
		nodes = n;
	}
	if (first)
		first->next = nodes;
	return nodes;
}
/* arguments that share memory */
void add(double *out, const double *a, const double *b, int n)
{
	for (int i = 0; i < n; i++)
		out[i] = a[i] + b[i];
}
/* scratch over nothing, freed, malloc */
double spread(const double *x, int n, double *work)
{
	double sum = 0;
	for (int i = 0; i < n; i++)
		work[i] = x[i] * x[i];
	for (int i = n; i-- > 0;)
		sum += work[i];
	return sum;
}
char *join(char *text, const char *more)
{
	char *joined = malloc(strlen(text) + strlen(more) + 1);
	strcat(strcpy(joined, text), more);
	free(text);
	return joined;
}
/* unions, code, handles, packets */
double area(const struct shape *s)
{
	if (s->kind == 0)
		return 3 * s->u.radius * s->u.radius;
	return s->kind == 1 ? s->u.box.a * s->u.box.b : strlen(s->u.text);
}
int twice(int x) { return 2 * x; }
int thrice(int x) { return 3 * x; }
int apply(int (*f)(int), int x) { return f(x) + 1; }
int kind_of(const struct handle *h) { return h->kind; }
int use(const struct handle *h, int x) { return h->kind * x; }
int total(const struct packet *p)
{
	int sum = 0;
	for (int i = 0; i < p->size; i++)
		sum += p->cells[i];
	return sum;
}
struct packet *pack(int n)
{
	struct packet *p = malloc(sizeof(*p) + n * sizeof(*p->cells));
	p->size = n;
	for (int i = 0; i < n; i++)
		p->cells[i] = i * i;
	return p;
}
/* conditions */
int divide(int a, int b) { return b ? a / b : -1; }
const char *color(int i)
{
	static const char *const colors[] = {"red", "green", "blue"};
	return colors[i % 3];
}
const char *last(const char *text) { return strrchr(text, ','); }
EOF
compile program -L. -llang -Wl,-rpath,"$PWD" <<'EOF'
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
struct node { int value; struct node *next, *other; };
struct stream { unsigned char *at; size_t room, used; };
struct shape { int kind; union { double radius; struct { int a, b; } box;
	const char *text; } u; };
struct handle { int secret; int kind; };
struct packet { unsigned short size; short cells[]; };
double corner(const double *, int, int, int);
void scale(double *, int, int, int, double);
int put(struct stream *, const char *);
int push(int **, int *, int *, int);
long walk(const struct node *);
struct node *ring(int);
void add(double *, const double *, const double *, int);
double spread(const double *, int, double *);
char *join(char *, const char *);
double area(const struct shape *);
int twice(int), thrice(int), apply(int (*)(int), int);
int use(const struct handle *, int);
int total(const struct packet *);
struct packet *pack(int);
int divide(int, int);
const char *color(int), *last(const char *);
static void free_ring(struct node *n, int count)
{
	while (count--) {
		struct node *next = n->next;
		free(n);
		n = next;
	}
}
int main(void)
{
	double m[20], x[8], work[8];
	for (int i = 0; i < 20; i++)
		m[i] = i;
	printf("%g\n", corner(m + 1, 3, 2, 5));
	scale(m + 1, 3, 2, 5, 0.5);
	for (int i = 0; i < 20; i++)
		printf("%g ", m[i]);
	unsigned char bytes[12] = "...........";
	struct stream s = {bytes, 11, 2};
	int answer = put(&s, "ab");
	printf("\n%d %zu %s", answer, s.used, bytes);
	answer = put(&s, "cdef");
	printf(" %d %zu %s", answer, s.used, bytes);
	answer = put(&s, "ghijkl");
	printf(" %d %zu %s\n", answer, s.used, bytes);
	int *items = NULL, count = 0, room = 0;
	for (int i = 0; i < 9; i++)
		printf("%d ", push(&items, &count, &room, 7 * i));
	printf("%d %d\n", items[8], room);
	free(items);
	struct node *nodes = ring(5);
	printf("%ld %d\n", walk(nodes), nodes->next->other->value);
	nodes->next->value++;
	printf("%ld\n", walk(nodes));
	free_ring(nodes, 5);
	nodes = ring(100000);
	printf("%ld\n", walk(nodes));
	free_ring(nodes, 100000);
	for (int i = 0; i < 8; i++)
		x[i] = i + 1;
	add(x, x, x, 3);		/* one and the same */
	add(x + 1, x, x + 2, 4);	/* all overlap by some */
	add(x + 2, x, x + 4, 3);	/* by one element */
	for (int i = 0; i < 8; i++)
		printf("%g ", x[i]);
	printf("%g ", spread(x, 8, work));
	printf("%g ", spread(x, 4, x));	/* scratch over what is read */
	printf("%g ", spread(x, 4, x + 3)); /* by one element */
	for (int i = 0; i < 8; i++)
		printf("%g ", x[i]);
	puts("");
	char *text = join(strdup("one"), ",two");
	text = join(text, ",three");
	printf("%s %s\n", text, last(text));
	free(text);
	struct shape shapes[] = {{0, {.radius = 2}}, {1, {.box = {3, 4}}},
				 {2, {.text = "text"}}};
	for (int i = 0; i < 3; i++)
		printf("%g ", area(&shapes[i]));
	struct handle handle = {rand(), 6};
	printf("%d %d %d\n", apply(twice, 5), apply(thrice, 5), use(&handle, 7));
	struct packet *p = pack(30);
	printf("%d\n", total(p));
	free(p);
	printf("%d %d %d ", divide(7, 2), divide(7, 0), divide(-7, 2));
	printf("%s %s %s\n", color(0), color(4), last("a,b"));
	return 0;
}
EOF
config <<'EOF'
[[function]]
name = "corner"
memory = { m = "rows(rows, columns, step lead)" }
[[function]]
name = "scale"
memory = { m = "rows(rows, columns, step lead)" }
[[function]]
name = "put"
memory = { s = "one", text = "string" }
[[type]]
name = "stream"
memory = { at = "out [pre(used) .. post(used)] max [pre(room)]" }
[[function]]
name = "push"
[function.memory]
items = "one"
count = "one"
room = "one"
"*items" = "[pre(*count) -> post(*count)] realloc capacity *room"
[[function]]
name = "walk"
memory = { list = "one" }
[[function]]
name = "ring"
memory = { return = "one malloc" }
[[type]]
name = "const node"
memory = { next = "in one", other = "in one" }
[[type]]
name = "node"
memory = { next = "one malloc", other = "one malloc" }
[[function]]
name = "add"
memory = { out = "out [n]", a = "[n]", b = "[n]" }
[[function]]
name = "spread"
memory = { x = "[n]", work = "scratch [n]" }
[[function]]
name = "join"
memory = { text = "string freed", more = "string", return = "string malloc" }
[[function]]
name = "area"
[function.memory]
s = "one"
"s->u" = ["member radius if s->kind == 0", "member box if s->kind == 1", "member text"]
"s->u.text" = "string"
[[function]]
name = "use"
memory = { h = "handle by kind_of(h) as int" }
[[function]]
name = "total"
memory = { "p->cells" = "[p->size]" }
[[function]]
name = "pack"
memory = { return = "one malloc", "return->cells" = "[return->size]" }
[[function]]
name = "divide"
require = "b != 0 || a > 0"
bypass_if = "b == 0"
store_if = "return > 0"
[[function]]
name = "color"
memory = { return = "string static" }
[[function]]
name = "last"
memory = { text = "string", return = "alias text" }
# A function that is passed may be in any object, also in the allocator.
[[function]]
name = "apply"
indirect = "object"
memory = { f = "code" }
EOF

# What the allocators leave in fresh memory must not matter.
try() { # COMMAND…
	local run
	rm -rf .ckpt
	"$@" ./program >plain || fail "$*"
	for run in cold warm; do
		"$@" env LD_PRELOAD="$LIBRARY${EXTRA:+ $EXTRA}" \
			./program >"out.$run" 2>"err.$run" || fail "$run: $*"
		expect_same plain "out.$run"
		# What is left in scratch memory can be seen.
		expect_match 'spread: work: scratch memory is also' "err.$run"
		expect_no_match '^ckpt: ([^s]|scale)' "err.$run"
	done
	# divide(-7, 2) is never kept, and divide(7, 0) never looked at.
	expect_counted misses 1
	expect_counted bypassed 2
	expect_counted refused 2 spread
	[ "$(counted hits)" -gt 35 ] || fail "only $(counted hits) hits"
}
EXTRA='' try env MALLOC_PERTURB_=$((RANDOM % 255 + 1))
sed -i '/^# A function that is passed/,$d' ckpt.toml
debug=/usr/lib/x86_64-linux-gnu/libc_malloc_debug.so.0
if [ -e $debug ]; then
	EXTRA=$debug try env MALLOC_CHECK_=3
fi
jemalloc=/usr/lib/x86_64-linux-gnu/libjemalloc.so.2
if [ -e $jemalloc ]; then
	EXTRA=$jemalloc try env MALLOC_CONF=junk:true
fi
exit 0
