/* Coupon codes: 80 random bits from the kernel, as Crockford's base32 (no I, L, O, U) in four
 * groups of four. */
#ifndef ONRUSH_CODE_H
#define ONRUSH_CODE_H

#include "shared/campaign.h"

/* code_make: a fresh code, with NUL. 0, or a negative errno (-EIO when the kernel gives no
 * randomness) and *code untouched. Thread safe; does not block once the machine has booted. */
int code_make(char code[COUPON_CODE_LEN + 1]);

#endif
