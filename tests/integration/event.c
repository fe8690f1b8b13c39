/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/integration/event.h"

#include "shared/base/clock.h"
#include "tests/support/child.h"
#include "tests/support/file.h"
#include "tests/support/raw.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void event_open(struct event *e, struct stack *stack, const char *name)
{
    *e = (struct event){.stack = stack, .name = name, .redis = stack_redis(stack)};
    stack_db(stack, &e->db);
}

void event_close(struct event *e)
{
    redisFree(e->redis);
    db_close(&e->db);
    free(e->told);
    free(e->index);
}

void event_make(struct event *e, struct stack *stack, const char *name, const char *options)
{
    event_open(e, stack, name);
    event_create(e, options);
}

void event_start(struct event *e, struct stack *stack, const char *const *options,
                 const char *campaign)
{
    stack_up(stack, options);
    event_make(e, stack, "noon", campaign);
}

void event_reconnect(struct event *e)
{
    redisFree(e->redis);
    e->redis = stack_redis(e->stack);
}

void event_ctl(struct stack *stack, const char *format, ...)
{
    char arguments[1024], *out;
    va_list args;
    va_start(args, format);
    vsnprintf(arguments, sizeof arguments, format, args);
    va_end(args);
    int code = stack_ctl(stack, &out, "%s", arguments);
    if (code != 0)
        fail_msg("onrushctl %s: exit code %d\n%s", arguments, code, out);
    free(out);
}

/* wait_answer: GETs until the answer has the status and the text. */
static void wait_answer(const char *url, int status, const char *text)
{
    static struct http_answer a;
    for (int64_t since_us = clock_mono_us();
         http_get(url, &a) != status || strstr(a.body, text) == NULL; wait_a_moment()) {
        if (waited_enough(since_us))
            fail_msg("%s: %d %s instead of %d %s", url, a.status, a.body, status, text);
    }
}

void event_wait_ready(const char *admin_url, int status, const char *text)
{
    wait_answer(textf("%s/readyz", admin_url), status, text);
}

void event_wait_campaign(const struct event *e, const char *text)
{
    wait_answer(event_url(e, "%s", ""), 200, text);
}

void event_wait_request(const struct event *e, const char *user, const char *text)
{
    wait_answer(event_url(e, "/requests/%s?wait=1", user), 200, text);
}

void event_edit(struct stack *stack, const char *part, const char *setting)
{
    int n = (int)strcspn(setting, " ");
    const char *script = textf("s/^\\( *\\)%.*s = .*/\\1%s;/", n, setting, setting);
    const char *file = textf("%s/%s.cfg", stack->dir, part);
    const char *const sed[] = {"sed", "-i", script, file, NULL};
    assert_int_equal(child_run(sed, "/dev/null"), 0);
}

void event_reload(struct stack *stack, const char *part, const char *text)
{
    size_t before = stack_log_size(stack, part);
    stack_kill(stack, part, "HUP");
    if (!stack_log_wait(stack, part, before, text))
        fail_msg("%s does not say: %s", part, text);
}

const char *event_no_start(struct stack *stack, const char *daemon, const char *const *arguments,
                           int code)
{
    static int number;
    const char *argv[8] = {stack_program(daemon)};
    const char *log = textf("%s/no-start-%d.log", stack->dir, ++number);
    for (size_t i = 0; arguments[i] != NULL; i++)
        argv[1 + i] = arguments[i];
    int ended = child_run(argv, log);
    char *text = file_read(log);
    const char *said = textf("%s", text);
    free(text);
    if (ended != code)
        fail_msg("%s: exit code %d instead of %d, %s", daemon, ended, code, said);
    return said;
}

void event_wait_post(const struct event *e, const char *user, int status)
{
    static struct http_answer a;
    for (int64_t since_us = clock_mono_us(); event_post(e, user, &a) != status; wait_a_moment()) {
        if (waited_enough(since_us))
            fail_msg("%s of %s: %d %s instead of %d", user, e->name, a.status, a.body, status);
    }
}

void event_accept(const struct event *e, const char *format, ...)
{
    static _Thread_local struct http_answer a;
    char user[64];
    va_list args;
    va_start(args, format);
    vsnprintf(user, sizeof user, format, args);
    va_end(args);
    if (event_post(e, user, &a) != 202)
        fail_msg("%s of %s: %d %s instead of 202", user, e->name, a.status, a.body);
}

