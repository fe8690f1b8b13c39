# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Finds k6, or builds it with Go. Sourced by loadtests/run.

# shellcheck source=ops/lib/go.sh
. "$ROOT/ops/lib/go.sh"

readonly K6_VERSION=v1.8.1 K6_NEEDS_GO=1.25 EX_UNAVAILABLE=69

# no_k6 WHY...: explains how to get k6 or a Go that can build it.
no_k6() {
    say "$*"
    say "these tests need k6 1.0 or newer: put one on the PATH (k6 comes as one binary)," \
        "or a Go of at least $K6_NEEDS_GO" \
        "(from 1.21 on Go fetches a newer one by itself)," \
        "from which this script makes k6 $K6_VERSION"
    exit "$EX_UNAVAILABLE"
}

# k6_is_good PATH: k6 promises stability since 1.0.
k6_is_good() {
    local version
    version=$("$1" version 2>/dev/null) || return 1
    [[ $version =~ v([0-9]+\.[0-9]+) ]] && version_at_least "${BASH_REMATCH[1]}" 1.0
}

# k6_find: prints the path of k6, and builds it if there is none. A lock lets only one of several
# callers build.
k6_find() {
    local tools=$ROOT/build/tools path
    for path in "$(command -v k6 || true)" "$tools/k6"; do
        if [[ -n $path ]] && k6_is_good "$path"; then
            echo "$path"
            return
        fi
    done
    mkdir -p "$tools"
    (
        flock 9
        k6_is_good "$tools/k6" || k6_install "$tools"
    ) 9>"$tools/k6.lock" || exit
    echo "$tools/k6"
}

# k6_install DIR: uses `go install`, which checks downloads against Go's checksum database.
k6_install() {
    go_find "$K6_NEEDS_GO" || no_k6 "there is no k6 on the PATH, and $GO_LACKS"
    say "no k6 on the PATH: making k6 $K6_VERSION with go install (a minute or two), into $1"
    GOBIN=$1 "${GO[@]}" install "go.k6.io/k6@$K6_VERSION" >"$1/k6.log" 2>&1 || {
        tail -n 20 "$1/k6.log" >&2
        die 'go install failed, see above'
    }
    k6_is_good "$1/k6" || die "$1/k6 does not work"
}
