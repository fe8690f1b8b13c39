# SPDX-License-Identifier: Apache-2.0
# Functions that are too long, and returns with a comma operator, in files formatted by clang-format.

FNR == 1 { head = 0; statement = "" }

# A function begins in the first column, and so does its end.
/^[a-zA-Z_]/ { head = FNR; name = $0 }
/^}$/ {
    if (head > 0 && FNR - head + 1 > 60)
        print FILENAME ": longer than 60 lines: " name
    head = 0
}

# code: the line without texts and comments.
function code(line) {
    gsub(/\\./, "", line)
    gsub(/"[^"]*"/, "", line)
    gsub(/'[^']*'/, "", line)
    gsub(/\/\*[^*]*\*\//, "", line)
    return line
}

/^ +return / { statement = "return"; begins = FNR; text = "" }
statement != "" {
    text = text code($0)
    if (text ~ /;/) {
        while (gsub(/\([^()]*\)/, "", text) + gsub(/{[^{}]*}/, "", text) > 0)
            ;
        if (text ~ /,/)
            print FILENAME ": line " begins " is a return with a comma"
        statement = ""
    }
}
