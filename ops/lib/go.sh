# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Go, for tools that tests make with it. Sourced.

# version_at_least HAVE WANT: versions such as 1.25.3 and 1.25.
version_at_least() {
    [[ $(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1) == "$2" ]]
}

# go_find NEEDED: sets GO to the command that is, or fetches, a Go of at least that version; fails with GO_LACKS set to why not.
go_find() {
    local version
    GO=(go)
    GO_LACKS='no Go to make one'
    command -v go >/dev/null || return 1
    version=$(go env GOVERSION)
    version=${version#go}
    ! version_at_least "$version" "$1" || return 0
    # shellcheck disable=SC2034 # for the caller
    GO=(env GOTOOLCHAIN=auto go) GO_LACKS="Go $version is too old to make one"
    version_at_least "$version" 1.21
}
