#!/bin/bash
# SPDX-License-Identifier: MIT
# std::string and std::vector that a function changes, takes by value or gives
# back: in the room they had, in a new block, exchanged, emptied. The program
# counts its blocks, and sees whether one stayed where it was.
. "$(dirname "$0")/calls.sh"
command -v c++ >/dev/null || skip 'no C++ compiler'

cat >s.h <<'EOC'
#include <string>
#include <vector>
struct person {
	std::string name;
	std::vector<int> marks;
	int age;
};
namespace s {
void append(std::string &s, const std::string &t);
void shrink(std::string &s, std::size_t n);
void exchange(std::string &a, std::string &b);
void take(std::string &to, std::string &from);
std::string quote(std::string s);
std::size_t room(const std::string &s);
std::wstring widen(const std::string &s);
void grow(std::vector<int> &v, int n);
void sort(std::vector<std::string> &v);
void push(std::vector<std::string> &v, const std::string &s);
std::vector<std::string> split(const std::string &s, char at);
std::vector<std::vector<int>> triangle(int n);
void birthday(person &p);
person twin(const person &p);
std::size_t total(const std::vector<std::vector<int>> &v);
void clear(std::vector<std::string> *v);
}
EOC
cat >s.cc <<'EOC'
#include "s.h"
#include <algorithm>
namespace s {
void append(std::string &s, const std::string &t) { s += t; }
void shrink(std::string &s, std::size_t n)
{
	s.resize(n);
	s.shrink_to_fit();
}
void exchange(std::string &a, std::string &b) { a.swap(b); }
void take(std::string &to, std::string &from) { to = std::move(from); }
std::string quote(std::string s)
{
	s.insert(s.begin(), '"');
	s += '"';
	return s;
}
std::size_t room(const std::string &s) { return s.capacity(); }
std::wstring widen(const std::string &s)
{
	return std::wstring(s.begin(), s.end());
}
void grow(std::vector<int> &v, int n)
{
	for (int i = 0; i < n; i++)
		v.push_back(i * i);
}
void sort(std::vector<std::string> &v) { std::sort(v.begin(), v.end()); }
void push(std::vector<std::string> &v, const std::string &s)
{
	v.push_back(s);
}
std::vector<std::string> split(const std::string &s, char at)
{
	std::vector<std::string> parts(1);
	for (char c : s)
		if (c == at)
			parts.emplace_back();
		else
			parts.back() += c;
	return parts;
}
std::vector<std::vector<int>> triangle(int n)
{
	std::vector<std::vector<int>> rows(n);
	for (int i = 0; i < n; i++)
		rows[i].assign(i, i);
	return rows;
}
void birthday(person &p)
{
	p.age++;
	p.name += " the elder";
	p.marks.push_back(p.age);
}
person twin(const person &p) { return p; }
std::size_t total(const std::vector<std::vector<int>> &v)
{
	std::size_t sum = 0;
	for (const auto &row : v)
		for (int x : row)
			sum += x;
	return sum;
}
void clear(std::vector<std::string> *v)
{
	v->clear();
	v->shrink_to_fit();
}
}
EOC
cat >main.cc <<'EOC'
#include "s.h"
#include <cstdio>
#include <cstdlib>
#include <new>
/* Not inlined: what is part of a function's own code is its effect, and a
 * replay that frees by the same operator would count it again. */
