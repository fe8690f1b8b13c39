/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/burst_report.h"

#include "ctl/output.h"
#include "shared/base/clock.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    double percent;
} percentiles[] = {{"p50", 50}, {"p90", 90}, {"p95", 95}, {"p99", 99}, {"max", 100}};

#define N_PERCENTILES (sizeof percentiles / sizeof percentiles[0])

/* find_member: the text after `"name":` in the body, or NULL. Bodies of a gateway are small and
 * flat, and no value contains a quote, so this is exact. Anything else counts as an unknown
 * answer. */
static const char *find_member(const char *body, size_t len, const char *name)
{
    size_t n = strlen(name);
    const char *end = body + len, *at = memmem(body, len, name, n);
    if (at == NULL)
        return NULL;
    for (at += n; at < end && (*at == ' ' || *at == ':'); at++)
        ;
    return at < end ? at : NULL;
}

static void take_word(const char *at, const char *end, char out[OUTCOME_MAX])
{
    size_t n = 0;
    for (at++; at < end && *at != '"' && *at > ' ' && n + 1 < OUTCOME_MAX; at++)
        out[n++] = *at;
    out[n] = '\0';
}

void burst_report_read(struct burst_answer *answer, const char *body, size_t len)
{
    const char *end = body + len;
    const char *word = find_member(body, len, answer->status < 300 ? "\"status\"" : "\"code\"");
    const char *ticket = find_member(body, len, "\"ticket\"");
    strcpy(answer->outcome, "unknown");
    if (word != NULL && *word == '"')
        take_word(word, end, answer->outcome);
    answer->ticket = 0;
    for (; ticket != NULL && ticket < end && *ticket >= '0' && *ticket <= '9'; ticket++)
        answer->ticket = answer->ticket * 10 + (uint64_t)(*ticket - '0');
}

static void count(struct burst_report *r, unsigned status, const char *word)
{
    struct burst_outcome *o = r->outcomes, *end = o + r->n_outcomes;
    while (o < end && (o->status != status || strcmp(o->word, word) != 0))
        o++;
    if (o == end && r->n_outcomes == OUTCOMES_MAX)
        o--;
    else if (o == end) {
        r->n_outcomes++;
        o->status = r->n_outcomes == OUTCOMES_MAX ? 0 : status;
        snprintf(o->word, sizeof o->word, "%s", r->n_outcomes == OUTCOMES_MAX ? "other" : word);
    }
    o->n++;
}

void burst_report_add(struct burst_report *r, const struct burst_answer *a)
{
    r->done++;
    r->unanswered += a->status == 0;
    r->server_errors += a->status >= 500;
    r->errors += a->status >= 400;
    if (a->status != 0)
        histogram_add(&r->latency, a->latency_us);
    count(r, a->status, a->outcome);
    if (r->ledger == NULL)
        return;
    char ticket[24] = "-";
    if (a->ticket != 0)
        snprintf(ticket, sizeof ticket, "%" PRIu64, a->ticket);
    fprintf(r->ledger, "u-%" PRIu64 "\t%u %s\t%s\t%" PRId64 "\t%" PRId64 "\t%" PRId64 "\n", a->user,
            a->status, a->outcome, ticket, a->latency_us, a->sent_us, a->ended_us);
}

void burst_report_progress(const struct burst_report *r)
{
    enum { WIDTH = 40 };
    static const char bar[] = "########################################";
    if (!r->progress)
        return;
    double seconds = (double)(clock_mono_us() - r->started_us) / 1e6;
    int filled = r->wanted > 0 ? (int)(r->done * WIDTH / r->wanted) : WIDTH;
    fprintf(stderr,
            "\r[%.*s%*s] %" PRIu64 "/%" PRIu64 "  %.0f req/s  p99 %.1f ms  no answer %" PRIu64
            "   ",
            filled, bar, WIDTH - filled, "", r->done, r->wanted,
            seconds > 0 ? (double)r->done / seconds : 0,
            (double)histogram_percentile(&r->latency, 99) / 1000, r->unanswered);
    if (r->done == r->wanted)
        fputc('\n', stderr);
    fflush(stderr);
}

bool burst_report_ok(const struct burst_report *r)
{
    return r->done == r->wanted && r->unanswered == 0 && r->server_errors == 0 &&
           r->errors < r->done;
}

static int by_status(const void *left, const void *right)
{
    const struct burst_outcome *a = left, *b = right;
    return a->status != b->status ? (a->status > b->status) - (a->status < b->status)
                                  : strcmp(a->word, b->word);
}

/* outcomes_json: "202 waiting": n, ... sorted by status. */
static json_t *outcomes_json(const struct burst_report *r)
{
    struct burst_outcome sorted[OUTCOMES_MAX];
    json_t *object = json_object();
    memcpy(sorted, r->outcomes, sizeof sorted);
    qsort(sorted, r->n_outcomes, sizeof sorted[0], by_status);
    for (size_t i = 0; i < r->n_outcomes; i++) {
        char key[OUTCOME_MAX + 16];
        snprintf(key, sizeof key, "%u %s", sorted[i].status, sorted[i].word);
        json_object_set_new(object, key, json_integer((json_int_t)sorted[i].n));
    }
    return object;
}

void burst_report_json(const struct burst_report *r, json_t *object)
{
    double seconds = (double)(r->ended_us - r->started_us) / 1e6;
    json_t *latency = json_object();
    for (size_t i = 0; i < N_PERCENTILES; i++)
        json_object_set_new(
            latency, percentiles[i].name,
            json_integer(histogram_percentile(&r->latency, percentiles[i].percent)));
    json_t *figures = json_pack(
        "{s:I, s:I, s:I, s:I, s:o, s:o, s:o, s:I, s:f, s:f, s:f, s:b}", "done", (json_int_t)r->done,
        "answered", (json_int_t)(r->done - r->unanswered), "unanswered", (json_int_t)r->unanswered,
        "server_errors", (json_int_t)r->server_errors, "outcomes", outcomes_json(r), "latency_us",
        latency, "started_at", output_time(r->started_wall_us), "started_us", r->started_wall_us,
        "seconds", seconds, "rate", seconds > 0 ? (double)r->done / seconds : 0.0,
        "cpu_us_per_request", r->done > 0 ? (double)r->cpu_us / (double)r->done : 0.0, "ok",
        burst_report_ok(r));
    json_object_update(object, figures);
    json_decref(figures);
}

void burst_report_print(const struct burst_report *r, const json_t *object)
{
    const char *key;
    json_t *value;
    json_t *outcomes = json_object_get(object, "outcomes");
    printf("%-24s %10s %7s\n", "OUTCOME", "ANSWERS", "SHARE");
    json_object_foreach(outcomes, key, value)
    {
        double share = 100 * (double)json_integer_value(value) / (double)r->done;
        printf("%-24s %10" JSON_INTEGER_FORMAT " %6.2f%%\n", key, json_integer_value(value), share);
    }
    printf("\nlatency ");
    for (size_t i = 0; i < N_PERCENTILES; i++)
        printf(" %s %.2f ms", percentiles[i].name,
               (double)histogram_percentile(&r->latency, percentiles[i].percent) / 1000);
    printf("\n%" PRIu64 " of %" PRIu64 " requests in %.2f s: %.0f req/s (%.1f us of this client's "
           "CPU each), seed %s\n",
           r->done, r->wanted, json_real_value(json_object_get(object, "seconds")),
           json_real_value(json_object_get(object, "rate")),
           json_real_value(json_object_get(object, "cpu_us_per_request")),
           json_string_value(json_object_get(object, "seed")));
}
