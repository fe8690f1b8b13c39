/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/coupon_code.h"

#include <errno.h>
#include <sys/random.h>

/* Crockford, https://www.crockford.com/base32.html */
static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/* refill: getrandom(2) never cuts short up to 256 bytes. */
static int refill(struct code_source *source)
{
    if (getrandom(source->bytes, sizeof source->bytes, 0) != sizeof source->bytes)
        return -EIO;
    source->left = CODES_A_CALL;
    return 0;
}

int coupon_code_make(struct code_source *source, char code[COUPON_CODE_LEN + 1])
{
    if (source->left == 0 && refill(source) < 0)
        return -EIO;
    const unsigned char *bytes = source->bytes[--source->left];
    unsigned bits = 0, have = 0;
    char *out = code;
    for (unsigned i = 0, letters = 0; i < CODE_BYTES;) {
        if (have < 5) {
            bits = bits << 8 | bytes[i++];
            have += 8;
        }
        for (; have >= 5; have -= 5) {
            if (letters > 0 && letters % 4 == 0)
                *out++ = '-';
            *out++ = alphabet[bits >> (have - 5) & 31];
            letters++;
        }
    }
    *out = '\0';
    return 0;
}
