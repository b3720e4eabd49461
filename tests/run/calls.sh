# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# What the scenarios about reaching calls share. The function that is cached
# is `int f(int x)`, unless a test says otherwise; every call that a program
# makes has an argument of its own, so that a count tells how many were seen.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# [[function]] blocks for NAMEs: int NAME(int x), with KEYS (lines) each.
functions() { # KEYS NAME…
	local keys=$1 name
	for name in "${@:2}"; do
		printf '[[function]]\nname = "%s"\n' "$name"
		printf 'signature = "int %s(int x)"\n%s\n' "$name" "$keys"
	done
}

# COMMAND prints the same when its calls miss, hit and pass by as without
# ckpt, and COUNT of its calls are seen each time. The config: NAMES functions,
# or the function `configure`, which gets the keys to add.
expect_calls() { # COUNT COMMAND…
	local count=$1 mode
	shift
	rm -rf .ckpt
	"$@" >out.plain 2>err.plain
	echo $? >status.plain
	for mode in miss hit bypass; do
		if [ $mode = bypass ]; then
			configure 'bypass_if = "1"' >ckpt.toml
		else
			configure '' >ckpt.toml
		fi
		preload "$@" >"out.$mode" 2>"err.$mode"
		echo $? >"status.$mode"
		expect_same status.plain "status.$mode"
		expect_same out.plain "out.$mode"
		expect_same err.plain "err.$mode"
		case $mode in
		miss) expect_counted misses "$count" ;;
		hit) expect_counted misses 0 && expect_counted hits "$count" ;;
		bypass) expect_counted bypassed "$count" ;;
		esac
	done
}

configure() { # KEYS
	functions "$1" f
}

# The usual callee: libf.so.
compile_f() {
	compile_library f <<-EOF
		int f(int x) { return 3 * x + 1; }
	EOF
}

# Nothing was said, but perhaps that so short a function does not pay.
expect_quiet() { # FILE
	! grep -v 'costs more to look up than to run' "$1" ||
		fail "$1 should be empty"
}
