/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses of clients. Pure. */
#ifndef ONRUSH_ADDRESS_H
#define ONRUSH_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

/* An IPv6 address. IPv4 addresses are mapped: ::ffff:a.b.c.d. */
struct address {
    unsigned char bytes[16];
};

/* address_parse: parses "192.0.2.1" or "2001:db8::1". Returns 0 or -EINVAL. */
int address_parse(const char *text, size_t len, struct address *out);

/* address_of: returns 0, or -EINVAL if the socket address is neither IPv4 nor IPv6. */
int address_of(const struct sockaddr *from, struct address *out);

bool address_is_v4(const struct address *address);

/* address_key: the part of an address that identifies a client: all of an IPv4 address, the first
 * 64 bits of an IPv6 address, because one client usually has a whole /64. */
void address_key(const struct address *address, struct address *out);

#endif
