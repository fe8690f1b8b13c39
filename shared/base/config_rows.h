/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of a table of options (config.h). `S` is the tag of the program's config struct. */
#ifndef ONRUSH_CONFIG_ROWS_H
#define ONRUSH_CONFIG_ROWS_H

#include "shared/base/config.h"

#define CONFIG_INT_ROW(S, key, field, initial, min, max, unit, reload)                             \
    {                                                                                              \
        key, CONFIG_INT, offsetof(struct S, field), min, max, initial, unit, reload, NULL, NULL    \
    }

#define CONFIG_BOOL_ROW(S, key, field, initial, reload)                                            \
    {                                                                                              \
        key, CONFIG_BOOL, offsetof(struct S, field), 0, 0, initial, "", reload, NULL, NULL         \
    }

/* CONFIG_CHECKED_ROW: a text that `check` accepts; `expected` describes it. */
#define CONFIG_CHECKED_ROW(S, key, field, initial, min, reload, check, expected)                   \
    {                                                                                              \
        key, CONFIG_STRING, offsetof(struct S, field), min, sizeof(((struct S *)0)->field) - 1,    \
            initial, "", reload, check, expected                                                   \
    }

#define CONFIG_STRING_ROW(S, key, field, initial, min, reload)                                     \
    CONFIG_CHECKED_ROW(S, key, field, initial, min, reload, NULL, NULL)

#endif
