/* SPDX-License-Identifier: Apache-2.0 */
/* A relay between daemons and stores, over unix sockets, that misbehaves on command.
 *
 * One thread serves all links. Only the thread that made the relay may call relay_do(), which
 * returns when the command is carried out. A failure to set up ends the program. */
#ifndef ONRUSH_TESTS_RELAY_H
#define ONRUSH_TESTS_RELAY_H

enum relay_action {
    RELAY_PASS, /* forwards; ends any other mode */
    /* until PASS: accepts connections but forwards nothing; then forwards all of it, late */
    RELAY_STALL,
    RELAY_MUTE,   /* until PASS: forwards requests, withholds answers */
    RELAY_LOSE,   /* until PASS: drops requests */
    RELAY_TEAR,   /* until PASS: cuts each connection in the middle of the first answer */
    RELAY_REFUSE, /* until PASS: closes all connections and does not listen */
    RELAY_CUT,    /* once: closes every connection */
    RELAY_HALF,   /* once: closes every connection's direction to the client */
};

struct relay;

struct relay *relay_new(void);

/* relay_add: adds a link from the socket `path`, which it creates, to the socket `target`, which
 * need not exist yet. Returns the link's number. Call it before relay_run(). */
int relay_add(struct relay *relay, const char *path, const char *target);

void relay_run(struct relay *relay);
void relay_do(struct relay *relay, int link, enum relay_action action);
struct relay *relay_free(struct relay *relay);

#endif
