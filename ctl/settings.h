/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration of onrushctl: etc/ctl.cfg. */
#ifndef ONRUSH_CTL_SETTINGS_H
#define ONRUSH_CTL_SETTINGS_H

#include "shared/base/config.h"
#include "shared/store/db.h"
#include "shared/store/redis.h"

struct ctl_config {
    char gateway_url[512]; /* where `burst` sends its requests */
    int64_t wait_ms;       /* the longest wait for a scheduler to publish a change */
    struct redis_config redis;
    struct db_config mariadb;
};

extern const struct config_table settings_table;

/* settings_path: the installed configuration file, or NULL if there is none. */
const char *settings_path(void);

#endif
