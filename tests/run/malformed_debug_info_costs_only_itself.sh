#!/bin/bash
# SPDX-License-Identifier: MIT
# Debug information with bytes overwritten, cut or claiming what is not there:
# the program runs as ever; where the types cannot be known, that is said, and
# a declaration in the config is still taken.
. "$(dirname "$0")/lib.sh"

config <<'EOF'
[[function]]
name = "sum_slowly"
memory.values = "[count]"
EOF
cp "$PROGRAMS/sum" "$PROGRAMS/libsum.so" .
./sum 1 1 2 3 >plain
for section in info abbrev str; do
	objcopy --dump-section ".debug_$section=$section" \
		"$PROGRAMS/libsum.so" /dev/null || fail 'objcopy'
	for damage in zero ones noise; do
		size=$(stat -c %s "$section")
		case $damage in
		zero) head -c "$size" /dev/zero >bad ;;
		ones) head -c "$size" /dev/zero | tr '\0' '\377' >bad ;;
		noise) perl -e 'srand 7; print map { chr rand 256 }
			1 .. $ARGV[0]' "$size" >bad ;;
		esac
		objcopy --update-section ".debug_$section=bad" \
			"$PROGRAMS/libsum.so" libsum.so || fail 'objcopy'
		preload ./sum 1 1 2 3 >out 2>err.run
		expect_equal "$section, $damage: exit status" 0 $?
		expect_same plain out
		[ "$section" != info ] || expect_match 'sum_slowly' err.run
	done
done

cat >>ckpt.toml <<'EOF'
signature = "double sum_slowly(const int *values, size_t count)"
EOF
preload ./sum 1 1 2 3 >out 2>err.run
expect_same plain out
[ ! -s err.run ] || fail 'something was said'
preload ./sum 1 1 2 3 >out 2>err.run
expect_counted hits 1
