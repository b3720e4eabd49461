#!/bin/bash
# SPDX-License-Identifier: MIT
# neato places nodes by drand48(), flite writes a file and draws noise by
# rand(). With the contract of a hopeful user, who waives what the messages
# name, these calls are seen to do so and are not stored: output as ever.
. "$(dirname "$0")/lib.sh"
command -v neato >/dev/null || skip 'no neato (graphviz)'
command -v flite >/dev/null || skip 'no flite'

config <<'EOF2'
[[function]]
name = "flite_text_to_speech"
signature = """float flite_text_to_speech(const char *text, void *voice,
	const char *outtype)"""
indirect = "object"
impure = ["environment"]
ignore_globals = [".bss", ".data"]
[function.memory]
text = "string"
voice = "ignore"
outtype = "string"

[[function]]
name = "stress_majorization_kD_mkernel"
signature = """int stress_majorization_kD_mkernel(void *graph, int n,
	int edges, double **coords, void *nodes, int dim, int opts, int model,
	int maxi)"""
indirect = "object"
ignore_globals = [".bss", ".data"]
[function.memory]
graph = "ignore"
coords = "inout [dim]"
"*coords" = "inout [n]"
nodes = "ignore"
EOF2
{
	echo 'graph g {'
	for i in {1..60}; do
		echo "n$i -- n$((i * 7 % 60 + 1)); n$i -- n$((i * i % 60 + 1));"
	done
	echo '}'
} >g.dot

check() { # FUNCTION CALL FILE COMMAND…
	local run
	"${@:4}" >out.plain 2>&1 || fail "$4: plain: $?"
	mv "$3" file.plain
	for run in cold warm; do
		preload "${@:4}" >"out.$run" 2>"err.$run" || fail "$4: $run: $?"
		expect_same out.plain "out.$run"
		expect_same file.plain "$3"
		expect_match "$1: calls $2 while it is recorded" "err.$run"
		expect_counted misses 1 "$1"
		expect_counted stored 0 "$1"
	done
}
check flite_text_to_speech rand o.wav flite -voice slt -t 'hello' -o o.wav
check stress_majorization_kD_mkernel drand48 o.svg \
	neato -Tsvg g.dot -o o.svg
