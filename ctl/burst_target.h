/* SPDX-License-Identifier: Apache-2.0 */
/* Where a burst goes. The host name is looked up once, before the burst, so that no request waits
 * for it. */
#ifndef ONRUSH_CTL_BURST_TARGET_H
#define ONRUSH_CTL_BURST_TARGET_H

struct burst_target {
    char url[1024]; /* of the POST; over http the host is an address */
    char host[320]; /* the header line "Host: name:port" when the host was replaced; else "" */
};

/* burst_target_make: 0, or an exit code after saying what is wrong. */
int burst_target_make(struct burst_target *target, const char *base_url, const char *campaign);

#endif
