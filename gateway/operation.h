/* SPDX-License-Identifier: Apache-2.0 */
/* The questions to Redis about a campaign. */
#ifndef ONRUSH_GATEWAY_OPERATION_H
#define ONRUSH_GATEWAY_OPERATION_H

enum operation {
    OP_ENQUEUE, /* onrush_enqueue of the gathered users */
    OP_STATUS,  /* onrush_status of the gathered users */
    OP_HEAD,    /* onrush_status without users; one reply answers all */
    OPERATIONS,
};

#endif
