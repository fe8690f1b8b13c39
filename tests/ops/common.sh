# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Shared by the tests here: a scratch directory, a stack, a Prometheus; all end with the test.
# Sourced; the test sets -euo pipefail.

# shellcheck source=ops/lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../ops/lib/common.sh"
# shellcheck source=ops/lib/process.sh
. "$ROOT/ops/lib/process.sh"

BUILD=${ONRUSH_BUILD:-$ROOT/build/release}
SCRATCH=$(mktemp -d /tmp/onrush-ops-XXXXXXXX)
STACK=
PROMETHEUS_PID=
PROMETHEUS=
COLLECTOR_PID=

clean_up() {
    local status=$?
    stop_prometheus KILL
    stop_collector
    if [[ -n $STACK ]]; then
        "$ROOT/ops/stack" down "$STACK" --purge || true
    fi
    rm -rf "$SCRATCH"
    exit "$status"
}
trap clean_up EXIT
trap 'exit 130' INT TERM HUP

# needs COMMAND...
needs() {
    local command
    for command in "$@"; do
        command -v "$command" >/dev/null || die "there is no $command: run $ROOT/ops/deps --test"
    done
}

# start_stack OPTION...: starts a stack and reads its env.
start_stack() {
    STACK=$SCRATCH/stack
    ONRUSH_BUILD=$BUILD "$ROOT/ops/stack" up "$STACK" "$@"
    # shellcheck source=/dev/null
    . "$STACK/env"
}

# ctl ARGUMENT...: runs onrushctl on this stack.
ctl() {
    local words
    eval "words=($ONRUSHCTL)"
    "${words[@]}" "$@"
}

# within SECONDS COMMAND...: repeats COMMAND until it succeeds; fails the test after that time.
within() {
    wait_until "$@" || die "this did not come true in time: ${*:2}"
}

# start_prometheus CONFIG: sets PROMETHEUS to its address. It chooses a free port and logs it.
start_prometheus() {
    mkdir -p "$SCRATCH/prometheus"
    : >"$SCRATCH/prometheus/log"
    prometheus --config.file="$1" --storage.tsdb.path="$SCRATCH/prometheus/data" \
        --web.listen-address=127.0.0.1:0 >"$SCRATCH/prometheus/log" 2>&1 </dev/null &
    PROMETHEUS_PID=$!
    within 60 prometheus_listens
    within 60 curl -fsS -o "$SCRATCH/prometheus/ready" "$PROMETHEUS/-/ready"
}

prometheus_listens() {
    local port
    kill -0 "$PROMETHEUS_PID" 2>/dev/null || {
        cat "$SCRATCH/prometheus/log" >&2
        die "prometheus ended"
    }
    port=$(sed -nE 's/^.*msg="Listening on" address=127\.0\.0\.1:([0-9]+).*$/\1/p' \
        "$SCRATCH/prometheus/log")
    PROMETHEUS=http://127.0.0.1:$port
    [[ -n $port ]]
}

# stop_prometheus SIGNAL
stop_prometheus() {
    [[ -n $PROMETHEUS_PID ]] || return 0
    kill -s "$1" "$PROMETHEUS_PID" 2>/dev/null || true
    wait "$PROMETHEUS_PID" 2>/dev/null || true
    PROMETHEUS_PID=
}

stop_collector() {
    [[ -n $COLLECTOR_PID ]] || return 0
    kill -s KILL "$COLLECTOR_PID" 2>/dev/null || true
    wait "$COLLECTOR_PID" 2>/dev/null || true
    COLLECTOR_PID=
}

# anchors FILE: prints the link anchors of a Markdown file's headings.
anchors() {
    sed -nE 's/^#+ +(.*)$/\1/p' "$1" | tr '[:upper:]' '[:lower:]' |
        sed -E 's/[^a-z0-9 _-]//g; s/ /-/g'
}
