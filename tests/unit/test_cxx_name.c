/* SPDX-License-Identifier: MIT */
#include "shim/planner/types/cxx_name.h"

#include "tests/unit/unit.h"

#include <string.h>

static void check(const char *name, const char *expected)
{
	char text[512];

	ck_assert_uint_lt(strlen(name), sizeof(text));
	(void)strcpy(text, name);
	ckpt_cxx_name_simplify(text);
	ck_assert_str_eq(text, expected);
}

START_TEST(default_arguments_of_the_library_are_left_out)
{
	check("std::vector<double, std::allocator<double> >",
	      "std::vector<double>");
	check("std::__cxx11::basic_string<char, std::char_traits<char>, "
	      "std::allocator<char> >",
	      "std::string");
	check("std::vector<std::__cxx11::basic_string<char, "
	      "std::char_traits<char>, std::allocator<char> >, "
	      "std::allocator<std::__cxx11::basic_string<char, "
	      "std::char_traits<char>, std::allocator<char> > > >",
	      "std::vector<std::string>");
	check("std::map<int, long, std::less<int>, "
	      "std::allocator<std::pair<int const, long> > >",
	      "std::map<int, long>");
	check("std::unique_ptr<int, std::default_delete<int> >",
	      "std::unique_ptr<int>");
}
END_TEST

START_TEST(what_is_no_default_stays)
{
	check("std::vector<int, my::allocator<int> >",
	      "std::vector<int, my::allocator<int>>");
	check("ns::pair<a, b>", "ns::pair<a, b>");
	check("std::function<int (std::allocator<int>)>",
	      "std::function<int (std::allocator<int>)>");
	check("", "");
}
END_TEST

START_TEST(broken_names_do_no_harm)
{
	check("std::vector<double, std::allocator<double",
	      "std::vector<double, std::allocator<double");
	check(", std::less<", ", std::less<");
	check(", std::less<> x", ", std::less<> x");
}
END_TEST

UNIT_MAIN("cxx_name", default_arguments_of_the_library_are_left_out,
	  what_is_no_default_stays, broken_names_do_no_harm)
