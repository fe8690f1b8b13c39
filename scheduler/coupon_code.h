/* SPDX-License-Identifier: Apache-2.0 */
/* Coupon codes: 80 random bits from the kernel, as Crockford's base32 (no I, L, O, U) in four
 * groups of four. */
#ifndef ONRUSH_SCHEDULER_COUPON_CODE_H
#define ONRUSH_SCHEDULER_COUPON_CODE_H

#include "shared/store/protocol.h"

#define CODE_BYTES   10 /* 80 bits: 16 letters of 5 */
#define CODES_A_CALL 25 /* of the kernel, which returns up to 256 bytes in one piece */

/* Random bytes of the kernel for the next codes. All zero at first; whoever made codes wipes it. */
struct code_source {
    unsigned char bytes[CODES_A_CALL][CODE_BYTES];
    size_t left;
};

/* coupon_code_make: a fresh code, with NUL. 0, or -EIO when the kernel returns no randomness, and
 * *code untouched. One thread a source; does not block once the machine has booted. */
int coupon_code_make(struct code_source *source, char code[COUPON_CODE_LEN + 1]);

#endif
