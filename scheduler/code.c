#include "scheduler/code.h"

#include <errno.h>
#include <sys/random.h>

#define RANDOM_BYTES 10 /* 80 bits: 16 letters of 5 */

static const char alphabet[] =
    "0123456789ABCDEFGHJKMNPQRSTVWXYZ"; /* Crockford, https://www.crockford.com/base32.html */

int code_make(char code[COUPON_CODE_LEN + 1])
{
    unsigned char bytes[RANDOM_BYTES];
    if (getrandom(bytes, sizeof bytes, 0) != sizeof bytes) /* up to 256 bytes are never cut short */
        return -EIO;
    unsigned bits = 0, have = 0;
    char *out = code;
    for (unsigned i = 0, letters = 0; i < RANDOM_BYTES;) {
        if (have < 5)
            bits = bits << 8 | bytes[i++], have += 8;
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
