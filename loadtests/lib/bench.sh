# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Shared by the benchmarks in loadtests/: options, a private stack, measured turns, and the verdict
# whether the machine was quiet enough. Sourced after ops/lib/common.sh.
#
# A turn is the work between turn_begin and turn_end. They measure the processor time of every
# process in PIDS (in ns, from /proc/PID/task/*/schedstat), of all other processes, and of the
# hypervisor (steal). `probe` times a fixed piece of work before and after each turn; if its time
# varies, so does the machine. quiet_turn repeats a turn if the machine was not quiet; if it never
# is, no figure of the run is a result.

# shellcheck disable=SC2034 # much of it is for the benchmarks that source this
BENCH=            # onrush-bench of the build
OUT=              # directory of result.json and the pictures
DIR=              # temporary directory with the stack
BUILD=${ONRUSH_BUILD:-$ROOT/build/release}
ROUNDS=
TURN_S=
STRICT=
SMOKE=
CTL=()
declare -A PIDS=()    # name -> pids
declare -A CPU_US=()  # name -> µs of the last turn
TURN_US=0
FOREIGN_PERCENT=0
STEAL_PERCENT=0
FASTEST_US=0          # of all probes so far
CROWDED=              # our own crowd uses the processor: skip the probes

readonly MAX_PROBE_SPREAD=10 MAX_FOREIGN=5 MAX_STEAL=1 # percent
readonly TRIES=5                                       # of a turn

# --- Options

# bench_option OPTION [VALUE]: handles the options that all benchmarks share. Sets SHIFT to the
# number of words it used; fails on any other option.
bench_option() {
    SHIFT=1
    case $1 in
    --strict) STRICT=yes ;;
    --smoke) SMOKE=yes ;;
    -h | --help) print_help && exit ;;
    --build-dir | --out | --rounds | --seconds)
        [[ -n ${2:-} ]] || usage_error "$1 needs a value"
        SHIFT=2
        bench_value "$1" "$2"
        ;;
    *) return 1 ;;
    esac
}

bench_value() {
    case $1 in
    --rounds | --seconds) is_count "$2" 1 1000 || usage_error "$1 $2: expected 1 to 1000" ;;
    esac
    case $1 in
    --build-dir) BUILD=$2 ;;
    --out) OUT=$2 ;;
    --rounds) ROUNDS=$2 ;;
    --seconds) TURN_S=$2 ;;
    esac
}

# defaults ROUNDS SECONDS: sets the options that were not given. A smoke run has one round of one
# second and only shows that everything works.
defaults() {
    ROUNDS=${ROUNDS:-${SMOKE:+1}}
    TURN_S=${TURN_S:-${SMOKE:+1}}
    ROUNDS=${ROUNDS:-$1}
    TURN_S=${TURN_S:-$2}
}

# --- Beginning and end

bench_require() {
    local name
    for name in "$@"; do
        command -v "$name" >/dev/null ||
            die "there is no $name: run $ROOT/ops/deps --run --bench first"
    done
}

