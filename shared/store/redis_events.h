/* SPDX-License-Identifier: Apache-2.0 */
/* hiredis in a loop of libevent, without a system call for its registration each time something is
 * sent: the socket is watched for reading once, and what gathered is written without asking whether
 * there is room; only if there is none, the socket is watched until there is. One thread. */
#ifndef ONRUSH_REDIS_EVENTS_H
#define ONRUSH_REDIS_EVENTS_H

#include <event2/event.h>
#include <hiredis/async.h>

/* redis_events_attach: until `ac` is freed. 0, or -ENOMEM. */
int redis_events_attach(redisAsyncContext *ac, struct event_base *base);

#endif
