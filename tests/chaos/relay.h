/* SPDX-License-Identifier: Apache-2.0 */
/* A relay between a daemon and a store, over unix sockets, that misbehaves on command.
 *
 * One thread of its own serves every link; relay_do() may be called from the thread that made the
 * relay, and returns when the command is carried out. What cannot be set up ends the program. */
#ifndef ONRUSH_TESTS_RELAY_H
#define ONRUSH_TESTS_RELAY_H

enum relay_action {
    RELAY_PASS,   /* forwards; a link that misbehaved recovers */
    RELAY_STALL,  /* until PASS: takes connections, forwards nothing; then all of it, late */
    RELAY_MUTE,   /* until PASS: requests get through, their answers are lost */
    RELAY_LOSE,   /* until PASS: requests are lost */
    RELAY_TEAR,   /* until PASS: the first answer on a connection breaks off in its middle */
    RELAY_REFUSE, /* until PASS: nobody listens, and what was connected is cut */
    RELAY_CUT,    /* once: every connection is closed */
    RELAY_HALF,   /* once: every connection's way back is closed, its way there is not */
};

struct relay;

struct relay *relay_new(void);

/* relay_add: a link from the socket `path`, which it makes, to the socket `target`, which need not
 * be there yet. Its number. Only before relay_run(). */
int relay_add(struct relay *relay, const char *path, const char *target);

void relay_run(struct relay *relay);
void relay_do(struct relay *relay, int link, enum relay_action action);
struct relay *relay_free(struct relay *relay);

#endif
