#!/bin/bash
# SPDX-License-Identifier: MIT
# A contract that nobody has tried on the library is a guess: each function of
# the contract libraries is named in a scenario, or called by a program that
# takes its list from the library and has to hit each one.
. "$(dirname "$0")/lib.sh"

cd "$TOP" || exit 1
for file in config/contracts/*.toml; do
	library=$(basename "$file" .toml)
	case $library in
	# lapack_and_blas_keep_every_result, cblas_of_numpy_is_served_from_disk
	lapack | blas) continue ;;
	esac
	mapfile -t names < <(awk '
		/^\[\[/ { is_function = $0 == "[[function]]" }
		is_function && /^name = / { gsub(/"/, ""); print $3 }' "$file")
	for name in "${names[@]}"; do
		# gsl_contracts_fit_the_library
		[[ $name != gsl_* ]] || ! grep -qw "\"${name#gsl_}\"" \
			tests/programs/gsl.py || continue
		grep -qw "$name" tests/run/*.sh ||
			fail "$library: no test calls $name"
	done
done
