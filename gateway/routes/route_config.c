/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/routes/route_config.h"

#include "gateway/metrics.h"
#include "gateway/routes/route_reading.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NAMES_MAX       256
#define BODY_FIELD_MAX  64
#define HEADER_NAME_MAX 64

#define UNRESERVED "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
#define WORD       "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_"

/* --- shared with route_answers.c --- */

int reading_out_of_memory(struct reading *r, const config_setting_t *at)
{
    FAIL(r, at, "out of memory");
    return -ENOMEM;
}

char *reading_keep(struct reading *r, const char *text)
{
    char *copy = routes_keep(r->routes, strlen(text) + 1);
    return copy != NULL ? strcpy(copy, text) : NULL;
}

int reading_members(struct reading *r, const config_setting_t *group, const char *what,
                    const char *const *names, const char *expected)
{
    if (!config_setting_is_group(group))
        return FAIL(r, group, "%s: expected a group in { }", what);
    for (int i = 0; i < config_setting_length(group); i++) {
        const config_setting_t *s = config_setting_get_elem(group, (unsigned)i);
        const char *const *n = names;
        while (*n != NULL && strcmp(*n, config_setting_name(s)) != 0)
            n++;
        if (*n == NULL)
            return FAIL(r, s, "%s has no %s: expected %s", what, config_setting_name(s), expected);
    }
    return 0;
}

int reading_text(struct reading *r, const config_setting_t *group, const char *name,
                 const char **text, const config_setting_t **at)
{
    const config_setting_t *s = config_setting_get_member(group, name);
    if (s == NULL)
        return FAIL(r, group, "%s is missing", name);
    if (config_setting_type(s) != CONFIG_TYPE_STRING)
        return FAIL(r, s, "%s: expected a text in quotes", name);
    *text = config_setting_get_string(s);
    *at = s;
    return 0;
}

/* --- method and path --- */

static int read_method(struct reading *r, const config_setting_t *group)
{
    const config_setting_t *at;
    const char *text;
    int error = reading_text(r, group, "method", &text, &at);
    if (error < 0)
        return error;
    bool post = strcmp(text, "POST") == 0;
    if (!post && strcmp(text, "GET") != 0)
        return FAIL(
            r, at,
            "method = \"%s\": expected POST (asks for a coupon) or GET (tells what became of it)",
            text);
    r->route->op = post ? OP_ENQUEUE : OP_STATUS;
    r->route->counter = post ? offsetof(struct gateway_metrics, requests_post)
                             : offsetof(struct gateway_metrics, requests_get);
    return 0;
}

/* segment_len: returns the length of the segment that begins here; 0: malformed. */
static size_t segment_len(const char *p)
{
    if (*p != '{')
        return strspn(p, UNRESERVED);
    size_t n = strspn(p + 1, WORD);
    return n > 0 && p[n + 1] == '}' ? n + 2 : 0;
}

/* find_part: returns the index of the {segment} called `name` in `path`; -1: none. */
static int find_part(const char *path, const char *name, size_t len)
{
    int n = 0;
    for (const char *p = path; (p = strchr(p, '{')) != NULL; p++, n++) {
        if (strncmp(p + 1, name, len) == 0 && p[1 + len] == '}')
            return n;
    }
    return -1;
}

static int check_path(struct reading *r, const config_setting_t *at, const char *path)
{
    int n = 0;
    for (const char *p = path; p == path || *p != '\0';) {
        size_t len = *p == '/' ? segment_len(p + 1) : 0;
        if (len == 0 || (p[1 + len] != '/' && p[1 + len] != '\0'))
            return FAIL(r, at,
                        "path = \"%s\": expected segments of letters, digits and - . _ ~, or "
                        "{name}, each behind a /",
                        path);
        if (p[1] == '{' && find_part(path, p + 2, len - 2) != n++)
            return FAIL(r, at, "path = \"%s\": %.*s is there twice", path, (int)len, p + 1);
        p += 1 + len;
    }
    if (n > ROUTE_PARTS_MAX)
        return FAIL(r, at, "path = \"%s\": expected at most %d {segments}", path, ROUTE_PARTS_MAX);
    return 0;
}

