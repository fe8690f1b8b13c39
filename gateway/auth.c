/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/auth.h"

#include "shared/base/log.h"

#include <assert.h>
#include <errno.h>
#include <jansson.h>
#include <jwt.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define KEY_MAX   16384
#define TOKEN_MAX 4096
#define LEEWAY_S  30 /* how far the clocks of issuer and gateway may differ */

#define BASE64URL "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

/* An algorithm and the key it needs. */
struct algorithm {
    const char *name;
    jwt_alg_t alg;
    int type; /* OpenSSL's type of a public key; 0: a secret */
    int bits; /* at least, for a secret or an RSA key; exactly, for an EC key */
};

static const struct algorithm algorithms[] = {
    {"HS256", JWT_ALG_HS256, 0, 256},
    {"HS384", JWT_ALG_HS384, 0, 384},
    {"HS512", JWT_ALG_HS512, 0, 512},
    {"RS256", JWT_ALG_RS256, EVP_PKEY_RSA, 2048},
    {"RS384", JWT_ALG_RS384, EVP_PKEY_RSA, 2048},
    {"RS512", JWT_ALG_RS512, EVP_PKEY_RSA, 2048},
    {"ES256", JWT_ALG_ES256, EVP_PKEY_EC, 256},
    {"ES384", JWT_ALG_ES384, EVP_PKEY_EC, 384},
    {"ES512", JWT_ALG_ES512, EVP_PKEY_EC, 521},
};

struct auth {
    jwt_alg_t alg;
    char claim[AUTH_CLAIM_MAX + 1];
    int key_len;
    unsigned char key[KEY_MAX + 1];
};

static const struct algorithm *find_algorithm(const char *name)
{
    for (size_t i = 0; i < sizeof algorithms / sizeof algorithms[0]; i++) {
        if (strcmp(algorithms[i].name, name) == 0)
            return &algorithms[i];
    }
    return NULL;
}

int auth_check_algorithm(const char *text)
{
    return find_algorithm(text) != NULL ? 0 : -EINVAL;
}

/* --- the key --- */

/* read_key: reads the file without trailing line ends; unbuffered, to leave no copy in freed
 * memory. */
static int read_key(struct auth *auth, const char *path)
{
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return -errno;
    setvbuf(file, NULL, _IONBF, 0);
    size_t n = fread(auth->key, 1, KEY_MAX + 1, file);
    int r = ferror(file) ? -errno : n > KEY_MAX ? -EFBIG : 0;
    fclose(file);
    while (n > 0 && (auth->key[n - 1] == '\n' || auth->key[n - 1] == '\r'))
        n--;
    auth->key_len = (int)n;
    return r;
}

/* public_key_fits: with a wrong key libjwt would refuse every token without naming the reason. The
 * empty password keeps OpenSSL from asking for one at the terminal. */
static bool public_key_fits(const struct auth *auth, const struct algorithm *a)
{
    BIO *bio = BIO_new_mem_buf(auth->key, auth->key_len);
    EVP_PKEY *key = bio != NULL ? PEM_read_bio_PUBKEY(bio, NULL, NULL, "") : NULL;
    bool fits =
        key != NULL && EVP_PKEY_base_id(key) == a->type &&
        (a->type == EVP_PKEY_EC ? EVP_PKEY_bits(key) == a->bits : EVP_PKEY_bits(key) >= a->bits);
    EVP_PKEY_free(key);
    BIO_free(bio);
    ERR_clear_error();
    return fits;
}

/* check_key: returns NULL, or what is wrong with the key. With a public key as the secret of HS256,
 * anybody could sign tokens. */
static const char *check_key(const struct auth *auth, const struct algorithm *a)
{
    static const char pem[] = "-----BEGIN ";
    if (auth->key_len == 0)
        return "is empty";
    if (a->type == EVP_PKEY_RSA && !public_key_fits(auth, a))
        return "must hold an RSA public key of at least 2048 bits: PEM, BEGIN PUBLIC KEY";
    if (a->type == EVP_PKEY_EC && !public_key_fits(auth, a))
        return "must hold a public key of the algorithm's curve: PEM, BEGIN PUBLIC KEY";
    if (a->type == 0 && memmem(auth->key, (size_t)auth->key_len, pem, sizeof pem - 1) != NULL)
        return "must hold a secret, but this is PEM: set auth.algorithm to what the key is for";
    if (a->type == 0 && auth->key_len * 8 < a->bits)
        log_warning("the secret of auth.key_file is short and may be guessed",
                    "bytes=%d expected=%d", auth->key_len, a->bits / 8);
    return NULL;
}

