/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/chaos/stage.h"

#include "shared/base/clock.h"
#include "tests/support/child.h"
#include "tests/support/file.h"
#include "tests/support/text.h"

#include <curl/curl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *const part_names[N_PARTS] = {
#define X(id, text) text,
    STAGE_PARTS(X)
#undef X
};

void chaos_say(const char *format, ...)
{
    static int64_t began_us;
    va_list args;
    if (began_us == 0)
        began_us = clock_mono_us();
    printf("%9.3f  ", (double)(clock_mono_us() - began_us) / 1e6);
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    putchar('\n');
    fflush(stdout);
}

static void on_signal(int number)
{
    (void)number;
    _exit(130); /* the stack's guard takes the stack down */
}

void chaos_begin(void)
{
    setenv("ONRUSH_STACK", CHAOS_STACK, 0);
    setenv("ONRUSH_BUILD", CHAOS_BUILD, 0);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGTERM, on_signal);
    signal(SIGINT, on_signal);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    mysql_library_init(0, NULL, NULL);
}

void chaos_end(void)
{
    mysql_library_end();
    curl_global_cleanup();
}

void pause_ms(int64_t ms)
{
    for (int64_t until_us = clock_mono_us() + ms * 1000; clock_mono_us() < until_us;)
        wait_a_moment();
}

bool stage_signal(struct stage *s, enum part part, const char *signal)
{
    return stack_try(&s->stack, "kill", (const char *const[]){part_names[part], signal, NULL}) == 0;
}

static void start(struct stage *s, enum part part, const char *until)
{
    if (stack_try(&s->stack, "start", (const char *const[]){part_names[part], until, NULL}) == 0)
        return;
    chaos_say("BROKEN: %s does not come back", part_names[part]);
    s->broken++;
}

void stage_start(struct stage *s, enum part part)
{
    start(s, part, "--alive");
}

void stage_launch(struct stage *s, enum part part)
{
    start(s, part, "--launched");
}

/* process_state: the state as in ps. Z also means no process. A zombie with other threads is not
 * gone yet: R. ops/lib/process.sh judges the same way, and would not restart it. */
static char process_state(int pid)
{
    char state;
    int threads;
    FILE *in = fopen(textf("/proc/%d/stat", pid), "re");
    if (in == NULL)
        return 'Z';
    int n = fscanf(in,
                   "%*d (%*[^)]) %c " /* the third field */
                   /* 16 more fields */
                   "%*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s "
                   "%d",
                   &state, &threads);
    fclose(in);
    if (n != 2)
        return 'Z';
    return state == 'Z' && threads > 1 ? 'R' : state;
}

static pid_t part_process(const struct stage *s, enum part part, char *state)
{
    int pid = 0;
    FILE *in = fopen(textf("%s/pids/%s", s->stack.dir, part_names[part]), "re");
    *state = 'Z';
    if (in == NULL)
        return 0;
    if (fscanf(in, "%d", &pid) == 1)
        *state = process_state(pid);
    fclose(in);
    return pid;
}

/* stage_pid: ignores zombies, because some machines have no init to reap them. */
pid_t stage_pid(const struct stage *s, enum part part)
{
    char state;
    pid_t pid = part_process(s, part, &state);
    return state != 'Z' && state != 'X' ? pid : 0;
}

bool stage_stopped(const struct stage *s, enum part part)
{
    char state;
    part_process(s, part, &state);
    return state == 'T';
}

const char *stage_point(const struct stage *s)
{
    return textf("%s/point", s->dir);
}

void stage_heal(struct stage *s)
{
    for (int i = 0; i < N_DAEMONS * N_STORES; i++)
        relay_do(s->relay, s->links[i / N_STORES][i % N_STORES], RELAY_PASS);
    for (int part = N_PARTS - 1; part >= 0; part--) {
        if (stage_pid(s, (enum part)part) != 0)
            continue;
        chaos_say("BROKEN: %s ended by itself", part_names[part]);
        s->broken++;
        start(s, (enum part)part, NULL);
    }
}

/* reroute: rewrites the part's configuration: replaces the socket `from` by `to`. */
static void reroute(const struct stage *s, enum part part, const char *from, const char *to)
{
    const char *path = textf("%s/%s.cfg", s->stack.dir, part_names[part]);
    char *text = file_read(path), *found = strstr(text, from);
    if (found == NULL)
        test_fail_start("%s does not name %s", path, from);
    file_write(path, "%.*s%s%s", (int)(found - text), text, to, found + strlen(from));
    free(text);
}

static void add_links(struct stage *s, enum part part)
{
    const char *sockets[N_STORES] = {s->stack.redis.socket, s->stack.db.socket};
    for (int store = 0; store < N_STORES; store++) {
        const char *path =
            textf("%s/%s-%s", s->dir, part_names[part], part_names[PART_REDIS + store]);
        s->links[part][store] = relay_add(s->relay, path, sockets[store]);
        reroute(s, part, sockets[store], path);
    }
}

static void restart_behind_relays(struct stage *s)
{
    for (int part = 0; part < N_DAEMONS; part++) {
        add_links(s, (enum part)part);
        stage_signal(s, (enum part)part, "TERM");
    }
    relay_run(s->relay);
    for (int part = N_DAEMONS - 1; part >= 0; part--)
        start(s, (enum part)part, NULL);
    if (s->broken > 0)
        test_fail_start("the daemons do not start behind the relays");
}

void stage_up(struct stage *s, const char *self, int lease_ms)
{
    *s = (struct stage){.dir = tempdir_make(), .relay = relay_new(), .lease_ms = lease_ms};
    const char *wrap = textf("%s --as-scheduler %s", self, stage_point(s));
    stack_up(&s->stack, (const char *const[]){"--gateways", "2", "--schedulers", "2", "--set",
                                              textf("scheduler.lease_ms=%d", lease_ms),
                                              "--wrap-scheduler", wrap, NULL});
    stack_word(&s->stack, "GATEWAY_URL", s->urls[0], sizeof s->urls[0]);
    stack_word(&s->stack, "GATEWAY2_URL", s->urls[1], sizeof s->urls[1]);
    restart_behind_relays(s);
}

bool stage_down(struct stage *s)
{
    int r = stack_finish(&s->stack);
    s->relay = relay_free(s->relay);
    return r == 0;
}

void stage_keep(struct stage *s, const char *to)
{
    const char *logs = textf("%s/logs", s->stack.dir), *log = textf("%s/keep.log", s->dir);
    const char *copy = textf("cp %s/*.ledger %s/*.log %s", s->dir, s->dir, to);
    if (child_run((const char *const[]){"mkdir", "-p", to, NULL}, log) != 0 ||
        child_run((const char *const[]){"cp", "-r", logs, to, NULL}, log) != 0)
        show_log(log);
    child_run((const char *const[]){"sh", "-c", copy, NULL}, log);
}
