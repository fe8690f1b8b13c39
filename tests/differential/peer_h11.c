/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/differential/message.h"

#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PYTHON "/usr/bin/python3" /* Debian's, for which its packages are */

static FILE *to, *from;
static pid_t child;

static void give_up(const char *what)
{
    fprintf(stderr, "h11: %s; ops/deps --test installs it\n", what);
    exit(1);
}

static void become(int in, int out)
{
    dup2(in, STDIN_FILENO);
    dup2(out, STDOUT_FILENO);
    execl(PYTHON, PYTHON, ONRUSH_PEER_H11, NULL);
    _exit(127);
}

void peer_h11_start(void)
{
    int in[2], out[2];
    char line[64];
    signal(SIGPIPE, SIG_IGN);
    if (pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0 || (child = fork()) < 0)
        give_up("no pipe or no process");
    if (child == 0)
        become(in[0], out[1]);
    close(in[0]);
    close(out[1]);
    to = fdopen(in[1], "wb");
    from = fdopen(out[0], "rb");
    if (fgets(line, sizeof line, from) == NULL || strncmp(line, "ready", 5) != 0)
        give_up("it does not start");
    printf("%s", line + 6);
}

void peer_h11(const char *bytes, size_t n, struct message *message)
{
    uint32_t length = (uint32_t)n;
    char line[64];
    int keep_alive;
    if (fwrite(&length, sizeof length, 1, to) != 1 || fwrite(bytes, 1, n, to) != n ||
        fflush(to) != 0 || fgets(line, sizeof line, from) == NULL ||
        fread(&length, sizeof length, 1, from) != 1 || length > sizeof message->text ||
        fread(message->text, 1, length, from) != length)
        give_up("it has ended");
    message->n = length;
    message->complete = sscanf(line, "complete %zu %d", &message->end, &keep_alive) == 2;
    message->keep_alive = message->complete && keep_alive != 0;
}

void peer_h11_stop(void)
{
    int status;
    fclose(to);
    fclose(from);
    if (waitpid(child, &status, 0) != child || status != 0)
        give_up("it did not end well");
}
