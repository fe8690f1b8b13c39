/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/grant.h"

#include <assert.h>
#include <stdlib.h>

struct batch *batch_new(size_t room)
{
    struct batch *batch = malloc(sizeof *batch + room * sizeof batch->rows[0]);
    if (batch == NULL)
        return NULL;
    *batch = (struct batch){.verdict = VERDICT_OPEN, .room = room};
    return batch;
}

struct batch *batch_of(const struct grant *rows, size_t n)
{
    struct batch *batch = batch_new(n);
    for (size_t i = 0; i < n && batch != NULL; i++)
        batch_add(batch, &rows[i]);
    return batch;
}

struct batch *batch_free(struct batch *batch)
{
    free(batch);
    return NULL;
}

struct grant *batch_add(struct batch *batch, const struct grant *row)
{
    assert(batch->n < batch->room);
    batch->rows[batch->n] = *row;
    return &batch->rows[batch->n++];
}

struct batch *batch_split(struct batch *batch)
{
    assert(batch->n >= 2);
    size_t half = batch->n / 2;
    struct batch *second = batch_of(&batch->rows[half], batch->n - half);
    if (second == NULL)
        return NULL;
    second->whole = batch->whole;
    batch->n = half;
    return second;
}
