/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/config.h"

#include "shared/store/protocol.h"

#include <string.h>

static int check_name(const char *text)
{
    return *text == '\0' || campaign_name_valid(text, strlen(text)) ? 0 : -1;
}

#define S scheduler_config

static const struct config_option options[] = {
    {"name", CONFIG_STRING, offsetof(struct S, name), 0, 32, "", "", false, check_name,
     "letters, digits and . _ -, or nothing for the host's name"},
    CONFIG_INT_ROW(S, "batch_size", batch_size, "1000", 1, 5000, "rows", true),
    CONFIG_INT_ROW(S, "commit_target_ms", commit_target_ms, "50", 0, 60000, "ms", true),
    CONFIG_INT_ROW(S, "pool_size", pool_size, "4", 1, 64, "connections", false),
    CONFIG_INT_ROW(S, "connection_lifetime_s", connection_lifetime_s, "600", 1, 86400, "s", true),
    CONFIG_INT_ROW(S, "lease_ms", lease_ms, "3000", 500, 60000, "ms", false),
    CONFIG_INT_ROW(S, "poll_ms", poll_ms, "10", 1, 1000, "ms", true),
    CONFIG_INT_ROW(S, "retention_s", retention_s, "86400", 1, 31536000, "s", true),
    CONFIG_INT_ROW(S, "grace_s", grace_s, "10", 1, 300, "s", true),
    CONFIG_REDIS_ROWS(S, "false"),
    CONFIG_MARIADB_ROWS(S),
    CONFIG_ADMIN_ROWS(S, "8082"),
    CONFIG_LOG_ROWS(S),
    CONFIG_HEALTH_ROWS(S, "1000000", "10000"),
    CONFIG_CALLBACKS_ROWS(S),
    CONFIG_BOOL_ROW(S, "callbacks.opened", events.opened, "true", false),
    CONFIG_BOOL_ROW(S, "callbacks.half_gone", events.half_gone, "true", false),
    CONFIG_BOOL_ROW(S, "callbacks.sold_out", events.sold_out, "true", false),
    CONFIG_BOOL_ROW(S, "callbacks.closed", events.closed, "true", false),
    CONFIG_TRACING_ROWS(S),
};

const struct config_table scheduler_config_table = {
    .options = options,
    .n = sizeof options / sizeof options[0],
    .size = sizeof(struct scheduler_config),
};
