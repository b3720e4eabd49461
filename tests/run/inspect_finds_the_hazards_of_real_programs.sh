#!/bin/bash
# SPDX-License-Identifier: MIT
# What libckpt(7) says that `ckpt inspect` finds in functions of stock programs
# and libraries: random numbers, printing, files, clocks, each with its chain.
. "$(dirname "$0")/lib.sh"

finds() { # PROGRAM FUNCTION WORD…
	local program=$1 function=$2 word
	shift 2
	config <<EOF
[[function]]
name = "$function"
signature = "int $function(void)"
indirect = "object"
impure = "allow"
EOF
	ckpt inspect --all "$program" "$function" >out 2>err.inspect
	for word; do
		expect_match "[^ ]+ -> $word\$|^ .*$word" out
	done
}

# A library that programs open later: something that is linked with it.
finds_in() { # LIBRARY FUNCTION WORD…
	echo 'int main(void) {}' | "$CC" -xc - -o uses -Wl,--no-as-needed -xnone \
		"$1" "-Wl,-rpath,$(dirname "$1")" || fail "cannot link with $1"
	finds ./uses "${@:2}"
}

libraries=/usr/lib/x86_64-linux-gnu
finds /usr/bin/openssl BN_check_prime getentropy
finds_in $libraries/libargon2.so.1 argon2_hash 'how many processors'
finds /usr/bin/svm-train svm_train rand fputs
finds /usr/bin/svm-train svm_cross_validation rand
finds /usr/bin/liblinear-train train rand fputs
finds_in $libraries/liblapack.so.3 dgesvd_ getenv 'how many processors' \
	"processor's features"
finds /usr/bin/ecm ecm_factor fwrite time fopen
finds /usr/bin/tetgen _Z14tetrahedralizeP14tetgenbehaviorP8tetgenioS2_S2_S2_ \
	rand fopen __fprintf_chk
finds_in $libraries/graphviz/libgvplugin_neato_layout.so.6 \
	stress_majorization_kD_mkernel drand48
expect_match 'stress_majorization_kD_mkernel -> drand48$' out
finds /usr/bin/glpsol glp_intopt gettimeofday fwrite
finds /usr/bin/flite flite_text_to_speech rand fopen fork
finds /usr/bin/ttfautohint TTF_autohint time getenv