int64_t event_granted(struct event *e)
{
    return stack_number(&e->db, "SELECT granted FROM campaigns WHERE name = '%s'", e->name);
}

void event_sql(struct event *e, const char *sql)
{
    if (db_exec(&e->db, sql, NULL) != DB_OK)
        fail_msg("%s: %s", sql, e->db.error);
}

uint64_t event_wait_grant(struct event *e, const char *user)
{
    int64_t ticket;
    wait_for((ticket = stack_number(&e->db, "SELECT ticket FROM coupons WHERE user_id = '%s'",
                                    user)) > 0);
    return (uint64_t)ticket;
}

static void *post(void *arg)
{
    struct posting *p = arg;
    p->status = event_post(p->event, p->user, &p->answer);
    return NULL;
}

void posting_begin(struct posting *p, const struct event *event, const char *user)
{
    p->event = event;
    p->user = user;
    p->status = 0;
    assert_int_equal(pthread_create(&p->thread, NULL, post, p), 0);
}

int posting_end(struct posting *p)
{
    pthread_join(p->thread, NULL);
    return p->status;
}

const char *event_url(const struct event *e, const char *format, ...)
{
    static _Thread_local char url[512];
    va_list args;
    int n = snprintf(url, sizeof url, "%s/v1/campaigns/%s", e->stack->url, e->name);
    va_start(args, format);
    vsnprintf(url + n, sizeof url - (size_t)n, format, args);
    va_end(args);
    return url;
}

void event_wait_open(const struct event *e)
{
    struct campaign_head h;
    wait_for(stack_head(e->redis, e->name, &h));
}

long event_metric(const char *admin_url, const char *series)
{
    static struct http_answer a;
    const char *want = textf("\n%s ", series);
    assert_int_equal(http_get(textf("%s/metrics", admin_url), &a), 200);
    const char *at = strstr(a.body, want);
    if (at == NULL)
        fail_msg("there is no metric %s", series);
    return atol(at + strlen(want));
}

void event_wait_metric(const char *admin_url, const char *series, long value)
{
    int64_t since_us = clock_mono_us();
    for (long found; (found = event_metric(admin_url, series)) != value; wait_a_moment()) {
        if (waited_enough(since_us))
            fail_msg("%s is %ld instead of %ld", series, found, value);
    }
}

void event_create(struct event *e, const char *options)
{
    event_ctl(e->stack, "campaign create %s %s", e->name, options);
    event_wait_open(e);
}

int event_post(const struct event *e, const char *user, struct http_answer *answer)
{
    return http_post(event_url(e, "/requests"), textf("{\"user_id\":\"%s\"}", user), answer);
}

void event_raw_post(const struct event *e, int fd, const char *user)
{
    const char *body = textf("{\"user_id\":\"%s\"}", user);
    raw_say(fd,
            "POST /v1/campaigns/%s/requests HTTP/1.1\r\nHost: x\r\n"
            "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
            e->name, strlen(body), body);
}

void event_raw_poll(const struct event *e, int fd, const char *user)
{
    raw_say(fd, "GET /v1/campaigns/%s/requests/%s?wait=30 HTTP/1.1\r\nHost: x\r\n\r\n", e->name,
            user);
}

uint64_t event_ticket(const struct http_answer *a)
{
    const char *at = strstr(a->body, "\"ticket\":");
    return at != NULL ? strtoull(at + 9, NULL, 10) : 0;
}

void event_wait(struct event *e, int64_t timeout_ms)
{
    struct campaign_head h;
    int64_t deadline_us = clock_mono_us() + timeout_ms * 1000;
    while (!stack_head(e->redis, e->name, &h) || h.queued + h.claimed > 0) {
        if (clock_mono_us() > deadline_us)
            fail_msg("%s: %" PRId64 " wait and %" PRId64 " are claimed, still", e->name, h.queued,
                     h.claimed);
        wait_a_moment();
    }
}

/* --- what clients were told --- */

/* index_slot: returns the user's slot in the index, which may be empty. */
static uint32_t *index_slot(struct event *e, const char *user)
{
    uint64_t hash = 0xcbf29ce484222325;
    for (const char *p = user; *p != '\0'; p++)
        hash = (hash ^ (unsigned char)*p) * 0x100000001b3;
    for (size_t i = hash % e->room;; i = (i + 1) % e->room) {
        if (e->index[i] == 0 || strcmp(e->told[e->index[i] - 1].user, user) == 0)
            return &e->index[i];
    }
}

