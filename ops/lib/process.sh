# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Starts processes of a stack in the background, recognizes them, and ends them. Sourced by
# ops/stack.
#
# DIR/pids/PART holds "PID START"; START is the kernel's start time of the process. If both match,
# the process is ours. So a pid that the kernel has reused never gets a signal.

# process_started PID: prints its start time in clock ticks since boot; fails if it is gone or a
# zombie. A zombie with other threads is not gone: a killed process holds its sockets until its last
# thread has ended.
process_started() {
    local stat fields
    { stat=$(<"/proc/$1/stat"); } 2>/dev/null || return 1
    read -ra fields <<<"${stat##*) }" # the name before it may contain anything
    [[ ${fields[0]} != X ]] || return 1
    [[ ${fields[0]} != Z ]] || ((fields[17] > 1)) || return 1
    printf '%s' "${fields[19]}"
}

# part_pid PART: prints the pid of a running part, or fails.
part_pid() {
    local pid started
    { read -r pid started <"$DIR/pids/$1"; } 2>/dev/null || return 1
    [[ $(process_started "$pid") == "$started" ]] || return 1
    printf '%s' "$pid"
}

part_runs() {
    part_pid "$1" >/dev/null
}

# become COMMAND...: the last step of the background child. It closes the descriptors above 2,
# because they are the caller's, and a test harness may wait until they are closed. It raises the
# limit of open files for daemons with many connections.
become() {
    local fd
    for fd in /proc/self/fd/*; do
        fd=${fd##*/}
        ((fd <= 2 || fd == 255)) || eval "exec $fd>&-"
    done
    ulimit -Sn 65536 2>/dev/null || ulimit -Sn "$(ulimit -Hn)"
    cd "$DIR" || exit 1
    exec setsid "$@"
}

# launch PART COMMAND...: starts the part in its own session, so that the terminal's Ctrl-C does not
# reach it, and appends its output to DIR/logs/PART.log. on_signal delays a signal until the pid is
# recorded, so that an interrupted start leaves no process behind.
launch() {
    local part=$1 pid started
    shift
    LAUNCHING=yes
    become "$@" </dev/null >>"$DIR/logs/$part.log" 2>&1 &
    pid=$!
    started=$(process_started "$pid") || started=0
    printf '%s %s\n' "$pid" "$started" >"$DIR/pids/$part"
    LAUNCHING=
    [[ -z $SIGNALLED ]] || exit 130
}

LAUNCHING=
SIGNALLED=
on_signal() {
    SIGNALLED=yes
    [[ -n $LAUNCHING ]] || exit 130
}

# wait_until SECONDS COMMAND...: repeats COMMAND every 30 ms until it succeeds.
wait_until() {
    local deadline=$((SECONDS + $1))
    shift
    until "$@"; do
        ((SECONDS < deadline)) || return 1
        sleep 0.03
    done
}

none_runs() {
    local part
    for part in "$@"; do
        ! part_runs "$part" || return 1
    done
}

running() {
    local part
    for part in "$@"; do
        ! part_runs "$part" || printf '%s ' "$part"
    done
}

signal_parts() {
    local signal=$1 part pid
    shift
    for part in "$@"; do
        pid=$(part_pid "$part") || continue
        kill -s "$signal" "$pid" 2>/dev/null || true # it may have ended meanwhile
    done
}

# kill_sessions PART...: kills each part's whole session, which includes a wrapper's children.
kill_sessions() {
    local part pid
    for part in "$@"; do
        pid=$(part_pid "$part") || continue
        kill -s KILL -- "-$pid" "$pid" 2>/dev/null || true
    done
}

# stop_parts SECONDS PART...: sends TERM, and CONT to wake stopped parts; kills the parts that still
# run after that time.
stop_parts() {
    local seconds=$1
    shift
    signal_parts TERM "$@"
    signal_parts CONT "$@"
    if ! wait_until "$seconds" none_runs "$@"; then
        say "still running after $seconds s, killed: $(running "$@")"
        kill_sessions "$@"
        wait_until 10 none_runs "$@" || die "a process of $* cannot be killed"
    fi
}
