/* A crowd: how many of something (connections, requests that wait) there are in all, and how many
 * each client address has of them.
 *
 *   crowd_enter ──► place of the address (one more) ──► crowd_leave
 *        │ all have `most` together: CROWD_FULL
 *        └ this address has `most_here`: CROWD_HERE_FULL
 *
 * A place exists while its address has something. All functions are thread safe: each takes one of a
 * few locks for some instructions, and never while anything is read or written. */
#ifndef ONRUSH_HTTP_CROWD_H
#define ONRUSH_HTTP_CROWD_H

#include "shared/address.h"

#include <stdint.h>

struct crowd;
struct crowd_place;

enum crowd_verdict { CROWD_IN, CROWD_FULL, CROWD_HERE_FULL };

/* crowd_new: for some `expected` addresses; more make it slower. NULL: no memory. crowd_free: nobody
 * may be in it; NULL is fine, gives NULL. */
struct crowd *crowd_new(size_t expected);
struct crowd *crowd_free(struct crowd *crowd);

/* crowd_enter: one more of `address` (NULL: of somebody whom nobody counts), unless there are `most`
 * or, of this address, `most_here`. CROWD_IN and *place, which crowd_leave() takes; without memory
 * it is CROWD_FULL. */
enum crowd_verdict crowd_enter(struct crowd *crowd, const struct address *address, int64_t most,
                               int64_t most_here, struct crowd_place **place);
void crowd_leave(struct crowd *crowd, struct crowd_place *place);

/* crowd_size: of all. crowd_size_here: of one address; 0 for a NULL. */
int64_t crowd_size(const struct crowd *crowd);
int64_t crowd_size_here(const struct crowd_place *place);

#endif
