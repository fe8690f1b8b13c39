/* The option rows that several programs share: groups redis, mariadb, admin, log, health and
 * callbacks. `S` is the program's config struct; its members have the names of the groups. */
#ifndef ONRUSH_CONFIG_GROUPS_H
#define ONRUSH_CONFIG_GROUPS_H

#include "shared/config.h"
#include "shared/log.h"
#include "shared/monitor.h"

#include <string.h>

struct log_config {
    char level[16], format[16], priorities[16];
};

#define CONFIG_INT_ROW(S, key, field, initial, min, max, unit, reload)                             \
    {                                                                                              \
        key, CONFIG_INT, offsetof(struct S, field), min, max, initial, unit, reload, NULL, NULL    \
    }
#define CONFIG_BOOL_ROW(S, key, field, initial, reload)                                            \
    {                                                                                              \
        key, CONFIG_BOOL, offsetof(struct S, field), 0, 0, initial, "", reload, NULL, NULL         \
    }
#define CONFIG_STRING_ROW(S, key, field, initial, min, reload)                                     \
    {                                                                                              \
        key, CONFIG_STRING, offsetof(struct S, field), min, sizeof(((struct S *)0)->field) - 1,    \
            initial, "", reload, NULL, NULL                                                        \
    }

#define CONFIG_REDIS_ROWS(S, durable)                                                              \
    CONFIG_STRING_ROW(S, "redis.socket", redis.socket, "", 0, false),                              \
        CONFIG_STRING_ROW(S, "redis.host", redis.host, "127.0.0.1", 1, false),                     \
        CONFIG_INT_ROW(S, "redis.port", redis.port, "6379", 1, 65535, "", false),                  \
        CONFIG_STRING_ROW(S, "redis.user", redis.user, "", 0, false),                              \
        CONFIG_STRING_ROW(S, "redis.password_file", redis.password_file, "", 0, false),            \
        CONFIG_INT_ROW(S, "redis.connect_timeout_ms", redis.connect_timeout_ms, "1000", 10, 60000, \
                       "ms", false),                                                               \
        CONFIG_INT_ROW(S, "redis.command_timeout_ms", redis.command_timeout_ms, "2000", 10, 60000, \
                       "ms", false),                                                               \
        CONFIG_BOOL_ROW(S, "redis.require_durable", redis.require_durable, durable, false)

#define CONFIG_MARIADB_ROWS(S)                                                                     \
    CONFIG_STRING_ROW(S, "mariadb.socket", mariadb.socket, "", 0, false),                          \
        CONFIG_STRING_ROW(S, "mariadb.host", mariadb.host, "127.0.0.1", 1, false),                 \
        CONFIG_INT_ROW(S, "mariadb.port", mariadb.port, "3306", 1, 65535, "", false),              \
        CONFIG_STRING_ROW(S, "mariadb.database", mariadb.database, "onrush", 1, false),            \
        CONFIG_STRING_ROW(S, "mariadb.user", mariadb.user, "onrush", 1, false),                    \
        CONFIG_STRING_ROW(S, "mariadb.password_file", mariadb.password_file, "", 0, false),        \
        CONFIG_INT_ROW(S, "mariadb.connect_timeout_ms", mariadb.connect_timeout_ms, "3000", 1000,  \
                       60000, "ms", false),                                                        \
        CONFIG_INT_ROW(S, "mariadb.query_timeout_ms", mariadb.query_timeout_ms, "5000", 1000,      \
                       600000, "ms", false)

#define CONFIG_ADMIN_ROWS(S, port_text)                                                            \
    CONFIG_STRING_ROW(S, "admin.address", admin.address, "127.0.0.1", 1, false),                   \
        CONFIG_INT_ROW(S, "admin.port", admin.port, port_text, 1, 65535, "", false),               \
        CONFIG_STRING_ROW(S, "admin.token_file", admin.token_file, "", 0, false)

static inline int config_check_level(const char *text)
{
    enum log_level level;
    return log_level_parse(text, &level);
}

static inline int config_check_format(const char *text)
{
    enum log_format format;
    return log_format_parse(text, &format);
}

static inline int config_check_priorities(const char *text)
{
    enum log_priorities priorities;
    return log_priorities_parse(text, &priorities);
}