# bench_begin: makes the directories, and sets the trap that stops everything.
bench_begin() {
    BUILD=$(realpath -m -- "$BUILD")
    BENCH=$BUILD/loadtests/onrush-bench
    [[ -x $BENCH ]] || die "there is no $BENCH: run $ROOT/ops/build first, or give --build-dir"
    OUT=${OUT:-$BUILD/loadtests/${0##*/}.out}
    mkdir -p "$OUT"
    : >"$OUT/turns.jsonl"
    : >"$OUT/probes.jsonl"
    : >"$OUT/set-aside.jsonl"
    DIR=$(mktemp -d "${TMPDIR:-/tmp}/onrush-bench-XXXXXX")
    trap 'exit 130' INT TERM HUP
    trap bench_end EXIT
    ulimit -Sn "$(ulimit -Hn)"
    machine_describe >"$OUT/machine.json"
    learn_speed
}

declare -A BENCH_CHILDREN=() # pid -> name, of the benchmark's own processes
bench_end() {
    local status=$? pid
    trap '' INT TERM HUP
    for pid in "${!BENCH_CHILDREN[@]}"; do
        kill "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
    if ((status != 0 && status != 75)) && [[ -d $DIR/stack/logs ]]; then
        tail -n 5 "$DIR"/stack/logs/{gateway,scheduler}.log >&2 || true
    fi
    [[ ! -e $DIR/stack/stack ]] || "$ROOT/ops/stack" down "$DIR/stack" || true
    rm -rf "$DIR"
    exit "$status"
}

# stack_up OPTION...: starts a private stack with durable Redis and MariaDB. All load comes from one
# address.
stack_up() {
    "$ROOT/ops/stack" up "$DIR/stack" --build-dir "$BUILD" \
        --set gateway.max_connections_per_address=1000000 \
        --set gateway.max_waiters_per_address=1000000 "$@"
    stack_read
    # Redis must not rewrite its log during a turn; redis_reset does so between turns.
    redis_do CONFIG SET auto-aof-rewrite-percentage 0
}

# stack_read: reads the addresses and the pids again after a start or stop.
stack_read() {
    # shellcheck source=/dev/null
    . "$DIR/stack/env"
    mapfile -t -d '' CTL < <(eval "printf '%s\0' $ONRUSHCTL")
    PIDS[gateway]=$GATEWAY_PID
    PIDS[scheduler]=$SCHEDULER_PID
    PIDS[redis]=$REDIS_PID
    PIDS[mariadb]=$MARIADB_PID
}

scheduler_stop() {
    "$ROOT/ops/stack" kill "$DIR/stack" scheduler TERM
    PIDS[scheduler]=
}

scheduler_start() {
    "$ROOT/ops/stack" start "$DIR/stack" scheduler "$@"
    stack_read
}

redis_do() {
    redis-cli -s "$REDIS_SOCKET" "$@" >/dev/null
}

redis_get() {
    redis-cli -s "$REDIS_SOCKET" "$@"
}

# redis_info SECTION FIELD
redis_info() {
    redis_get INFO "$1" | tr -d '\r' | sed -n "s/^$2://p"
}

sql() {
    MYSQL_PWD=$DB_PASSWORD mariadb --no-defaults --socket="$DB_SOCKET" --user="$DB_USER" \
        "$DB_NAME" --skip-column-names --batch --execute="$1"
}

db_arguments() {
    printf '%s\n' db-socket="$DB_SOCKET" db-name="$DB_NAME" db-user="$DB_USER" \
        db-password-file="$DIR/stack/db.password"
}

fill() {
    "$BENCH" fill redis="$REDIS_SOCKET" campaign="$1" n="$2" first="${3:-1}" >/dev/null
}

# campaign_reset NAME...: removes all users from the campaigns. A running scheduler would notice, so
# stop it first.
campaign_reset() {
    local name
    for name in "$@"; do
        printf 'UNLINK onrush:{%s}:queue onrush:{%s}:users\n' "$name" "$name"
        printf 'HSET onrush:{%s}:meta admitted 0 granted 0 sold_out 0 refused 0\n' "$name"
    done | redis_do
}

# redis_reset: rewrites Redis' log and waits until that is done.
redis_reset() {
    redis_do BGREWRITEAOF
    wait_until 60 redis_rests || die "Redis still rewrites its log after a minute"
}

redis_rests() {
    [[ $(redis_info persistence aof_rewrite_in_progress) == 0 &&
        $(redis_info persistence aof_rewrite_scheduled) == 0 &&
        $(redis_info memory lazyfree_pending_objects) == 0 ]]
}

# --- Turns

# cpu_us PIDS: prints the processor time of these processes and their threads so far, in µs.
cpu_us() {
    local pid
    for pid in $1; do
        cat "/proc/$pid"/task/*/schedstat 2>/dev/null || true
    done | awk '{ ns += $1 } END { printf "%d", ns / 1000 }'
}

# machine_ticks: prints the machine's busy and stolen ticks, those of the kernel's threads, and
# those of this script and its finished children.
machine_ticks() {
    local pid=$BASHPID
    awk '/^cpu / { printf "%d %d ", $2 + $3 + $4 + $7 + $8, $9; exit }' /proc/stat
    cat /proc/[0-9]*/stat 2>/dev/null | awk -v me="$$" -v shell="$pid" '
        { id = $1; sub(/^.*\) /, ""); split($0, f, " ") }
        f[2] == 2 || id == 2 { kernel += f[12] + f[13] }
        id == me || id == shell { mine += f[12] + f[13] + f[14] + f[15] }
        END { printf "%d %d\n", kernel, mine }'
}

turn_begin() {
    local name
    CPU_US=()
    for name in "${!PIDS[@]}"; do
        CPU_US[$name]=$(cpu_us "${PIDS[$name]}")
    done
    read -ra TICKS < <(machine_ticks)
    TURN_US=$(now_us)
}

turn_end() {
    local name now own=0 ticks
    TURN_US=$(($(now_us) - TURN_US))
    read -ra ticks < <(machine_ticks)
    for name in "${!PIDS[@]}"; do
        now=$(cpu_us "${PIDS[$name]}")
        CPU_US[$name]=$((now - CPU_US[$name]))
        own=$((own + CPU_US[$name]))
    done
    read -r FOREIGN_PERCENT STEAL_PERCENT < <(
        awk -v b=$((ticks[0] - TICKS[0])) -v s=$((ticks[1] - TICKS[1])) \
            -v k=$((ticks[2] - TICKS[2])) -v m=$((ticks[3] - TICKS[3])) \
            -v own="$own" -v us="$TURN_US" \
            -v cores="$(nproc)" -v hz="$(getconf CLK_TCK)" 'BEGIN {
                all = us * cores / 1e6 * hz; foreign = b - k - m - own / 1e6 * hz
                printf "%.1f %.1f\n", 100 * (foreign > 0 ? foreign : 0) / all, 100 * s / all }')
}

# turn_note WHAT ROUND JSON: appends a line to turns.jsonl: the figures in JSON and those of
# turn_end.
turn_note() {
    local name cpu='{}'
    for name in "${!CPU_US[@]}"; do
        cpu=$(jq -c --arg n "$name" --argjson v "${CPU_US[$name]}" '.[$n] = $v' <<<"$cpu")
    done
    jq -nc --arg what "$1" --argjson round "$2" --argjson data "$3" --argjson cpu "$cpu" \
        --argjson us "$TURN_US" --argjson foreign "$FOREIGN_PERCENT" \
        --argjson steal "$STEAL_PERCENT" \
        '{what: $what, round: $round, us: $us, cpu_us: $cpu, foreign: $foreign, steal: $steal}
            + $data' >>"$OUT/turns.jsonl"
}

# quiet_turn FUNCTION [ARGUMENT]...: repeats a turn until the machine was quiet. FUNCTION does one
# turn up to its turn_note and leaves no load. A turn on a noisy machine goes to set-aside.jsonl,
# whatever its figures. After TRIES the last one stays, and the run is no result.
quiet_turn() {
    local try
    for ((try = 1; ; try++)); do
        probe
        "$@"
        probe
        if ((try == TRIES)) || [[ -n $SMOKE ]] || was_quiet; then
            return
        fi
        set_aside
        printf '  %-6s the machine was not quiet: again\n' ''
    done
}

# was_quiet: judges the last turn and the probes around it.
was_quiet() {
    { [[ -n $CROWDED ]] || probes_agree; } &&
        tail -n 1 "$OUT/turns.jsonl" |
        jq -e --argjson foreign "$MAX_FOREIGN" --argjson steal "$MAX_STEAL" \
            '.foreign <= $foreign and .steal <= $steal' >/dev/null
}

probes_agree() {
    tail -n 2 "$OUT/probes.jsonl" |
        jq -e -s --argjson fastest "$FASTEST_US" --argjson spread "$MAX_PROBE_SPREAD" \
        'all(.[]; .wall_us <= $fastest * (1 + $spread / 100))' >/dev/null
}

set_aside() {
    tail -n 1 "$OUT/turns.jsonl" >>"$OUT/set-aside.jsonl"
    truncate_lines "$OUT/turns.jsonl" 1
    [[ -n $CROWDED ]] || truncate_lines "$OUT/probes.jsonl" 2
}

# truncate_lines FILE N: removes the last N lines.
truncate_lines() {
    head -n "-$2" "$1" >"$1.new"
    mv "$1.new" "$1"
}

# probe: runs the fixed piece of work on every core at once.
probe() {
    local took
    [[ -z $CROWDED ]] || return 0
    spin >>"$OUT/probes.jsonl"
    took=$(tail -n 1 "$OUT/probes.jsonl" | jq .wall_us)
    ((FASTEST_US > 0 && FASTEST_US <= took)) || FASTEST_US=$took
}

spin() {
    "$BENCH" spin threads="$(nproc)" millions=200
}

# learn_speed: measures this machine's best speed before the first turn is judged by it.
learn_speed() {
    local i n=10
    [[ -z $SMOKE ]] || n=1
    for ((i = 0; i < n; i++)); do
        probe
    done
    : >"$OUT/probes.jsonl"
}

# --- The verdict

machine_describe() {
    local model
    model=$(sed -n 's/^model name[[:space:]]*: //p' /proc/cpuinfo | head -n 1)
    jq -n --arg model "${model:-$(uname -m)}" --argjson cores "$(nproc)" \
        --arg kernel "$(uname -sr)" --arg system "$(. /etc/os-release && echo "$PRETTY_NAME")" \
        --arg load "$(cut -d' ' -f1-3 /proc/loadavg)" \
        --arg redis "$(redis-server --version | sed -E 's/.*v=([^ ]+).*/\1/')" \
        --arg mariadb "$(mariadbd --version 2>/dev/null | sed -E 's/.*Ver ([^ ]+).*/\1/')" \
        --arg onrush "$("$(binary onrushctl)" --version | head -n 1)" \
        --arg memory "$(awk '/^MemTotal/ { printf "%.1f GiB", $2 / 1048576 }' /proc/meminfo)" \
        --arg date "$(date -u +%FT%TZ)" \
        '{model: $model, cores: $cores, memory: $memory, kernel: $kernel, system: $system,
          load_before: $load, redis: $redis, mariadb: $mariadb, onrush: $onrush, date: $date}'
}

