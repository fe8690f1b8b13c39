/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/ledger.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* --- the heap of freed serials --- */

static void swap(uint32_t *a, uint32_t *b)
{
    uint32_t t = *a;
    *a = *b;
    *b = t;
}

static void sift_up(uint32_t *heap, size_t i)
{
    for (; i > 0 && heap[i] < heap[(i - 1) / 2]; i = (i - 1) / 2)
        swap(&heap[i], &heap[(i - 1) / 2]);
}

static void sift_down(uint32_t *heap, size_t n)
{
    for (size_t i = 0, least; 2 * i + 1 < n; i = least) {
        least = 2 * i + 1;
        if (least + 1 < n && heap[least + 1] < heap[least])
            least++;
        if (heap[i] <= heap[least])
            return;
        swap(&heap[i], &heap[least]);
    }
}

/* reserve: makes room for one more element, in an array that doubles. */
static int reserve(void **array, size_t *room, size_t n, size_t size)
{
    if (n < *room)
        return 0;
    size_t wanted = *room > 0 ? 2 * *room : 64;
    void *grown = realloc(*array, wanted * size);
    if (grown == NULL)
        return -ENOMEM;
    *array = grown;
    *room = wanted;
    return 0;
}

int ledger_free_serial(struct ledger *l, uint32_t serial)
{
    assert(serial >= 1 && serial < l->next);
    if (reserve((void **)&l->freed, &l->room_freed, l->n_freed, sizeof l->freed[0]) < 0)
        return -ENOMEM;
    l->freed[l->n_freed++] = serial;
    sift_up(l->freed, l->n_freed - 1);
    return 0;
}

/* --- serials --- */

/* serials_left: how many can be assigned. None above the quota, even if it shrank. */
static size_t serials_left(const struct ledger *l)
{
    return l->n_freed + (l->next <= l->quota ? l->quota - l->next + 1 : 0);
}

static uint32_t next_serial(struct ledger *l)
{
    if (l->n_freed == 0)
        return l->next++;
    uint32_t serial = l->freed[0];
    l->freed[0] = l->freed[--l->n_freed];
    sift_down(l->freed, l->n_freed);
    return serial;
}

/* --- the line --- */

int ledger_join(struct ledger *l, const struct grant *row)
{
    if (reserve((void **)&l->line, &l->room_line, l->n_line, sizeof l->line[0]) < 0)
        return -ENOMEM;
    size_t i = l->n_line++;
    for (; i > 0 && l->line[i - 1].ticket > row->ticket; i--) /* almost always in order already */
        l->line[i] = l->line[i - 1];
    l->line[i] = *row;
    l->line[i].serial = 0;
    return 0;
}

size_t ledger_takeable(const struct ledger *l)
{
    size_t serials = serials_left(l);
    return l->n_line < serials ? l->n_line : serials;
}

/* leave: moves the first n rows of the line into the batch, with serials or without. */
static size_t leave(struct ledger *l, struct batch *batch, size_t n, bool with_serials)
{
    if (n > batch->room - batch->n)
        n = batch->room - batch->n;
    batch->whole = batch->n == 0;
    for (size_t i = 0; i < n; i++) {
        struct grant *row = batch_add(batch, &l->line[i]);
        if (with_serials)
            row->serial = next_serial(l);
    }
    l->n_line -= n;
    if (l->n_line > 0)
        memmove(l->line, l->line + n, l->n_line * sizeof l->line[0]);
    return n;
}

size_t ledger_take(struct ledger *l, struct batch *batch)
{
    return leave(l, batch, ledger_takeable(l), true);
}

bool ledger_parked(const struct ledger *l)
{
    return l->n_line > 0 && serials_left(l) == 0;
}

size_t ledger_leave(struct ledger *l, struct batch *batch)
{
    return leave(l, batch, l->n_line, false);
}

/* --- opening and closing --- */

void ledger_open(struct ledger *l, uint32_t quota)
{
    *l = (struct ledger){.quota = quota, .next = 1};
}

int ledger_granted(struct ledger *l, uint32_t serial)
{
    int r = 0;
    while (l->next < serial && r == 0)
        r = ledger_free_serial(l, l->next++);
    l->next += r == 0;
    return r;
}

void ledger_close(struct ledger *l)
{
    free(l->freed);
    free(l->line);
    *l = (struct ledger){.next = 1};
}
