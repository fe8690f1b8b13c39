/* SPDX-License-Identifier: Apache-2.0 */
/* The scheduler's configuration. etc/scheduler.cfg explains every key. */
#ifndef ONRUSH_SCHEDULER_CONFIG_H
#define ONRUSH_SCHEDULER_CONFIG_H

#include "shared/base/log_config.h"
#include "shared/daemon/admin.h"
#include "shared/daemon/daemon_config.h"
#include "shared/store/db.h"
#include "shared/store/redis.h"
#include "shared/store/store_config.h"

/* The campaign events for which callbacks are sent. */
struct events_config {
    bool opened, half_gone, sold_out, closed;
};

struct scheduler_config {
    char name[33];
    int64_t batch_size, commit_target_ms, pool_size, connection_lifetime_s, lease_ms, poll_ms,
        retention_s, grace_s;
    struct redis_config redis;
    struct db_config mariadb;
    struct admin_config admin;
    struct log_config log;
    struct health_config health;
    struct callbacks_config callbacks;
    struct events_config events;
    struct tracing_config tracing;
};

extern const struct config_table scheduler_config_table;

#endif
