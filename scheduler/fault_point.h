/* SPDX-License-Identifier: Apache-2.0 */
/* Points where the tests (tests/chaos) kill or stop the scheduler at the worst moments. Normal
 * builds have none. With ONRUSH_FAULTS, fault_point("after-claim") acts if $ONRUSH_FAULT names it:
 * "after-claim" kills the process when a thread first gets there, "after-claim:3" at the fourth
 * time, "after-claim:3:stop" stops it (SIGSTOP). Thread safe. */
#ifndef ONRUSH_SCHEDULER_FAULT_POINT_H
#define ONRUSH_SCHEDULER_FAULT_POINT_H

#ifdef ONRUSH_FAULTS

#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static inline void fault_point(const char *name)
{
    static atomic_int passed; /* one per file, and a point is in one file only */
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
