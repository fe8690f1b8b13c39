# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Crowds of onrush-bench: the resources that a process uses for them, and the latency of other
# clients beside them. Sourced after bench.sh.
# shellcheck disable=SC2034,SC2153,SC2154 # what bench.sh and the benchmarks share

readonly HONEST=127.0.0.2 READER=127.0.0.3 CROWD_FROM=127.0.1 WAIT_S=30 SETTLE_S=5
readonly POLL="/v1/campaigns/held/requests/@U?wait=$WAIT_S"
RATE=
FRESH=1 # a new connection for each request
declare -A CROWD_OF=() # name -> pid

# crowd_begin NAME ARGUMENT...: starts a crowd; returns when all its members stand. Its processor
# time counts as a client's.
crowd_begin() {
    local name=$1
    shift
    crowd_launch "$name" "$@"
    wait_until 120 crowd_stands "$name" || die "the crowd $name does not stand within two minutes"
}

crowd_launch() {
    local name=$1
    shift
    : >"$DIR/crowd-$name"
    "$BENCH" crowd "$@" >"$DIR/crowd-$name" &
    CROWD_OF[$name]=$!
    BENCH_CHILDREN[$!]=$name
    PIDS[crowds]=${CROWD_OF[*]}
}

# crowd_stands NAME: also succeeds if the crowd has ended; crowd_end reports that.
crowd_stands() {
    [[ -s $DIR/crowd-$1 ]] || ! process_started "${CROWD_OF[$1]}" >/dev/null
}

# crowd_end NAME: sets CROWD to the crowd's last line of JSON.
crowd_end() {
    local pid=${CROWD_OF[$1]}
    kill "$pid" 2>/dev/null || true
    wait "$pid" || die "the crowd $1 failed"
    unset "CROWD_OF[$1]" "BENCH_CHILDREN[$pid]"
    PIDS[crowds]=${CROWD_OF[*]}
    CROWD=$(tail -n 1 "$DIR/crowd-$1")
}

descriptors_enough() {
    ! is_count "$(ulimit -Hn)" 0 19999 ||
        die "this needs 20,000 file descriptors, and ulimit -Hn is $(ulimit -Hn)"
}

# rss_kib PID...: prints their total resident memory.
rss_kib() {
    local pid
    for pid in "$@"; do
        cat "/proc/$pid/status"
    done | awk '/^VmRSS/ { kib += $2 } END { print kib }'
}

# descriptors PID...: prints their total number of open descriptors.
descriptors() {
    local pid
    for pid in "$@"; do
        ls "/proc/$pid/fd"
    done | wc -l
}

# crowd_stack GATEWAYS USERS OPTION...: starts a stack with a paused campaign, in which this many
# users wait, and an open one.
crowd_stack() {
    : >"$OUT/crowds.jsonl"
    N=$1
    stack_up --gateways "$N" "${@:3}"
    "${CTL[@]}" campaign create held --quota 1000000 >/dev/null
    "${CTL[@]}" campaign create sale --quota 10000000 >/dev/null
    wait_until 60 published || die "the campaigns were not published within a minute"
    scheduler_stop
    fill held "$2"
    sql "UPDATE campaigns SET state = 'paused' WHERE name = 'held'"
    scheduler_start
    wait_until 60 held || die "the campaign was not paused within a minute"
}

published() {
    [[ $(redis_get EXISTS 'onrush:{held}:meta' 'onrush:{sale}:meta') == 2 ]]
}

held() {
    [[ $(redis_get HGET 'onrush:{held}:meta' state) == paused ]]
}

# gateways_read COUNT: sets PORTS, ADMINS and PIDS for the first COUNT gateways; the others stay
# idle.
gateways_read() {
    local i part variable use=gateway
    stack_read
    PORTS=() ADMINS=() PIDS[gateway]='' PIDS[spare]=''
    for ((i = 1; i <= N; i++)); do
        part=GATEWAY$i
        ((i > 1)) || part=GATEWAY
        ((i <= $1)) || use=spare
        variable=${part}_PID && PIDS["$use"]+="${!variable} "
        [[ $use == gateway ]] || continue
        variable=${part}_URL && PORTS+=("${!variable##*:}")
        variable=${part}_ADMIN_URL && ADMINS+=("${!variable}")
    done
}

# gateways_fresh COUNT: restarts the gateways, and sends one request to each so that its tables
# exist.
gateways_fresh() {
    local part port
    for part in $(cd "$DIR/stack/pids" && ls -d gateway*); do
        "$ROOT/ops/stack" kill "$DIR/stack" "$part" TERM
        "$ROOT/ops/stack" start "$DIR/stack" "$part"
    done
    gateways_read "$1"
    for port in "${PORTS[@]}"; do
        curl -sf "http://127.0.0.1:$port/v1/campaigns/held" >/dev/null
    done
}

# gauge NAME: prints the sum over all gateways.
gauge() {
    curl -sf "${ADMINS[@]/%//metrics}" |
        awk -v name="onrush_gateway_$1" '$1 == name { sum += $2 } END { print sum }'
}

