/* SPDX-License-Identifier: Apache-2.0 */
#include "shared/daemon/service.h"

#include "shared/base/clock.h"
#include "shared/base/log.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#define LOOK_MS   50   /* how often a starting daemon is checked */
#define SPEAK_MS  1000 /* how often the status is sent, at most */
#define EXTEND_US 10000000
#define TEXT_MAX  256

enum service_state { SERVICE_STARTING, SERVICE_RUNNING, SERVICE_STOPPING };

static const char *const state_words[] = {[SERVICE_STARTING] = "starting",
                                          [SERVICE_RUNNING] = "serving",
                                          [SERVICE_STOPPING] = "draining"};

struct service {
    enum service_state state;
    struct service_hooks hooks;
    struct event *tick; /* NULL: no $NOTIFY_SOCKET */
    int64_t begun_us, spoken_us, fed_us;
    int64_t every_us; /* how often progress is checked and reported */
    bool watchdog;
    char said[TEXT_MAX]; /* the last STATUS */
};

/* move: the only place that changes the state. */
static void move(struct service *s, enum service_state to)
{
    assert(to > s->state);
    s->state = to;
}

/* --- messages --- */

/* text_of: the output of a hook, cut to fit. */
static void text_of(void (*write)(void *arg, FILE *out), void *arg, char text[TEXT_MAX])
{
    FILE *out = fmemopen(text, TEXT_MAX, "w");
    text[0] = '\0';
    if (out == NULL)
        return;
    setvbuf(out, NULL, _IONBF, 0); /* otherwise a long text is lost entirely */
    write(arg, out);
    fclose(out);
    text[TEXT_MAX - 1] = '\0';
    text[strcspn(text, "\n")] = '\0'; /* a newline would start another assignment */
}

static void say_status(struct service *s)
{
    char figures[TEXT_MAX], text[TEXT_MAX];
    text_of(s->hooks.figures, s->hooks.arg, figures);
    snprintf(text, sizeof text, "%s: %.*s", state_words[s->state], TEXT_MAX - 16, figures);
    if (strcmp(text, s->said) == 0)
        return;
    strcpy(s->said, text);
    sd_notifyf(0, "STATUS=%s", text);
}

/* feed: feeds the watchdog only after progress, so systemd restarts a daemon that hangs. */
static void feed(struct service *s, int64_t now_us)
{
    if (!s->hooks.progress(s->hooks.arg))
        return;
    s->fed_us = now_us;
    if (s->watchdog)
        sd_notify(0, "WATCHDOG=1");
    if (s->state != SERVICE_RUNNING)
        sd_notifyf(0, "EXTEND_TIMEOUT_USEC=%d", EXTEND_US);
}

/* --- the timer --- */

static void say_ready(struct service *s)
{
    move(s, SERVICE_RUNNING);
    sd_notify(0, "READY=1");
    say_status(s);
}

static void look(struct service *s, int64_t now_us)
{
    char missing[TEXT_MAX], quoted[TEXT_MAX];
    text_of(s->hooks.missing, s->hooks.arg, missing);
    if (*missing != '\0' && now_us - s->begun_us < SERVICE_START_MS * INT64_C(1000))
        return;
    if (*missing != '\0')
        log_warning("counts as started, though not everything has answered", "missing=%s",
                    log_quote(missing, quoted, sizeof quoted));
    say_ready(s);
}

static void arm(struct service *s)
{
    int64_t us = s->state == SERVICE_STARTING ? LOOK_MS * INT64_C(1000) : s->every_us;
    struct timeval tv = {.tv_sec = us / 1000000, .tv_usec = us % 1000000};
    event_add(s->tick, &tv);
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
    struct service *s = arg;
    int64_t now_us = clock_mono_us();
    (void)fd;
    (void)what;
    if (s->state == SERVICE_STARTING)
        look(s, now_us);
    if (now_us - s->fed_us >= s->every_us / 2)
        feed(s, now_us);
    if (now_us - s->spoken_us >= SPEAK_MS * INT64_C(1000)) {
        s->spoken_us = now_us;
        say_status(s);
    }
    arm(s);
}

/* --- start and stop --- */

int service_new(struct service **out, struct event_base *base, const struct service_hooks *hooks)
{
    struct service *s = calloc(1, sizeof *s);
    uint64_t watchdog_us = 0;
    if (s == NULL)
        return -ENOMEM;
    s->hooks = *hooks;
    s->begun_us = clock_mono_us();
    s->every_us = SPEAK_MS * INT64_C(1000);
    s->watchdog = sd_watchdog_enabled(0, &watchdog_us) > 0;
    if (s->watchdog && (int64_t)watchdog_us / 4 < s->every_us)
        s->every_us = (int64_t)watchdog_us / 4;
    if (getenv("NOTIFY_SOCKET") != NULL) {
        s->tick = event_new(base, -1, 0, on_tick, s);
        if (s->tick == NULL) {
            free(s);
            return -ENOMEM;
        }
        arm(s);
    }
    *out = s;
    return 0;
}

void service_reloading(struct service *s)
{
    if (s->state == SERVICE_RUNNING)
        sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%lld", (long long)clock_mono_us());
}

void service_reloaded(struct service *s)
{
    if (s->state == SERVICE_RUNNING)
        sd_notify(0, "READY=1");
}

void service_stopping(struct service *s)
{
    if (s->state == SERVICE_STOPPING)
        return;
    move(s, SERVICE_STOPPING);
    sd_notifyf(0, "STOPPING=1\nEXTEND_TIMEOUT_USEC=%d", EXTEND_US);
    if (s->tick != NULL) {
        say_status(s);
        arm(s);
    }
}

void service_write_missing(FILE *out, bool redis, bool mariadb)
{
    fprintf(out, "%s%s%s", redis ? "" : "redis", redis || mariadb ? "" : " and ",
            mariadb ? "" : "mariadb");
}

struct service *service_free(struct service *s)
{
    if (s == NULL)
        return NULL;
    if (s->tick != NULL)
        event_free(s->tick);
    free(s);
    return NULL;
}
