#!/bin/bash
# SPDX-License-Identifier: MIT
# Whatever happens to the files of the store: never a wrong value.
. "$(dirname "$0")/lib.sh"

config <<'EOF'
[[function]]
name = "sum_slowly"
memory.values = "[count]"
EOF
"$PROGRAMS/sum" 1 1 2 3 >plain
entries() {
	find .ckpt/v1 -type f -not -path '*/plan/*' -not -path '*/stats*' \
		-not -name '*secret*' -size +0
}
run_damaged() { # WHAT
	preload "$PROGRAMS/sum" 1 1 2 3 >out 2>err.out
	expect_same plain out
	[ "$(counted misses)" = 1 ] || fail "$1: no miss"
	preload "$PROGRAMS/sum" 1 1 2 3 >out 2>err.out
	expect_same plain out
	[ "$(counted hits)" = 1 ] || fail "$1: was not repaired"
}
preload "$PROGRAMS/sum" 1 1 2 3 >/dev/null
[ "$(entries)" ] || fail 'no entries'
for damage in flip cut empty foreign; do
	entries | while IFS= read -r file; do
		size=$(stat -c %s "$file")
		case $damage in
		flip)
			perl -0777 -pi -e \
				'substr($_, -9, 1) ^= "\x10"' "$file"
			;;
		cut) truncate -s $((size / 2)) "$file" ;;
		empty) truncate -s 0 "$file" ;;
		foreign) head -c "$size" /dev/zero >"$file" ;;
		esac
	done
	run_damaged "$damage"
done
