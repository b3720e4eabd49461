#!/bin/bash
# SPDX-License-Identifier: MIT
# What is computed anew and what is not when the code around a function
# changes: the table in README. All cases stand in one source, each with the
# names of its own (single letters, but x and y), so that while one of them
# changes all others do as well. Built with gcc and clang, -O0 and -O2, as a
# library, as a program and as one at a fixed address.
. "$(dirname "$0")/lib.sh"

# hit, miss: with version 1. near, whole: a miss, and it may also be computed anew when its
# neighbours in memory move, or anything.
names=() expected=() texts=() changed=()
expect() { # hit|miss|optimised|near|whole NAME V0 V1
	expected+=("$1") names+=("$2") texts+=("$3") changed+=("$4")
}

expect hit 'parameter renamed' \
	'int f(int x) { return x * 3 / 7 + 1; }' \
	'int f(int y) { return y * 3 / 7 + 1; }'
expect hit 'local and global renamed' \
	'int a = 5; int f(int x) { int l = x * a; return l + 1; }' \
	'int b = 5; int f(int x) { int m = x * b; return m + 1; }'
expect hit 'function renamed' \
	'int f(int x) { return x * 7 + 2; }' \
	'#define F r
	 int r(int x) { return x * 7 + 2; }'
expect hit 'comments, typedef, const, formatting' \
	'int f(int x) { int y = x ^ 5; return y * 9; }' \
	'typedef int d; /* new */
	 d f(const d x)
	 { const d y = x ^ 5; /* more */ return y * 9; }'
expect hit 'value of an unreferenced global' \
	'int u = 1; int f(int x) { return x * 13 + 1; }' \
	'int u = 2; int f(int x) { return x * 13 + 1; }'
expect hit 'unrelated functions, data and strings added' \
	'int g = 3; static const char t[] = "t";
	 int f(int x) { return x * g + t[0]; }' \
	'int h[99] = {4}; int o(int x) { return h[x] * 7; }
	 const char *w(void) { return "unrelated"; }
	 static const char z[] = "more"; char p(int x) { return z[x & 3]; }
	 int g = 3; static const char t[] = "t";
	 int f(int x) { return x * g + t[0]; }'
expect hit 'unrelated functions, data and strings removed' \
	'int h[99] = {4}; int o(int x) { return h[x] * 7; }
	 const char *w(void) { return "unrelated, too"; }
	 int f(int x) { return "wxyz"[x & 3] + 11; }' \
	'int f(int x) { return "wxyz"[x & 3] + 11; }'
expect hit 'callee renamed' \
	'__attribute__((noinline)) int g(int x) { return x * x; }
	 int f(int x) { return g(x) + 1; }' \
	'__attribute__((noinline)) int h(int x) { return x * x; }
	 int f(int x) { return h(x) + 1; }'
expect hit 'order of functions and variables' \
	'static const short t[] = {3, 1, 4, 1}; static int n[4] = {2}; int *l = n;
	 __attribute__((noinline)) static int g(int x) { return t[x & 3] * 2; }
	 __attribute__((noinline)) static int h(int x) { return n[x & 3] - 5; }
	 int f(int x) { return g(x) + h(x); }' \
	'static int n[4] = {2}; int *l = n;
	 __attribute__((noinline)) static int h(int x) { return n[x & 3] - 5; }
	 static const short t[] = {3, 1, 4, 1};
	 __attribute__((noinline)) static int g(int x) { return t[x & 3] * 2; }
	 int f(int x) { return g(x) + h(x); }'
# y = x + 1; return y is the same code once it is optimised.
expect optimised 'a variable for the result' \
	'int f(int x) { int y = x * 21 + 1; return y; }' \
	'int f(int x) { return x * 21 + 1; }'

expect miss 'logic' \
	'int f(int x) { return x * 5 / 3 + 1; }' \
	'int f(int x) { return x * 5 / 3 + 2; }'
expect miss 'value of a referenced global' \
	'int g = 1; int f(int x) { return x * 17 + g; }' \
	'int g = 2; int f(int x) { return x * 17 + g; }'
expect miss 'value of a referenced static variable' \
	'static int g = 1; void s(int x) { g = x; }
	 int f(int x) { return x * 19 + g; }' \
	'static int g = 2; void s(int x) { g = x; }
	 int f(int x) { return x * 19 + g; }'
expect miss 'initial value of a thread-local variable' \
	'static __thread int g = 1; void s(int x) { g = x; }
	 int f(int x) { return x * 23 + g; }' \
	'static __thread int g = 2; void s(int x) { g = x; }
	 int f(int x) { return x * 23 + g; }'
