/* SPDX-License-Identifier: Apache-2.0 */
/* SipHash-2-4 (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012): a hash for tables
 * whose keys come from strangers. Without the secret nobody can find keys that collide. Pure. */
#ifndef ONRUSH_SIPHASH_H
#define ONRUSH_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

/* siphash: hashes `len` bytes. The secret is two little-endian words. */
uint64_t siphash(const uint64_t secret[2], const void *data, size_t len);

#endif
