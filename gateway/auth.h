/* SPDX-License-Identifier: Apache-2.0 */
/* Authenticates users by JSON Web Tokens (RFC 7519), if auth.key_file is set.
 *
 * struct auth is made once at the start and never changes, so all workers read it without a lock.
 * Each check uses its own libjwt objects. Tokens and keys are never logged. */
#ifndef ONRUSH_GATEWAY_AUTH_H
#define ONRUSH_GATEWAY_AUTH_H

#include <stdint.h>

#define AUTH_CLAIM_MAX  64
#define AUTH_ERROR_SIZE 512

struct auth_config {
    char key_file[256]; /* "": no tokens */
    char algorithm[8];
    char claim[AUTH_CLAIM_MAX + 1];
};

struct auth;

/* auth_check_algorithm: returns 0 when `text` names a supported algorithm, else -EINVAL. */
int auth_check_algorithm(const char *text);

/* auth_new: reads the key. Returns 0 and sets *out, which the caller frees; *out is NULL without a
 * key_file. Or returns a negative errno, with a message in `error`. */
int auth_new(struct auth **out, const struct auth_config *config, char error[AUTH_ERROR_SIZE]);

/* auth_free: `auth` may be NULL. Returns NULL. */
struct auth *auth_free(struct auth *auth);

/* auth_check: may the sender of this Authorization header (NULL: none) act as `user`? Returns 0;
 * -EACCES: no valid token; -EPERM: a valid token of another user. `now_us`: wall clock. Thread
 * safe. */
int auth_check(const struct auth *auth, const char *header, const char *user, int64_t now_us);

#endif
