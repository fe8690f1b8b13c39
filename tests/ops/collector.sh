# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Builds a real OpenTelemetry collector with Go and starts it on loopback. Sourced after common.sh.

# shellcheck source=ops/lib/go.sh
. "$ROOT/ops/lib/go.sh"

readonly COLLECTOR_VERSION=v0.158.0 COLLECTOR_NEEDS_GO=1.25 EX_UNAVAILABLE=69
readonly COLLECTOR_FILES=$ROOT/tests/ops/collector

no_collector() {
    say "$*"
    say "this test needs a Go of at least $COLLECTOR_NEEDS_GO" \
        "(from 1.21 on Go fetches a newer one by itself), from which it makes" \
        "an OpenTelemetry collector $COLLECTOR_VERSION"
    exit "$EX_UNAVAILABLE"
}

# collector_find: prints the path of the collector, and builds it if there is none. A lock lets only
# one of several callers build.
collector_find() {
    local made=$ROOT/build/tools/otelcol-$COLLECTOR_VERSION
    mkdir -p "$made"
    (
        flock 9
        "$made/otelcol" --version >/dev/null 2>&1 || collector_make "$made"
    ) 9>"$made.lock" || exit
    echo "$made/otelcol"
}

# collector_make DIR: uses OpenTelemetry's own builder. Go checks downloads against its checksum
# database.
collector_make() {
    go_find "$COLLECTOR_NEEDS_GO" ||
        no_collector "there is no OpenTelemetry collector, and $GO_LACKS"
    say "making an OpenTelemetry collector $COLLECTOR_VERSION (a minute or two), into $1"
    cp "$COLLECTOR_FILES/manifest.yaml" "$1"
    (
        cd "$1" && "${GO[@]}" run \
            "go.opentelemetry.io/collector/cmd/builder@$COLLECTOR_VERSION" --config manifest.yaml
    ) >"$1/log" 2>&1 || {
        tail -n 20 "$1/log" >&2
        die 'the builder of the collector failed, see above'
    }
    "$1/otelcol" --version >/dev/null || die "$1/otelcol does not work"
}

# start_collector: sets COLLECTOR_URL; the collector's output goes to $SCRATCH/collector.log.
start_collector() {
    local program
    program=$(collector_find)
    : >"$SCRATCH/collector.log"
    "$program" --config "$COLLECTOR_FILES/config.yaml" >"$SCRATCH/collector.log" 2>&1 </dev/null &
    COLLECTOR_PID=$!
    within 30 collector_listens
}

collector_listens() {
    local address
    kill -0 "$COLLECTOR_PID" 2>/dev/null || {
        cat "$SCRATCH/collector.log" >&2
        die "the collector ended"
    }
    address=$(sed -nE 's/^.*Starting HTTP server.*"endpoint": "([^"]+)".*$/\1/p' \
        "$SCRATCH/collector.log")
    # shellcheck disable=SC2034 # for the test
    COLLECTOR_URL=http://$address/v1/traces
    [[ -n $address ]] && grep -q 'Everything is ready' "$SCRATCH/collector.log"
}

# spans: prints the spans so far, one per line: service, name, kind, trace, parent, id, outcome.
spans() {
    awk '
        function tell() {
            if (name != "")
                print service, name, kind, trace, parent, id, outcome
            name = outcome = ""
        }
        /ResourceSpans #|^Span #/ { tell() }
        $2 == "service.name:" { service = value($3) }
        /^ +Trace ID +:/ { trace = $4 }
        /^ +Parent ID +:/ { parent = $4 }
        /^ +ID +:/ { id = $3 }
        /^ +Name +:/ { name = $3 }
        /^ +Kind +:/ { kind = $3 }
        $2 == "onrush.outcome:" { outcome = value($3) }
        END { tell() }
        function value(text) { return substr(text, 5, length(text) - 5) } # Str(...)
    ' "$SCRATCH/collector.log"
}
