# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# For the tests in this directory: what they need of the host, and how they make the root of a
# Debian. Sourced; the test has set -euo pipefail.

# shellcheck source=ops/lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../ops/lib/common.sh"

# shellcheck disable=SC2034 # for the tests
readonly CACHE=$ROOT/build/system
readonly EX_SKIP=77

# not_run REASON...: what is missing here is no failure.
not_run() {
    say "not run: $*"
    exit "$EX_SKIP"
}

check_host() {
    local name
    ((EUID == 0)) || not_run "this needs root"
    for name in debootstrap systemd-nspawn; do
        command -v "$name" >/dev/null || not_run "there is no $name: ops/deps --system installs it"
    done
}

# bootstrap DIR SUITE OPTION...: makes DIR/root a minimal Debian, in place of one that is there.
bootstrap() {
    local dir=$1 suite=$2
    shift 2
    rm -rf "${dir:?}/root"
    mkdir -p "$dir"
    debootstrap --variant=minbase "$@" "$suite" "$dir/root" http://deb.debian.org/debian \
        >"$dir/debootstrap.log" 2>&1 || {
        tail -n 5 "$dir/debootstrap.log" >&2
        not_run "debootstrap failed: no network?"
    }
}
