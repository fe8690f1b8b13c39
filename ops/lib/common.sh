# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Shared by the scripts in ops/: paths, messages, quoting. Sourced. It changes nothing but PATH: an
# ordinary user's PATH lacks /usr/sbin, where mariadbd is.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
readonly ROOT
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
export PATH

readonly EX_USAGE=64

say() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
}

die() {
    say "$@"
    exit 1
}

usage_error() {
    say "$*; see ${0##*/} --help"
    exit "$EX_USAGE"
}

# print_help: prints the comment at the top of the script, without the licence line.
print_help() {
    awk 'NR > 1 && !/^#/ { exit } NR > 1 && !/^# SPDX-/ { sub(/^# ?/, ""); print }' "$0"
}

# quote WORD: quotes it as one word for any POSIX shell, if it needs quotes.
quote() {
    if [[ $1 =~ ^[A-Za-z0-9_./:@%+=,-]+$ ]]; then
        printf '%s' "$1"
    else
        printf "'%s'" "${1//\'/\'\\\'\'}"
    fi
}

# is_count TEXT MIN MAX: succeeds if the text is a whole number in this range.
is_count() {
    [[ $1 =~ ^[0-9]{1,9}$ ]] && ((10#$1 >= $2 && 10#$1 <= $3))
}

# binary NAME: prints its path in the build directory $BUILD. If it is missing, dies and says how to
# build it.
binary() {
    local path
    case $1 in
    onrush-gateway) path=$BUILD/gateway/$1 ;;
    onrush-scheduler) path=$BUILD/scheduler/$1 ;;
    *) path=$BUILD/ctl/$1 ;;
    esac
    [[ -x $path ]] || die "there is no $path: run $ROOT/ops/build first, or give --build-dir"
    printf '%s' "$path"
}

now_us() {
    printf '%s' "${EPOCHREALTIME//[.,]/}"
}

# seconds US: prints microseconds as seconds with one decimal.
seconds() {
    printf '%d.%d' $(($1 / 1000000)) $(($1 / 100000 % 10))
}