static int read_path(struct reading *r, const config_setting_t *group)
{
    const config_setting_t *at;
    const char *text;
    int error = reading_text(r, group, "path", &text, &at);
    if (error < 0)
        return error;
    if (strlen(text) > ROUTE_PATH_MAX)
        return FAIL(r, at, "path has %zu bytes: expected at most %d", strlen(text), ROUTE_PATH_MAX);
    if (strcmp(text, "/v1") == 0 || strncmp(text, "/v1/", 4) == 0)
        return FAIL(r, at, "path = \"%s\": what lies below /v1 is Onrush's own", text);
    if ((error = check_path(r, at, text)) < 0)
        return error;
    r->route->path = reading_keep(r, text);
    return r->route->path != NULL ? 0 : reading_out_of_memory(r, at);
}

/* --- user and campaign --- */

static bool token_valid(const char *text, size_t most)
{
    size_t len = strlen(text);
    return len > 0 && len <= most && strspn(text, UNRESERVED) == len;
}

/* check_source: `value` is the text behind the colon. */
static int check_source(struct reading *r, const config_setting_t *at, enum route_from from,
                        const char *value, size_t *part)
{
    int n;
    switch (from) {
    case FROM_BODY:
        if (r->route->op != OP_ENQUEUE)
            return FAIL(r, at, "body:%s: a GET has no body", value);
        if (value[0] == '\0' || strlen(value) > BODY_FIELD_MAX)
            return FAIL(r, at, "body:%s: expected the name of a member, of 1 to %d bytes", value,
                        BODY_FIELD_MAX);
        return 0;
    case FROM_PATH:
        if ((n = find_part(r->route->path, value, strlen(value))) < 0)
            return FAIL(r, at, "path:%s: there is no {%s} in %s", value, value, r->route->path);
        *part = (size_t)n;
        return 0;
    case FROM_HEADER:
        if (!token_valid(value, HEADER_NAME_MAX))
            return FAIL(r, at, "header:%s: expected the name of a header", value);
        return 0;
    default:
        if (!campaign_name_valid(value, strlen(value)))
            return FAIL(
                r, at, "constant:%s: expected the name of a campaign, 1 to 64 of A-Z a-z 0-9 . _ -",
                value);
        return 0;
    }
}

static int read_source(struct reading *r, const config_setting_t *group, const char *name,
                       bool constant, struct route_source *out)
{
    static const struct {
        const char *prefix;
        enum route_from from;
    } kinds[] = {{"body:", FROM_BODY},
                 {"path:", FROM_PATH},
                 {"header:", FROM_HEADER},
                 {"constant:", FROM_CONSTANT}};
    size_t n = sizeof kinds / sizeof kinds[0] - !constant, i = 0;
    const config_setting_t *at;
    const char *text;
    int error = reading_text(r, group, name, &text, &at);
    if (error < 0)
        return error;
    while (i < n && strncmp(text, kinds[i].prefix, strlen(kinds[i].prefix)) != 0)
        i++;
    if (i == n)
        return FAIL(r, at, "%s = \"%s\": expected body:MEMBER, path:SEGMENT%s header:NAME%s", name,
                    text, constant ? "," : " or", constant ? " or constant:CAMPAIGN" : "");
    const char *value = text + strlen(kinds[i].prefix);
    if ((error = check_source(r, at, kinds[i].from, value, &out->part)) < 0)
        return error;
    out->from = kinds[i].from;
    out->text = reading_keep(r, value);
    return out->text != NULL ? 0 : reading_out_of_memory(r, at);
}

/* --- campaigns --- */

