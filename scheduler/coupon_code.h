/* SPDX-License-Identifier: Apache-2.0 */
/* Coupon codes: 80 random bits from the kernel, in Crockford's base32 (without I, L, O, U), as four
 * groups of four letters. */
#ifndef ONRUSH_SCHEDULER_COUPON_CODE_H
#define ONRUSH_SCHEDULER_COUPON_CODE_H

#include "shared/store/protocol.h"

#define CODE_BYTES   10 /* 80 bits: 16 letters of 5 */
#define CODES_A_CALL 25 /* per getrandom(), which never cuts short up to 256 bytes */

/* Random bytes for the next codes. Initially all zero. Wipe it after use. */
struct code_source {
    unsigned char bytes[CODES_A_CALL][CODE_BYTES];
    size_t left;
};

/* coupon_code_make: writes a new code, with a NUL. Returns 0, or -EIO if the kernel has no
 * randomness; then *code is unchanged. One thread per source. Does not block once the machine has
 * booted. */
int coupon_code_make(struct code_source *source, char code[COUPON_CODE_LEN + 1]);

#endif
