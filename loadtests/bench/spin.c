/* SPDX-License-Identifier: Apache-2.0 */
/* spin: a fixed piece of work without memory access or system calls, on n threads at once. It takes
 * the same time whenever the machine is quiet; other work on the machine makes it longer. */
#include "loadtests/bench/bench.h"

#include "shared/base/clock.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <time.h>

#define THREADS_MAX 256

struct spinner {
    pthread_t thread;
    int64_t steps;
    uint64_t state;
};

static void *spin(void *arg)
{
    struct spinner *s = arg;
    uint64_t x = s->state;
    for (int64_t i = 0; i < s->steps; i++)
        x ^= x << 13, x ^= x >> 7, x ^= x << 17;
    s->state = x;
    return NULL;
}

int bench_spin(const struct bench_args *args)
{
    static struct spinner spinners[THREADS_MAX];
    int64_t n = bench_number(args, "threads", 1), started_us = clock_mono_us();
    uint64_t sum = 0;
    if (n < 1 || n > THREADS_MAX) {
        bench_fail("threads", "1 to 256");
        return BENCH_USAGE;
    }
    for (int64_t i = 0; i < n; i++) {
        spinners[i] = (struct spinner){.steps = bench_number(args, "millions", 40) * 1000000,
                                       .state = 88172645463325252u + (uint64_t)i};
        if (pthread_create(&spinners[i].thread, NULL, spin, &spinners[i]) != 0)
            return bench_fail("spin", "no thread");
    }
    for (int64_t i = 0; i < n; i++) {
        pthread_join(spinners[i].thread, NULL);
        sum ^= spinners[i].state;
    }
    printf("{\"wall_us\":%" PRId64 ",\"cpu_us\":%" PRId64 ",\"sum\":\"%" PRIx64 "\"}\n",
           clock_mono_us() - started_us, clock_read_us(CLOCK_PROCESS_CPUTIME_ID), sum);
    return BENCH_OK;
}
