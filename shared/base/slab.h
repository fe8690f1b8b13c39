/* SPDX-License-Identifier: Apache-2.0 */
/* Objects of one size, whose memory goes back to the system when a crowd has left.
 *
 *   block (64 KiB): head, object, object ...   empty blocks are unmapped, but for some
 *
 * malloc() would put them beside what outlives them, such as libevent's entry for each descriptor,
 * and keep every page. A slab belongs to one thread. */
#ifndef ONRUSH_SLAB_H
#define ONRUSH_SLAB_H

#include <stddef.h>
#include <sys/queue.h>

struct slab_block;

struct slab {
    size_t size;                            /* of an object, rounded up */
    TAILQ_HEAD(slab_blocks, slab_block) in; /* blocks with room: empty ones at the end */
    size_t n_empty, keep;                   /* empty blocks; how many of them stay */
};

/* slab_init: for objects of `size` bytes, 8 KiB at most; room for `keep` of them stays. */
void slab_init(struct slab *slab, size_t size, size_t keep);

/* slab_end: of no object that is still out the memory may be used any more. */
void slab_end(struct slab *slab);

/* slab_take: an object, not cleared, aligned to 16 bytes; NULL: no memory. slab_give: takes it back
 * from the caller. */
void *slab_take(struct slab *slab);
void slab_give(struct slab *slab, void *object);

#endif
