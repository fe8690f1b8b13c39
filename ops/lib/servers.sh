# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# The private Redis and MariaDB of a stack: files, command lines, readiness checks. Sourced by
# ops/stack. Data, sockets and logs are under DIR; the system's own Redis and MariaDB are never
# touched.

readonly DB_NAME=onrush DB_USER=onrush

random_token() {
    od -An -N20 -tx1 /dev/urandom | tr -d ' \n'
}

# write_secret FILE: writes a random secret, unless an earlier run of this stack left one.
write_secret() {
    [[ -s $1 ]] || random_token >"$1"
}

servers_check() {
    local name
    for name in redis-server redis-cli mariadbd mariadb mariadb-install-db; do
        command -v "$name" >/dev/null || die "there is no $name: run $ROOT/ops/deps --run first"
    done
}

# appendfsync always: Redis syncs a write before it acknowledges it, as a 202 promises.
# shellcheck disable=SC2154 # ports_choose or the record sets PORT_redis
redis_configure() {
    mkdir -p "$DIR/redis"
    cat >"$DIR/redis.conf" <<END
bind 127.0.0.1
port $PORT_redis
unixsocket "$RUN/redis.sock"
unixsocketperm 700
dir "$DIR/redis"
daemonize no
appendonly yes
appendfsync always
auto-aof-rewrite-min-size 1gb
save ""
maxmemory-policy noeviction
END
}

# Syncs every COMMIT to disk. Without network, binlog and performance schema it starts in half a
# second. It has its own tmpdir, because a starting mariadbd deletes all temporary tables there,
# even another server's.
mariadb_configure() {
    mkdir -p "$DIR/tmp"
    cat >"$DIR/mariadb.cnf" <<END
[mariadbd]
datadir=$DIR/mariadb
tmpdir=$DIR/tmp
socket=$RUN/mariadb.sock
pid-file=$DIR/mariadb/mariadbd.pid
skip-networking
skip-name-resolve
skip-log-bin
performance-schema=OFF
innodb-flush-log-at-trx-commit=1
innodb-buffer-pool-size=256M
innodb-log-file-size=128M
max-connections=500
END
}

# mariadb_install: makes the data directory under another name and renames it when complete, so that
# an interrupted `up` leaves no partial one. Options are not in mariadb.cnf because
# mariadb-install-db splits paths at spaces; hence also TMPDIR. --force: do not resolve the
# machine's name, which a fresh machine may not know.
mariadb_install() {
    [[ ! -d $DIR/mariadb ]] || return 0
    rm -rf "$DIR/mariadb.new"
    TMPDIR=$DIR/tmp mariadb-install-db --no-defaults --datadir="$DIR/mariadb.new" \
        --auth-root-authentication-method=normal --skip-test-db --force \
        --innodb-log-file-size=128M \
        >"$DIR/logs/mariadb-install.log" 2>&1 </dev/null || {
        head -n 12 "$DIR/logs/mariadb-install.log" >&2
        die "mariadb-install-db failed"
    }
    mv "$DIR/mariadb.new" "$DIR/mariadb"
}

# root needs no password: only we can enter the directory of the socket.
mariadb_root() {
    mariadb --no-defaults --socket="$RUN/mariadb.sock" --user=root --batch "$@"
}

mariadb_create_user() {
    mariadb_root <<END
CREATE DATABASE IF NOT EXISTS $DB_NAME;
CREATE USER IF NOT EXISTS $DB_USER@localhost;
ALTER USER $DB_USER@localhost IDENTIFIED BY '$(<"$DIR/db.password")';
GRANT ALL ON $DB_NAME.* TO $DB_USER@localhost;
END
}

redis_launch() {
    local wrap
    read -ra wrap <<<"$WRAP_REDIS"
    launch redis ${wrap[@]+"${wrap[@]}"} redis-server "$DIR/redis.conf"
}

# mariadbd refuses to run as root without --user.
mariadb_launch() {
    local user=()
    ((EUID != 0)) || user=(--user=root)
    launch mariadb mariadbd --defaults-file="$DIR/mariadb.cnf" ${user[@]+"${user[@]}"}
}

# While Redis loads its append-only file it answers LOADING, not PONG.
redis_ready() {
    [[ $(redis-cli -s "$RUN/redis.sock" ping 2>/dev/null) == PONG ]]
}

mariadb_ready() {
    mariadb_root --execute='DO 0' >/dev/null 2>&1
}