# jq functions for the results.
# shellcheck disable=SC2016,SC2034 # jq's variables; used by the benchmarks
readonly JQ_STATS='
def median: sort |
    if length == 0 then null elif length % 2 == 1 then .[length / 2 | floor]
    else (.[length / 2 - 1] + .[length / 2]) / 2 end;
def spread: if length < 2 or median == 0 then 0 else 100 * (max - min) / median end;
def stat: {median: median, spread_percent: spread, all: .};
'

# noise: prints why this run is no result, one reason per line; prints nothing if it is one.
noise() {
    jq -rn --slurpfile probes "$OUT/probes.jsonl" --slurpfile turns "$OUT/turns.jsonl" \
        --argjson spread "$MAX_PROBE_SPREAD" --argjson foreign "$MAX_FOREIGN" \
        --argjson steal "$MAX_STEAL" --argjson fastest "$FASTEST_US" "$JQ_STATS"'
        def r: . * 10 | round / 10;
        ([$probes[].wall_us, ($fastest | select(. > 0))] | spread) as $s |
        ([$turns[].foreign] | max) as $f | ([$turns[].steal] | max) as $t |
        (if $s > $spread
            then "a fixed piece of work varied by \($s | r) % (at most \($spread))"
            else empty end),
        (if $f > $foreign
            then "other processes took \($f | r) % of the machine in a turn " +
                "(at most \($foreign))"
            else empty end),
        (if $t > $steal
            then "the hypervisor took \($t | r) % of the machine in a turn (at most \($steal))"
            else empty end)'
    [[ -z $SMOKE ]] || echo "a smoke run measures nothing"
    ((ROUNDS >= 3)) || echo "fewer than three rounds"
}

