# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# wrk with the requests of loadtests/lib/ask.lua. Sourced after bench.sh.
# shellcheck disable=SC2034,SC2154 # PIDS and BENCH_CHILDREN are of bench.sh

# ask CONNECTIONS SECONDS URL: sends the requests in ASK_* for one turn; ASKED is the result, a JSON
# object.
ask() {
    ask_begin "$@"
    ask_end
}

# ask_begin: as ask, but in the background until ask_end waits for it. It uses one thread per core,
# at most one per connection.
ask_begin() {
    local threads
    threads=$(nproc)
    ((threads <= $1)) || threads=$1
    export ASK_METHOD ASK_PATH ASK_BODY ASK_USERS ASK_CAMPAIGNS ASK_SEED=$RANDOM$RANDOM
    wrk --threads "$threads" --connections "$1" --duration "$2s" --timeout 10s \
        --script "$ROOT/loadtests/lib/ask.lua" "$3" \
        >"$DIR/wrk.out" 2>&1 &
    PIDS['wrk']=$!
    BENCH_CHILDREN[$!]=wrk
}

ask_end() {
    local pid=${PIDS['wrk']}
    wait "$pid" || die "wrk failed: $(tail -n 3 "$DIR/wrk.out")"
    unset "PIDS[wrk]" "BENCH_CHILDREN[$pid]"
    ASKED=$(tail -n 1 "$DIR/wrk.out")
    jq -e .requests <<<"$ASKED" >/dev/null || die "wrk said: $(tail -n 3 "$DIR/wrk.out")"
}

# asks METHOD PATH [BODY [USERS [CAMPAIGNS]]]: sets the requests of the next `ask`.
asks() {
    ASK_METHOD=$1 ASK_PATH=$2 ASK_BODY=${3:-} ASK_USERS=${4:-} ASK_CAMPAIGNS=${5:-1}
}

# clean_answers: every answer in ASKED is below 400, and no connection broke.
clean_answers() {
    [[ $(jq '.status_errors + .socket_errors' <<<"$ASKED") == 0 ]] ||
        die "$1: not every request was answered well: $ASKED"
}
