/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/differential/message.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void message_put(struct message *message, const char *bytes, size_t n)
{
    if (n > sizeof message->text - message->n) {
        fputs("a message is longer than MESSAGE_MAX\n", stderr);
        abort();
    }
    if (n > 0)
        memcpy(message->text + message->n, bytes, n);
    message->n += n;
}

void message_puts(struct message *message, const char *text)
{
    message_put(message, text, strlen(text));
}

void message_refuse(struct message *message, const char *why)
{
    message->complete = false;
    message->n = 0;
    message_puts(message, why);
}
