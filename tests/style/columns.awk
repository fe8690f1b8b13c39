# SPDX-License-Identifier: Apache-2.0
# Finds lines of more than 100 columns. A column is a character, not a byte: run it with LC_ALL=C,
# which makes every awk read bytes.
#
# These lines may be longer:
#   - a line that has only a URL, behind the marks of a comment or a list: nothing can break it;
#   - in markdown, a row of a table, and a fenced block: it quotes a terminal as it is;
#   - in markdown, what a program wrote: from <!-- NAME --> to <!-- /NAME -->, and all that follows
#     a line that begins with <!-- Generated.

# columns: counts the characters. In UTF-8 the bytes from 0x80 to 0xbf continue a character.
function columns(line) {
    gsub(/[\200-\277]/, "", line)
    return length(line)
}

function is_url(line) {
    sub(/^[ \t]*((#|\/\/|--|\*|-|>) *)?/, "", line)
    return line ~ /^[<"'(]?[a-z]+:\/\/[^ ]+$/
}

# A fence ends with as many marks as it began with, or more.
function read_fence(line) {
    sub(/^ */, "", line)
    if (fence == "" && match(line, /^(```+|~~~+)/))
        fence = substr(line, 1, RLENGTH)
    else if (fence != "" && index(line, fence) == 1 && line ~ /^[`~]+ *$/)
        fence = ""
}

function read_marker(line) {
    if (line ~ /^<!-- Generated /)
        generated = "end of the file"
    else if (generated == "" && line ~ /^<!-- [a-z]+ -->$/)
        generated = $2
    else if (line == "<!-- /" generated " -->")
        generated = ""
}

FNR == 1 { fence = ""; generated = ""; markdown = FILENAME ~ /\.md$/ }
markdown && generated == "" { read_fence($0) }
markdown && fence == "" { read_marker($0) }
length($0) <= 100 || columns($0) <= 100 || is_url($0) { next }
markdown && (fence != "" || generated != "" || /^ *\|/) { next }
{ print FILENAME ": line " FNR " is longer than 100 columns" }
