/* SPDX-License-Identifier: Apache-2.0 */
/* gateway/auth: the tokens that are accepted, for whom and when; the keys that are rejected at the
 * start. The test makes its keys. One token is the example of RFC 7515, so that libjwt is not
 * tested only against itself. */
#include "tests/support/test.h"

#include "gateway/auth.h"
#include "tests/support/child.h"

#include <errno.h>
#include <jwt.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOW_S  INT64_C(1800000000)
#define SECRET "0123456789abcdef0123456789abcdef"
#define KEYS   9

/* The issuer signs with `sign`; the gateway gets `verify`. */
struct key {
    const char *name;
    char sign[4096], verify[4096];
};

enum { HS, HS_OTHER, RS, RS_OTHER, RS_SMALL, PSS, ES, ES_OTHER, ES_384 };

static struct key keys[KEYS] = {
    [HS] = {"hs", SECRET, SECRET},
    [HS_OTHER] = {"hs-other", "another" SECRET, "another" SECRET},
    [RS] = {.name = "rs"},
    [RS_OTHER] = {.name = "rs-other"},
    [RS_SMALL] = {.name = "rs-small"},
    [PSS] = {.name = "pss"},
    [ES] = {.name = "es"},
    [ES_OTHER] = {.name = "es-other"},
    [ES_384] = {.name = "es-384"},
};

static const char *dir;
static struct auth *hs, *rs, *es;

/* --- keys and tokens --- */

static void take(BIO *bio, char *text)
{
    int n = BIO_read(bio, text, 4095);
    assert_true(n > 0);
    text[n] = '\0';
    BIO_free(bio);
}

static void make_pem(struct key *key, EVP_PKEY *made)
{
    assert_non_null(made);
    BIO *bio = BIO_new(BIO_s_mem());
    assert_int_equal(PEM_write_bio_PrivateKey(bio, made, NULL, NULL, 0, NULL, NULL), 1);
    take(bio, key->sign);
    bio = BIO_new(BIO_s_mem());
    assert_int_equal(PEM_write_bio_PUBKEY(bio, made), 1);
    take(bio, key->verify);
    EVP_PKEY_free(made);
}

/* make_pss: makes a key that looks like RSA but is not valid for RS. */
static EVP_PKEY *make_pss(void)
{
    EVP_PKEY *made = NULL;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_id(EVP_PKEY_RSA_PSS, NULL);
    assert_int_equal(EVP_PKEY_keygen_init(ctx), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, 2048), 1);
    assert_int_equal(EVP_PKEY_keygen(ctx, &made), 1);
    EVP_PKEY_CTX_free(ctx);
    return made;
}

/* write_file: writes a file in the test's directory; the path is static. */
static const char *write_file(const char *name, const void *bytes, size_t n)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, n, file), n);
    assert_int_equal(fclose(file), 0);
    return path;
}

static int load(struct auth **out, const char *path, const char *algorithm, const char *claim,
                char *error)
{
    struct auth_config config = {0};
    snprintf(config.key_file, sizeof config.key_file, "%s", path);
    snprintf(config.algorithm, sizeof config.algorithm, "%s", algorithm);
    snprintf(config.claim, sizeof config.claim, "%s", claim);
    return auth_new(out, &config, error);
}

static struct auth *load_key(const struct key *key, const char *algorithm, const char *claim)
{
    struct auth *auth = NULL;
    char error[AUTH_ERROR_SIZE] = "";
    const char *path = write_file(key->name, key->verify, strlen(key->verify));
    if (load(&auth, path, algorithm, claim, error) != 0)
        fail_msg("%s", error);
    return auth;
}

