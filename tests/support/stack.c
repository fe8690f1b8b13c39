/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/stack.h"

#include "shared/base/clock.h"
#include "tests/support/child.h"
#include "tests/support/text.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define ARGUMENTS 32
#define LOG_MS    10000

static const char *script(void)
{
    const char *path = getenv("ONRUSH_STACK");
    if (path == NULL || getenv("ONRUSH_BUILD") == NULL)
        test_fail_start("ONRUSH_STACK and ONRUSH_BUILD are not set: run this test by ctest");
    return path;
}

static void log_path(const struct stack *s, char path[256])
{
    snprintf(path, 256, "%s.log", s->dir);
}

int stack_try(struct stack *s, const char *command, const char *const *arguments)
{
    char log[256];
    const char *argv[ARGUMENTS] = {script(), command, s->dir};
    for (size_t n = 3; arguments != NULL && *arguments != NULL && n < ARGUMENTS - 1; arguments++)
        argv[n++] = *arguments;
    log_path(s, log);
    return child_run(argv, log);
}

static void must(struct stack *s, const char *command, const char *const *arguments)
{
    char log[256];
    if (stack_try(s, command, arguments) == 0)
        return;
    log_path(s, log);
    show_log(log);
    test_fail_start("ops/stack %s %s failed", command, s->dir);
}

/* --- the guard --- */

/* guard: runs in its own session, so that it survives the end of the test. `life` becomes readable
 * when the test is gone. A test that ends in order closes `done` to say that nothing is left. */
static void guard(const struct stack *s, int life)
{
    char byte, log[256];
    setsid();
    if (fork() != 0)
        _exit(0);
    while (read(life, &byte, 1) < 0 && errno == EINTR)
        ;
    log_path(s, log);
    int out = open("/dev/null", O_RDWR | O_CLOEXEC);
    dup2(out, STDOUT_FILENO);
    dup2(out, STDERR_FILENO);
    pid_t pid = fork();
    if (pid == 0) {
        execl(script(), script(), "down", s->dir, "--purge", (char *)NULL);
        _exit(127);
    }
    waitpid(pid, NULL, 0);
    rmdir(s->dir);
    unlink(log);
    _exit(0);
}

#define OPTIONS_MAX 32

static int life_fd = -1, done_fd = -1;

static void end_of_test(void)
{
    char byte;
    close(life_fd);
    while (read(done_fd, &byte, 1) < 0 && errno == EINTR)
        ;
}

static void start_guard(const struct stack *s)
{
    int life[2], done[2];
    if (pipe2(life, O_CLOEXEC) != 0 || pipe2(done, O_CLOEXEC) != 0)
        test_fail_start("pipe: %s", strerror(errno));
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        close(life[1]);
        close(done[0]);
        guard(s, life[0]);
    }
    close(life[0]);
    close(done[1]);
    waitpid(pid, NULL, 0);
    life_fd = life[1];
    done_fd = done[0];
    atexit(end_of_test);
}

static char *run_shell(const char *command, int *code)
{
    char *text = NULL, part[4096];
    size_t size, n;
    fflush(NULL);
    FILE *in = popen(command, "re");
    if (in == NULL)
        test_fail_start("%s: %s", command, strerror(errno));
    FILE *out = open_memstream(&text, &size);
    while ((n = fread(part, 1, sizeof part, in)) > 0)
        fwrite(part, 1, n, out);
    fclose(out);
    int status = pclose(in);
    *code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return text;
}

void stack_word(const struct stack *s, const char *name, char *to, size_t size)
{
    int code;
    char *text = run_shell(textf(". '%s/env' && printf %%s \"$%s\"", s->dir, name), &code);
    if (code != 0)
        test_fail_start("%s/env cannot be read", s->dir);
    snprintf(to, size, "%s", text);
    free(text);
}

