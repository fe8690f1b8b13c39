# SPDX-License-Identifier: Apache-2.0
# Finds long functions and returns with a comma operator, in files formatted by clang-format.

FNR == 1 { head = 0; statement = "" }

# A function begins and ends in the first column.
/^[a-zA-Z_]/ { head = FNR; name = $0 }
/^}$/ {
    if (head > 0 && FNR - head + 1 > 60)
        print FILENAME ": longer than 60 lines: " name
    head = 0
}

# code: returns the line without strings and comments.
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