/* sign: returns a token with these claims; the caller frees it. */
static char *sign(jwt_alg_t alg, const char *key, const char *claims)
{
    jwt_t *jwt = NULL;
    assert_int_equal(jwt_new(&jwt), 0);
    assert_int_equal(jwt_add_grants_json(jwt, claims), 0);
    assert_int_equal(jwt_set_alg(jwt, alg, (const unsigned char *)key, key ? (int)strlen(key) : 0),
                     0);
    char *token = jwt_encode_str(jwt);
    jwt_free(jwt);
    assert_non_null(token);
    return token;
}

/* check: `pattern` is the header; % stands for the token. */
static int check(const struct auth *auth, const char *user, const char *pattern, const char *token)
{
    static char header[65536];
    size_t before = strcspn(pattern, "%");
    const char *after = pattern[before] != '\0' ? pattern + before + 1 : "";
    snprintf(header, sizeof header, "%.*s%s%s", (int)before, pattern,
             pattern[before] != '\0' ? token : "", after);
    return auth_check(auth, header, user, NOW_S * 1000000);
}

BEFORE_ALL(up)
{
    dir = tempdir_make();
    make_pem(&keys[RS], EVP_RSA_gen(2048));
    make_pem(&keys[RS_OTHER], EVP_RSA_gen(2048));
    make_pem(&keys[RS_SMALL], EVP_RSA_gen(1024));
    make_pem(&keys[PSS], make_pss());
    make_pem(&keys[ES], EVP_EC_gen("P-256"));
    make_pem(&keys[ES_OTHER], EVP_EC_gen("P-256"));
    make_pem(&keys[ES_384], EVP_EC_gen("P-384"));
    hs = load_key(&keys[HS], "HS256", "sub");
    rs = load_key(&keys[RS], "RS256", "sub");
    es = load_key(&keys[ES], "ES256", "sub");
}

AFTER_ALL(down)
{
    hs = auth_free(hs);
    rs = auth_free(rs);
    es = auth_free(es);
}

/* --- the signature --- */

static const struct {
    const char *what;
    struct auth **auth;
    jwt_alg_t alg;
    const char *key; /* NULL: none */
    int want;
} signers[] = {
    {"HS256", &hs, JWT_ALG_HS256, SECRET, 0},
    {"HS256, wrong secret", &hs, JWT_ALG_HS256, keys[HS_OTHER].sign, -EACCES},
    {"HS256, part of the secret", &hs, JWT_ALG_HS256, "0123456789abcdef", -EACCES},
    {"HS384 instead of HS256", &hs, JWT_ALG_HS384, SECRET, -EACCES},
    {"HS512 instead of HS256", &hs, JWT_ALG_HS512, SECRET, -EACCES},
    {"none instead of HS256", &hs, JWT_ALG_NONE, NULL, -EACCES},
    {"RS256 instead of HS256", &hs, JWT_ALG_RS256, keys[RS].sign, -EACCES},
    {"RS256", &rs, JWT_ALG_RS256, keys[RS].sign, 0},
    {"RS256, wrong key", &rs, JWT_ALG_RS256, keys[RS_OTHER].sign, -EACCES},
    {"RS512 instead of RS256", &rs, JWT_ALG_RS512, keys[RS].sign, -EACCES},
    {"none instead of RS256", &rs, JWT_ALG_NONE, NULL, -EACCES},
    {"the RS public key as a secret", &rs, JWT_ALG_HS256, keys[RS].verify, -EACCES},
    {"ES256 instead of RS256", &rs, JWT_ALG_ES256, keys[ES].sign, -EACCES},
    {"ES256", &es, JWT_ALG_ES256, keys[ES].sign, 0},
    {"ES256, wrong key", &es, JWT_ALG_ES256, keys[ES_OTHER].sign, -EACCES},
    {"ES384 with the key of ES256", &es, JWT_ALG_ES384, keys[ES].sign, -EACCES},
    {"none instead of ES256", &es, JWT_ALG_NONE, NULL, -EACCES},
    {"the ES public key as a secret", &es, JWT_ALG_HS256, keys[ES].verify, -EACCES},
};