int auth_new(struct auth **out, const struct auth_config *config, char error[AUTH_ERROR_SIZE])
{
    const struct algorithm *a = find_algorithm(config->algorithm);
    assert(a != NULL); /* the configuration was checked */
    if (config->key_file[0] == '\0') {
        *out = NULL;
        return 0;
    }
    struct auth *auth = calloc(1, sizeof *auth);
    if (auth == NULL) {
        snprintf(error, AUTH_ERROR_SIZE, "out of memory");
        return -ENOMEM;
    }
    auth->alg = a->alg;
    memcpy(auth->claim, config->claim, sizeof auth->claim);
    int r = read_key(auth, config->key_file);
    const char *wrong;
    if (r == -EFBIG)
        wrong = "is too large for a key";
    else if (r < 0)
        wrong = strerror(-r);
    else
        wrong = check_key(auth, a);
    if (wrong != NULL) {
        snprintf(error, AUTH_ERROR_SIZE, "auth.key_file %s %s%s", config->key_file,
                 r < 0 && r != -EFBIG ? "cannot be read: " : "", wrong);
        auth_free(auth);
        return r < 0 ? r : -EINVAL;
    }
    *out = auth;
    return 0;
}

struct auth *auth_free(struct auth *auth)
{
    if (auth != NULL)
        explicit_bzero(auth, sizeof *auth);
    free(auth);
    return NULL;
}

/* --- the token --- */

/* well_formed: are these three parts of base64url? libjwt skips other letters, so it would accept
 * many spellings of one token. */
static bool well_formed(const char *token)
{
    if (strnlen(token, TOKEN_MAX + 1) > TOKEN_MAX)
        return false;
    for (int part = 0; part < 3; part++) {
        size_t len = strspn(token, BASE64URL);
        if (len == 0 || token[len] != (part < 2 ? '.' : '\0'))
            return false;
        token += len + 1;
    }
    return true;
}

/* bearer: returns the token of a header, or NULL. */
static const char *bearer(const char *header)
{
    static const char scheme[] = "Bearer ";
    if (header == NULL || strncasecmp(header, scheme, sizeof scheme - 1) != 0)
        return NULL;
    const char *token = header + sizeof scheme - 1;
    token += strspn(token, " ");
    return well_formed(token) ? token : NULL;
}

/* in_time: exp and nbf are seconds since the epoch, possibly with a fraction. */
static bool in_time(const json_t *claims, int64_t now_us)
{
    double now_s = (double)now_us / 1e6;
    const json_t *exp = json_object_get(claims, "exp"), *nbf = json_object_get(claims, "nbf");
    if (exp != NULL && (!json_is_number(exp) || json_number_value(exp) <= now_s - LEEWAY_S))
        return false;
    return nbf == NULL || (json_is_number(nbf) && json_number_value(nbf) <= now_s + LEEWAY_S);
}

/* compare_user: an integer from 0 is the same user as its decimal text, as in a body. */
static int compare_user(const json_t *claim, const char *user)
{
    char digits[24];
    const char *text = json_string_value(claim);
    if (json_is_integer(claim) && json_integer_value(claim) >= 0) {
        snprintf(digits, sizeof digits, "%" JSON_INTEGER_FORMAT, json_integer_value(claim));
        text = digits;
    }
    if (text == NULL)
        return -EACCES;
    return strcmp(text, user) == 0 ? 0 : -EPERM;
}

static int check_claims(const struct auth *auth, jwt_t *jwt, const char *user, int64_t now_us)
{
    char *text = jwt_get_grants_json(jwt, NULL);
    json_t *claims = text != NULL ? json_loads(text, 0, NULL) : NULL;
    int r = claims != NULL && in_time(claims, now_us)
                ? compare_user(json_object_get(claims, auth->claim), user)
                : -EACCES;
    json_decref(claims);
    free(text);
    return r;
}

/* auth_check: libjwt trusts the algorithm that the token names, so compare it with the configured
 * one. */
int auth_check(const struct auth *auth, const char *header, const char *user, int64_t now_us)
{
    const char *token = bearer(header);
    jwt_t *jwt = NULL;
    if (token == NULL || jwt_decode(&jwt, token, auth->key, auth->key_len) != 0)
        return -EACCES;
    int r = jwt_get_alg(jwt) == auth->alg ? check_claims(auth, jwt, user, now_us) : -EACCES;
    jwt_free(jwt);
    return r;
}
