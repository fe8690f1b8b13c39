/* The list `routes` of gateway.cfg: reads it into a table. Everything that can be wrong with a route is found here, with file and
 * line, and not when a client asks. What the settings mean stands in etc/gateway.cfg. */
#ifndef ONRUSH_GATEWAY_ROUTES_ROUTE_CONFIG_H
#define ONRUSH_GATEWAY_ROUTES_ROUTE_CONFIG_H

#include "shared/config.h"

/* route_config_read, route_config_free: as struct config_list wants them; the object is a struct routes. */
int route_config_read(void **out, const struct config_setting_t *list, const char *path,
                      char *error);
void route_config_free(void *routes);

#endif