expect hit 'initial value of another thread-local variable' \
	'static __thread int g = 1, h = 3; void s(int x) { g = h = x; }
	 int f(int x) { return x * 29 + g; }' \
	'static __thread int g = 1, h = 4; void s(int x) { g = h = x; }
	 int f(int x) { return x * 29 + g; }'
expect miss 'double constant' \
	'int f(int x) { return (int)(x * 3.25); }' \
	'int f(int x) { return (int)(x * 3.75); }'
expect miss 'string' \
	'int f(int x) { return "abcdefgh"[x & 7]; }' \
	'int f(int x) { return "abcdXfgh"[x & 7]; }'
expect miss 'string behind a pointer' \
	'static const char *const t[] = {"one", "two", "three", "four"};
	 int f(int x) { return t[x & 3][2]; }' \
	'static const char *const t[] = {"one", "two", "three", "fouR"};
	 int f(int x) { return t[x & 3][2]; }'
expect miss 'constant table' \
	'static const int t[] = {1, 2, 3, 4};
	 int f(int x) { return t[x & 3] + 6; }' \
	'static const int t[] = {1, 2, 3, 5};
	 int f(int x) { return t[x & 3] + 6; }'
expect miss 'switch' \
	'int f(int x) { switch (x) { case 0: return 3; case 1: return 9;
	 case 2: return 4; case 3: return 8; case 4: return 5; }
	 return x; }' \
	'int f(int x) { switch (x) { case 0: return 3; case 1: return 9;
	 case 2: return 4; case 3: return 7; case 4: return 5; }
	 return x; }'
expect miss 'switch that jumps' \
	'int g(int x); int f(int x) { switch (x) { case 0: return g(3);
	 case 1: return x * 9; case 2: return 4 - g(x); case 3: return x ^ 8;
	 case 4: return g(x) * 5; case 5: return 7; case 6: return g(9) / 3; }
	 return x; }
	 __attribute__((noinline)) int g(int x) { return x - 6; }' \
	'int g(int x); int f(int x) { switch (x) { case 0: return g(3);
	 case 2: return x * 9; case 1: return 4 - g(x); case 3: return x ^ 8;
	 case 4: return g(x) * 5; case 5: return 7; case 6: return g(9) / 3; }
	 return x; }
	 __attribute__((noinline)) int g(int x) { return x - 6; }'
expect miss 'callee of a callee' \
	'__attribute__((noinline)) static int h(int x) { return x; }
	 __attribute__((noinline)) static int g(int x) { return h(x)*2; }
	 int f(int x) { return g(x) + 3; }' \
	'__attribute__((noinline)) static int h(int x) { return x+9; }
	 __attribute__((noinline)) static int g(int x) { return h(x)*2; }
	 int f(int x) { return g(x) + 3; }'
expect miss 'callee through the linkage table' \
	'int g(int x); int f(int x) { return g(x) + 4; }
	 __attribute__((noipa, used)) int g(int x) { return x * 31; }' \
	'int g(int x); int f(int x) { return g(x) + 4; }
	 __attribute__((noipa, used)) int g(int x) { return x * 33; }'
expect miss 'callee in another library' \
	'#include <math.h>
	 int f(int x) { return (int)(100 * sin(x + 0.5)); }' \
	'#include <math.h>
	 int f(int x) { return (int)(100 * cos(x + 0.5)); }'
expect miss 'callee in a constant table of pointers' \
	'static int g(int x) { return x; } static int h(int x) { return -x; }
	 static int (*const t[])(int) = {g, h};
	 int f(int x) { return t[x & 1](x); }' \
	'static int g(int x) { return x; } static int h(int x) { return ~x; }
	 static int (*const t[])(int) = {g, h};
	 int f(int x) { return t[x & 1](x); }'
expect whole 'callee in a variable table of pointers' \
	'static int g(int x) { return x; } static int h(int x) { return -x; }
	 static int (*t[])(int) = {g, h};
	 int f(int x) { return t[x & 1](x) + 1; }' \
	'static int g(int x) { return x; } static int h(int x) { return ~x; }
	 static int (*t[])(int) = {g, h};
	 int f(int x) { return t[x & 1](x) + 1; }'
# Compilers point before a table where its index begins above zero.
expect near 'constant table whose loop points before it' \
	'const int u[] = {9, 8, 7, 6, 5}; static const int t[9] = {1, 2, 3, 4};
	 int f(int x) { int s = x; for (int i = x; i > 0; i--) s = s * 3 + t[i - 1];
	 return s; } int e(int x) { return u[x & 3]; }' \
	'const int u[] = {9, 8, 7, 6, 5}; static const int t[9] = {1, 5, 3, 4};
	 int f(int x) { int s = x; for (int i = x; i > 0; i--) s = s * 3 + t[i - 1];
	 return s; } int e(int x) { return u[x & 3]; }'