static void index_grow(struct event *e)
{
    free(e->index);
    e->room = 2 * e->room + 1024;
    e->index = calloc(e->room, sizeof *e->index);
    e->told = realloc(e->told, e->room / 2 * sizeof *e->told);
    for (size_t i = 0; i < e->n; i++)
        *index_slot(e, e->told[i].user) = (uint32_t)i + 1;
}

void event_note(struct event *e, const char *user, uint64_t ticket)
{
    if (2 * (e->n + 1) > e->room)
        index_grow(e);
    uint32_t *slot = index_slot(e, user);
    if (*slot == 0) {
        *slot = (uint32_t)++e->n;
        e->told[e->n - 1] = (struct told){.ticket = 0};
        snprintf(e->told[e->n - 1].user, sizeof e->told[0].user, "%s", user);
    }
    struct told *t = &e->told[*slot - 1];
    if (ticket != 0 && t->ticket != 0 && t->ticket < ticket)
        fail_msg("%s was told the ticket %" PRIu64 ", and then %" PRIu64, user, t->ticket, ticket);
    if (ticket != 0)
        t->ticket = ticket;
}

static int by_ticket(const void *a, const void *b)
{
    uint64_t x = ((const struct told *)a)->ticket - 1, y = ((const struct told *)b)->ticket - 1;
    return x < y ? -1 : x > y; /* 0 - 1 is the largest: users without a ticket come last */
}

/* sort_told: sorts by ticket and counts the users that have one. */
static void sort_told(struct event *e)
{
    qsort(e->told, e->n, sizeof *e->told, by_ticket);
    e->room = 0; /* the index refers to the old order */
    for (e->n_tickets = 0; e->n_tickets < e->n && e->told[e->n_tickets].ticket != 0;)
        e->n_tickets++;
}

void event_read_ledger(struct event *e, const char *path)
{
    char text[256], user[USER_ID_MAX + 1], ticket[32];
    FILE *in = fopen(path, "re");
    assert_non_null(in);
    while (fgets(text, sizeof text, in) != NULL) {
        int status;
        if (sscanf(text, "%64s\t%d %*[^\t]\t%31s", user, &status, ticket) != 3)
            fail_msg("a line of the ledger that nobody can read: %s", text);
        e->answers++;
        e->faults += status == 0 || status >= 500;
        event_note(e, user, strcmp(ticket, "-") == 0 ? 0 : strtoull(ticket, NULL, 10));
    }
    fclose(in);
}

/* --- what Redis and MariaDB hold --- */

static void check_grant(struct told *t, MYSQL_ROW row, size_t i)
{
    enum { SERIAL, USER, CODE, TICKET };
    t->serial = (uint32_t)strtoul(row[SERIAL], NULL, 10);
    snprintf(t->code, sizeof t->code, "%s", row[CODE]);
    if (t->serial != i + 1 || strcmp(t->user, row[USER]) != 0 ||
        t->ticket != strtoull(row[TICKET], NULL, 10))
        fail_msg(
            "serial %s went to %s with ticket %s; place %zu is that of %s with ticket %" PRIu64,
            row[SERIAL], row[USER], row[TICKET], i + 1, t->user, t->ticket);
}

static void check_mariadb(struct event *e, uint32_t quota)
{
    MYSQL_RES *rows;
    size_t winners = e->n_tickets < quota ? e->n_tickets : quota;
    const char *sql = textf("SELECT serial, user_id, code, ticket FROM coupons c "
                            "JOIN campaigns k ON k.id = c.campaign_id "
                            "WHERE k.name = '%s' ORDER BY serial",
                            e->name);
    assert_int_equal(db_query(&e->db, sql, &rows), DB_OK);
    assert_int_equal(mysql_num_rows(rows), winners);
    for (size_t i = 0; i < winners; i++)
        check_grant(&e->told[i], mysql_fetch_row(rows), i);
    mysql_free_result(rows);
    assert_int_equal(event_granted(e), winners);
    assert_int_equal(stack_number(&e->db, "SELECT COUNT(*) - COUNT(DISTINCT code) FROM coupons"),
                     0);
}

