/* SPDX-License-Identifier: Apache-2.0 */
/* onrushctl burst: a load client. */
#include "ctl/burst_client.h"
#include "ctl/campaign_row.h"
#include "ctl/commands.h"
#include "ctl/options.h"
#include "ctl/output.h"

#include <curl/curl.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/param.h>
#include <unistd.h>

#define LEDGER_BUFFER (1 << 20)

enum { USERS, REQUESTS, CONCURRENCY, FIRST_USER, RATE, SEED, URL, TIMEOUT, LEDGER, NO_PROGRESS };

struct numbers {
    int64_t users, requests, concurrency, first_user, rate, seed, timeout_ms;
};

static int read_numbers(const char *const *values, struct numbers *n)
{
    const struct {
        int option;
        int64_t min, max, *out;
    } rows[] = {
        {REQUESTS, 1, 100000000, &n->requests},
        {USERS, 1, 100000000, &n->users},
        {CONCURRENCY, 1, 50000, &n->concurrency},
        {FIRST_USER, 0, INT64_MAX / 2, &n->first_user},
        {RATE, 1, 10000000, &n->rate},
        {SEED, 0, INT64_MAX, &n->seed},
        {TIMEOUT, 1, 600000, &n->timeout_ms},
    };
    uint64_t dice;
    arc4random_buf(&dice, sizeof dice);
    *n = (struct numbers){.concurrency = 64,
                          .first_user = 1,
                          .seed = (int64_t)(dice >> 11), /* every JSON reader keeps 53 bits */
                          .timeout_ms = 10000};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char name[32];
        snprintf(name, sizeof name, "--%s", command_burst.options[rows[i].option].name);
        int r = options_number(name, values[rows[i].option], rows[i].min, rows[i].max, rows[i].out);
        if (r != 0)
            return r;
    }
    if (n->requests == 0)
        return ctl_error(CTL_USAGE, "say how many requests: --requests N");
    if (n->users == 0)
        n->users = n->requests;
    if (n->concurrency > n->requests)
        n->concurrency = n->requests;
    return 0;
}

static int open_ledger(const char *path, FILE **ledger)
{
    *ledger = NULL;
    if (path == NULL)
        return 0;
    *ledger = fopen(path, "we");
    if (*ledger == NULL)
        return ctl_error(CTL_IO, "the ledger %s cannot be written: %s", path, strerror(errno));
    setvbuf(*ledger, NULL, _IOFBF, LEDGER_BUFFER);
    return 0;
}

static int close_ledger(const char *path, FILE *ledger)
{
    if (ledger == NULL)
        return 0;
    bool bad = ferror(ledger) != 0;
    if (fclose(ledger) != 0 || bad)
        return ctl_error(CTL_IO, "the ledger %s is incomplete: %s", path, strerror(errno));
    return 0;
}

static int show(struct ctl *ctl, const char *campaign, const struct numbers *n,
                const struct burst_target *target, const struct burst_report *report)
{
    char seed[24];
    snprintf(seed, sizeof seed, "%" PRId64, n->seed);
    json_t *object = json_pack("{s:s, s:s, s:I, s:I, s:I, s:s}", "campaign", campaign, "url",
                               target->url, "users", n->users, "requests", n->requests,
                               "concurrency", n->concurrency, "seed", seed);
    burst_report_json(report, object);
    if (ctl->json)
        output_json(object);
    else
        burst_report_print(report, object);
    json_decref(object);
    if (report->unanswered == report->done)
        ctl_warn("%s gave no answer at all; does the gateway run there?", target->url);
    else if (report->errors == report->done)
        ctl_warn("every answer was an error, such as %u %s; is %s open?",
                 report->outcomes[0].status, report->outcomes[0].word, campaign);
    return burst_report_ok(report) ? CTL_OK : CTL_FAILED;
}

/* next_random: splitmix64. */
static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/* assign: a shuffled assignment of n requests to users: each user at least once if n >= n_users,
 * and random users for the rest. The same seed gives the same. Returns NULL if there is no memory.
 * `next_random() % n` has a bias, which is negligible: n is far below 2^64. */
