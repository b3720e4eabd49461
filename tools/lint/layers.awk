# SPDX-License-Identifier: MIT
# usage: awk -f layers.awk layers FILE…
# Checks each #include "…" of the files against the layers, prints what breaks
# them, and writes the pairs (includer included) of headers to stderr, for
# tsort to find circles in.

function layer_of(path,    name, best)
{
	best = ""
	for (name in allowed)
		if ((path == name || index(path, name "/") == 1) &&
		    length(name) > length(best))
			best = name
	return best
}

function is_in(layer, folder)
{
	return layer == folder || index(layer, folder "/") == 1
}

function is_allowed(from, to,    names, count, i)
{
	count = split(allowed[from], names, " ")
	for (i = 1; i <= count; i++)
		if (is_in(to, names[i]))
			return 1
	return is_in(to, from)
}

FNR == NR {
	if ($0 !~ /^#/ && match($0, /^[^:]+:/))
		allowed[substr($0, 1, RLENGTH - 1)] = substr($0, RLENGTH + 1)
	next
}

/^#[ \t]*include[ \t]*"/ {
	split($0, part, "\"")
	from = layer_of(FILENAME)
	to = layer_of(part[2])
	if (to == "")
		printf "%s:%d: \"%s\": write the path from the top folder\n",
		       FILENAME, FNR, part[2]
	else if (!is_allowed(from, to))
		printf "%s:%d: %s may not include %s\n", FILENAME, FNR, from,
		       part[2]
	if (FILENAME ~ /\.h$/)
		print FILENAME, part[2] > "/dev/stderr"
}
