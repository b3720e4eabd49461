#!/bin/bash
# SPDX-License-Identifier: MIT
# C++ functions by their demangled names: std::string and std::vector, short
# and long, as arguments and results, a member function; other classes of the
# standard library are refused by name.
. "$(dirname "$0")/calls.sh"

cat >ns.h <<'EOC'
#include <map>
#include <string>
#include <vector>
namespace ns {
struct scaler {
	double factor;
	double of(const std::vector<double> &v) const;
};
int letters(const std::string &s);
int all_letters(const std::vector<std::string> &v);
std::string repeat(const std::string &s, int n);
std::vector<int> squares(int n);
int sizes(const std::map<int, int> &m);
}
EOC
cat >ns.cc <<'EOC'
#include "ns.h"
namespace ns {
double scaler::of(const std::vector<double> &v) const
{
	double sum = 0;
	for (double x : v)
		sum += x * factor;
	return sum;
}
int letters(const std::string &s)
{
	int sum = 0;
	for (char c : s)
		sum = 31 * sum + c;
	return sum;
}
int all_letters(const std::vector<std::string> &v)
{
	int sum = 0;
	for (const std::string &s : v)
		sum = 7 * sum + s.size() + s[0];
	return sum;
}
std::string repeat(const std::string &s, int n)
{
	std::string result;
	for (int i = 0; i < n; i++)
		result += s;
	return result;
}
std::vector<int> squares(int n)
{
	std::vector<int> result;
	for (int i = 0; i < n; i++)
		result.push_back(i * i);
	return result;
}
int sizes(const std::map<int, int> &m) { return m.size(); }
}
EOC
cat >main.cc <<'EOC'
#include "ns.h"
#include <cstdio>
/* Leaves other bytes on the stack each time. */
static void __attribute__((noinline)) soil(int seed)
{
	volatile char bytes[4000];
	for (unsigned i = 0; i < sizeof(bytes); i++)
		bytes[i] = seed * 7 + i;
}
int main(int count, char **)
{
	FILE *random = std::fopen("/dev/urandom", "r");
	soil(std::fgetc(random));
	ns::scaler scaler{2.5};
	std::vector<double> v{1, 2, 3};
	std::printf("%g\n", scaler.of(v));
	v.push_back(count);
	std::printf("%g\n", scaler.of(v));
	std::printf("%d %d\n", ns::letters("short"),
		    ns::letters("a string that is too long to be short"));
	std::printf("%d\n", ns::all_letters({"a", "bc", std::string(40, 'x')}));
	std::string few = ns::repeat("ab", 3), many = ns::repeat("ab", 30);
	few += "!"; /* they are ours to change and to free */
	many += "!";
	std::printf("%s %s\n", few.c_str(), many.c_str());
	std::vector<int> squares = ns::squares(9);
	squares.push_back(-1);
	for (int x : squares)
		std::printf("%d ", x);
	std::printf("%d\n", ns::sizes({{1, 2}}));
}
EOC
configure() {
	cat <<-EOC
		use = ["libstdcxx"]
		[[function]]
		name = "ns::scaler::of"
		$1
		[[function]]
		name = "ns::letters"
		$1
		[[function]]
		name = "ns::all_letters"
		$1
		[[function]]
		name = "ns::repeat"
		$1
		[[function]]
		name = "ns::squares"
		$1
	EOC
}
try() { # COMPILER…
	"$@" -g -fPIC -shared -o libns.so -Wl,-soname,libns.so ns.cc ||
		fail compile
	"$@" -g -o main main.cc -L. -lns -Wl,-rpath,. || fail compile
	expect_calls 8 ./main || fail "$*"
}
try "${CXX:-g++}" -O2
try "${CXX:-g++}" -O0
command -v clang++ >/dev/null && try clang++ -O1 -fstandalone-debug

cat >ckpt.toml <<-EOC
	use = ["libstdcxx"]
	functions = ["ns::sizes"]
EOC
preload ./main >out.refused 2>err.refused
expect_same out.plain out.refused
expect_match 'ns::sizes.*std::map<int, int>' err.refused
expect_match 'this type cannot be marshalled' err.refused
exit 0