TEST(test_signers)
{
    for (size_t i = 0; i < LENGTH(signers); i++) {
        char *token = sign(signers[i].alg, signers[i].key, "{\"sub\":\"u-1\"}");
        int r = check(*signers[i].auth, "u-1", "Bearer %", token);
        if (r != signers[i].want)
            fail_msg("%s: %d", signers[i].what, r);
        free(token);
    }
}

/* The public key as the secret again, without the line end that the gateway strips from the key
 * file: libjwt itself would accept it. */
TEST(test_public_key_as_it_is_held)
{
    char text[4096];
    strcpy(text, keys[RS].verify);
    text[strlen(text) - 1] = '\0';
    char *token = sign(JWT_ALG_HS256, text, "{\"sub\":\"u-1\"}");
    jwt_t *jwt = NULL;
    assert_int_equal(jwt_decode(&jwt, token, (const unsigned char *)text, (int)strlen(text)), 0);
    jwt_free(jwt);
    assert_int_equal(check(rs, "u-1", "Bearer %", token), -EACCES);
    free(token);
}

/* --- the claims --- */

static const struct {
    const char *claims, *user;
    int want;
} claims[] = {
    {"{\"sub\":\"u-1\"}", "u-1", 0},
    {"{\"sub\":\"u-1\",\"exp\":1800000001,\"nbf\":1799999999,\"iat\":1}", "u-1", 0},
    /* the user */
    {"{\"sub\":\"u-2\"}", "u-1", -EPERM},
    {"{\"sub\":\"U-1\"}", "u-1", -EPERM},
    {"{\"sub\":\"u-1\"}", "u-11", -EPERM},
    {"{\"sub\":\"u-11\"}", "u-1", -EPERM},
    {"{\"sub\":\"\"}", "u-1", -EPERM},
    {"{\"sub\":42}", "42", 0},
    {"{\"sub\":\"42\"}", "42", 0},
    {"{\"sub\":0}", "0", 0},
    {"{\"sub\":9223372036854775807}", "9223372036854775807", 0},
    {"{\"sub\":42}", "43", -EPERM},
    {"{\"sub\":42}", "042", -EPERM},
    {"{\"sub\":-1}", "-1", -EACCES},
    {"{\"sub\":42.0}", "42", -EACCES},
    {"{\"sub\":true}", "true", -EACCES},
    {"{\"sub\":null}", "null", -EACCES},
    {"{\"sub\":[\"u-1\"]}", "u-1", -EACCES},
    {"{\"sub\":{\"sub\":\"u-1\"}}", "u-1", -EACCES},
    {"{}", "u-1", -EACCES},
    {"{\"user_id\":\"u-1\"}", "u-1", -EACCES},
    /* exp, with 30 s of leeway */
    {"{\"sub\":\"u-1\",\"exp\":1799999999}", "u-1", 0},
    {"{\"sub\":\"u-1\",\"exp\":1799999971}", "u-1", 0},
    {"{\"sub\":\"u-1\",\"exp\":1799999970}", "u-1", -EACCES},
    {"{\"sub\":\"u-1\",\"exp\":1799999970.5}", "u-1", 0},
    {"{\"sub\":\"u-1\",\"exp\":1799999969.5}", "u-1", -EACCES},
    {"{\"sub\":\"u-1\",\"exp\":1}", "u-1", -EACCES},
    {"{\"sub\":\"u-1\",\"exp\":0}", "u-1", -EACCES},
    {"{\"sub\":\"u-1\",\"exp\":-1}", "u-1", -EACCES},
    {"{\"sub\":\"u-1\",\"exp\":9223372036854775807}", "u-1", 0},
    {"{\"sub\":\"u-1\",\"exp\":\"1900000000\"}", "u-1", -EACCES},
    {"{\"sub\":\"u-1\",\"exp\":null}", "u-1", -EACCES},
    {"{\"sub\":\"u-2\",\"exp\":1}", "u-1", -EACCES},
    /* nbf */
    {"{\"sub\":\"u-1\",\"nbf\":1800000030}", "u-1", 0},
    {"{\"sub\":\"u-1\",\"nbf\":1800000031}", "u-1", -EACCES},
    {"{\"sub\":\"u-1\",\"nbf\":9223372036854775807}", "u-1", -EACCES},
    {"{\"sub\":\"u-1\",\"nbf\":-9223372036854775808}", "u-1", 0},
    {"{\"sub\":\"u-1\",\"nbf\":\"1\"}", "u-1", -EACCES},
};