static int read_name(struct reading *r, const config_setting_t *group, struct route_name *out)
{
    static const char *const members[] = {"from", "to", NULL};
    const config_setting_t *from_at, *to_at;
    const char *from, *to;
    int error = reading_members(r, group, "campaigns", members, "from and to");
    if (error < 0 || (error = reading_text(r, group, "from", &from, &from_at)) < 0 ||
        (error = reading_text(r, group, "to", &to, &to_at)) < 0)
        return error;
    if (from[0] == '\0' || strlen(from) > CAMPAIGN_NAME_MAX)
        return FAIL(r, from_at, "from has %zu bytes: expected 1 to %d", strlen(from),
                    CAMPAIGN_NAME_MAX);
    if (!campaign_name_valid(to, strlen(to)))
        return FAIL(r, to_at,
                    "to = \"%s\": expected the name of a campaign, 1 to 64 of A-Z a-z 0-9 . _ -",
                    to);
    strcpy(out->from, from);
    strcpy(out->to, to);
    return 0;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(((const struct route_name *)a)->from, ((const struct route_name *)b)->from);
}

static int read_names(struct reading *r, const config_setting_t *group)
{
    const config_setting_t *list = config_setting_get_member(group, "campaigns");
    if (list == NULL)
        return 0;
    int n = config_setting_length(list), error = 0;
    if (!config_setting_is_list(list) || n == 0 || n > NAMES_MAX)
        return FAIL(
            r, list,
            "campaigns: expected a list of 1 to %d groups { from = \"...\"; to = \"...\"; }",
            NAMES_MAX);
    if (r->route->campaign.from == FROM_CONSTANT)
        return FAIL(r, list, "campaigns: there is nothing to look up, as campaign is a constant");
    struct route_name *names = routes_keep(r->routes, (size_t)n * sizeof *names);
    if (names == NULL)
        return reading_out_of_memory(r, list);
    for (int i = 0; i < n && error == 0; i++)
        error = read_name(r, config_setting_get_elem(list, (unsigned)i), &names[i]);
    if (error < 0)
        return error;
    qsort(names, (size_t)n, sizeof *names, compare_names);
    for (int i = 1; i < n; i++) {
        if (compare_names(&names[i - 1], &names[i]) == 0)
            return FAIL(r, list, "campaigns: \"%s\" is there twice", names[i].from);
    }
    r->route->names = names;
    r->route->n_names = (size_t)n;
    return 0;
}

/* --- the list --- */

static int read_route(struct reading *r, const config_setting_t *group)
{
    static const char *const members[] = {"method",    "path",    "user", "campaign",
                                          "campaigns", "answers", NULL};
    const struct route *other;
    struct route *route = r->route = routes_keep(r->routes, sizeof *route);
    int error;
    if (route == NULL)
        return reading_out_of_memory(r, group);
    route->line = config_setting_source_line(group);
    if ((error = reading_members(r, group, "a route", members,
                                 "method, path, user, campaign, campaigns or answers")) < 0 ||
        (error = read_method(r, group)) < 0 || (error = read_path(r, group)) < 0 ||
        (error = read_source(r, group, "user", false, &route->user)) < 0 ||
        (error = read_source(r, group, "campaign", true, &route->campaign)) < 0 ||
        (error = read_names(r, group)) < 0 || (error = reading_answers(r, group)) < 0)
        return error;
    error = routes_add(r->routes, route, &other);
    if (error == -EEXIST)
        return FAIL(r, group, "%s %s is there twice: see line %u",
                    route->op == OP_ENQUEUE ? "POST" : "GET", route->path, other->line);
    if (error == -E2BIG)
        return FAIL(r, group, "routes: expected at most %d", ROUTES_MAX);
    return error < 0 ? reading_out_of_memory(r, group) : 0;
}

int route_config_read(void **out, const struct config_setting_t *list, const char *path,
                      char *error)
{
    struct reading r = {.routes = routes_new(), .path = path, .error = error};
    int result = 0;
    if (r.routes == NULL) {
        snprintf(error, CONFIG_ERROR_SIZE, "out of memory");
        return -ENOMEM;
    }
    for (int i = 0; list != NULL && i < config_setting_length(list) && result == 0; i++)
        result = read_route(&r, config_setting_get_elem(list, (unsigned)i));
    if (result < 0) {
        routes_free(r.routes);
        return result;
    }
    *out = r.routes;
    return 0;
}
