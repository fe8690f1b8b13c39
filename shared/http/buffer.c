/* SPDX-License-Identifier: Apache-2.0 */
#include "shared/http/buffer.h"

#include <assert.h>
#include <stdlib.h>

#define SMALL_ROOM (4080 - sizeof(struct http_buffer)) /* a page, with the overhead of malloc() */
#define SPARE_MAX  64                                  /* of each size; more are freed */

void http_buffers_init(struct http_buffers *b, size_t full_room)
{
    *b = (struct http_buffers){.full_room = full_room > SMALL_ROOM ? full_room : SMALL_ROOM + 1};
    SLIST_INIT(&b->small);
    SLIST_INIT(&b->full);
}

static void free_all(struct http_buffer_list *list)
{
    for (struct http_buffer *one; (one = SLIST_FIRST(list)) != NULL;) {
        SLIST_REMOVE_HEAD(list, next);
        free(one);
    }
}

void http_buffers_end(struct http_buffers *b)
{
    assert(b->n_lent == 0);
    free_all(&b->small);
    free_all(&b->full);
}

static struct http_buffer *take_spare(struct http_buffer_list *list, size_t *n)
{
    struct http_buffer *one = SLIST_FIRST(list);
    if (one == NULL)
        return NULL;
    SLIST_REMOVE_HEAD(list, next);
    --*n;
    return one;
}

struct http_buffer *http_buffer_lend(struct http_buffers *b, size_t room)
{
    struct http_buffer *one = NULL;
    if (room <= SMALL_ROOM) {
        room = SMALL_ROOM;
        one = take_spare(&b->small, &b->n_small);
    } else if (room <= b->full_room) {
        room = b->full_room;
        one = take_spare(&b->full, &b->n_full);
    }
    if (one == NULL && (one = malloc(sizeof *one + room)) == NULL)
        return NULL;
    one->room = room;
    one->from = one->len = 0;
    one->begun = false;
    b->n_lent++;
    return one;
}

static void put(struct http_buffer_list *list, size_t *n, struct http_buffer *one)
{
    SLIST_INSERT_HEAD(list, one, next);
    ++*n;
}

struct http_buffer *http_buffer_give_back(struct http_buffers *b, struct http_buffer *one)
{
    if (one == NULL)
        return NULL;
    b->n_lent--;
    if (one->room == SMALL_ROOM && b->n_small < SPARE_MAX)
        put(&b->small, &b->n_small, one);
    else if (one->room == b->full_room && b->n_full < SPARE_MAX)
        put(&b->full, &b->n_full, one);
    else
        free(one);
    return NULL;
}
