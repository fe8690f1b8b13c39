/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/settings.h"

#include "shared/base/config_rows.h"
#include "shared/store/store_config.h"

#include <unistd.h>

static const struct config_option options[] = {
    CONFIG_STRING_ROW(ctl_config, "gateway_url", gateway_url, "http://127.0.0.1:8080", 1, false),
    CONFIG_INT_ROW(ctl_config, "wait_ms", wait_ms, "3000", 0, 60000, "ms", false),
    CONFIG_REDIS_ROWS(ctl_config, "false"),
    CONFIG_MARIADB_ROWS(ctl_config),
};

const struct config_table settings_table = {
    .options = options,
    .n = sizeof options / sizeof options[0],
    .size = sizeof(struct ctl_config),
};

const char *settings_path(void)
{
    static const char path[] = ONRUSH_CONFIG_DIR "/ctl.cfg";
    return access(path, F_OK) == 0 ? path : NULL;
}
