/* SPDX-License-Identifier: Apache-2.0 */
/* The options of the group log. A program has them as the member `log` of its config struct. */
#ifndef ONRUSH_LOG_CONFIG_H
#define ONRUSH_LOG_CONFIG_H

#include "shared/base/config_rows.h"
#include "shared/base/log.h"

struct log_config {
    char level[16], format[16], priorities[16];
};

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

/* config_apply_log: applies the settings, which config_load() has checked. */
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
