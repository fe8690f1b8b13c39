/* SPDX-License-Identifier: Apache-2.0 */
/* The options of the groups redis and mariadb, as members of the same names. */
#ifndef ONRUSH_STORE_CONFIG_H
#define ONRUSH_STORE_CONFIG_H

#include "shared/base/config_rows.h"
#include "shared/store/db.h"
#include "shared/store/redis.h"

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

#endif
