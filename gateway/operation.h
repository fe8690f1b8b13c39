/* SPDX-License-Identifier: Apache-2.0 */
/* What Redis is asked about a campaign. */
#ifndef ONRUSH_GATEWAY_OPERATION_H
#define ONRUSH_GATEWAY_OPERATION_H

enum operation {
    OP_ENQUEUE, /* onrush_enqueue of the gathered users */
    OP_STATUS,  /* onrush_status of the gathered users */
    OP_HEAD,    /* onrush_status without users; all that gathered are answered at once */
    OPERATIONS,
};

#endif