expect near 'variable whose loop points before it' \
	'int u[5] = {9, 8, 7, 6, 5}; static int t[9] = {1, 2, 3, 4};
	 int f(int x) { int s = x; for (int i = x; i > 0; i--) s = s * 5 + t[i - 1];
	 return s; } int e(int x) { t[x & 7]++; return u[x & 3]; }' \
	'int u[5] = {9, 8, 7, 6, 5}; static int t[9] = {1, 5, 3, 4};
	 int f(int x) { int s = x; for (int i = x; i > 0; i--) s = s * 5 + t[i - 1];
	 return s; } int e(int x) { t[x & 7]++; return u[x & 3]; }'
expect miss 'table by letters' \
	'static const short t[26] = {3, 1, 4, 1, 5, 9, 2, 6};
	 int f(int x) { char w[] = {x + 99, 98, x + 97}; int s = 0;
	 for (int i = 0; i < 3; i++) s = s * 7 + t[w[i] - 97]; return s; }' \
	'static const short t[26] = {3, 1, 4, 1, 8, 9, 2, 6};
	 int f(int x) { char w[] = {x + 99, 98, x + 97}; int s = 0;
	 for (int i = 0; i < 3; i++) s = s * 7 + t[w[i] - 97]; return s; }'
expect near 'table read from its end' \
	'static const int t[40] = {1, [37] = 8, 9, 7}; const int z[] = {5, 6, 7};
	 int f(int x) { int s = x; for (int i = 39; i >= 30; i--)
	 s = s * 3 + t[i]; return s; } int e(int x) { return z[x & 1]; }' \
	'static const int t[40] = {1, [37] = 8, 5, 7}; const int z[] = {5, 6, 7};
	 int f(int x) { int s = x; for (int i = 39; i >= 30; i--)
	 s = s * 3 + t[i]; return s; } int e(int x) { return z[x & 1]; }'
expect miss 'recursive callee' \
	'static int g(int x) { return x < 2 ? 1 : x * g(x - 1); }
	 int f(int x) { return g(x) + 2; }' \
	'static int g(int x) { return x < 2 ? 2 : x * g(x - 1); }
	 int f(int x) { return g(x) + 2; }'

# One source of all cases, in two parts, and what the program calls.
write_source() { # VERSION
	local version=$1 i letter text
	: >"even$version.c"
	: >"odd$version.c"
	: >"calls$version.h"
	for i in "${!names[@]}"; do
		[ "$version" = 0 ] && text=${texts[i]} || text=${changed[i]}
		{
			for letter in {a..w} z; do
				echo "#undef $letter"
				echo "#define $letter ${letter}_$i"
			done
			echo "$text"
		} | if ((i % 2)); then cat >>"odd$version.c"
		else cat >>"even$version.c"; fi
		case $text in
		'#define F r'*) echo "CALL(r_$i)" ;;
		*) echo "CALL(f_$i)" ;;
		esac >>"calls$version.h"
	done
	sed -i '/#define F r/d' "even$version.c" "odd$version.c"
}

cat >main.c <<'EOF'
#include <stdio.h>
#define CALL(f) int f(int);
#include CALLS
#undef CALL
#define CALL(f) f,
static int (*const calls[])(int) = {
#include CALLS
};
int main(void)
{
	for (unsigned i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		for (int x = 0; x < 4; x++)
			printf("%u %d %d\n", i, x, calls[i](x));
	return 0;
}
EOF

cat >main.c <<'EOF'
#include <stdio.h>
#define CALL(f) int f(int);
#include CALLS
#undef CALL
#define CALL(f) f,
static int (*const calls[])(int) = {
#include CALLS
};
int main(void)
{
	for (unsigned i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		for (int x = 0; x < 4; x++)
			printf("%u %d %d\n", i, x, calls[i](x));
	return 0;
}
EOF
cat >added.c <<'EOF'
int added_array[77] = {1};
static int added_function(int x) { return added_array[x] * 7; }
const char *added_text(int x) { return x ? "added" : "text"; }
int added(int x) { return added_function(x) + added_text(x)[1]; }
EOF

export LD_BIND_NOW=1
compiler='' kind=''
# The program of a version, or its library and a program that needs it.
build() { # VERSION VARIANT
	local parts=("even$1.c" "odd$1.c") flags=() wanted=(-w -g)
	case ${2-} in
	reversed) parts=("odd$1.c" "even$1.c") ;;
	added) parts=(added.c "${parts[@]}") ;;
	prelinked) flags=("-Wl,-z,lazy") ;;
	?*) flags=("$2") ;;
	esac
	wanted+=("-DCALLS=\"calls$1.h\"")
	rm -f libcase.so case
	# shellcheck disable=SC2086 # a compiler with its level
	case $kind in
	library)
		$compiler "${wanted[@]}" -shared -fPIC -o libcase.so \
			-Wl,-soname,libcase.so "${parts[@]}" "${flags[@]}" \
			-lm &&
			$compiler "${wanted[@]}" -o case main.c -L. -lcase \
				-Wl,-rpath,. -lm
		;;
	program)
		$compiler "${wanted[@]}" -fPIE -pie -o case main.c \
			"${parts[@]}" "${flags[@]}" -lm
		;;
	fixed)
		$compiler "${wanted[@]}" -fno-pie -no-pie -o case main.c \
			"${parts[@]}" "${flags[@]}" -lm
		;;
	esac || fail "$compiler $kind: cannot compile version $*"
	[ "${2-}" != prelinked ] || prelink
}
# The words that the loader sets (at once, LD_BIND_NOW) have other contents in
# the file, as prelink leaves them.
prelink() {
	local file=libcase.so section=.got.plt
	[ $kind = library ] || file=case
	objcopy -O binary --only-section=$section "$file" words &&
		tr '\0' '\125' <words >filled &&
		objcopy --update-section $section=filled "$file" ||
		fail "$compiler $kind: cannot prelink"
}

