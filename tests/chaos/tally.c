/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/chaos/tally.h"

#include "tests/support/child.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KINDS_MAX  160
#define VALUES_MAX 4096 /* enough for the median and maximum */

struct series {
    const char *kind;
    uint64_t faults;
    size_t n;
    int64_t us[VALUES_MAX];
};

struct tally {
    size_t n;
    struct series *series[KINDS_MAX];
};

struct tally *tally_new(void)
{
    struct tally *t = calloc(1, sizeof *t);
    if (t == NULL)
        test_fail_start("tally: out of memory");
    return t;
}

struct tally *tally_free(struct tally *t)
{
    for (size_t i = 0; t != NULL && i < t->n; i++)
        free(t->series[i]);
    free(t);
    return NULL;
}

static struct series *series_of(struct tally *t, const char *kind)
{
    for (size_t i = 0; i < t->n; i++) {
        if (strcmp(t->series[i]->kind, kind) == 0)
            return t->series[i];
    }
    struct series *s = t->n < KINDS_MAX ? calloc(1, sizeof *s) : NULL;
    if (s == NULL)
        test_fail_start("tally: too many kinds, or out of memory");
    s->kind = kind;
    t->series[t->n++] = s;
    return s;
}

void tally_fault(struct tally *t, const char *kind)
{
    series_of(t, kind)->faults++;
}

void tally_recovery(struct tally *t, const char *kind, int64_t us)
{
    struct series *s = series_of(t, kind);
    if (s->n < VALUES_MAX)
        s->us[s->n++] = us;
}

uint64_t tally_faults(const struct tally *t)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < t->n; i++)
        sum += t->series[i]->faults;
    return sum;
}

static int compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static int compare_kinds(const void *a, const void *b)
{
    return strcmp((*(struct series *const *)a)->kind, (*(struct series *const *)b)->kind);
}

static void print_series(struct series *s)
{
    if (s->faults > 0)
        printf("  %-26s %8" PRIu64, s->kind, s->faults);
    else
        printf("  %-26s %8s", s->kind, "");
    if (s->n > 0) {
        qsort(s->us, s->n, sizeof s->us[0], compare);
        printf(" %10zu %8.0f ms %8.0f ms", s->n, (double)s->us[s->n / 2] / 1000,
               (double)s->us[s->n - 1] / 1000);
    }
    putchar('\n');
}

void tally_print(struct tally *t)
{
    printf("\n  %-26s %8s %10s %11s %11s\n", "fault", "times", "measured", "median", "max");
    qsort(t->series, t->n, sizeof t->series[0], compare_kinds);
    for (size_t i = 0; i < t->n; i++)
        print_series(t->series[i]);
}
