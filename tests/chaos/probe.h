/* SPDX-License-Identifier: Apache-2.0 */
/* A client that asks one gateway all the time, and reads whole answers: for whom the coupon with
 * its serial and code is, and when the gateway answers again after a fault. A thread of its own;
 * everything but starting and stopping is for after probe_stop(). */
#ifndef ONRUSH_TESTS_PROBE_H
#define ONRUSH_TESTS_PROBE_H

#include "tests/chaos/crowd.h"

struct probe;

/* probe_start: for the gateway with this address and number; its users are u-FIRST, u-(FIRST+1),
 * ... */
struct probe *probe_start(const char *url, unsigned gateway, const char *campaign,
                          uint32_t first_user);
void probe_stop(struct probe *probe);
struct probe *probe_free(struct probe *probe);

/* probe_tell: when its users asked, and what they were told. */
void probe_tell(const struct probe *probe, struct crowd *crowd);

/* probe_next_answer: when the first POST that was sent after `after_us` (monotonic) got a 2xx. -1:
 * none. */
int64_t probe_next_answer(const struct probe *probe, int64_t after_us);

/* probe_status: asks for the status of a user: what they are told (enum told; 0: nothing that
 * binds), or -EAGAIN when there is no answer, or one of 500 and above. */
int probe_status(const char *url, const char *campaign, uint32_t user, uint64_t *ticket,
                 uint32_t *serial, char code[COUPON_CODE_LEN + 1]);

#endif
