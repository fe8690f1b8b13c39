/* SPDX-License-Identifier: Apache-2.0 */
/* The commands, one file a group; main.c puts them into its table. Each has the form of
 * ctl_command.run; its options are the array beside it, in the order of `values`. */
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
