/* SPDX-License-Identifier: Apache-2.0 */
/* Who asks: JSON Web Tokens (RFC 7519), when the configuration wants them.
 *
 * The object is made once, at the start, and never changes: all workers read it without a lock.
 * Each check has memory of its own in libjwt (a copy of the key, the decoded token), nothing of it
 * is shared. No token and no key is ever logged. */
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

/* auth_check_algorithm: 0 when `text` is one that key_file can be for, else -EINVAL. */
int auth_check_algorithm(const char *text);

/* auth_new: reads the key. 0 and *out (the caller frees it), which is NULL when there is no
 * key_file; or a negative errno with a message in `error`. */
int auth_new(struct auth **out, const struct auth_config *config, char error[AUTH_ERROR_SIZE]);

/* auth_free: NULL is fine. Gives NULL. */
struct auth *auth_free(struct auth *auth);

/* auth_check: may whoever sent this Authorization header (NULL: none was sent) act as `user`? 0;
 * -EACCES: there is no valid token; -EPERM: there is one, of another user. `now_us`: wall clock.
 * Thread safe. */
int auth_check(const struct auth *auth, const char *header, const char *user, int64_t now_us);

#endif
