#!/bin/bash
# SPDX-License-Identifier: MIT
# A global that points into the heap is refused, until a contract says what it
# points at: then the content counts, and what the call does to it is done again.
. "$(dirname "$0")/lib.sh"

compile_library table <<'EOF'
#include <stdlib.h>
#include <string.h>
struct entry {
	char tag; /* then padding */
	double weight;
	const char *name;
};
static struct entry *table;
static int table_size;
static int *log_items;
static int log_size;
void fill(int seed)
{
	table_size = 3;
	table = malloc(table_size * sizeof(*table));
	for (int i = 0; i < table_size; i++) {
		table[i].tag = 'a' + i;
		table[i].weight = seed + i;
		table[i].name = strdup(i ? "one" : "first");
	}
	log_items = NULL;
	log_size = 0;
}
double weigh(double x)
{
	double sum = 0;
	for (int i = 0; i < table_size; i++)
		sum += x * table[i].weight + strlen(table[i].name);
	return sum;
}
int note(int item)
{
	log_items = realloc(log_items, (log_size + 1) * sizeof(*log_items));
	log_items[log_size++] = item;
	return log_size;
}
int noted(int i)
{
	return log_items[i];
}
EOF
compile program -L. -ltable -Wl,-rpath,"$PWD" <<'EOF'
#include <stdio.h>
#include <stdlib.h>
void fill(int seed);
double weigh(double x);
int note(int item), noted(int i);
int main(int count, char **arguments)
{
	fill(atoi(arguments[1]));
	printf("%g\n", weigh(2));
	printf("%g\n", weigh(3));
	for (int i = 0; i < 4; i++)
		printf("%d\n", note(10 * i + count));
	for (int i = 0; i < 4; i++)
		printf("%d\n", noted(i));
	return 0;
}
EOF

config <<'EOF'
functions = ["weigh"]
EOF
./program 1 >plain.1
./program 2 >plain.2
preload ./program 1 >out.refused 2>err.refused
expect_same plain.1 out.refused
expect_match 'weigh: .*global without type information holds an address.*line in memory' err.refused

config <<'EOF'
[[function]]
name = "weigh"
[function.memory]
"table" = "in [table_size]"
"table[].name" = "string"
[[function]]
name = "note"
[function.memory]
"log_items" = "[pre(log_size) -> post(log_size)] realloc"
EOF
run() { # SEED
	MALLOC_PERTURB_=$((RANDOM % 255)) preload ./program "$1" \
		>out.run 2>err.run
	expect_same "plain.$1" out.run
	[ ! -s err.run ] || fail 'something was said'
}
run 1
expect_counted misses 6
run 1
expect_counted misses 0
expect_counted hits 6
# Another content is another call, where only the table counts.
run 2
expect_counted misses 2
expect_counted hits 4

config <<'EOF'
[[function]]
name = "weigh"
[function.memory]
"table" = "in [tables_size]"
"table[].name" = "string"
EOF
preload ./program 1 >out.refused 2>err.refused
expect_same plain.1 out.refused
expect_match 'tables_size.: the function has no such parameter, nor a global' \
	err.refused
strip -g libtable.so
sed -i 's/tables_size/table_size/; s/^name.*/&\nsignature = "double weigh(double x)"/' ckpt.toml
preload ./program 1 >out.refused 2>err.refused
expect_same plain.1 out.refused
expect_match 'no debug information tells its type' err.refused
