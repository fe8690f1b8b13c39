# SPDX-License-Identifier: Apache-2.0
# expected: the line as a comment in the file's language.
function expected(file) {
    text = "SPDX-License-Identifier: Apache-2.0"
    if (file ~ /\.[ch]$/)
        return "/* " text " */"
    if (file ~ /\.(js|ts)$/)
        return "// " text
    if (file ~ /\.(lua|sql)$/)
        return "-- " text
    return "# " text
}

FNR == 1 && /^(#!|#compdef )/ {
    next
}

{
    if ($0 != expected(FILENAME)) {
        file = FILENAME
        sub(/^\.\//, "", file)
        print file ":" FNR ": expected " expected(FILENAME)
        faults++
    }
    nextfile
}

END {
    exit faults > 0
}
