/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/burst_target.h"

#include "ctl/ctl.h"

#include <curl/curl.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

/* get_part: copies a part of the URL; "" if there is none. */
static void get_part(CURLU *url, CURLUPart part, unsigned flags, char *out, size_t size)
{
    char *text = NULL;
    out[0] = '\0';
    if (curl_url_get(url, part, &text, flags) == CURLUE_OK && strlen(text) < size)
        strcpy(out, text);
    curl_free(text);
}

/* look_up: the first address of `host` as text; IPv6 in brackets. */
static int look_up(const char *host, char *out, size_t size)
{
    char address[NI_MAXHOST];
    struct addrinfo *found, hints = {.ai_socktype = SOCK_STREAM};
    int r = getaddrinfo(host, NULL, &hints, &found);
    if (r != 0)
        return ctl_error(CTL_UNAVAILABLE, "the host %s of the gateway's URL: %s", host,
                         gai_strerror(r));
    r = getnameinfo(found->ai_addr, found->ai_addrlen, address, sizeof address, NULL, 0,
                    NI_NUMERICHOST);
    bool v6 = found->ai_family == AF_INET6;
    freeaddrinfo(found);
    if (r != 0)
        return ctl_error(CTL_UNAVAILABLE, "the host %s: %s", host, gai_strerror(r));
    snprintf(out, size, v6 ? "[%s]" : "%s", address);
    return 0;
}

/* pin_host: replaces the host by its address. */
static int pin_host(CURLU *url, struct burst_target *target)
{
    char scheme[16], host[256], port[16], address[NI_MAXHOST + 2];
    get_part(url, CURLUPART_SCHEME, 0, scheme, sizeof scheme);
    get_part(url, CURLUPART_HOST, 0, host, sizeof host);
    get_part(url, CURLUPART_PORT, CURLU_DEFAULT_PORT, port, sizeof port);
    if (strcmp(scheme, "http") != 0 || host[0] == '[')
        return 0;
    int r = look_up(host, address, sizeof address);
    if (r != 0 || strcmp(host, address) == 0)
        return r;
    snprintf(target->host, sizeof target->host, "Host: %s:%s", host, port);
    return curl_url_set(url, CURLUPART_HOST, address, 0) == CURLUE_OK
               ? 0
               : ctl_error(CTL_USAGE, "the host %s cannot be used", host);
}

int burst_target_make(struct burst_target *target, const char *base_url, const char *campaign)
{
    char path[512], whole[sizeof target->url];
    CURLU *url = curl_url();
    *target = (struct burst_target){0};
    int r =
        url != NULL && curl_url_set(url, CURLUPART_URL, base_url, 0) == CURLUE_OK
            ? 0
            : ctl_error(CTL_USAGE, "\"%s\" is not a URL such as http://127.0.0.1:8080", base_url);
    if (r == 0)
        r = pin_host(url, target);
    if (r == 0) {
        get_part(url, CURLUPART_PATH, 0, path, sizeof path / 2);
        size_t len = strlen(path);
        if (len > 0 && path[len - 1] == '/')
            path[len - 1] = '\0';
        len = strlen(path);
        snprintf(path + len, sizeof path - len, "/v1/campaigns/%s/requests", campaign);
        curl_url_set(url, CURLUPART_PATH, path, 0);
        get_part(url, CURLUPART_URL, 0, whole, sizeof whole);
        strcpy(target->url, whole);
    }
    curl_url_cleanup(url);
    return r;
}
