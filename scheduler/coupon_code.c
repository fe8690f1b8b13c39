/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/coupon_code.h"

#include <stdlib.h>

/* Crockford, https://www.crockford.com/base32.html */
static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

void coupon_code_make(struct code_source *source, char code[COUPON_CODE_LEN + 1])
{
    if (source->left == 0) {
        arc4random_buf(source->bytes, sizeof source->bytes);
        source->left = CODES_A_CALL;
    }
    const unsigned char *bytes = source->bytes[--source->left];
    char *out = code;
    for (unsigned i = 0; i < CODE_LETTERS; i++) {
        if (i > 0 && i % 4 == 0)
            *out++ = '-';
        *out++ = alphabet[bytes[i] % 32];
    }
    *out = '\0';
}
