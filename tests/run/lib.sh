# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# What scenario tests share. A test is tests/run/PROMISE.sh: it sources this
# file, finds itself in an empty directory with nothing of ckpt in its
# environment, and exits 0, or through fail or skip. What is right comes from
# the program itself run without ckpt, never from ckpt.

set -u -o pipefail
# shellcheck disable=SC2034 # for the tests
{
	TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
	BUILD=$TOP/${B:-build}
	LIBRARY=$BUILD/libckpt.so
	PROGRAMS=$BUILD/tests/programs
	CC=${CC:-cc}
}
for name in $(compgen -e CKPT_) LD_PRELOAD LD_LIBRARY_PATH NO_COLOR; do
	[[ $name == CKPT_TEST_* ]] || unset "$name"
done
WORK=$(mktemp -d "${TMPDIR:-/tmp}/ckpt-test.XXXXXX") || exit 1
trap 'cd /; chmod -R u+rwX "$WORK"; rm -rf "$WORK"' EXIT
export HOME=$WORK/home XDG_CACHE_HOME=$WORK/home/.cache LC_ALL=C
umask 022
mkdir -p "$HOME" "$WORK/dir"
cd "$WORK/dir" || exit 1

fail() {
	echo "FAIL (line ${BASH_LINENO[-2]}): $*"
	local file
	for file in err.*; do
		[ ! -s "$file" ] || sed "s|^|$file: |" "$file" | head -n 20
	done
	exit 1
}

skip() {
	echo "$*"
	exit 77
}

# What takes long runs in `make check-full` only, and is listed as not run.
full_only() {
	[ "${CKPT_TEST_FULL-}" ] || skip "only in make check-full: $*"
}

ckpt() {
	"$BUILD/ckpt" "$@"
}

# The config, from standard input.
config() {
	cat >ckpt.toml
}

# COMMAND with the library preloaded, as a user would without `ckpt run`.
preload() {
	LD_PRELOAD=$LIBRARY "$@"
}

expect_equal() { # WHAT EXPECTED GOT
	[ "$2" = "$3" ] || fail "$1: expected '$2', got '$3'"
}

expect_same() { # FILE FILE
	cmp -s "$1" "$2" || fail "$1 and $2 differ"
}

expect_match() { # REGEX FILE
	grep -Eq -- "$1" "$2" || {
		sed "s|^|$2: |" "$2"
		fail "nothing in $2 matches: $1"
	}
}

expect_no_match() { # REGEX FILE
	! grep -Eq -- "$1" "$2" || {
		sed "s|^|$2: |" "$2"
		fail "something in $2 matches: $1"
	}
}

# Sum of a counter over the last run, of one function or all.
counted() { # COUNTER [FUNCTION]
	ckpt stats --json --last-run >stats.json 2>err.stats ||
		fail "ckpt stats --json --last-run failed"
	jq -r --arg name "${2-}" '[.functions[] |
		select($name == "" or .name == $name) | .'"$1"'] | add // 0' \
		stats.json
}

expect_counted() { # COUNTER EXPECTED [FUNCTION]
	expect_equal "$1${3:+ of $3} in the last run" "$2" \
		"$(counted "$1" "${3-}")"
}

# The last run looked things up and found all of them.
expect_warm() {
	expect_counted misses 0
	[ "$(counted hits)" -gt 0 ] || fail "the warm run had no hits"
}

# COMMAND twice plain, once cold, once warm. Its exit status, its standard
# output and error and the file OUTPUT (- for none) are the same each time;
# the cold run misses, the warm run only hits. Reads STDIN, if set.
four_runs() { # OUTPUT COMMAND…
	local output=$1 run
	shift
	for run in plain again cold warm; do
		[ "$output" = - ] || rm -f "$output"
		case $run in
		plain | again) "$@" ;;
		*) ckpt run -- "$@" ;;
		esac >"out.$run" 2>"err.$run" <"${STDIN:-/dev/null}"
		echo $? >"status.$run"
		[ "$output" = - ] || mv "$output" "file.$run" ||
			fail "$run: no $output"
		[ $run != cold ] || [ "$(counted misses)" -gt 0 ] ||
			fail "the cold run had no misses"
	done
	expect_equal 'exit status of the plain run' 0 "$(cat status.plain)"
	for run in again cold warm; do
		expect_same status.plain "status.$run"
		expect_same out.plain "out.$run"
		expect_same err.plain "err.$run"
		[ "$output" = - ] || expect_same file.plain "file.$run"
	done
	expect_warm
}

# Compile C from standard input; the sources of a test stay with its text. In
# the way that CKPT_TEST_LINK and (programs) CKPT_TEST_PROGRAM say, if the test
# does not.
compile() { # OUTPUT FLAGS…
	local flags=${CKPT_TEST_LINK-}
	[[ " $* " == *' -shared '* ]] || flags+=" ${CKPT_TEST_PROGRAM-}"
	# shellcheck disable=SC2086 # flags are words
	"$CC" $flags -O2 -g -o "$1" -xc - -xnone "${@:2}" ||
		fail "cannot compile $1"
}

# A library libNAME.so from standard input, found by the name alone by programs
# linked with -L. -lNAME -Wl,-rpath,.
compile_library() { # NAME FLAGS…
	compile "lib$1.so" -fPIC -shared "-Wl,-soname,lib$1.so" "${@:2}"
}

# ./PROGRAM plain, cold and warm: equal output, and the counters when warm.
three_runs() { # HITS PROGRAM…
	local hits=$1 run
	shift
	"$@" >out.plain 2>err.plain
	echo $? >status.plain
	for run in cold warm; do
		preload "$@" >"out.$run" 2>"err.$run"
		echo $? >"status.$run"
		expect_same out.plain "out.$run"
		expect_same err.plain "err.$run"
		expect_same status.plain "status.$run"
	done
	expect_counted misses 0
	expect_counted hits "$hits"
}
