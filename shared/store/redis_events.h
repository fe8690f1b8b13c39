/* SPDX-License-Identifier: Apache-2.0 */
/* Adapter for hiredis in a libevent loop that saves system calls: it registers the socket for
 * reading once, and writes without waiting until the socket is writable. Only if a write did not
 * fit, it waits for that. One thread. */
#ifndef ONRUSH_REDIS_EVENTS_H
#define ONRUSH_REDIS_EVENTS_H

#include <event2/event.h>
#include <hiredis/async.h>

/* redis_events_attach: attaches until `ac` is freed. Returns 0 or -ENOMEM. */
int redis_events_attach(redisAsyncContext *ac, struct event_base *base);

#endif