static void read_env(struct stack *s)
{
    char port[16];
    struct {
        const char *name;
        char *to;
        size_t size;
    } words[] = {
        {"GATEWAY_URL", s->url, sizeof s->url},
        {"GATEWAY_ADMIN_URL", s->admin_url, sizeof s->admin_url},
        {"SCHEDULER_ADMIN_URL", s->scheduler_admin_url, sizeof s->scheduler_admin_url},
        {"ONRUSHCTL", s->ctl, sizeof s->ctl},
        {"REDIS_SOCKET", s->redis.socket, sizeof s->redis.socket},
        {"REDIS_PORT", port, sizeof port},
        {"DB_SOCKET", s->db.socket, sizeof s->db.socket},
        {"DB_NAME", s->db.database, sizeof s->db.database},
        {"DB_USER", s->db.user, sizeof s->db.user},
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        stack_word(s, words[i].name, words[i].to, words[i].size);
    s->redis.port = atoi(port);
    s->redis.connect_timeout_ms = s->redis.command_timeout_ms = 10000;
    s->db.connect_timeout_ms = s->db.query_timeout_ms = 10000;
    snprintf(s->db.password_file, sizeof s->db.password_file, "%s/db.password", s->dir);
}

void stack_up(struct stack *s, const char *const *options)
{
    /* two workers on any machine; a test's own option comes later and wins */
    const char *all[OPTIONS_MAX + 3] = {"--set", "gateway.workers=2"};
    for (size_t i = 0; options != NULL && options[i] != NULL; i++) {
        if (i == OPTIONS_MAX)
            test_fail_start("more than %d options", OPTIONS_MAX);
        all[2 + i] = options[i];
    }
    *s = (struct stack){.dir = tempdir_make()};
    start_guard(s);
    must(s, "up", all);
    read_env(s);
}

void stack_kill(struct stack *s, const char *part, const char *signal)
{
    must(s, "kill", (const char *const[]){part, signal, NULL});
}

void stack_start(struct stack *s, const char *part)
{
    must(s, "start", (const char *const[]){part, NULL});
}

int stack_finish(struct stack *s)
{
    static const char faults[] =
        "runtime error:|ERROR: [A-Za-z]*Sanitizer|WARNING: [A-Za-z]*Sanitizer|Assertion .* failed";
    int code;
    must(s, "down", NULL);
    free(run_shell(textf("grep -E -A20 '%s' '%s'/logs/*.log >&2", faults, s->dir), &code));
    return code == 1 ? 0 : -1; /* grep found no match */
}

char *stack_log(struct stack *s, const char *part)
{
    int code;
    return run_shell(textf("cat '%s/logs/%s.log'", s->dir, part), &code);
}

size_t stack_log_size(struct stack *s, const char *part)
{
    char *log = stack_log(s, part);
    size_t n = strlen(log);
    free(log);
    return n;
}

bool stack_log_says(struct stack *s, const char *part, size_t from, const char *text)
{
    char *log = stack_log(s, part);
    bool found = strlen(log) > from && strstr(log + from, text) != NULL;
    free(log);
    return found;
}

bool stack_log_wait(struct stack *s, const char *part, size_t from, const char *text)
{
    int64_t deadline_us = clock_mono_us() + LOG_MS * 1000;
    while (!stack_log_says(s, part, from, text)) {
        if (clock_mono_us() > deadline_us)
            return false;
        wait_a_moment();
    }
    return true;
}

const char *stack_program(const char *daemon)
{
    return textf("%s/%s/onrush-%s", getenv("ONRUSH_BUILD"), daemon, daemon);
}

static char *ctl(struct stack *s, const char *prefix, int *code, const char *format, va_list args)
    __attribute__((format(printf, 4, 0)));

static char *ctl(struct stack *s, const char *prefix, int *code, const char *format, va_list args)
{
    char arguments[1024];
    vsnprintf(arguments, sizeof arguments, format, args);
    return run_shell(textf("%s %s%s", s->ctl, prefix, arguments), code);
}

int stack_ctl(struct stack *s, char **out, const char *format, ...)
{
    va_list args;
    int code;
    va_start(args, format);
    char *text = ctl(s, "", &code, format, args);
    va_end(args);
    if (out != NULL)
        *out = text;
    else
        free(text);
    return code;
}

json_t *stack_ctl_json(struct stack *s, const char *format, ...)
{
    va_list args;
    int code;
    va_start(args, format);
    char *text = ctl(s, "--json ", &code, format, args);
    va_end(args);
    json_t *json = json_loads(text, 0, NULL);
    free(text);
    return json;
}

redisContext *stack_redis(struct stack *s)
{
    redisContext *c;
    char error[REDIS_ERROR_SIZE];
    if (redis_open(&c, &s->redis, error) < 0)
        test_fail_start("redis: %s", error);
    return c;
}

void stack_db(struct stack *s, struct db *db)
{
    *db = (struct db){0};
    if (db_open(db, &s->db) != DB_OK)
        test_fail_start("mariadb: %s", db->error);
}

bool stack_head(redisContext *redis, const char *campaign, struct campaign_head *head)
{
    struct campaign_keys k;
    campaign_keys_make(&k, campaign);
    redisReply *r = redisCommand(redis, "FCALL_RO onrush_status " CAMPAIGN_KEYS_TEXT " %s %s %s",
                                 k.text[KEY_META], k.text[KEY_QUEUE], k.text[KEY_USERS]);
    if (r == NULL)
        test_fail_start("redis: %s", redis->errstr);
    bool known = r->type == REDIS_REPLY_ARRAY && redis_head_parse(r->element[0], head) == 0;
    freeReplyObject(r);
    return known;
}

/* text_of: copies the reply to `text`; returns false if it is nil. */
static bool text_of(redisReply *r, char *text, size_t size)
{
    if (r == NULL)
        test_fail_start("redis does not answer");
    bool there = r->type == REDIS_REPLY_STRING;
    snprintf(text, size, "%s", there ? r->str : "");
    freeReplyObject(r);
    return there;
}

uint64_t stack_ticket(redisContext *redis, const char *campaign, const char *user)
{
    char text[USER_STATE_MAX + 1];
    if (text_of(redisCommand(redis, "ZSCORE onrush:{%s}:queue %s", campaign, user), text,
                sizeof text))
        return strtoull(text, NULL, 10);
    struct request_state s;
    if (!text_of(redisCommand(redis, "HGET onrush:{%s}:users %s", campaign, user), text,
                 sizeof text) ||
        request_state_parse(text, strlen(text), &s) < 0)
        return 0;
    return s.ticket;
}

int64_t stack_number(struct db *db, const char *format, ...)
{
    char sql[512];
    MYSQL_RES *rows;
    va_list args;
    va_start(args, format);
    vsnprintf(sql, sizeof sql, format, args);
    va_end(args);
    if (db_query(db, sql, &rows) != DB_OK)
        test_fail_start("%s: %s", sql, db->error);
    MYSQL_ROW row = mysql_fetch_row(rows);
    int64_t n = row != NULL && row[0] != NULL ? strtoll(row[0], NULL, 10) : -1;
    mysql_free_result(rows);
    return n;
}