#define APART __attribute__((noinline))
static long blocks;
APART void *operator new(std::size_t size)
{
	void *block = std::malloc(size);
	if (!block)
		throw std::bad_alloc();
	blocks++;
	return block;
}
APART void operator delete(void *block) noexcept
{
	blocks -= block != nullptr;
	std::free(block);
}
APART void operator delete(void *block, std::size_t) noexcept
{
	operator delete(block);
}
static void show(const char *what, const std::string &s)
{
	std::printf("%s: %zu/%zu '%s' %c\n", what, s.size(), s.capacity(),
		    s.c_str(), s.c_str()[s.size()] ? '!' : '.');
}
static void show(const char *what, const std::vector<std::string> &v)
{
	std::printf("%s: %zu/%zu", what, v.size(), v.capacity());
	for (const std::string &s : v)
		std::printf(" '%s'", s.c_str());
	std::puts("");
}
static void run(int round)
{
	const std::string longer(40, 'x' + round), shorter(3, 'a' + round);
	std::string s = "12", t, u;
	/* No call is made twice: each is a miss, then a hit. */
	s::append(s, shorter);		/* stays short */
	show("short", s);
	s::append(s, longer);		/* gets a block */
	show("block", s);
	s::append(s, longer);		/* and another */
	show("longer", s);
	t.reserve(100);
	t = "in";
	const char *at = t.data();
	s::append(t, longer);		/* stays in its block */
	show("room", t);
	std::printf("same block %d\n", at == t.data());
	s::exchange(s, t);		/* each gets the other's */
	std::printf("exchanged %d\n", at == s.data());
	show("s", s);
	show("t", t);
	s::exchange(s, u);		/* a block for a short one */
	std::printf("given away %d\n", at == u.data());
	show("s", s);
	s::take(t, u);			/* one block handed on, one freed */
	std::printf("taken %d\n", at == t.data());
	show("u", u);
	s::shrink(t, 3);		/* back into the string */
	show("t", t);
	show("quote", s::quote(shorter));
	show("quote", s::quote(longer));
	u.assign(3, 'u' + round);
	s::append(u, u); /* one string is both */
	show("u", u);
	u += longer;
	s::append(u, u);
	show("u", u);
	show("twice", s::quote(s::quote(longer + "1")));
	t.reserve(64 + round);
	std::printf("room %zu", s::room(t));
	t.reserve(160 + round);
	std::printf(" %zu\n", s::room(t));
	std::printf("%ls %ls\n", s::widen(shorter).c_str(),
		    s::widen(shorter + "a wide string").c_str());

	std::vector<int> v;
	s::grow(v, round);
	s::grow(v, 5);
	v.reserve(64 + round);
	const int *first = v.data();
	s::grow(v, 20);
	std::printf("%zu/%zu %d same block %d\n", v.size(), v.capacity(),
		    v.back(), first == v.data());
	std::vector<std::string> w = s::split(
		shorter + ",long enough for a block,,A", ',');
	show("split", w);
	const char *block = w[1].data();
	s::sort(w);
	show("sorted", w);
	std::printf("same block %d\n", w[3].data() == block);
	s::push(w, longer);		/* moves the strings */
	show("pushed", w);
	std::printf("same block %d\n", w[3].data() == block);
	w.shrink_to_fit();
	s::push(w, w[1]); /* from the block that moves */
	show("pushed", w);
	s::clear(&w);
	show("cleared", w);
	std::vector<std::vector<int>> rows = s::triangle(4 + round);
	rows.back().push_back(7);
	std::printf("%zu rows, %zu\n", rows.size(), s::total(rows));
	person p = {"Ann", {1, 2}, 30 + 7 * round};
	s::birthday(p);
	s::birthday(p);
	person q = s::twin(p);
	q.name += "!";
	std::printf("%s %zu/%zu %d\n", q.name.c_str(), q.marks.size(),
		    q.marks.capacity(), q.age);
}
int main()
{
	std::setvbuf(stdout, nullptr, _IONBF, 0);
	long before = blocks;
	run(0);
	run(1);
	std::printf("%ld blocks left\n", blocks - before);
}
EOC
configure() {
	local name
	for name in append shrink exchange take quote room widen grow sort push \
		split triangle birthday twin total clear; do
		printf '[[function]]\nname = "s::%s"\n%s\n' "$name" "$1"
	done
	echo 'memory = { v = "one" }' # of clear: a pointer, not a reference
}
try() { # COMPILER…
	rm -f ./*.so main
	"$@" -g -fPIC -shared -o libs.so -Wl,-soname,libs.so s.cc ||
		fail compile
	"$@" -g -o main main.cc -L. -ls -Wl,-rpath,. || fail compile
	MALLOC_PERTURB_=85 expect_calls "$CALLS" ./main || fail "$*"
	expect_match '^0 blocks left' out.plain
}
CALLS=62
try "${CXX:-g++}" -O2
try "${CXX:-g++}" -O0
command -v clang++ >/dev/null && try clang++ -O1 -fstandalone-debug
exit 0
