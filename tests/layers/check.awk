# SPDX-License-Identifier: Apache-2.0
# The first file is the table; all others are sources. See check.

function complain(text)
{
    print "layers: " text
    wrong++
}

# module_of: x.c and x.h are the module x; files joined by `one` are named after the first.
function module_of(path)
{
    sub(/\.[ch]$/, "", path)
    return path in whole ? whole[path] : path
}

# layer_of: the layer by the module's name, or by the deepest folder in the table.
function layer_of(module,    at)
{
    for (at = module; at != ""; ) {
        if (at in layer)
            return layer[at]
        sub(/\/$/, "", at)
        if (!sub(/[^\/]*$/, "", at))
            break
    }
    return ""
}

function below(upper, lower,    names, n, i)
{
    n = split(under[upper], names, " ")
    for (i = 1; i <= n; i++) {
        if (names[i] == lower || below(names[i], lower))
            return 1
    }
    return 0
}

# reaches: is there a path of valid includes from `from` to `to`?
function reaches(from, to,    names, n, i)
{
    if (from == to)
        return 1
    if (from in seen)
        return 0
    seen[from] = 1
    n = split(includes[from], names, " ")
    for (i = 1; i <= n; i++) {
        if (!((from, names[i]) in known) && reaches(names[i], to))
            return 1
    }
    return 0
}

# fault: what is wrong with this include, or "".
function fault(from, to,    upper, lower)
{
    upper = layer_of(from)
    lower = layer_of(to)
    if (upper != lower && !below(upper, lower))
        return "upwards: from " upper " to " lower
    split("", seen)
    return reaches(to, from) ? "in a circle" : ""
}

FNR == NR {
    sub(/#.*/, "")
    if ($1 == "layer") {
        sub(/:$/, "", $2)
        for (i = 3; i <= NF && $i != ">"; i++)
            layer[$i] = $2
        for (i++; i <= NF; i++)
            under[$2] = under[$2] " " $i
    } else if ($1 == "one") {
        for (i = 2; i <= NF; i++)
            whole[$i] = $2
    } else if ($1 == "known") {
        known[$2, $3] = FNR
    } else if (NF > 0) {
        complain("the table says \"" $0 "\", line " FNR)
    }
    next
}

FNR == 1 {
    module = module_of(FILENAME)
    modules++
    if (layer_of(module) == "")
        complain(FILENAME " is in no layer")
}

/^#[ \t]*include[ \t]+"/ {
    split($0, parts, "\"")
    target = module_of(parts[2])
    if (target != module && !((module, target) in edge)) {
        edge[module, target] = FILENAME ":" FNR
        includes[module] = includes[module] " " target
        edges++
    }
}

# Code that the daemons share must not distinguish them.
FILENAME ~ /^shared\// && !/^#[ \t]*include/ {
    code = $0
    sub(/^ \*.*/, "", code)
    gsub(/\/\*.*\*\//, "", code)
    sub(/\/\*.*/, "", code)
    if (code ~ /"[^"]*(gateway|scheduler)[^"]*"/)
        complain(FILENAME ":" FNR ": names a daemon")
}

END {
    for (pair in edge) {
        split(pair, ends, SUBSEP)
        what = fault(ends[1], ends[2])
        if (what != "" && !(pair in known))
            complain(edge[pair] ": " ends[1] " includes " ends[2] ", " what)
        if (what == "" && pair in known)
            complain(ends[1] " may include " ends[2] " now: take it out of the table, line " \
                known[pair])
    }
    for (pair in known) {
        split(pair, ends, SUBSEP)
        if (!(pair in edge))
            complain(ends[1] " does not include " ends[2] \
                " any more: take it out of the table, line " known[pair])
    }
    printf "%d files, %d includes, %d known to be wrong, %d complaints\n",
        modules, edges, length(known), wrong
    exit wrong > 0
}
