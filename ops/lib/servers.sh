# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# The private Redis and MariaDB of a stack: their files, their command lines, whether they are ready.
# Sourced by ops/stack. Data, sockets and logs are under DIR; nothing of the system's own Redis or
# MariaDB is read or written.

readonly DB_NAME=onrush DB_USER=onrush

random_token() {
    od -An -N20 -tx1 /dev/urandom | tr -d ' \n'
}

# write_secret FILE: a new random one, unless a former life of this stack left one.
write_secret() {
    [[ -s $1 ]] || random_token >"$1"
}

servers_check() {
    local name
    for name in redis-server redis-cli mariadbd mariadb mariadb-install-db; do
        command -v "$name" >/dev/null || die "there is no $name: run $ROOT/ops/deps --run first"
    done
}

# Every acknowledged write is on disk (appendfsync always): that is what a 202 promises.
# shellcheck disable=SC2154 # PORT_redis is ports_choose()'s, or the record's
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

# Every COMMIT is on disk. No network, no binlog, no performance schema: it starts in half a second.
# A tmpdir of its own: a mariadbd that starts deletes every temporary table it finds there, also those
# of another server.
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

# mariadb_install: makes the data directory. It is made beside its place and renamed when complete,
# so a half-made one of an interrupted `up` is never taken for good. Its options do not come from
# mariadb.cnf because that script splits paths at spaces; hence also TMPDIR. --force: it is not to look
# up the machine's own name, which a fresh machine may not know.
mariadb_install() {
    [[ ! -d $DIR/mariadb ]] || return 0
    rm -rf "$DIR/mariadb.new"
    TMPDIR=$DIR/tmp mariadb-install-db --no-defaults --datadir="$DIR/mariadb.new" \
        --auth-root-authentication-method=normal --skip-test-db --force --innodb-log-file-size=128M \
        >"$DIR/logs/mariadb-install.log" 2>&1 </dev/null || {
        head -n 12 "$DIR/logs/mariadb-install.log" >&2
        die "mariadb-install-db failed"
    }
    mv "$DIR/mariadb.new" "$DIR/mariadb"
}

# root has no password here: the socket lies in a directory that only we can enter.
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

# It refuses to run as root unless told.
mariadb_launch() {
    local user=()
    ((EUID != 0)) || user=(--user=root)
    launch mariadb mariadbd --defaults-file="$DIR/mariadb.cnf" ${user[@]+"${user[@]}"}
}

# A Redis that still loads its append-only file answers LOADING, which is not PONG.
redis_ready() {
    [[ $(redis-cli -s "$RUN/redis.sock" ping 2>/dev/null) == PONG ]]
}

mariadb_ready() {
    mariadb_root --execute='DO 0' >/dev/null 2>&1
}
