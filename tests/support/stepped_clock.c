/* SPDX-License-Identifier: Apache-2.0 */
/* A library for LD_PRELOAD that steps a process's wall clock. The file $ONRUSH_CLOCK_STEP holds the
 * step in µs as a 64-bit number. The monotonic clock does not change, as in a real step.
 *
 * libfaketime of Debian 12 does not work here: it calls dlsym(), which allocates; jemalloc in
 * redis-server then asks for the time, and the two recurse. This library asks the kernel instead.
 * */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static _Atomic(const _Atomic int64_t *) mapped;

static int64_t step_us(void)
{
    const _Atomic int64_t *step = mapped;
    if (step != NULL)
        return *step;
    const char *path = getenv("ONRUSH_CLOCK_STEP");
    long fd = path != NULL ? syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0)
        return 0;
    void *page = mmap(NULL, sizeof *step, PROT_READ, MAP_SHARED, (int)fd, 0);
    syscall(SYS_close, fd);
    if (page == MAP_FAILED)
        return 0;
    mapped = page;
    return *mapped;
}

int clock_gettime(clockid_t id, struct timespec *ts)
{
    int saved = errno;
    if (syscall(SYS_clock_gettime, id, ts) != 0)
        return -1;
    if (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE) {
        int64_t us = ts->tv_sec * INT64_C(1000000) + ts->tv_nsec / 1000 + step_us();
        ts->tv_nsec = us % 1000000 * 1000 + ts->tv_nsec % 1000;
        ts->tv_sec = us / 1000000;
    }
    errno = saved;
    return 0;
}

int gettimeofday(struct timeval *restrict tv, void *restrict tz)
{
    struct timespec ts;
    (void)tz;
    if (clock_gettime(CLOCK_REALTIME, &ts) != 0)
        return -1;
    *tv = (struct timeval){.tv_sec = ts.tv_sec, .tv_usec = ts.tv_nsec / 1000};
    return 0;
}

time_t time(time_t *at)
{
    struct timespec ts;
    time_t now = clock_gettime(CLOCK_REALTIME, &ts) == 0 ? ts.tv_sec : -1;
    if (at != NULL)
        *at = now;
    return now;
}