static void check_redis_user(struct event *e, const struct told *t)
{
    char want[USER_STATE_MAX + 1];
    redisReply *r = redisCommand(e->redis, "HGET onrush:{%s}:users %s", e->name, t->user);
    if (t->serial != 0)
        snprintf(want, sizeof want, "g%u:%s:%" PRIu64, t->serial, t->code, t->ticket);
    else
        snprintf(want, sizeof want, "s%" PRIu64, t->ticket);
    if (t->ticket == 0 ? r->type != REDIS_REPLY_NIL
                       : r->type != REDIS_REPLY_STRING || strcmp(r->str, want) != 0)
        fail_msg("redis says of %s: %s", t->user,
                 r->type == REDIS_REPLY_STRING ? r->str : "nothing");
    freeReplyObject(r);
}

static void check_redis(struct event *e)
{
    struct campaign_head h;
    assert_true(stack_head(e->redis, e->name, &h));
    assert_int_equal(h.queued + h.claimed + h.refused, 0);
    assert_int_equal(h.admitted, e->n_tickets);
    assert_int_equal(h.granted + h.sold_out, e->n_tickets);
    for (size_t i = 0; i < e->n; i++)
        check_redis_user(e, &e->told[i]);
}

static int64_t member(const json_t *object, const char *name)
{
    json_t *value = json_object_get(object, name);
    if (!json_is_integer(value))
        fail_msg("the audit does not say %s", name);
    return json_integer_value(value);
}

static void check_audit(struct event *e)
{
    json_t *audit = stack_ctl_json(e->stack, "audit %s", e->name);
    assert_non_null(audit);
    if (!json_is_true(json_object_get(audit, "ok")))
        fail_msg("the audit says %s", json_dumps(audit, 0));
    assert_int_equal(member(audit, "accepted"), e->n_tickets);
    assert_int_equal(member(audit, "granted") + member(audit, "sold_out"), e->n_tickets);
    static const char *const zero[] = {"pending",   "duplicates",  "inversions",
                                       "overtaken", "serial_gaps", "unaccounted"};
    for (size_t i = 0; i < LENGTH(zero); i++)
        assert_int_equal(member(audit, zero[i]), 0);
    json_decref(audit);
}

void event_check(struct event *e, uint32_t quota)
{
    sort_told(e);
    check_mariadb(e, quota);
    check_redis(e);
    check_audit(e);
}

/* --- the gateway's answers --- */

static void check_document(const struct told *t, const struct http_answer *a, bool post)
{
    json_t *d = json_loads(a->body, 0, NULL);
    const char *code = json_string_value(json_object_get(d, "code"));
    int64_t ticket = json_integer_value(json_object_get(d, "ticket"));
    bool good;
    if (t->serial != 0)
        good = a->status == 200 && json_integer_value(json_object_get(d, "serial")) == t->serial &&
               strcmp(json_string_value(json_object_get(d, "status")), "granted") == 0 &&
               code != NULL && strcmp(code, t->code) == 0 && ticket == (int64_t)t->ticket;
    else if (post)
        good = a->status == 409 && code != NULL && strcmp(code, "SOLD_OUT") == 0 &&
               ticket == (int64_t)t->ticket;
    else
        good = a->status == 200 &&
               strcmp(json_string_value(json_object_get(d, "status")), "sold_out") == 0 &&
               ticket == (int64_t)t->ticket;
    if (!good)
        fail_msg("%s of %s (ticket %" PRIu64 ", serial %u): %d %s", post ? "POST" : "GET", t->user,
                 t->ticket, t->serial, a->status, a->body);
    json_decref(d);
}

void event_check_answers(struct event *e)
{
    static struct http_answer a;
    for (size_t i = 0; i < e->n; i++) {
        const char *body = textf("{\"user_id\":\"%s\"}", e->told[i].user);
        http_ask(
            &(struct http_request){
                .url = event_url(e, "/requests"), .body = body, .json = true, .keep_alive = true},
            &a);
        check_document(&e->told[i], &a, true);
        http_ask(&(struct http_request){.url = event_url(e, "/requests/%s", e->told[i].user),
                                        .keep_alive = true},
                 &a);
        check_document(&e->told[i], &a, false);
    }
    http_close();
}

void event_ends(struct event *e)
{
    event_close(e);
    assert_int_equal(stack_finish(e->stack), 0);
}
