/* SPDX-License-Identifier: Apache-2.0 */
/* The target of a burst. The host name is resolved once, before the burst. */
#ifndef ONRUSH_CTL_BURST_TARGET_H
#define ONRUSH_CTL_BURST_TARGET_H

struct burst_target {
    char url[1024]; /* of the POST; with http the host is an address */
    char host[320]; /* "Host: name:port" if the host was replaced, else "" */
};

/* burst_target_make: returns 0, or an exit code after printing what is wrong. */
int burst_target_make(struct burst_target *target, const char *base_url, const char *campaign);

#endif
