/* SPDX-License-Identifier: Apache-2.0 */
#include "shared/daemon/process_metrics.h"

#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/store/redis.h"
#include "shared/store/schema.h"

#include <dirent.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

METRICS_TABLE(process_metrics, PROCESS_METRICS);

static int64_t count_fds(void)
{
    DIR *dir = opendir("/proc/self/fd");
    int64_t n = -3; /* ".", "..", and the directory itself */
    if (dir == NULL)
        return METRIC_ABSENT;
    while (readdir(dir) != NULL)
        n++;
    closedir(dir);
    return n;
}

static int64_t most_fds(void)
{
    struct rlimit limit;
    return getrlimit(RLIMIT_NOFILE, &limit) == 0 ? (int64_t)limit.rlim_cur : METRIC_ABSENT;
}

/* read_stat: reads fields 20, 22 and 24 of /proc/self/stat: threads, start since the boot, memory.
 * They follow the name, which may contain anything. */
static void read_stat(struct process_metrics *m)
{
    char text[1024];
    long long threads, start, pages;
    FILE *file = fopen("/proc/self/stat", "re");
    size_t n = file != NULL ? fread(text, 1, sizeof text - 1, file) : 0;
    if (file != NULL)
        fclose(file);
    text[n] = '\0';
    const char *behind = strrchr(text, ')');
    if (behind == NULL ||
        sscanf(behind + 1,
               " %*c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %lld %*s %lld "
               "%*s %lld",
               &threads, &start, &pages) != 3)
        return;
    int64_t up_us = clock_read_us(CLOCK_BOOTTIME) - start * (1000000 / sysconf(_SC_CLK_TCK));
    metric_set(&m->threads, threads);
    metric_set(&m->memory, pages * sysconf(_SC_PAGESIZE));
    metric_set(&m->start, clock_wall_us() - up_us);
}

/* start_once: computes the start once, because an adjusted clock would look like a restart. */
static void start_once(struct process_metrics *m)
{
    static metric_value start;
    int64_t none = 0;
    atomic_compare_exchange_strong(&start, &none, metric_get(&m->start));
    metric_set(&m->start, metric_get(&start));
}

void process_metrics_render(FILE *out, const char *daemon)
{
    struct process_metrics m = {.threads = METRIC_ABSENT,
                                .memory = METRIC_ABSENT,
                                .start = METRIC_ABSENT,
                                .open_fds = count_fds(),
                                .max_fds = most_fds(),
                                .cpu = clock_read_us(CLOCK_PROCESS_CPUTIME_ID),
                                .log_dropped = log_dropped()};
    void *shard = &m;
    read_stat(&m);
    if (metric_get(&m.start) != METRIC_ABSENT)
        start_once(&m);
    metrics_render(out, &process_metrics_table, &shard, 1);
    fprintf(out,
            "# HELP %s %s\n# TYPE %s gauge\n"
            "%s{daemon=\"%s\",version=\"%s\",functions=\"%d\",schema=\"%d\"} 1\n",
            BUILD_INFO_NAME, BUILD_INFO_HELP, BUILD_INFO_NAME, BUILD_INFO_NAME, daemon,
            ONRUSH_VERSION, redis_functions_version(), schema_known());
}
