/* SPDX-License-Identifier: Apache-2.0 */
/* shared/base/siphash: the published vectors (secret 00 01 .. 0f, data 00 01 ..). */
#include "tests/support/test.h"

#include "shared/base/siphash.h"

TEST(test_vectors)
{
    static const struct {
        size_t len;
        uint64_t hash;
    } vectors[] = {{0, 0x726fdb47dd0e0e31},
                   {7, 0xab0200f58b01d137},
                   {8, 0x93f5f5799a932462},
                   {15, 0xa129ca6149be45e5}};
    const uint64_t secret[2] = {0x0706050403020100, 0x0f0e0d0c0b0a0908};
    unsigned char data[16];
    for (unsigned i = 0; i < sizeof data; i++)
        data[i] = (unsigned char)i;
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++)
        assert_int_equal(siphash(secret, data, vectors[i].len), vectors[i].hash);
}