static uint32_t *assign(size_t n, uint32_t n_users, uint64_t seed)
{
    size_t room = MAX(n, n_users);
    uint32_t *users = malloc(room * sizeof *users);
    for (size_t i = 0; users != NULL && i < room; i++)
        users[i] = i < n_users ? (uint32_t)i : (uint32_t)(next_random(&seed) % n_users);
    for (size_t i = 0; users != NULL && i < n; i++) {
        size_t j = i + next_random(&seed) % (room - i);
        uint32_t user = users[i];
        users[i] = users[j];
        users[j] = user;
    }
    return users;
}

static int send_all(struct ctl *ctl, const char *campaign, const struct numbers *n,
                    const struct burst_target *target, struct burst_report *report)
{
    uint32_t *users = assign((size_t)n->requests, (uint32_t)n->users, (uint64_t)n->seed);
    if (users == NULL)
        return ctl_error(CTL_FAILED, "there is not enough memory for so many requests");
    struct burst_settings settings = {.target = target,
                                      .users = users,
                                      .n = (size_t)n->requests,
                                      .first_user = (uint64_t)n->first_user,
                                      .concurrency = (size_t)n->concurrency,
                                      .timeout_ms = n->timeout_ms,
                                      .rate = n->rate};
    int r = burst_client_run(&settings, report);
    free(users);
    if (r == -EMFILE)
        return ctl_error(CTL_FAILED,
                         "%" PRId64 " connections need more open files than this "
                         "process may have; raise `ulimit -n`, or lower --concurrency",
                         n->concurrency);
    if (r < 0)
        return ctl_error(CTL_FAILED, "the burst could not begin: %s", strerror(-r));
    return show(ctl, campaign, n, target, report);
}

static int run(struct ctl *ctl, char **args, const char *const *values)
{
    struct numbers n;
    struct burst_target target;
    const char *url = values[URL] != NULL ? values[URL] : ctl->config.gateway_url;
    struct burst_report *report = calloc(1, sizeof *report);
    if (report == NULL)
        return ctl_error(CTL_FAILED, "out of memory");
    report->progress = values[NO_PROGRESS] == NULL && isatty(STDERR_FILENO);
    signal(SIGPIPE, SIG_IGN);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    int r = campaign_name_check(args[0]);
    if (r == 0)
        r = read_numbers(values, &n);
    if (r == 0)
        r = burst_target_make(&target, url, args[0]);
    if (r == 0)
        r = open_ledger(values[LEDGER], &report->ledger);
    if (r == 0) {
        r = send_all(ctl, args[0], &n, &target, report);
        int closed = close_ledger(values[LEDGER], report->ledger);
        r = closed != 0 ? closed : r;
    }
    free(report);
    curl_global_cleanup();
    return r;
}

const struct ctl_command command_burst = {
    .name = "burst",
    .args = "NAME --requests N",
    .n_args = 1,
    .summary = "Sends requests to the gateway, and tells what came back",
    .details =
        "Each user asks at least once when there are as many requests as users; the rest "
        "are drawn\nat random. A line of the ledger: user, status, ticket (or -), "
        "latency, when it was sent and\nwhen it was answered, in us, the latter two by the "
        "machine's monotonic clock, with tabs\nbetween; the status is the HTTP status and one "
        "word, such as \"202 waiting\" or\n\"409 SOLD_OUT\"; \"0 timeout\", \"0 connect\" and "
        "\"0 connection\" where there was no answer.\nIt exits with 1 when a request got no answer "
        "or a 5xx, or when every answer was an\nerror (4xx).",
    .example = "burst noon --users 500 --requests 1000",
    .options =
        {
            [USERS] = {"users", "N", "how many users ask (default: one for each request)"},
            [REQUESTS] = {"requests", "N", "how many requests they send together"},
            [CONCURRENCY] = {"concurrency", "C", "requests under way at once (default: 64)"},
            [FIRST_USER] = {"first-user", "K", "the users are u-K, u-K+1, ... (default: 1)"},
            [RATE] = {"rate", "R",
                      "R requests a second, each at its time (default: as fast as it goes)"},
            [SEED] = {"seed", "S", "decides the order of the users (default: random, printed)"},
            [URL] = {"url", "U", "of the gateway (default: gateway_url of the configuration)"},
            [TIMEOUT] = {"timeout-ms", "N", "patience for one request (default: 10000)"},
            [LEDGER] = {"ledger", "FILE", "writes one line for each answer"},
            [NO_PROGRESS] = {"no-progress", NULL, "draws no progress bar"},
        },
    .run = run,
};
