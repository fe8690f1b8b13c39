/* SPDX-License-Identifier: Apache-2.0 */
/* A client and the server (shared/http) over one connection: bytes sent, bytes received, and the
 * handler's requests. tests/fuzz/fuzz_http_server.c drives it. The judge parses the same bytes
 * again and derives every byte of the answers. */
#ifndef ONRUSH_TESTS_TALK_H
#define ONRUSH_TESTS_TALK_H

#include "shared/http/server.h"

#define TALKS         4
#define TALK_IN_MAX   16384 /* bytes */
#define TALK_REQUESTS 1024  /* more than fit into that */
#define TALK_BODY_MAX 40960 /* longest body of an answer */

/* What the handler does with a request, by the first letter of its path. */
enum talk_kind {
    TALK_AT_ONCE, /* any other letter */
    TALK_LATER,   /* a: when the script says so */
    TALK_STREAM,  /* s: begins at once, continues as the script says */
    TALK_WHOLE,   /* w: a stream that ends before the handler returns */
    TALK_BIG,     /* b: more than the kernel accepts at once */
    TALK_LAST,    /* c: and the connection ends */
    TALK_FIELDS,  /* f: with additional fields */
};

/* A request that the handler received. */
struct talk_request {
    enum talk_kind kind;
    bool gone;     /* the handler was told that the client left */
    bool given_up; /* its stream was aborted */
    /* pieces of the stream that http_stream_write() accepted, including its start */
    unsigned pieces;
};

struct talk {
    int fd; /* the client's descriptor; -1: not open */
    char in[TALK_IN_MAX];
    size_t n_in, n_sent; /* bytes of the script, and how many the kernel has accepted */
    char *out;           /* answers received */
    size_t n_out, out_room;
    bool deaf;                       /* does not read now */
    bool half_closed;                /* the client has closed its sending side */
    bool killed;                     /* the client has disconnected, so later answers are unknown */
    bool ended;                      /* the server has closed its sending side, or more */
    bool reset;                      /* with an error */
    bool left_first;                 /* ended without a request for that */
    bool disturbed;                  /* time passed, or others needed room: it may end early */
    struct http_conn *waiting;       /* of the last request, whose answer is incomplete */
    struct http_text later;          /* body of that request */
    char later_bytes[TALK_BODY_MAX]; /* its bytes */
    struct talk_request requests[TALK_REQUESTS];
    size_t n_requests;
};

/* --- shared by both sides --- */

enum talk_kind talk_kind(const struct http_request *request);
unsigned talk_status(size_t number);

/* talk_body: writes the body for this request, or the start of its stream, which talk_piece()
 * continues. `out` has TALK_BODY_MAX bytes. Returns the length. */
size_t talk_body(char *out, size_t number, const struct http_request *request);
size_t talk_piece(char *out, size_t number, unsigned piece);

#define TALK_PIECE_MAX  600
#define TALK_PIECES_MAX 64 /* per stream */
#define TALK_REFUSAL    "refused"
#define TALK_FIELD_NAME "X-Number"
#define TALK_LINES      "X-A: a\r\nX-B:\r\n"
#define TALK_N_FIELDS   3

/* --- the handler --- */

/* talk_address: the client address of talk `i`, 0 to TALKS - 1; the last one has its own network.
 * talk_hooks: the hooks of a server whose clients have these addresses. */
struct sockaddr_in6 talk_address(size_t i);
struct http_hooks talk_hooks(struct talk talks[TALKS]);

/* talk_answer: answers the waiting request or ends its stream; returns false if none waits.
 * talk_write: writes another piece of the stream. talk_give_up: aborts the stream. */
bool talk_answer(struct talk *talk);
void talk_write(struct talk *talk);
void talk_give_up(struct talk *talk);

/* --- the judge --- */

/* talk_judge: aborts unless `out` is the right result of `in`. Call it for a finished talk. */
void talk_judge(const struct talk *talk, const struct http_limits *limits);

#endif
