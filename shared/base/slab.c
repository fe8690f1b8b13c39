/* SPDX-License-Identifier: Apache-2.0 */
#include "shared/base/slab.h"

#include <assert.h>
#include <stdint.h>
#include <sys/mman.h>

#define BLOCK ((size_t)65536) /* bytes; blocks are aligned to it */
#define ALIGN ((size_t)16)

struct slab_block {
    TAILQ_ENTRY(slab_block) next; /* linked only while it has room */
    void *spare;                  /* a list of the objects given back */
    uint32_t used, touched;       /* objects in use; objects ever used */
};

#define HEAD ((sizeof(struct slab_block) + ALIGN - 1) / ALIGN * ALIGN)

static uint32_t room(const struct slab *slab)
{
    return (uint32_t)((BLOCK - HEAD) / slab->size);
}

void slab_init(struct slab *slab, size_t size, size_t keep)
{
    *slab = (struct slab){.size = (size + ALIGN - 1) / ALIGN * ALIGN};
    assert(slab->size <= BLOCK / 8);
    slab->keep = (keep + room(slab) - 1) / room(slab);
    TAILQ_INIT(&slab->in);
}

/* block_new: maps twice the size and trims it, to get an aligned block. */
static struct slab_block *block_new(struct slab *slab)
{
    char *all = mmap(NULL, 2 * BLOCK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (all == MAP_FAILED)
        return NULL;
    size_t before = -(uintptr_t)all % BLOCK;
    if (before > 0)
        munmap(all, before);
    munmap(all + before + BLOCK, BLOCK - before);
    struct slab_block *block = (void *)(all + before);
    TAILQ_INSERT_HEAD(&slab->in, block, next);
    slab->n_empty++;
    return block;
}

static void block_free(struct slab *slab, struct slab_block *block)
{
    TAILQ_REMOVE(&slab->in, block, next);
    slab->n_empty--;
    munmap(block, BLOCK);
}

void slab_end(struct slab *slab)
{
    for (struct slab_block *block; (block = TAILQ_LAST(&slab->in, slab_blocks)) != NULL;)
        block_free(slab, block);
}

void *slab_take(struct slab *slab)
{
    struct slab_block *block = TAILQ_FIRST(&slab->in);
    if (block == NULL && (block = block_new(slab)) == NULL)
        return NULL;
    void *object = block->spare;
    if (object != NULL)
        block->spare = *(void **)object;
    else
        object = (char *)block + HEAD + slab->size * block->touched++;
    slab->n_empty -= block->used == 0;
    if (++block->used == room(slab))
        TAILQ_REMOVE(&slab->in, block, next);
    return object;
}

/* slab_give: a block that just got room is filled next, an empty one last. */
void slab_give(struct slab *slab, void *object)
{
    struct slab_block *block = (void *)((uintptr_t)object / BLOCK * BLOCK);
    assert(block->used > 0);
    *(void **)object = block->spare;
    block->spare = object;
    if (block->used-- == room(slab))
        TAILQ_INSERT_HEAD(&slab->in, block, next);
    if (block->used > 0)
        return;
    TAILQ_REMOVE(&slab->in, block, next);
    TAILQ_INSERT_TAIL(&slab->in, block, next);
    if (++slab->n_empty > slab->keep)
        block_free(slab, block);
}
