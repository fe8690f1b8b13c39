/* SPDX-License-Identifier: Apache-2.0 */
/* Coupon codes: 80 random bits from the kernel, in Crockford's base32 (without I, L, O, U), as four
 * groups of four letters. */
#ifndef ONRUSH_SCHEDULER_COUPON_CODE_H
#define ONRUSH_SCHEDULER_COUPON_CODE_H

#include "shared/store/protocol.h"

#define CODE_LETTERS 16 /* of 5 bits each; each takes them from a byte of its own */
#define CODES_A_CALL 16 /* per arc4random_buf(), which asks the kernel each time */

/* Random bytes for the next codes. Initially all zero. Wipe it after use. */
struct code_source {
    unsigned char bytes[CODES_A_CALL][CODE_LETTERS];
    size_t left;
};

/* coupon_code_make: writes a new code, with a NUL. One thread per source. Does not block once the
 * machine has booted. A kernel without randomness ends the process. */
void coupon_code_make(struct code_source *source, char code[COUPON_CODE_LEN + 1]);

#endif