TEST(test_claims)
{
    for (size_t i = 0; i < LENGTH(claims); i++) {
        char *token = sign(JWT_ALG_HS256, SECRET, claims[i].claims);
        int r = check(hs, claims[i].user, "Bearer %", token);
        if (r != claims[i].want)
            fail_msg("%s for %s: %d", claims[i].claims, claims[i].user, r);
        free(token);
    }
}

TEST(test_other_claim)
{
    struct auth *auth = load_key(&keys[HS], "HS256", "https://shop.example/uid");
    char *token =
        sign(JWT_ALG_HS256, SECRET, "{\"sub\":\"a\",\"https://shop.example/uid\":\"u-1\"}");
    assert_int_equal(check(auth, "u-1", "Bearer %", token), 0);
    assert_int_equal(check(auth, "a", "Bearer %", token), -EPERM);
    free(token);
    auth_free(auth);
}

/* --- the header --- */

static const struct {
    const char *pattern;
    int want;
} headers[] = {
    {"Bearer %", 0},
    {"bearer %", 0},
    {"BEARER   %", 0},
    {"", -EACCES},
    {"%", -EACCES},
    {"Bearer", -EACCES},
    {"Bearer ", -EACCES},
    {"Bearer%", -EACCES},
    {" Bearer %", -EACCES},
    {"Bearer\t%", -EACCES},
    {"Bearer \"%\"", -EACCES},
    {"Bearer % ", -EACCES},
    {"Bearer %,", -EACCES},
    {"Bearer %=", -EACCES},
    {"Bearer %.", -EACCES},
    {"Bearer %.x", -EACCES},
    {"Bearer .%", -EACCES},
    {"Bearer x%", -EACCES},
    {"Bearer {%", -EACCES},
    {"Bearer %{", -EACCES},
    {"Bearer \xff%", -EACCES},
    {"Bearer Bearer %", -EACCES},
    {"Basic %", -EACCES},
    {"Token %", -EACCES},
    {"Basic dS0xOnB3", -EACCES},
    {"Bearer garbage", -EACCES},
    {"Bearer a.b.c", -EACCES},
    {"Bearer ..", -EACCES},
    {"Bearer e30.e30.e30", -EACCES},
    {"Bearer bnVsbA.bnVsbA.bnVsbA", -EACCES},
    {"Bearer W10.W10.W10", -EACCES},
};

TEST(test_headers)
{
    char *token = sign(JWT_ALG_HS256, SECRET, "{\"sub\":\"u-1\"}");
    assert_int_equal(auth_check(hs, NULL, "u-1", NOW_S * 1000000), -EACCES);
    for (size_t i = 0; i < LENGTH(headers); i++) {
        int r = check(hs, "u-1", headers[i].pattern, token);
        if (r != headers[i].want)
            fail_msg("%s: %d", headers[i].pattern, r);
    }
    free(token);
}

/* A correctly signed JSON array is no set of claims. */
TEST(test_no_object)
{
    /* {"alg":"HS256"} . ["u-1"] , signed with SECRET */
    assert_int_equal(check(hs, "u-1", "Bearer %",
                           "eyJhbGciOiJIUzI1NiJ9.WyJ1LTEiXQ."
                           "YYex027BdywYLTRIGfzCpifTzdnkqFr28fEYMhoCm5w"),
                     -EACCES);
}

