/* SPDX-License-Identifier: Apache-2.0 */
/* A client and the server (shared/http) over one connection, as tests/fuzz/fuzz_http_server.c
 * leads it: what was sent, what came back, and what the handler was asked for. The judge reads
 * the same bytes once more, with the parser alone, and knows every byte of the answers from
 * that. */
#ifndef ONRUSH_TESTS_TALK_H
#define ONRUSH_TESTS_TALK_H

#include "shared/http/server.h"

#define TALKS         4
#define TALK_IN_MAX   16384 /* bytes */
#define TALK_REQUESTS 1024  /* more than fit there */
#define TALK_BODY_MAX 40960 /* of an answer */

/* What the handler does with a request; the first letter of its path says it. */
enum talk_kind {
    TALK_AT_ONCE, /* all others */
    TALK_LATER,   /* a: when the script says so */
    TALK_STREAM,  /* s: begun at once, then as the script says */
    TALK_WHOLE,   /* w: a stream that is over before the handler returns */
    TALK_BIG,     /* b: more than the kernel takes at once */
    TALK_LAST,    /* c: and the connection ends */
    TALK_FIELDS,  /* f: with fields of its own */
};

/* A request that the handler was given. */
struct talk_request {
    enum talk_kind kind;
    bool gone;       /* the handler was told that the client has left */
    bool given_up;   /* its stream was ended where it was */
    unsigned pieces; /* of the stream, its beginning is the first: taken by http_stream_write() */
};

struct talk {
    int fd; /* the client's end; -1: not open */
    char in[TALK_IN_MAX];
    size_t n_in, n_sent; /* the script's bytes; those of them that the kernel has taken */
    char *out;           /* the answers */
    size_t n_out, out_room;
    bool deaf;        /* does not read for now */
    bool half_closed; /* the client has closed its half */
    bool killed;      /* the client has closed it all: nobody knows what it would have read */
    bool ended;       /* the server has closed its half, at the latest */
    bool reset;       /* with an error */
    bool left_first;  /* ended, though nobody asked for more than answers */
    bool disturbed;   /* time has passed, or others needed room: it may end early */
    struct http_conn *waiting;       /* of the last request, whose answer is not over */
    struct http_text later;          /* its body */
    char later_bytes[TALK_BODY_MAX]; /* where that is */
    struct talk_request requests[TALK_REQUESTS];
    size_t n_requests;
};

/* --- what both sides know --- */

enum talk_kind talk_kind(const struct http_request *request);
unsigned talk_status(size_t number);

/* talk_body: of the answer to the request of this number; or the beginning of its stream, which
 * talk_piece() continues. Their length; `out` has room for TALK_BODY_MAX. */
size_t talk_body(char *out, size_t number, const struct http_request *request);
size_t talk_piece(char *out, size_t number, unsigned piece);

#define TALK_PIECE_MAX  600
#define TALK_PIECES_MAX 64 /* of one stream */
#define TALK_REFUSAL    "refused"
#define TALK_FIELD_NAME "X-Number"
#define TALK_LINES      "X-A: a\r\nX-B:\r\n"
#define TALK_N_FIELDS   3

/* --- the handler --- */

/* talk_address: of the client of each talk, 0 to TALKS - 1; the last is in a network of its own.
 * talk_hooks: of a server whose clients have these addresses. */
struct sockaddr_in6 talk_address(size_t i);
struct http_hooks talk_hooks(struct talk talks[TALKS]);

/* talk_answer: what waits is answered, or its stream ends; false: nothing waits. talk_write: a
 * piece more of its stream. talk_give_up: its stream ends without its end. */
bool talk_answer(struct talk *talk);
void talk_write(struct talk *talk);
void talk_give_up(struct talk *talk);

/* --- the judge --- */

/* talk_judge: aborts unless `out` is what `in` must come to. For a talk that is over. */
void talk_judge(const struct talk *talk, const struct http_limits *limits);

#endif
