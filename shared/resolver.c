#include "shared/resolver.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* A lookup under way. Its thread and the resolver share it under the lock; whoever is second to be
 * done with it frees it. */
struct lookup {
    pthread_mutex_t lock;
    bool done;     /* by the thread: `address` is there */
    bool orphaned; /* by the resolver: nobody wants it any more */
    int fd;        /* eventfd: done */
    char host[RESOLVER_HOST_MAX + 1];
    char address[RESOLVER_ADDRESS_MAX]; /* "": there is none */
};

struct resolver {
    struct event_base *base;
    resolver_fn *fn;
    void *arg;
    struct lookup *lookup; /* NULL: none is under way */
    struct event *event;   /* of the lookup */
};

/* --- the thread --- */

static int write_address(const struct addrinfo *a, char address[RESOLVER_ADDRESS_MAX])
{
    return getnameinfo(a->ai_addr, a->ai_addrlen, address, RESOLVER_ADDRESS_MAX, NULL, 0,
                       NI_NUMERICHOST) == 0
               ? 0
               : -EADDRNOTAVAIL;
}

static int ask_system(const char *host, char address[RESOLVER_ADDRESS_MAX])
{
    const struct addrinfo want = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
    struct addrinfo *all;
    if (getaddrinfo(host, NULL, &want, &all) != 0)
        return -EADDRNOTAVAIL;
    const struct addrinfo *best = all;
    while (best != NULL && best->ai_family != AF_INET)
        best = best->ai_next;
    int r = write_address(best != NULL ? best : all, address);
    freeaddrinfo(all);
    return r;
}

static _Atomic(resolver_lookup_fn *) lookup_fn = ask_system;

void resolver_replace(resolver_lookup_fn *lookup)
{
    lookup_fn = lookup != NULL ? lookup : ask_system;
}

static void lookup_free(struct lookup *l)
{
    if (l->fd >= 0)
        close(l->fd);
    pthread_mutex_destroy(&l->lock);
    free(l);
}

static void *look_up(void *arg)
{
    struct lookup *l = arg;
    char address[RESOLVER_ADDRESS_MAX];
    resolver_lookup_fn *ask = lookup_fn;
    int r = ask(l->host, address);
    pthread_mutex_lock(&l->lock);
    snprintf(l->address, sizeof l->address, "%s", r == 0 ? address : "");
    l->done = true;
    bool orphaned = l->orphaned;
    if (!orphaned)
        eventfd_write(l->fd, 1);
    pthread_mutex_unlock(&l->lock);
    if (orphaned)
        lookup_free(l);
    return NULL;
}

/* --- the loop --- */

static void on_done(evutil_socket_t fd, short what, void *arg)
{
    struct resolver *r = arg;
    struct lookup *l = r->lookup;
    (void)fd, (void)what;
    pthread_mutex_lock(&l->lock); /* until the thread has let go of it */
    pthread_mutex_unlock(&l->lock);
    r->lookup = NULL;
    event_free(r->event);
    r->event = NULL;
    r->fn(r->arg, l->address[0] != '\0' ? l->address : NULL);
    lookup_free(l);
}

static int start_thread(struct lookup *l)
{
    pthread_attr_t attr;
    pthread_t thread;
    sigset_t all, before;
    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int r = pthread_create(&thread, &attr, look_up, l);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attr);
    return -r;
}

int resolver_ask(struct resolver *r, const char *host)
{
    if (r->lookup != NULL)
        return 0;
    struct lookup *l = calloc(1, sizeof *l);
    if (l == NULL)
        return -ENOMEM;
    pthread_mutex_init(&l->lock, NULL);
    snprintf(l->host, sizeof l->host, "%s", host);
    l->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    r->event = l->fd >= 0 ? event_new(r->base, l->fd, EV_READ, on_done, r) : NULL;
    int result = r->event != NULL && event_add(r->event, NULL) == 0 ? start_thread(l) : -ENOMEM;
    if (result == 0) {
        r->lookup = l;
        return 0;
    }
    if (r->event != NULL)
        event_free(r->event);
    r->event = NULL;
    lookup_free(l);
    return result;
}

bool resolver_is_address(const char *host)
{
    unsigned char ignored[sizeof(struct in6_addr)];
    return inet_pton(AF_INET, host, ignored) == 1 || inet_pton(AF_INET6, host, ignored) == 1;
}

int resolver_new(struct resolver **out, struct event_base *base, resolver_fn *fn, void *arg)
{
    struct resolver *r = calloc(1, sizeof *r);
    if (r == NULL)
        return -ENOMEM;
    *r = (struct resolver){.base = base, .fn = fn, .arg = arg};
    *out = r;
    return 0;
}

struct resolver *resolver_free(struct resolver *r)
{
    if (r == NULL)
        return NULL;
    struct lookup *l = r->lookup;
    if (r->event != NULL)
        event_free(r->event);
    if (l != NULL) {
        pthread_mutex_lock(&l->lock);
        bool done = l->done;
        l->orphaned = true;
        pthread_mutex_unlock(&l->lock);
        if (done)
            lookup_free(l);
    }
    free(r);
    return NULL;
}
