#!/bin/bash
# SPDX-License-Identifier: MIT
# The texts of message.c (up to what stands in parentheses) are headings of
# ckpt.toml(5), where the remedy is.
. "$(dirname "$0")/lib.sh"

cat >texts.py <<'EOT'
import re
import sys

source = open(sys.argv[1]).read()
table = source[source.index("TEXTS[CKPT"):]
table = table[:table.index("\n};")]
manual = re.sub(r"\s+", " ", open(sys.argv[2]).read())
count = 0
for entry in re.findall(r"\] *=\s*\{(.*?)\}", table, re.S):
    # The adjacent strings of an entry: cause, text, remedy.
    parts = [re.sub(r'"\s*"', "", part) for part in
             re.findall(r'"(?:[^"\\]|\\.)*"(?:\s*"(?:[^"\\]|\\.)*")*', entry)]
    if len(parts) < 2 or parts[0] in ('"none"', '"bypass_if"', '"store_if"'):
        continue
    text = parts[1].strip('"').split(" (")[0].replace("()", "")
    count += 1
    if text not in manual:
        sys.exit(f"not in the manual: {text}")
print(count)
EOT
count=$(python3 texts.py "$TOP/shim/runtime/marshal/message.c" \
	"$TOP/config/ckpt.toml.5" 2>&1) || fail "$count"
[ "$count" -ge 25 ] || fail "found only $count texts"
