/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses of clients. Pure. */
#ifndef ONRUSH_ADDRESS_H
#define ONRUSH_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

/* An IPv6 address; an IPv4 address as ::ffff:a.b.c.d. */
struct address {
    unsigned char bytes[16];
};

/* address_parse: "192.0.2.1" or "2001:db8::1". 0 or -EINVAL. */
int address_parse(const char *text, size_t len, struct address *out);

/* address_of: 0, or -EINVAL for a socket of another kind. */
int address_of(const struct sockaddr *from, struct address *out);

/* address_is_v4: is it an IPv4 address? */
bool address_is_v4(const struct address *address);

/* address_key: the part of an address that stands for one client: a whole IPv4 address, or the
 * first 64 bits of an IPv6 address, because one client usually has a whole /64. */
void address_key(const struct address *address, struct address *out);

#endif
