/* SPDX-License-Identifier: Apache-2.0 */
/* Places where the tests let the scheduler die or sleep (tests/chaos), at the worst moments.
 * Nothing in normal builds. With ONRUSH_FAULTS defined, fault_point("after-claim") acts when
 * $ONRUSH_FAULT names it: "after-claim" kills the process the first time that somebody comes by,
 * "after-claim:3" the fourth time, and "after-claim:3:stop" stops it (SIGSTOP). Thread safe. */
#ifndef ONRUSH_SCHEDULER_FAULT_POINT_H
#define ONRUSH_SCHEDULER_FAULT_POINT_H

#ifdef ONRUSH_FAULTS

#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static inline void fault_point(const char *name)
{
    static atomic_int passed; /* in each file; a point stands in one */
    const char *armed = getenv("ONRUSH_FAULT");
    size_t n = strlen(name);
    if (armed == NULL || strncmp(armed, name, n) != 0 || (armed[n] != ':' && armed[n] != '\0'))
        return;
    if (atomic_fetch_add(&passed, 1) == (armed[n] == ':' ? atoi(armed + n + 1) : 0))
        raise(strstr(armed, ":stop") != NULL ? SIGSTOP : SIGKILL); /* in this very thread */
}

#else

static inline void fault_point(const char *name)
{
    (void)name;
}

#endif

#endif
