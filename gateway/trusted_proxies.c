/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/trusted_proxies.h"

#include <errno.h>
#include <libconfig.h>
#include <stdlib.h>
#include <string.h>

struct network {
    struct address address;
    unsigned bits; /* of 128 */
};

struct trusted_proxies {
    size_t n;
    struct network all[];
};

/* --- networks --- */

/* parse_network: reads "10.0.0.0/8", or a single address. Bits behind the prefix must be 0; others
 * are a mistake. */
static int parse_network(const char *text, struct network *out)
{
    size_t len = strcspn(text, "/");
    char *end;
    if (address_parse(text, len, &out->address) < 0)
        return -EINVAL;
    unsigned most = address_is_v4(&out->address) && memchr(text, ':', len) == NULL ? 32 : 128;
    unsigned long bits = most;
    if (text[len] == '/') {
        bits = strtoul(text + len + 1, &end, 10);
        if (text[len + 1] < '0' || text[len + 1] > '9' || *end != '\0' || bits > most)
            return -EINVAL;
    }
    out->bits = (unsigned)bits + 128 - most;
    for (unsigned i = out->bits; i < 128; i++) {
        if ((out->address.bytes[i / 8] & 0x80 >> i % 8) != 0)
            return -EINVAL;
    }
    return 0;
}

int proxies_read(void **out, const struct config_setting_t *list, const char *path, char *error)
{
    int n = list != NULL ? config_setting_length(list) : 0;
    if (n > PROXIES_MAX)
        return config_fail(list, path, error, "trusted_proxies: expected at most %d", PROXIES_MAX);
    struct trusted_proxies *networks =
        calloc(1, sizeof *networks + (size_t)n * sizeof networks->all[0]);
    if (networks == NULL) {
        snprintf(error, CONFIG_ERROR_SIZE, "out of memory");
        return -ENOMEM;
    }
    for (int i = 0; i < n; i++) {
        const config_setting_t *s = config_setting_get_elem(list, (unsigned)i);
        const char *text = config_setting_get_string(s);
        if (text == NULL || parse_network(text, &networks->all[networks->n++]) < 0) {
            free(networks);
            return config_fail(s, path, error,
                               "trusted_proxies: %s: expected an address, or a network such as "
                               "\"10.0.0.0/8\" or \"2001:db8::/32\"",
                               text != NULL ? text : "this is no text in quotes");
        }
    }
    *out = networks;
    return 0;
}

static bool holds(const struct network *n, const struct address *a)
{
    unsigned whole = n->bits / 8, rest = n->bits % 8;
    if (memcmp(n->address.bytes, a->bytes, whole) != 0)
        return false;
    return rest == 0 || ((n->address.bytes[whole] ^ a->bytes[whole]) & 0xff00 >> rest & 0xff) == 0;
}

bool proxies_include(const struct trusted_proxies *networks, const struct address *address)
{
    for (size_t i = 0; i < networks->n; i++) {
        if (holds(&networks->all[i], address))
            return true;
    }
    return false;
}

/* --- X-Forwarded-For --- */

/* last_hop: takes the last member off a list of *len bytes. False: it is no address. */
static bool last_hop(const char *list, size_t *len, struct address *out)
{
    size_t end = *len, from;
    while (end > 0 && (list[end - 1] == ' ' || list[end - 1] == '\t'))
        end--;
    for (from = end; from > 0 && list[from - 1] != ','; from--)
        ;
    *len = from > 0 ? from - 1 : 0;
    while (from < end && (list[from] == ' ' || list[from] == '\t'))
        from++;
    return address_parse(list + from, end - from, out) == 0;
}

struct address proxies_client(const struct trusted_proxies *trusted, const struct address *peer,
                              const char *const *forwarded, size_t n)
{
    struct address client = *peer, hop;
    for (; n > 0 && proxies_include(trusted, &client); n--) {
        size_t len = strlen(forwarded[n - 1]);
        do {
            if (!last_hop(forwarded[n - 1], &len, &hop))
                return client;
            client = hop;
        } while (len > 0 && proxies_include(trusted, &client));
    }
    return client;
}