/* No letter of a token can be changed or removed. */
TEST(test_every_letter_counts)
{
    char *token = sign(JWT_ALG_HS256, SECRET, "{\"sub\":\"u-1\",\"exp\":1800000000}");
    size_t len = strlen(token);
    for (size_t i = 0; i < len; i++) {
        char was = token[i];
        for (const char *other = "AQgw_.\x01"; *other != '\0'; other++) {
            token[i] = *other;
            if (*other != was && check(hs, "u-1", "Bearer %", token) != -EACCES)
                fail_msg("%zu: %s", i, token);
        }
        token[i] = '\0';
        if (check(hs, "u-1", "Bearer %", token) != -EACCES)
            fail_msg("cut: %s", token);
        token[i] = was;
    }
    assert_int_equal(check(hs, "u-1", "Bearer %", token), 0);
    free(token);
}

/* At most 4096 bytes. */
TEST(test_long)
{
    static char filler[60000];
    const int sizes[] = {1000, 2900, 3200, 12000, 40000};
    for (size_t i = 0; i < LENGTH(sizes); i++) {
        memset(filler, 'x', (size_t)sizes[i]);
        filler[sizes[i]] = '\0';
        char *token = sign(JWT_ALG_HS256, SECRET, textf("{\"sub\":\"u-1\",\"x\":\"%s\"}", filler));
        assert_int_equal(check(hs, "u-1", "Bearer %", token), strlen(token) <= 4096 ? 0 : -EACCES);
        free(token);
    }
}

/* The example of RFC 7515, appendix A.1. */
TEST(test_rfc_example)
{
    static const unsigned char secret[] = {
        3,   35,  53, 75,  43,  15, 165, 188, 131, 126, 6,   101, 119, 123, 166, 143,
        90,  179, 40, 230, 240, 84, 201, 40,  169, 15,  132, 178, 210, 80,  46,  191,
        211, 251, 90, 146, 210, 6,  71,  239, 150, 138, 180, 195, 119, 98,  61,  34,
        61,  46,  33, 114, 5,   46, 79,  8,   192, 205, 154, 245, 103, 208, 128, 163};
    static const char header[] =
        "Bearer eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9."
        "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0"
        "cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const int64_t exp_us = INT64_C(1300819380) * 1000000;
    struct auth *auth = NULL;
    char error[AUTH_ERROR_SIZE];
    assert_int_equal(load(&auth, write_file("rfc", secret, sizeof secret), "HS256", "iss", error),
                     0);
    assert_int_equal(auth_check(auth, header, "joe", exp_us - 1), 0);
    assert_int_equal(auth_check(auth, header, "ann", exp_us - 1), -EPERM);
    assert_int_equal(auth_check(auth, header, "joe", exp_us + 30000000), -EACCES);
    auth_free(auth);
}

/* --- the key --- */

static const struct {
    const char *what, *algorithm, *text;
    const char *error; /* part of the message; NULL: the key is accepted */
} files[] = {
    {"a secret", "HS256", SECRET, NULL},
    {"a secret with a line end", "HS512", SECRET SECRET "\r\n", NULL},
    {"a short secret", "HS256", "s3cret\n", NULL},
    {"nothing", "HS256", "", "is empty"},
    {"line ends", "HS256", "\n\r\n\n", "is empty"},
    {"nothing", "RS256", "", "is empty"},
    {"a public key", "HS256", keys[RS].verify, "this is PEM"},
    {"a private key", "HS256", keys[RS].sign, "this is PEM"},
    {"a public key", "RS256", keys[RS].verify, NULL},
    {"a public key", "RS384", keys[RS].verify, NULL},
    {"a private key", "RS256", keys[RS].sign, "RSA public key"},
    {"a small key", "RS256", keys[RS_SMALL].verify, "2048 bits"},
    {"a key of PS", "RS256", keys[PSS].verify, "RSA public key"},
    {"a key of ES", "RS256", keys[ES].verify, "RSA public key"},
    {"no PEM", "RS256", SECRET, "RSA public key"},
    {"a public key", "ES256", keys[ES].verify, NULL},
    {"a public key", "ES384", keys[ES_384].verify, NULL},
    {"a key of another curve", "ES256", keys[ES_384].verify, "curve"},
    {"a key of another curve", "ES512", keys[ES].verify, "curve"},
    {"a key of RS", "ES256", keys[RS].verify, "curve"},
    {"a private key", "ES256", keys[ES].sign, "curve"},
};

