/* SPDX-License-Identifier: Apache-2.0 */
/* The gateway's configuration, immutable once published. etc/gateway.cfg explains every key. */
#ifndef ONRUSH_GATEWAY_CONFIG_H
#define ONRUSH_GATEWAY_CONFIG_H

#include "gateway/auth.h"
#include "gateway/limit_kind.h"
#include "gateway/trusted_proxies.h"
#include "shared/base/log_config.h"
#include "shared/daemon/admin.h"
#include "shared/daemon/daemon_config.h"
#include "shared/store/db.h"
#include "shared/store/redis.h"
#include "shared/store/store_config.h"

#define WORKERS_MAX 64

struct gateway_config {
    char address[64];
    int64_t port;
    int64_t workers;                                      /* 0: see worker_count() */
    int64_t max_connections, max_connections_per_address; /* 0: half of them */
    int64_t max_in_flight;
    int64_t max_waiters;             /* -1: max_connections */
    int64_t max_waiters_per_address; /* 0: half of them */
    int64_t max_body_bytes, max_header_bytes, max_url_bytes;
    int64_t idle_timeout_s, request_timeout_s, max_wait_s, grace_s;
    int64_t poll_ms, instant_poll_ms;
    int64_t batch_max;
    bool journal;
    struct redis_config redis;
    struct db_config mariadb;
    struct auth_config auth;
    struct admin_config admin;
    struct log_config log;
    struct health_config health;
    struct callbacks_config callbacks;
    struct tracing_config tracing;
    struct limits_config limits;
    struct routes *routes; /* never NULL */
    struct trusted_proxies *trusted_proxies;
};

extern const struct config_table gateway_config_table;

/* gateway_config_waiters: how many requests may wait at the same time. */
static inline int64_t gateway_config_waiters(const struct gateway_config *config)
{
    return config->max_waiters >= 0 ? config->max_waiters : config->max_connections;
}

#endif
