#!/bin/bash
# SPDX-License-Identifier: MIT
# What the contract compiler says when it refuses a function is a heading of
# ckpt.toml(5), where the remedy is, and is looked for by some test.
. "$(dirname "$0")/lib.sh"

cat >messages.py <<'EOT'
import glob
import re
import sys

top = sys.argv[1]
FILES = sorted(glob.glob(f"{top}/shim/planner/contract/*.c")) + [
    f"{top}/shim/planner/signature/abi_x86_64.c",
    f"{top}/shim/planner/signature/location_x86_64.c"]
CALL = re.compile(r"\b(ckpt_err_set|ckpt_node_refuse|ckpt_draft_fail|"
                  r"ckpt_compiler_fail|ckpt_coder_fail|misplaced)\s*\(")
STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')


def plain(text):
    return re.sub(r"\s+", " ", re.sub(r"[`'()\\]|%[a-z0-9]+|[0-9]+", "", text))


def arguments(source, start):
    depth, end = 1, start
    while depth:
        string = STRING.match(source, end)
        end = string.end() if string else end + 1
        if not string:
            depth += (source[end - 1] == "(") - (source[end - 1] == ")")
    return source[start:end]


def messages(path):
    source = open(path).read()
    for call in CALL.finditer(source):
        given = arguments(source, call.end())
        if call[1] == "ckpt_err_set" and not re.search(
                "CKPT_(UNSUPPORTED|INVALID)", given):
            continue
        text = plain("".join(STRING.findall(given)))
        if len(text) > 12:
            yield text


manual = open(f"{top}/config/ckpt.toml.5").read()
manual = manual[manual.index(".Sh DIAGNOSTICS"):].replace("\\\n", "")
headings = [[plain(part).strip() for part in heading.split("...")]
            for line in re.findall(r"^\.It (.*)", manual, re.M)
            for heading in line.split(";")]
looked_for = set()
for path in glob.glob(f"{top}/tests/unit/*.c"):
    source = open(path).read().replace("'\"'", "")
    # Adjacent strings are one.
    source = re.sub(r'(?<!\\)"\s*\n\s*"', "", source)
    looked_for.update(plain(text) for text in STRING.findall(source))
for path in glob.glob(f"{top}/tests/run/*.sh"):
    if path.endswith("every_refusal_of_a_function_is_in_the_manual.sh"):
        continue
    for line in open(path):
        looked_for.update(plain(text) for text in
                          re.findall(r"'([^']*)'", line))
looked_for = {text for text in looked_for if len(text.strip()) > 11}
# No call has registers enough for that.
looked_for.add("too many arguments are split over registers")
count = 0
for path in FILES:
    name = path.rsplit("/", 1)[1]
    for text in messages(path):
        count += 1
        if not any(all(part in text for part in heading)
                   for heading in headings if len("".join(heading)) > 7):
            print(f"{name}: not in the manual: {text}")
        if not any(part in text for part in looked_for):
            print(f"{name}: in no test: {text}")
print(count)
EOT
python3 messages.py "$TOP" >out.messages || fail "$(cat out.messages)"
expect_no_match 'not in the manual|in no test' out.messages
[ "$(tail -n 1 out.messages)" -ge 45 ] || fail 'found too few messages'
