/* SPDX-License-Identifier: Apache-2.0 */
/* A client that sends one gateway a steady stream of requests and reads whole answers: each user's
 * serial and code, and the time of the gateway's first answer after a fault. It has its own thread.
 * Call all functions but start and stop after probe_stop(). */
#ifndef ONRUSH_TESTS_PROBE_H
#define ONRUSH_TESTS_PROBE_H

#include "tests/chaos/crowd.h"

struct probe;

/* probe_start: starts a client of this gateway; its users are u-FIRST, u-(FIRST+1), ... */
struct probe *probe_start(const char *url, unsigned gateway, const char *campaign,
                          uint32_t first_user);
void probe_stop(struct probe *probe);
struct probe *probe_free(struct probe *probe);

/* probe_tell: records in `crowd` when its users asked and what they were told. */
void probe_tell(const struct probe *probe, struct crowd *crowd);

/* probe_next_answer: the time of the first 2xx to a POST sent after `after_us` (monotonic), or -1.
 * */
int64_t probe_next_answer(const struct probe *probe, int64_t after_us);

/* probe_status: asks for a user's status. Returns what the user is told (enum told; 0: no promise),
 * or -EAGAIN if there is no answer or one of 500 or above. */
int probe_status(const char *url, const char *campaign, uint32_t user, uint64_t *ticket,
                 uint32_t *serial, char code[COUPON_CODE_LEN + 1]);

#endif