# verdict RESULT: adds machine and verdict to a JSON document, writes it to OUT/result.json and
# prints them. With --strict it exits with 75 if the run is no result, and with 1 if a bar was
# missed.
verdict() {
    local reasons line missed
    reasons=$(noise)
    jq --slurpfile machine "$OUT/machine.json" --slurpfile turns "$OUT/turns.jsonl" \
        --slurpfile aside "$OUT/set-aside.jsonl" --arg reasons "$reasons" \
        '{machine: $machine[0], is_result: ($reasons == ""),
          not_a_result_because: ($reasons | split("\n") | map(select(. != "")))}
         + . + {set_aside: ($aside | length), turns: $turns}' <<<"$1" >"$OUT/result.json"
    jq -r '.machine |
        "\nMachine: \(.cores) cores, \(.model), \(.memory), \(.system), \(.kernel)\n" +
        "         Redis \(.redis), MariaDB \(.mariadb), \(.onrush); load before \(.load_before)"' \
        "$OUT/result.json"
    jq -r '"\(.turns | length) turns; " +
        "\(.set_aside) more were set aside, as the machine was not quiet"' "$OUT/result.json"
    printf 'Written: %s\n' "$OUT/result.json"
    missed=$(jq '[.bars[]? | select(.holds == false)] | length' "$OUT/result.json")
    while read -r line; do
        [[ -z $line ]] || printf 'NOT A RESULT: %s\n' "$line"
    done <<<"$reasons"
    [[ -z $STRICT || -z $reasons ]] || exit 75
    [[ -z $STRICT || $missed == 0 ]] || exit 1
}

# print_bars RESULT: prints the table of bars: [{what, value, bar, unit, at_least, holds}].
print_bars() {
    printf '\n  %-58s %10s %14s  %s\n' 'bar' 'measured' 'wanted' ''
    jq -r '.bars[] | [.what, (.value * 100 | round / 100),
        (if .at_least then ">= " else "<= " end) + (.bar | tostring) + " " + .unit,
        (if .holds then "holds" else "MISSED" end)] | @tsv' <<<"$1" |
        while IFS=$'\t' read -r what value bar holds; do
            printf '  %-58s %10s %14s  %s\n' "$what" "$value" "$bar" "$holds"
        done
}

# shellcheck disable=SC2016,SC2034
readonly JQ_BARS='
def at_least(what; value; bar; unit):
    {what: what, value: value, bar: bar, unit: unit, at_least: true, holds: (value >= bar)};
def at_most(what; value; bar; unit):
    {what: what, value: value, bar: bar, unit: unit, at_least: false, holds: (value <= bar)};
'
