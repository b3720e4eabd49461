#!/bin/bash
# SPDX-License-Identifier: MIT
# A stock, stripped program whose own function is called directly: bash keeps
# the names of its functions, and strmatch() compares a string with an extended
# pattern in a time that grows exponentially with the string.
#
# What is waived: bash's variables, which stripped debug info leaves in one
# piece. A match depends on one of them, for ranges in brackets only.
. "$(dirname "$0")/lib.sh"

nm -D --defined-only /bin/bash 2>/dev/null | grep -w strmatch >names ||
	skip '/bin/bash does not tell the names of its functions'
config <<'EOF2'
[[function]]
name = "strmatch"
signature = "int strmatch(char *pattern, char *string, int flags)"
indirect = "object"
ignore_globals = [".data", ".bss"]
[function.memory]
pattern = "in string"
string = "in string"
EOF2
cat >match.sh <<'EOF2'
shopt -s extglob
for string in aaaaaaaaaaaaaaaaaaaaab aaaaaaaaaaaaaaaaaaaaac; do
	[[ $string == +(a|aa|aaa)+(a|aa)b ]] && echo "$string" || echo no
done
EOF2
four_runs - /bin/bash match.sh
expect_counted hits 2 strmatch
ckpt inspect /bin/bash strmatch >out
expect_match 'reached +by its entry' out
expect_match 'direct call +bash at 0x[0-9a-f]+ .binary_test' out

# A changed string or pattern is another call.
sed -i s/aac/aad/ match.sh
four_runs - /bin/bash match.sh
