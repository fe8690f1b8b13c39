/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/pace.h"

#include <stdbool.h>

#define STEPS 16 /* increases from nothing to the ceiling */

static size_t within(const struct pace *p, size_t size)
{
    size_t least = p->most / 8 > 0 ? p->most / 8 : 1;
    return size < least ? least : size > p->most ? p->most : size;
}

void pace_set(struct pace *p, size_t most, int64_t target_us)
{
    bool learned = p->target_us > 0 && target_us > 0 && p->size < p->most;
    p->most = most;
    p->target_us = target_us;
    p->size = learned ? within(p, p->size) : most;
}

void pace_see(struct pace *p, size_t rows, int64_t took_us)
{
    if (p->target_us == 0 || rows > p->size) /* begun before the size shrank */
        return;
    if (took_us > p->target_us)
        p->size = within(p, p->size * 3 / 4);
    else if (rows == p->size) /* a smaller batch says nothing about a full one */
        p->size = within(p, p->size + p->most / STEPS + 1);
}
