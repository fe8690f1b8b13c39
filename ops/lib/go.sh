# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Finds Go, for tests that make a tool with it. Sourced.

# version_at_least HAVE WANT: compares versions such as 1.25.3 and 1.25.
version_at_least() {
    [[ $(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1) == "$2" ]]
}

# go_find NEEDED: sets GO to a command that is, or downloads, a Go of at least this version. On
# failure sets GO_LACKS to the reason.
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
