/* SPDX-License-Identifier: Apache-2.0 */
/* Socket activation: the listening socket outlives the gateway, so a restart under load loses no
 * request. This program holds the socket as systemd does. */
#include "tests/integration/event.h"

#include "shared/base/listen.h"
#include "tests/support/child.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CLIENTS  12
#define RESTARTS 3
#define STOP_MS  15000

static struct stack stack;
static const char *gateway_log;
static int inherited; /* the socket's descriptor; bash below redirects it to 3 */

BEFORE_ALL(up)
{
    stack_up(&stack, NULL);
    stack_kill(&stack, "gateway", "TERM");
    int fd = listen_tcp("127.0.0.1", atoi(strrchr(stack.url, ':') + 1), false);
    assert_true(fd >= 0);
    inherited = fcntl(fd, F_DUPFD, 50);
    assert_int_equal(inherited, 50);
    close(fd);
    gateway_log = strdup(tempdir_make());
}

/* in_bash: the command line of a gateway that gets this descriptor as its first socket. */
#define IN_BASH(from)                                                                              \
    (const char *const[])                                                                          \
    {                                                                                              \
        "bash", "-c", "LISTEN_PID=$$ LISTEN_FDS=1 exec \"$0\" --config \"$1\" " from " 50<&-",     \
            stack_program("gateway"), textf("%s/gateway.cfg", stack.dir), NULL                     \
    }

static pid_t gateway_start(int life)
{
    return child_start(IN_BASH("3<&50"), textf("%s/%d.log", gateway_log, life));
}

/* --- clients; each keeps its connection while the gateway runs --- */

static const struct event *event;
static atomic_bool enough;
static atomic_size_t good, bad;

static void *client_run(void *arg)
{
    struct http_answer *a = malloc(sizeof *a);
    for (size_t i = 0; !enough; i++) {
        const char *body = textf("{\"user_id\":\"c%d-%zu\"}", (int)(intptr_t)arg, i);
        http_ask(&(struct http_request){.url = event_url(event, "/requests"),
                                        .body = body,
                                        .json = true,
                                        .keep_alive = true,
                                        .timeout_ms = 60000},
                 a);
        if (a->status == 202 || a->status == 200) {
            good++;
            continue;
        }
        bad++;
        fprintf(stderr, "status %d: %s %s\n", a->status, a->error, a->body);
    }
    http_close();
    free(a);
    return NULL;
}

static void wait_for_good(size_t n)
{
    wait_for(good >= n);
}

/* wait_for_the_journal: a gateway uses the journal until its connection to Redis is up. */
static void wait_for_the_journal(struct event *e)
{
    wait_for(stack_number(&e->db, "SELECT COUNT(*) FROM journal") == 0);
}

TEST(test_restarts_lose_nothing)
{
    struct event e;
    pthread_t threads[CLIENTS];
    pid_t gateway = gateway_start(0);
    event_make(&e, &stack, "restarts", "--quota 1000000");
    event = &e;
    (void)event_url(&e, "/requests");
    for (int i = 0; i < CLIENTS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, client_run, (void *)(intptr_t)i), 0);
    for (int life = 1; life <= RESTARTS; life++) {
        wait_for_good(good + 500);
        assert_int_equal(kill(gateway, SIGTERM), 0);
        assert_int_equal(child_wait(gateway, STOP_MS), 0);
        gateway = gateway_start(life);
    }
    wait_for_good(good + 500);
    enough = true;
    for (int i = 0; i < CLIENTS; i++)
        pthread_join(threads[i], NULL);
    print_message("%zu requests, %zu failed, over %d restarts\n", good + bad, (size_t)bad,
                  RESTARTS);
    assert_int_equal(bad, 0);
    wait_for_the_journal(&e);
    event_wait(&e, 30000);
    redisReply *r = redisCommand(e.redis, "HLEN onrush:{%s}:users", e.name);
    assert_int_equal(r->integer, good);
    freeReplyObject(r);
    child_end(gateway, SIGTERM);
    event_close(&e);
}

/* A descriptor that is no listening socket ends the start with a message. */
TEST(test_wrong_socket)
{
    const char *log = textf("%s/wrong.log", gateway_log);
    assert_int_equal(child_run(IN_BASH("3</dev/null"), log), 69);
    assert_int_equal(system(textf("grep -q 'sockets that systemd passed cannot be used' %s", log)),
                     0);
}
