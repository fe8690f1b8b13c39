/* SPDX-License-Identifier: Apache-2.0 */
#include "shared/base/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

static const unsigned char v4_prefix[12] = {[10] = 0xff, [11] = 0xff};

bool address_is_v4(const struct address *a)
{
    return memcmp(a->bytes, v4_prefix, sizeof v4_prefix) == 0;
}

int address_parse(const char *text, size_t len, struct address *out)
{
    char copy[INET6_ADDRSTRLEN];
    struct address a;
    if (len >= sizeof copy)
        return -EINVAL;
    memcpy(copy, text, len);
    copy[len] = '\0';
    memcpy(a.bytes, v4_prefix, sizeof v4_prefix);
    if (inet_pton(AF_INET, copy, a.bytes + sizeof v4_prefix) != 1 &&
        inet_pton(AF_INET6, copy, a.bytes) != 1)
        return -EINVAL;
    *out = a;
    return 0;
}

int address_of(const struct sockaddr *from, struct address *out)
{
    if (from->sa_family == AF_INET) {
        memcpy(out->bytes, v4_prefix, sizeof v4_prefix);
        memcpy(out->bytes + sizeof v4_prefix, &((const struct sockaddr_in *)from)->sin_addr, 4);
    } else if (from->sa_family == AF_INET6) {
        memcpy(out->bytes, &((const struct sockaddr_in6 *)from)->sin6_addr, 16);
    } else {
        return -EINVAL;
    }
    return 0;
}

void address_key(const struct address *address, struct address *out)
{
    *out = *address;
    if (!address_is_v4(address))
        memset(out->bytes + 8, 0, 8);
}
