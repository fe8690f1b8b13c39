# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Alternatives to Onrush: webdis, and nginx with Lua and its Redis client. Sourced by
# loadtests/compare.
#
# They are tuned in their favour: a thread or worker per core, endless keep-alive, pooled
# connections to Redis, the gateway's unix socket, a session of their own like the gateway's (the
# kernel divides the processor among sessions), no access log, JIT on, code loaded before the first
# request. They do only the call. They parse no JSON (nginx extracts the user with a pattern, webdis
# gets the call ready-made). They check no name or user, have no limits or deadlines, do not check
# that Redis is durable, and pass on Redis' reply as it is.

# shellcheck disable=SC2034,SC2154 # PIDS is of bench.sh
WEBDIS_PORT=
NGINX_PORT=

# free_port: prints a free port below the ephemeral range.
free_port() {
    local port
    while :; do
        port=$((14000 + RANDOM % 5000))
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
    done
    printf '%s' "$port"
}

rival_answers() {
    (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

rivals_up() {
    webdis_up
    nginx_up
}

webdis_up() {
    WEBDIS_PORT=$(free_port)
    jq -n --arg socket "$REDIS_SOCKET" --argjson port "$WEBDIS_PORT" --argjson cores "$(nproc)" \
        --arg log "$DIR/webdis.log" '
        {redis_host: $socket, redis_port: 0, redis_auth: null, http_host: "127.0.0.1",
         http_port: $port, threads: $cores, pool_size: 64, daemonize: false, websockets: false,
         database: 0, acl: [], verbosity: 0, logfile: $log}' >"$DIR/webdis.json"
    setsid webdis "$DIR/webdis.json" >"$DIR/webdis.out" 2>&1 &
    BENCH_CHILDREN[$!]=webdis
    PIDS['webdis']=$!
    wait_until 10 rival_answers "$WEBDIS_PORT" ||
        die "webdis does not start: $(tail -n 3 "$DIR/webdis.out")"
}

nginx_configure() {
    local cores user=''
    cores=$(nproc)
    ((EUID != 0)) || user='user root;'
    cat >"$DIR/nginx.conf" <<END
daemon off;
$user
worker_processes $cores;
worker_rlimit_nofile 65536;
pid $DIR/nginx.pid;
error_log $DIR/nginx.log error;
load_module /usr/lib/nginx/modules/ndk_http_module.so;
load_module /usr/lib/nginx/modules/ngx_http_lua_module.so;
events {
    worker_connections 32768;
    multi_accept on;
}
http {
    access_log off;
    server_tokens off;
    keepalive_requests 1000000000;
    keepalive_timeout 600s;
    client_body_temp_path $DIR/nginx-body;
    client_body_in_single_buffer on;
    proxy_temp_path $DIR/nginx-proxy;
    fastcgi_temp_path $DIR/nginx-fastcgi;
    uwsgi_temp_path $DIR/nginx-uwsgi;
    scgi_temp_path $DIR/nginx-scgi;
    lua_package_path '/usr/share/lua/5.1/?.lua;;';
    init_by_lua_block { redis = require 'nginx.redis' }
    server {
        listen 127.0.0.1:$NGINX_PORT reuseport backlog=16384;
        location = /served { stub_status; }
        location = /constant { return 200 '{"status":"sold_out"}'; }
        location = /enqueue {
            content_by_lua_block {
                ngx.req.read_body()
                local user = ngx.req.get_body_data():match('"user_id":"([^"]+)"')
                local red = redis:new()
                local ok, err = red:connect('unix:$REDIS_SOCKET')
                if not ok then return ngx.exit(503) end
                local answer, err = red:fcall('onrush_enqueue', 3, 'onrush:{nginx}:meta',
                                              'onrush:{nginx}:queue', 'onrush:{nginx}:users', user)
                if not answer then return ngx.exit(503) end
                red:set_keepalive(600000, 512)
                ngx.print(answer[1])
            }
        }
    }
}
END
}

nginx_up() {
    NGINX_PORT=$(free_port)
    nginx_configure
    setsid nginx -c "$DIR/nginx.conf" >"$DIR/nginx.out" 2>&1 &
    BENCH_CHILDREN[$!]=nginx
    wait_until 10 rival_answers "$NGINX_PORT" ||
        die "nginx does not start: $(tail -n 3 "$DIR/nginx.out")"
    PIDS['nginx']=$(cat "/proc/$!/task/$!/children")
}

rival_versions() {
    jq -n --arg webdis "$(dpkg-query -W -f '${Version}' webdis 2>/dev/null)" \
        --arg nginx "$(nginx -v 2>&1 | sed 's/.*: //')" \
        --arg lua "$(dpkg-query -W -f '${Version}' libnginx-mod-http-lua 2>/dev/null)" \
        --arg resty "$(dpkg-query -W -f '${Version}' lua-nginx-redis 2>/dev/null)" \
        --arg wrk "$(dpkg-query -W -f '${Version}' wrk 2>/dev/null)" \
        '{webdis: $webdis, nginx: $nginx, nginx_lua: $lua, lua_resty_redis: $resty, wrk: $wrk}'
}
