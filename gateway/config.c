/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/config.h"

#include "gateway/routes/route_config.h"
#include "gateway/routes/route_table.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define S gateway_config

#define LIMIT_ROWS(M, id)                                                                          \
    CONFIG_INT_ROW(S, "limits." #id "_requests", limits.of[LIMIT_##id].requests, "0", 0, 1000000,  \
                   "", true),                                                                      \
        CONFIG_INT_ROW(S, "limits." #id "_s", limits.of[LIMIT_##id].seconds, "10", 1, 3600, "s",   \
                       true),

static const struct config_option options[] = {
    CONFIG_STRING_ROW(S, "address", address, "127.0.0.1", 1, false),
    CONFIG_INT_ROW(S, "port", port, "8080", 1, 65535, "", false),
    CONFIG_INT_ROW(S, "workers", workers, "0", 0, WORKERS_MAX, "", false),
    CONFIG_INT_ROW(S, "max_connections", max_connections, "16384", 1, 1000000, "", false),
    CONFIG_INT_ROW(S, "max_connections_per_address", max_connections_per_address, "0", 0, 1000000,
                   "", false),
    CONFIG_INT_ROW(S, "max_in_flight", max_in_flight, "65536", 1, 1000000, "", true),
    CONFIG_INT_ROW(S, "max_waiters", max_waiters, "-1", -1, 1000000, "", true),
    CONFIG_INT_ROW(S, "max_waiters_per_address", max_waiters_per_address, "0", 0, 1000000, "",
                   true),
    CONFIG_INT_ROW(S, "max_body_bytes", max_body_bytes, "4096", 128, 65536, "bytes", false),
    CONFIG_INT_ROW(S, "max_header_bytes", max_header_bytes, "8192", 2048, 262144, "bytes", false),
    CONFIG_INT_ROW(S, "max_url_bytes", max_url_bytes, "1024", 256, 8192, "bytes", true),
    CONFIG_INT_ROW(S, "idle_timeout_s", idle_timeout_s, "60", 1, 3600, "s", false),
    CONFIG_INT_ROW(S, "request_timeout_s", request_timeout_s, "10", 1, 600, "s", true),
    CONFIG_INT_ROW(S, "max_wait_s", max_wait_s, "30", 0, 30, "s", true),
    CONFIG_INT_ROW(S, "poll_ms", poll_ms, "20", 1, 1000, "ms", true),
    CONFIG_INT_ROW(S, "instant_poll_ms", instant_poll_ms, "2", 1, 1000, "ms", true),
    CONFIG_INT_ROW(S, "batch_max", batch_max, "1000", 1, 5000, "", true),
    CONFIG_BOOL_ROW(S, "journal", journal, "true", true),
    CONFIG_INT_ROW(S, "grace_s", grace_s, "10", 1, 600, "s", true),
    CONFIG_REDIS_ROWS(S, "true"),
    CONFIG_MARIADB_ROWS(S),
    CONFIG_STRING_ROW(S, "auth.key_file", auth.key_file, "", 0, false),
    CONFIG_CHECKED_ROW(S, "auth.algorithm", auth.algorithm, "HS256", 1, false, auth_check_algorithm,
                       "HS256, HS384, HS512, RS256, RS384, RS512, ES256, ES384 or ES512"),
    CONFIG_STRING_ROW(S, "auth.claim", auth.claim, "sub", 1, false),
    LIMITS(LIMIT_ROWS, )
        CONFIG_INT_ROW(S, "limits.slots", limits.slots, "262144", 1024, 16777216, "", false),
    CONFIG_ADMIN_ROWS(S, "8081"),
    CONFIG_LOG_ROWS(S),
    CONFIG_HEALTH_ROWS(S, "50000", "3000"),
    CONFIG_CALLBACKS_ROWS(S),
    CONFIG_TRACING_ROWS(S),
    CONFIG_INT_ROW(S, "tracing.sample_ppm", tracing.sample_ppm, "1000", 0, 1000000, "ppm", false),
};

static const struct config_list lists[] = {
    {"routes", offsetof(struct S, routes), route_config_read, routes_free},
    {"trusted_proxies", offsetof(struct S, trusted_proxies), proxies_read, free},
};

/* check: each waiting request has a connection, so a larger max_waiters could never be reached. */
static int check(const void *config, char *error)
{
    const struct gateway_config *c = config;
    if (gateway_config_waiters(c) <= c->max_connections)
        return 0;
    snprintf(error, CONFIG_ERROR_SIZE,
             "max_waiters = %" PRId64 " is above max_connections = %" PRId64
             ": each request that waits has a connection; lower the one or raise the other",
             c->max_waiters, c->max_connections);
    return -EINVAL;
}

const struct config_table gateway_config_table = {
    .options = options,
    .n = sizeof options / sizeof options[0],
    .size = sizeof(struct gateway_config),
    .lists = lists,
    .n_lists = sizeof lists / sizeof lists[0],
    .check = check,
};
