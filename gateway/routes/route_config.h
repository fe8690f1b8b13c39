/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the list `routes` of gateway.cfg into a table. Finds every mistake in a route at load time,
 * and reports file and line. etc/gateway.cfg explains the settings. */
#ifndef ONRUSH_GATEWAY_ROUTE_CONFIG_H
#define ONRUSH_GATEWAY_ROUTE_CONFIG_H

#include "shared/base/config.h"

/* route_config_read: for struct config_list. The object is a struct routes; see routes_free(). */
int route_config_read(void **out, const struct config_setting_t *list, const char *path,
                      char *error);

#endif