# Plain and preloaded, and the hits of each case.
run_version() {
	./case >plain 2>&1
	preload ./case >out 2>err.run
	expect_same plain out
	ckpt stats --json --last-run >stats.json || fail 'ckpt stats fails'
	jq -r '.functions[] | "\(.name) \(.hits) \(.stored)"' stats.json >hits
}
hits_of() { # NUMBER
	awk -v n="$1" '{ split($1, part, "_") } part[2] == n { s += $2 }
		END { print s + 0 }' hits
}

wrong=0
tell() {
	echo "$compiler $kind: $*"
	wrong=$((wrong + 1))
}

# At a fixed address, where a load may be of a number as well, what moves may
# count; so may, where a loop points beside its table, its neighbours.
may_move() { # NUMBER WHAT
	case $2 in
	-g0 | -s | 'the same again' | 'back again' | 'in another directory')
		false
		;;
	*) [[ $kind == fixed || ${expected[$1]} =~ near|whole ]] ;;
	esac
}

# Every case is served: WHAT leaves the meaning of all as it was.
expect_all() { # WHAT
	local i
	run_version
	for i in "${!names[@]}"; do
		[ "$(hits_of "$i")" = 4 ] || may_move "$i" "$1" ||
			tell "${names[i]}: no hit: $1"
	done
}

check_changes() { # each case of version 1 against its expectation
	local i hits
	run_version
	for i in "${!names[@]}"; do
		hits=$(hits_of "$i")
		case ${expected[i]} in
		hit) [ "$hits" = 4 ] || [ $kind = fixed ] ;;
		miss | near | whole) [ "$hits" = 0 ] ;;
		optimised) [[ $compiler != *-O2 || $hits == 4 ]] ;;
		esac || tell "${names[i]}: $hits hits"
	done
}

check_build() { # COMPILER KIND
	local i variant
	compiler=$1 kind=$2
	rm -rf .ckpt elsewhere
	build 0
	run_version
	for i in "${!names[@]}"; do
		grep -q "_$i .* 4\$" hits || tell "${names[i]}: not recorded"
	done
	expect_all 'the same again'
	for variant in -g0 -s reversed added -Wl,-z,max-page-size=65536 \
		-Wl,--build-id=none -Wl,-Ttext-segment=0x7000000 prelinked; do
		[ "$variant/$kind" != prelinked/fixed ] || continue
		build 0 "$variant"
		expect_all "$variant"
	done
	build 1
	check_changes
	build 0
	expect_all 'back again'
	mkdir elsewhere
	mv case elsewhere
	[ $kind != library ] || mv libcase.so elsewhere
	cp -r .ckpt ckpt.toml elsewhere
	cd elsewhere || exit 1
	expect_all 'in another directory'
	cd .. || exit 1
}

for i in "${!names[@]}"; do
	for name in f r; do
		printf '[[function]]\nname = "%s_%s"\n' $name "$i"
		printf 'signature = "int %s_%s(int x)"\n' $name "$i"
	done
done >ckpt.toml
write_source 0
write_source 1
check_build "$CC -O2" library
check_build 'clang -O2' program
check_build "$CC -O0" program
check_build 'clang -O0' library
if [ "${CKPT_TEST_FULL-}" ]; then
	check_build "$CC -O2" program
	check_build 'clang -O2' library
	check_build "$CC -O0" library
	check_build 'clang -O0' program
	for wanted in "$CC -O0" "$CC -O2" 'clang -O0' 'clang -O2'; do
		check_build "$wanted" fixed
	done
fi
[ "$wrong" = 0 ] || fail "$wrong times not as it has to be"
