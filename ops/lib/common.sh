# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What every script in ops/ needs: where the checkout is, how to say things, how to quote. Sourced.
# It changes nothing but PATH: mariadbd lives in /usr/sbin, which an ordinary user's PATH lacks.

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

# print_help: the comment at the top of the script is its help, so the two cannot disagree. The line of the licence is none of it.
print_help() {
    awk 'NR > 1 && !/^#/ { exit } NR > 1 && !/^# SPDX-/ { sub(/^# ?/, ""); print }' "$0"
}

# quote WORD: as one word for any POSIX shell; left bare when nothing in it needs quotes.
quote() {
    if [[ $1 =~ ^[A-Za-z0-9_./:@%+=,-]+$ ]]; then
        printf '%s' "$1"
    else
        printf "'%s'" "${1//\'/\'\\\'\'}"
    fi
}

# is_count TEXT MIN MAX: a whole number in that range.
is_count() {
    [[ $1 =~ ^[0-9]{1,9}$ ]] && ((10#$1 >= $2 && 10#$1 <= $3))
}

# binary NAME: its path in the build directory $BUILD; dies with what to run when it is missing.
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

# seconds US: microseconds as seconds with one decimal.
seconds() {
    printf '%d.%d' $(($1 / 1000000)) $(($1 / 100000 % 10))
}