#define CONFIG_LOG_ROWS(S)                                                                         \
    {"log.level",                                                                                  \
     CONFIG_STRING,                                                                                \
     offsetof(struct S, log.level),                                                                \
     1,                                                                                            \
     sizeof(((struct S *)0)->log.level) - 1,                                                       \
     "info",                                                                                       \
     "",                                                                                           \
     true,                                                                                         \
     config_check_level,                                                                           \
     "error, warning, info or debug"},                                                             \
        {"log.format",                                                                             \
         CONFIG_STRING,                                                                            \
         offsetof(struct S, log.format),                                                           \
         1,                                                                                        \
         sizeof(((struct S *)0)->log.format) - 1,                                                  \
         "logfmt",                                                                                 \
         "",                                                                                       \
         true,                                                                                     \
         config_check_format,                                                                      \
         "logfmt or json"},                                                                        \
    {                                                                                              \
        "log.priorities", CONFIG_STRING, offsetof(struct S, log.priorities), 1,                    \
            sizeof(((struct S *)0)->log.priorities) - 1, "auto", "", true,                         \
            config_check_priorities, "auto, always or never"                                       \
    }

static inline int config_check_source(const char *text)
{
    return text[strspn(text,
                       "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")] == '\0'
               ? 0
               : -1;
}

/* backlog_text, lag_text: the defaults. */
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

/* config_check_url: accepts http and https. Refuses what may hold a secret, because --print-config
 * prints it: user:password@ before the host, and a query. */
static inline int config_check_url(const char *text)
{
    const char *host = strstr(text, "://");
    bool good = strncmp(text, "http://", 7) == 0 || strncmp(text, "https://", 8) == 0;
    if (*text == '\0')
        return 0;
    return good && strchr(text, '?') == NULL && host[3 + strcspn(host + 3, "/#@")] != '@' ? 0 : -1;
}

#define CONFIG_TRACING_ROWS(S)                                                                     \
    {                                                                                              \
        "tracing.url", CONFIG_STRING, offsetof(struct S, tracing.url), 0,                          \
            sizeof(((struct S *)0)->tracing.url) - 1, "", "", false, config_check_url,             \
            "a URL that begins with https:// or http:// and has neither password nor query, or "   \
            "nothing"                                                                              \
    }

#define CONFIG_CALLBACKS_ROWS(S)                                                                   \
    CONFIG_STRING_ROW(S, "callbacks.urls_file", callbacks.urls_file, "", 0, false),                \
        CONFIG_STRING_ROW(S, "callbacks.secret_file", callbacks.secret_file, "", 0, false),        \
        CONFIG_STRING_ROW(S, "callbacks.heartbeat_url_file", callbacks.heartbeat_url_file, "", 0,  \
                          false),                                                                  \
        CONFIG_INT_ROW(S, "callbacks.heartbeat_s", callbacks.heartbeat_s, "30", 1, 86400, "s",     \
                       false),                                                                     \
        CONFIG_STRING_ROW(S, "callbacks.ca_file", callbacks.ca_file, "", 0, false),                \
        {"callbacks.source",                                                                       \
         CONFIG_STRING,                                                                            \
         offsetof(struct S, callbacks.source),                                                     \
         1,                                                                                        \
         sizeof(((struct S *)0)->callbacks.source) - 1,                                            \
         "onrush",                                                                                 \
         "",                                                                                       \
         false,                                                                                    \
         config_check_source,                                                                      \
         "letters, digits and . _ -"},                                                             \
        CONFIG_INT_ROW(S, "callbacks.queue", callbacks.queue, "64", 1, 1000, "messages", false),   \
        CONFIG_INT_ROW(S, "callbacks.timeout_ms", callbacks.timeout_ms, "5000", 100, 60000, "ms",  \
                       false),                                                                     \
        CONFIG_INT_ROW(S, "callbacks.retry_for_s", callbacks.retry_for_s, "3600", 0, 86400, "s",   \
                       false),                                                                     \
        CONFIG_BOOL_ROW(S, "callbacks.health", callbacks.health, "true", false)

/* config_apply_log: puts the log settings into force; they were checked when they were loaded. */
static inline void config_apply_log(const struct log_config *log)
{
    enum log_level level = LOG_LEVEL_INFO;
    enum log_format format = LOG_LOGFMT;
    log_level_parse(log->level, &level);
    enum log_priorities priorities = LOG_PRIORITIES_AUTO;
    log_format_parse(log->format, &format);
    log_priorities_parse(log->priorities, &priorities);
    log_configure(level, format, priorities);
}

#endif
