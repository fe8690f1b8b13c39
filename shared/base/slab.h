/* SPDX-License-Identifier: Apache-2.0 */
/* An allocator for objects of one size that returns memory to the system after a burst of clients.
 *
 *   block (64 KiB): header, object, object ...   empty blocks are unmapped, except a few
 *
 * malloc() would mix them with objects that live longer, such as libevent's entry for each
 * descriptor, and so keep every page. A slab belongs to one thread. */
#ifndef ONRUSH_SLAB_H
#define ONRUSH_SLAB_H

#include <stddef.h>
#include <sys/queue.h>

struct slab_block;

struct slab {
    size_t size;                            /* of an object, rounded up */
    TAILQ_HEAD(slab_blocks, slab_block) in; /* blocks with room; empty ones at the end */
    size_t n_empty, keep;                   /* empty blocks; how many of them to keep */
};

/* slab_init: for objects of `size` bytes, at most 8 KiB. Memory for `keep` objects stays mapped. */
void slab_init(struct slab *slab, size_t size, size_t keep);

/* slab_end: frees the blocks. Every object must be back, or never be used again. */
void slab_end(struct slab *slab);

/* slab_take: returns an object, not cleared, aligned to 16 bytes, or NULL if there is no memory.
 * slab_give: takes it back. */
void *slab_take(struct slab *slab);
void slab_give(struct slab *slab, void *object);

#endif