gauge_is() {
    [[ $(gauge "$1") == "$2" ]]
}

# client NAME ADDRESS PORTS PATH [ARGUMENT]...: sends RATE requests per second; NAME.json has its
# report, failures included.
client() {
    local status=0
    "$BENCH" open from="$2" port="$3" path="$4" fresh="$FRESH" rate="$RATE" seconds="$TURN_S" \
        "${@:5}" >"$DIR/$1.json" || status=$?
    [[ -s $DIR/$1.json ]] || die "$1: nobody was served (exit code $status)"
}

posts() {
    client posts "$HONEST" "$(IFS=, && echo "${PORTS[*]}")" /v1/campaigns/sale/requests
}

# report NAME
report() {
    jq -c '{requests, failed: (.requests - .accepted), p50_us, p99_us, max_us}' "$DIR/$1.json"
}

# note WHAT ROUND: records the turn with the figures of posts and, if it ran, of reads.
note() {
    local figures
    figures=$(report posts)
    [[ ! -s $DIR/reads.json ]] ||
        figures=$(jq -c --argjson reads "$(report reads)" '. + {reads: $reads}' <<<"$figures")
    turn_note "$1" "$2" "$figures"
    tail -n 1 "$OUT/turns.jsonl" | jq -r '. as $turn | [., .reads // empty] | .[] |
        [$turn.round, $turn.what, .requests, .failed, .p50_us / 1000, .p99_us / 1000,
         .max_us / 1000, $turn.cpu_us.gateway / $turn.us * 100] | @tsv' |
        awk '{ printf "  %-6s %-12s %9s %7s %8.2f %8.2f %8.2f %10.1f\n",
                      $1, NR == 1 ? $2 : "  reads", $3, $4, $5, $6, $7, $8 }'
}

size() {
    # shellcheck disable=SC2086 # several pids
    printf '{"kib": %s, "descriptors": %s}' "$(rss_kib ${PIDS[gateway]})" \
        "$(descriptors ${PIDS[gateway]})"
}

# gone DESCRIPTORS: succeeds once nothing of a crowd is left.
gone() {
    # shellcheck disable=SC2086
    gauge_is connections 0 && gauge_is in_flight 0 && (($(descriptors ${PIDS[gateway]}) <= $1))
}

# leave_behind WHAT N BEFORE WITH: records what is left SETTLE_S after a crowd.
leave_behind() {
    wait_until 30 gone "$(jq .descriptors <<<"$3")" ||
        say "$1: something of the crowd is still there after half a minute"
    sleep "$SETTLE_S"
    jq -nc --arg what "$1" --argjson n "$2" --argjson before "$3" --argjson with "$4" \
        --argjson after "$(size)" --argjson crowd "$CROWDS" \
        '{what: $what, n: $n, before: $before, with: $with, after: $after, crowd: $crowd}' \
        >>"$OUT/crowds.jsonl"
}

print_head() {
    printf '\n  %-6s %-12s %9s %7s %8s %8s %8s %10s\n' \
        round beside requests failed 'p50 ms' 'p99 ms' 'most ms' 'gateway %'
}

# crowds_result: each crowd with the turns beside it, and the bars for all crowds. Failures count
# even if the machine was not quiet. `lost`: members of the crowd that were answered wrongly or
# disconnected although they must not be.
# shellcheck disable=SC2016
crowds_result() {
    jq -s --slurpfile crowds "$OUT/crowds.jsonl" --slurpfile aside "$OUT/set-aside.jsonl" \
        --argjson rate "$RATE" "$JQ_STATS$JQ_BARS"'
        . as $turns | ($crowds | map(. as $c | ($turns | map(select(.what == $c.what))) as $mine
            | $c + {
                kib_each: (($c.with.kib - $c.before.kib) / $c.n),
                p50_us: ([$mine[].p50_us] | stat),
                p99_us: ([$mine[].p99_us] | stat),
                max_us: ([$mine[].max_us] | max),
                gateway_percent: ([$mine[] | .cpu_us.gateway / .us * 100] | median),
                answers: ([$c.crowd[].answers] | add),
                failed: ([($mine[], $aside[]) | select(.what == $c.what)
                    | .failed + (.reads.failed // 0)] | add),
                lost: ([$c.crowd[] | .failed + .closed] | add)}
            | if $mine[0].reads then .reads = {p50_us: ([$mine[].reads.p50_us] | stat),
                p99_us: ([$mine[].reads.p99_us] | stat)} else . end)) as $rows |
        {crowds: $rows, rate: $rate, bars: [$rows[] |
            at_most("\(.what): p99 beside it, worst turn"; (.p99_us.all | max) / 1000; 10; "ms"),
            at_most("\(.what): failed beside it"; .failed; 0; ""),
            at_most("\(.what): descriptors left behind";
                .after.descriptors - .before.descriptors; 0; "")]}' "$OUT/turns.jsonl"
}
