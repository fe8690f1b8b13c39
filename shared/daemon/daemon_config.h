/* SPDX-License-Identifier: Apache-2.0 */
/* The options that both daemons have: the groups admin, health, callbacks and tracing, as members
 * of the same names. */
#ifndef ONRUSH_DAEMON_CONFIG_H
#define ONRUSH_DAEMON_CONFIG_H

#include "shared/base/config_rows.h"
#include "shared/daemon/admin.h"
#include "shared/daemon/monitor.h"

#include <string.h>

#define CONFIG_ADMIN_ROWS(S, port_text)                                                            \
    CONFIG_STRING_ROW(S, "admin.address", admin.address, "127.0.0.1", 1, false),                   \
        CONFIG_INT_ROW(S, "admin.port", admin.port, port_text, 1, 65535, "", false),               \
        CONFIG_STRING_ROW(S, "admin.token_file", admin.token_file, "", 0, false)

static inline int config_check_source(const char *text)
{
    return text[strspn(text,
                       "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")] == '\0'
               ? 0
               : -1;
}

/* backlog_text, lag_text: the defaults */
#define CONFIG_HEALTH_ROWS(S, backlog_text, lag_text)                                              \
    CONFIG_INT_ROW(S, "health.worse_after_ms", health.worse_after_ms, "2000", 0, 600000, "ms",     \
                   false),                                                                         \
        CONFIG_INT_ROW(S, "health.better_after_ms", health.better_after_ms, "10000", 0, 600000,    \
                       "ms", false),                                                               \
        CONFIG_INT_ROW(S, "health.errors_percent", health.errors_percent, "5", 1, 100, "%",        \
                       false),                                                                     \
        CONFIG_INT_ROW(S, "health.backlog", health.backlog, backlog_text, 1, 1000000000,           \
                       "requests", false),                                                         \
        CONFIG_INT_ROW(S, "health.lag_ms", health.lag_ms, lag_text, 100, 3600000, "ms", false)

/* config_check_url: accepts http and https. Rejects user:password@ and a query, which may hold a
 * secret, because --print-config prints the URL. */
static inline int config_check_url(const char *text)
{
    const char *host = strstr(text, "://");
    bool good = strncmp(text, "http://", 7) == 0 || strncmp(text, "https://", 8) == 0;
    if (*text == '\0')
        return 0;
    return good && strchr(text, '?') == NULL && host[3 + strcspn(host + 3, "/#@")] != '@' ? 0 : -1;
}

#define CONFIG_TRACING_ROWS(S)                                                                     \
    CONFIG_CHECKED_ROW(S, "tracing.url", tracing.url, "", 0, false, config_check_url,              \
                       "a URL that begins with https:// or http:// and has neither password nor "  \
                       "query, or nothing")

#define CONFIG_CALLBACKS_ROWS(S)                                                                   \
    CONFIG_STRING_ROW(S, "callbacks.urls_file", callbacks.urls_file, "", 0, false),                \
        CONFIG_STRING_ROW(S, "callbacks.secret_file", callbacks.secret_file, "", 0, false),        \
        CONFIG_STRING_ROW(S, "callbacks.heartbeat_url_file", callbacks.heartbeat_url_file, "", 0,  \
                          false),                                                                  \
        CONFIG_INT_ROW(S, "callbacks.heartbeat_s", callbacks.heartbeat_s, "30", 1, 86400, "s",     \
                       false),                                                                     \
        CONFIG_STRING_ROW(S, "callbacks.ca_file", callbacks.ca_file, "", 0, false),                \
        CONFIG_CHECKED_ROW(S, "callbacks.source", callbacks.source, "onrush", 1, false,            \
                           config_check_source, "letters, digits and . _ -"),                      \
        CONFIG_INT_ROW(S, "callbacks.queue", callbacks.queue, "64", 1, 1000, "messages", false),   \
        CONFIG_INT_ROW(S, "callbacks.timeout_ms", callbacks.timeout_ms, "5000", 100, 60000, "ms",  \
                       false),                                                                     \
        CONFIG_INT_ROW(S, "callbacks.retry_for_s", callbacks.retry_for_s, "3600", 0, 86400, "s",   \
                       false),                                                                     \
        CONFIG_BOOL_ROW(S, "callbacks.health", callbacks.health, "true", false)

#endif