TEST(test_key_files)
{
    for (size_t i = 0; i < LENGTH(files); i++) {
        struct auth *auth = NULL;
        char error[AUTH_ERROR_SIZE] = "";
        const char *path = write_file("key", files[i].text, strlen(files[i].text));
        int r = load(&auth, path, files[i].algorithm, "sub", error);
        if ((r == 0) != (files[i].error == NULL) || (r == 0) != (auth != NULL) ||
            (r < 0 && (strstr(error, files[i].error) == NULL || strstr(error, path) == NULL)))
            fail_msg("%s for %s: %d %s", files[i].what, files[i].algorithm, r, error);
        auth_free(auth);
    }
}

TEST(test_unreadable_key_files)
{
    static char large[20000];
    char error[AUTH_ERROR_SIZE];
    struct auth *auth = NULL;
    memset(large, 'x', sizeof large);
    assert_int_equal(load(&auth, "/does/not/exist", "HS256", "sub", error), -ENOENT);
    assert_string_equal(error,
                        "auth.key_file /does/not/exist cannot be read: No such file or directory");
    assert_int_equal(load(&auth, dir, "HS256", "sub", error), -EISDIR);
    assert_int_equal(load(&auth, write_file("large", large, sizeof large), "HS256", "sub", error),
                     -EFBIG);
    assert_non_null(strstr(error, "too large"));
    assert_int_equal(load(&auth, write_file("fits", large, 16384), "HS256", "sub", error), 0);
    auth = auth_free(auth);
    assert_int_equal(load(&auth, "", "HS256", "sub", error), 0);
    assert_null(auth);
}

TEST(test_algorithms)
{
    static const char *const good[] = {"HS256", "HS384", "HS512", "RS256", "RS384",
                                       "RS512", "ES256", "ES384", "ES512"};
    static const char *const bad[] = {"", "none", "NONE", "hs256", "HS25", "HS2567", "PS256"};
    for (size_t i = 0; i < LENGTH(good); i++)
        assert_int_equal(auth_check_algorithm(good[i]), 0);
    for (size_t i = 0; i < LENGTH(bad); i++)
        assert_int_equal(auth_check_algorithm(bad[i]), -EINVAL);
}

/* --- threads --- */

static void *check_often(void *arg)
{
    char *header = arg;
    size_t wrong = 0;
    for (int i = 0; i < 200; i++) {
        wrong += auth_check(rs, header, "u-1", NOW_S * 1000000) != 0;
        wrong += auth_check(rs, header, "u-2", NOW_S * 1000000) != -EPERM;
        wrong += auth_check(hs, header, "u-1", NOW_S * 1000000) != -EACCES;
    }
    return (void *)wrong;
}

TEST(test_threads)
{
    char header[2048], *token = sign(JWT_ALG_RS256, keys[RS].sign, "{\"sub\":\"u-1\"}");
    pthread_t threads[4];
    snprintf(header, sizeof header, "Bearer %s", token);
    for (size_t i = 0; i < LENGTH(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, check_often, header), 0);
    for (size_t i = 0; i < LENGTH(threads); i++) {
        void *wrong;
        pthread_join(threads[i], &wrong);
        assert_null(wrong);
    }
    free(token);
}
