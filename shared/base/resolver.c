/* SPDX-License-Identifier: Apache-2.0 */
#include "shared/base/resolver.h"

#include "shared/base/mailbox.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

/* A lookup under way, held by its thread and by the resolver. The last holder frees it. */
struct lookup {
    struct mail mail;
    struct mailbox done; /* the loop receives */
    atomic_int holders;
    char host[RESOLVER_HOST_MAX + 1];
    char address[RESOLVER_ADDRESS_MAX]; /* "": not found */
};

struct resolver {
    struct event_base *base;
    resolver_fn *fn;
    void *arg;
    struct lookup *lookup; /* NULL: none is under way */
};

/* --- the thread --- */

static int ask_system(const char *host, char address[RESOLVER_ADDRESS_MAX])
{
    const struct addrinfo want = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
    struct addrinfo *all;
    if (getaddrinfo(host, NULL, &want, &all) != 0)
        return -EADDRNOTAVAIL;
    const struct addrinfo *best = all;
    while (best != NULL && best->ai_family != AF_INET)
        best = best->ai_next;
    best = best != NULL ? best : all;
    int r = getnameinfo(best->ai_addr, best->ai_addrlen, address, RESOLVER_ADDRESS_MAX, NULL, 0,
                        NI_NUMERICHOST);
    freeaddrinfo(all);
    return r == 0 ? 0 : -EADDRNOTAVAIL;
}

static _Atomic(resolver_lookup_fn *) lookup_fn = ask_system;

void resolver_replace(resolver_lookup_fn *lookup)
{
    lookup_fn = lookup != NULL ? lookup : ask_system;
}

static void let_go(struct lookup *l)
{
    if (--l->holders > 0)
        return;
    mailbox_end(&l->done, NULL);
    free(l);
}

static void *look_up(void *arg)
{
    struct lookup *l = arg;
    char address[RESOLVER_ADDRESS_MAX];
    resolver_lookup_fn *ask = lookup_fn;
    int r = ask(l->host, address);
    snprintf(l->address, sizeof l->address, "%s", r == 0 ? address : "");
    mailbox_put(&l->done, &l->mail);
    let_go(l);
    return NULL;
}

/* --- the loop --- */

static void on_done(void *arg, struct mail *mail)
{
    struct resolver *r = arg;
    struct lookup *l = (struct lookup *)mail;
    r->lookup = NULL;
    mailbox_shut(&l->done);
    r->fn(r->arg, l->address[0] != '\0' ? l->address : NULL);
    let_go(l);
}

static int start_thread(struct lookup *l)
{
    pthread_t thread;
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int r = pthread_create(&thread, NULL, look_up, l);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (r == 0)
        pthread_detach(thread);
    return -r;
}

int resolver_ask(struct resolver *r, const char *host)
{
    if (r->lookup != NULL)
        return 0;
    struct lookup *l = calloc(1, sizeof *l);
    if (l == NULL)
        return -ENOMEM;
    l->holders = 2;
    snprintf(l->host, sizeof l->host, "%s", host);
    mailbox_init(&l->done);
    int result = mailbox_attach(&l->done, r->base, on_done, r);
    if (result == 0)
        result = start_thread(l);
    if (result == 0) {
        r->lookup = l;
        return 0;
    }
    l->holders = 1;
    let_go(l);
    return result;
}

bool resolver_is_address(const char *host)
{
    unsigned char ignored[sizeof(struct in6_addr)];
    return inet_pton(AF_INET, host, ignored) == 1 || inet_pton(AF_INET6, host, ignored) == 1;
}

struct resolver *resolver_new(struct event_base *base, resolver_fn *fn, void *arg)
{
    struct resolver *r = malloc(sizeof *r);
    if (r != NULL)
        *r = (struct resolver){.base = base, .fn = fn, .arg = arg};
    return r;
}

struct resolver *resolver_free(struct resolver *r)
{
    if (r == NULL)
        return NULL;
    if (r->lookup != NULL) {
        mailbox_shut(&r->lookup->done);
        let_go(r->lookup);
    }
    free(r);
    return NULL;
}
