#!/bin/bash
# SPDX-License-Identifier: MIT
# A C++ function of a stock library without debug information, named as it is
# mangled: its prototype is told in C, with the hidden pointer to the string it
# returns as the first parameter (Itanium C++ ABI 3.1.3.1).
. "$(dirname "$0")/lib.sh"
command -v c++ >/dev/null || skip 'no C++ compiler'
library=$(ldconfig -p | awk '$1 == "libjsoncpp.so.25" {print $NF; exit}')
[ "$library" ] || skip 'no libjsoncpp25'

cat >main.cc <<'EOC'
#include <cstdio>
#include <string>
namespace Json {
std::string valueToQuotedString(const char *value);
}
int main()
{
	std::string few = Json::valueToQuotedString("a\"b");
	std::string many = Json::valueToQuotedString(
		"a text\nthat does not fit into\tthe string itself");
	few += "!"; /* they are ours to change and to free */
	many += "!";
	std::printf("%s %s\n", few.c_str(), many.c_str());
}
EOC
c++ -o main main.cc "$library" || fail 'cannot compile main'
config <<'EOF'
[[function]]
name = "_ZN4Json19valueToQuotedStringB5cxx11EPKc"
indirect = "object"
signature = '''
struct string { char *text; unsigned long size;
	union { char own[16]; unsigned long room; }; };
struct string *f(struct string *result, const char *value);'''
[function.memory]
"result" = "out one"
"return" = "alias result"
"value" = "string"
"result->text" = [
    "alias result->own if result->text == result->own",
    "[result->size + 1] new capacity result->room + 1"]
"result->own" = ["ignore if result->text != result->own", "[result->size + 1]"]
"result->room" = "ignore if result->text == result->own"
EOF
four_runs - ./main
expect_counted hits 2
