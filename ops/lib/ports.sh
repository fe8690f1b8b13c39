# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Loopback ports for stacks. Sourced by ops/stack.
#
# The file /tmp/onrush-ports/PORT reserves a port from `up` to `down`; it holds the directory of the
# stack. So stacks that start at once never choose the same port, and a killed part gets its old
# port back. All ports are below the ephemeral range, from which the kernel gives ports to any
# process.

readonly PORTS_DIR=/tmp/onrush-ports PORTS_FIRST=20000 PORTS_LAST=32767

# ports_open: makes the directory for every user of the machine, and locks it with descriptor 9. It
# opens the lock file for reading: in a sticky directory the kernel refuses to create or truncate
# another user's file, even for root.
ports_open() {
    (umask 0 && mkdir -m 1777 "$PORTS_DIR" 2>/dev/null) || true
    (set -o noclobber && umask 0 && : >"$PORTS_DIR/lock") 2>/dev/null || true
    exec 9<"$PORTS_DIR/lock"
    flock -w 60 9 || die "cannot lock $PORTS_DIR/lock: another ops/stack hangs?"
}

ports_close() {
    exec 9<&-
}

port_in_use() {
    local tables=(/proc/net/tcp) hex
    [[ ! -r /proc/net/tcp6 ]] || tables+=(/proc/net/tcp6)
    printf -v hex ':%04X' "$1"
    awk -v end="$hex" 'substr($2, length($2) - 4) == end { found = 1; exit } END { exit !found }' \
        "${tables[@]}"
}

# port_reserve PORT: fails if another stack has the port. A reservation whose stack's directory was
# deleted is taken over, if we may remove it.
port_reserve() {
    local file=$PORTS_DIR/$1 owner
    if [[ -e $file ]]; then
        { owner=$(<"$file"); } 2>/dev/null || return 1
        [[ ! -e $owner/stack ]] || return 1
        rm -f "$file" 2>/dev/null || return 1
    fi
    (set -o noclobber && umask 022 && printf '%s\n' "$DIR" >"$file") 2>/dev/null
}

# ports_choose NAME...: reserves a free port for each name and sets PORT_NAME. Call it between
# ports_open and ports_close, and write the stack's record before ports_close, because the record
# keeps the ports reserved.
ports_choose() {
    local span=$((PORTS_LAST - PORTS_FIRST + 1)) at tries=0 name
    at=$((RANDOM % span))
    for name in "$@"; do
        until port_take $((PORTS_FIRST + at)); do
            at=$(((at + 1) % span))
            ((++tries <= span)) || die "no free port from $PORTS_FIRST to $PORTS_LAST"
        done
        printf -v "PORT_$name" '%s' $((PORTS_FIRST + at))
        at=$(((at + 1) % span))
    done
}

port_take() {
    ! port_in_use "$1" && port_reserve "$1"
}

ports_release() {
    local file owner
    ports_open
    for file in "$PORTS_DIR"/[0-9]*; do
        { owner=$(<"$file"); } 2>/dev/null || continue
        [[ $owner != "$DIR" ]] || rm -f "$file"
    done
    ports_close
}
