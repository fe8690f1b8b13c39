# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Shared by the tests here: requirements on the host, and a Debian root directory. Sourced; the test
# sets -euo pipefail.

# shellcheck source=ops/lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../ops/lib/common.sh"

# shellcheck disable=SC2034 # for the tests
readonly CACHE=$ROOT/build/system
readonly EX_SKIP=77

# not_run REASON...: a missing requirement is not a failure.
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

# bootstrap DIR SUITE OPTION...: replaces DIR/root by a minimal Debian.
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
