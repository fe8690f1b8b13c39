/* SPDX-License-Identifier: Apache-2.0 */
/* The options of the group log. A program has them as the member `log` of its config struct. */
#ifndef ONRUSH_LOG_CONFIG_H
#define ONRUSH_LOG_CONFIG_H

#include "shared/base/config_rows.h"
#include "shared/base/log.h"

struct log_config {
    char level[16], format[16], priorities[16];
};

#define CONFIG_LOG_ROWS(S)                                                                         \
    CONFIG_CHECKED_ROW(S, "log.level", log.level, "info", 1, true, log_level_of,                   \
                       "error, warning, info or debug"),                                           \
        CONFIG_CHECKED_ROW(S, "log.format", log.format, "logfmt", 1, true, log_format_of,          \
                           "logfmt or json"),                                                      \
        CONFIG_CHECKED_ROW(S, "log.priorities", log.priorities, "auto", 1, true,                   \
                           log_priorities_of, "auto, always or never")

/* config_apply_log: applies the settings, which config_load() has checked. */
static inline void config_apply_log(const struct log_config *log)
{
    log_configure((enum log_level)log_level_of(log->level),
                  (enum log_format)log_format_of(log->format),
                  (enum log_priorities)log_priorities_of(log->priorities));
}

#endif
