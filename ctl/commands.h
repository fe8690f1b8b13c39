/* SPDX-License-Identifier: Apache-2.0 */
/* The commands, one file per group; main.c makes a table of them. `values` of ctl_command.run has
 * the order of the command's options. */
#ifndef ONRUSH_CTL_COMMANDS_H
#define ONRUSH_CTL_COMMANDS_H

#include "ctl/ctl.h"

#define CTL_COMMANDS(X)                                                                            \
    X(migrate)                                                                                     \
    X(campaign_create)                                                                             \
    X(campaign_list)                                                                               \
    X(campaign_show)                                                                               \
    X(campaign_pause)                                                                              \
    X(campaign_resume)                                                                             \
    X(campaign_close)                                                                              \
    X(campaign_set_quota)                                                                          \
    X(campaign_set_instant_wait)                                                                   \
    X(request_show)                                                                                \
    X(export)                                                                                      \
    X(audit)                                                                                       \
    X(drill)                                                                                       \
    X(burst)

#define X(name) extern const struct ctl_command command_##name;
CTL_COMMANDS(X)
#undef X

#endif
