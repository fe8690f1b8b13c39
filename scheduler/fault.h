/* Places where the tests let the scheduler die (tests/chaos), at the worst moments. Nothing in
 * normal builds. With ONRUSH_FAULTS defined, fault_point("after-claim") kills the process when
 * $ONRUSH_FAULT names it: "after-claim" the first time that somebody comes by, "after-claim:3" the
 * fourth time. Thread safe. */
#ifndef ONRUSH_SCHEDULER_FAULT_H
#define ONRUSH_SCHEDULER_FAULT_H

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
        raise(SIGKILL);
}

#else

static inline void fault_point(const char *name)
{
    (void)name;
}

#endif

#endif
