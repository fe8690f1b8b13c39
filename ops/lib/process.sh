# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Processes of a stack: start one in the background, know it again, end it. Sourced by ops/stack.
#
# DIR/pids/PART holds "PID START", START being the kernel's start time of that process. Only a
# process of which both agree is ours; a pid that was used again by somebody else never gets a signal.

# process_started PID: its start time (clock ticks since boot); fails when it is gone or a zombie. A zombie with
# other threads is not gone: one that was killed holds its sockets until the last of them has ended.
process_started() {
    local stat fields
    { stat=$(<"/proc/$1/stat"); } 2>/dev/null || return 1
    read -ra fields <<<"${stat##*) }" # the name before it may hold anything
    [[ ${fields[0]} != X ]] || return 1
    [[ ${fields[0]} != Z ]] || ((fields[17] > 1)) || return 1
    printf '%s' "${fields[19]}"
}

# part_pid PART: the pid of a part that runs; fails when it does not.
part_pid() {
    local pid started
    { read -r pid started <"$DIR/pids/$1"; } 2>/dev/null || return 1
    [[ $(process_started "$pid") == "$started" ]] || return 1
    printf '%s' "$pid"
}

part_runs() {
    part_pid "$1" >/dev/null
}

# become COMMAND...: the last step of the background child. Descriptors above 2 are the caller's (a
# test harness waits for their end): close them. Daemons that hold many connections want many files.
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

# launch PART COMMAND...: starts it in a session of its own, out of reach of the terminal's Ctrl-C,
# its output appended to DIR/logs/PART.log. A signal that arrives before the pid is written down
# waits until it is (on_signal), so that an interrupted start leaves no process behind.
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

# wait_until SECONDS COMMAND...: asks again every 30 ms until COMMAND succeeds.
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
        kill -s "$signal" "$pid" 2>/dev/null || true # it may have ended by itself meanwhile
    done
}

# kill_sessions PART...: a part leads a session, so this also ends what a wrapper has started.
kill_sessions() {
    local part pid
    for part in "$@"; do
        pid=$(part_pid "$part") || continue
        kill -s KILL -- "-$pid" "$pid" 2>/dev/null || true
    done
}

# stop_parts SECONDS PART...: asks them to end (CONT wakes those that somebody stopped), waits, and
# ends by force what is still there after that time.
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
