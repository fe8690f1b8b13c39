/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/routes/route_table.h"

#include "gateway/metrics.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct route own[] = {
    {.path = "/v1/campaigns/{name}/requests",
     .op = OP_ENQUEUE,
     .user = {.from = FROM_BODY, .text = "user_id"},
     .campaign = {.from = FROM_PATH, .part = 0},
     .counter = offsetof(struct gateway_metrics, requests_post)},
    {.path = "/v1/campaigns/{name}/requests/{user}",
     .op = OP_STATUS,
     .user = {.from = FROM_PATH, .part = 1},
     .campaign = {.from = FROM_PATH, .part = 0},
     .counter = offsetof(struct gateway_metrics, requests_get)},
    {.path = "/v1/campaigns/{name}",
     .op = OP_HEAD,
     .campaign = {.from = FROM_PATH, .part = 0},
     .counter = offsetof(struct gateway_metrics, requests_campaign)},
};

/* A table's memory: a chain that is freed as a whole. */
struct kept {
    struct kept *next;
    _Alignas(max_align_t) char bytes[];
};

struct routes {
    struct route_node root;
    struct kept *kept;
    size_t n; /* routes besides Onrush's own */
};

void *routes_keep(struct routes *routes, size_t size)
{
    struct kept *k = calloc(1, sizeof *k + size);
    if (k == NULL)
        return NULL;
    k->next = routes->kept;
    routes->kept = k;
    return k->bytes;
}

struct routes *routes_new(void)
{
    struct routes *routes = calloc(1, sizeof *routes);
    for (size_t i = 0; routes != NULL && i < sizeof own / sizeof own[0]; i++) {
        if (routes_add(routes, &own[i], NULL) < 0) {
            routes_free(routes);
            routes = NULL;
        }
    }
    return routes;
}

void routes_free(void *object)
{
    struct routes *routes = object;
    for (struct kept *k = routes != NULL ? routes->kept : NULL, *next; k != NULL; k = next) {
        next = k->next;
        free(k);
    }
    free(routes);
}

/* --- building --- */

static struct route_node *new_node(struct routes *routes, const char *text, size_t len)
{
    struct route_node *n = routes_keep(routes, sizeof *n);
    if (n != NULL) {
        n->text = text;
        n->len = len;
    }
    return n;
}

static struct route_node *find_child(const struct route_node *node, const char *text, size_t len)
{
    for (struct route_node *c = node->first; c != NULL; c = c->next) {
        if (c->len == len && memcmp(c->text, text, len) == 0)
            return c;
    }
    return NULL;
}

/* grow: finds or makes the child of `node` for a segment of a pattern. New ones go last. */
static struct route_node *grow(struct routes *routes, struct route_node *node, const char *text,
                               size_t len)
{
    struct route_node **at = &node->any;
    if (*text != '{') {
        struct route_node *child = find_child(node, text, len);
        if (child != NULL)
            return child;
        for (at = &node->first; *at != NULL; at = &(*at)->next)
            ;
    }
    if (*at == NULL)
        *at = new_node(routes, text, len);
    return *at;
}

int routes_add(struct routes *routes, const struct route *route, const struct route **other)
{
    struct route_node *node = &routes->root;
    if (route->line > 0 && routes->n++ == ROUTES_MAX)
        return -E2BIG;
    for (const char *p = route->path; *p == '/' && node != NULL;) {
        size_t len = strcspn(++p, "/");
        node = grow(routes, node, p, len);
        p += len;
    }
    if (node == NULL)
        return -ENOMEM;
    const struct route **place = route->op == OP_ENQUEUE ? &node->post : &node->get;
    if (*place != NULL) {
        *other = *place;
        return -EEXIST;
    }
    *place = route;
    return 0;
}

/* --- finding --- */

const struct route_node *routes_find(const struct routes *routes, const char *path,
                                     struct route_part parts[ROUTE_PARTS_MAX])
{
    const struct route_node *node = &routes->root;
    size_t n = 0;
    while (*path == '/') {
        size_t len = strcspn(++path, "/");
        const struct route_node *child = find_child(node, path, len);
        if (child == NULL) {
            if (node->any == NULL || len == 0)
                return NULL;
            child = node->any;
            parts[n++] = (struct route_part){path, len};
        }
        node = child;
        path += len;
    }
    return *path == '\0' && (node->get != NULL || node->post != NULL) ? node : NULL;
}

const char *route_node_allow(const struct route_node *node)
{
    if (node->get == NULL)
        return "POST";
    return node->post == NULL ? "GET, HEAD" : "GET, HEAD, POST";
}

static int compare_name(const void *value, const void *name)
{
    return strcmp(value, ((const struct route_name *)name)->from);
}

const char *route_name_find(const struct route *route, const char *value)
{
    const struct route_name *found =
        bsearch(value, route->names, route->n_names, sizeof *route->names, compare_name);
    return found != NULL ? found->to : NULL;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int route_decode(const struct route_part *part, char *out, size_t size)
{
    size_t n = 0;
    for (size_t i = 0; i < part->len; i++) {
        int c = (unsigned char)part->at[i];
        if (c == '%') {
            if (part->len - i < 3 || hex_value(part->at[i + 1]) < 0 ||
                hex_value(part->at[i + 2]) < 0)
                return -EINVAL;
            c = hex_value(part->at[i + 1]) * 16 + hex_value(part->at[i + 2]);
            i += 2;
        }
        if (n + 1 >= size)
            return -EINVAL;
        out[n++] = (char)c;
    }
    out[n] = '\0';
    return (int)n;
}
