/* SPDX-License-Identifier: Apache-2.0 */
/* All outcomes of a request. Answers and their metrics come from this table.
 *
 * X(M, id, status, code, title, detail); X receives M. An answer with a code is a problem (RFC
 * 9457), others are documents. The status of a request document also depends on the method
 * (answer.c). */
#ifndef ONRUSH_GATEWAY_OUTCOME_H
#define ONRUSH_GATEWAY_OUTCOME_H

#define OUTCOMES(X, M)                                                                             \
    X(M, waiting, 202, "", "Accepted", "")                                                         \
    X(M, granted, 200, "", "Granted", "")                                                          \
    X(M, sold_out, 409, "SOLD_OUT", "Sold out", "There is no coupon left.")                        \
    X(M, refused, 409, "REFUSED", "Refused", "This request cannot get a coupon.")                  \
    X(M, campaign, 200, "", "Campaign", "")                                                        \
    X(M, bad_json, 400, "BAD_JSON", "Bad request", "The body must be one JSON object.")            \
    X(M, bad_user, 400, "BAD_USER", "Bad request",                                                 \
      "The user id must be 1 to 64 of A-Z a-z 0-9 . _ - : @ + = | ~, or an integer from 0.")       \
    X(M, bad_name, 400, "BAD_NAME", "Bad request",                                                 \
      "A campaign name is 1 to 64 of A-Z a-z 0-9 . _ - and begins with a letter or digit.")        \
    X(M, bad_wait, 400, "BAD_WAIT", "Bad request",                                                 \
      "wait must be a number of seconds from 0 to 30.")                                            \
    X(M, unauthorized, 401, "UNAUTHORIZED", "Unauthorized",                                        \
      "This needs Authorization: Bearer with a valid token.")                                      \
    X(M, wrong_user, 403, "WRONG_USER", "Wrong user", "The token belongs to another user.")        \
    X(M, not_open, 403, "NOT_OPEN", "Not open yet", "The campaign has not opened yet.")            \
    X(M, closed, 403, "CLOSED", "Closed", "The campaign is over.")                                 \
    X(M, paused, 403, "PAUSED", "Paused", "The campaign takes no requests for now.")               \
    X(M, malformed, 400, "BAD_REQUEST", "Bad request",                                             \
      "This is no HTTP request as RFC 9112 has it.")                                               \
    X(M, no_route, 404, "NO_ROUTE", "Not found", "There is nothing at this path.")                 \
    X(M, no_campaign, 404, "NO_CAMPAIGN", "Not found", "There is no campaign of this name.")       \
    X(M, no_request, 404, "NO_REQUEST", "Not found", "This user has no request here.")             \
    X(M, bad_method, 405, "BAD_METHOD", "Method not allowed", "See the Allow header.")             \
    X(M, too_slow, 408, "TOO_SLOW", "Too slow", "The request was not complete in time.")           \
    X(M, body_too_large, 413, "BODY_TOO_LARGE", "Body too large", "The body is too large.")        \
    X(M, url_too_long, 414, "URL_TOO_LONG", "URL too long", "The path and query are too long.")    \
    X(M, bad_media_type, 415, "BAD_MEDIA_TYPE", "Unsupported media type",                          \
      "Send the body with Content-Type: application/json.")                                        \
    X(M, bad_expectation, 417, "BAD_EXPECTATION", "Expectation failed",                            \
      "100-continue is the only expectation that can be met.")                                     \
    X(M, headers_too_large, 431, "HEADERS_TOO_LARGE", "Headers too large",                         \
      "The request line and headers are too large.")                                               \
    X(M, limited, 429, "RATE_LIMITED", "Too many requests", "See Retry-After and RateLimit.")      \
    X(M, not_implemented, 501, "NOT_IMPLEMENTED", "Not implemented",                               \
      "Send the body as it is, or chunked.")                                                       \
    X(M, bad_version, 505, "BAD_VERSION", "Version not supported", "This speaks HTTP/1.1.")        \
    X(M, overloaded, 503, "OVERLOADED", "Overloaded", "Too much to do right now: try again.")      \
    X(M, unavailable, 503, "UNAVAILABLE", "Unavailable",                                           \
      "This cannot be answered reliably right now: try again.")                                    \
    X(M, unknown, 503, "UNKNOWN", "No answer from the queue",                                      \
      "The request may or may not be queued: ask again, asking twice does no harm.")

enum outcome {
#define OUTCOME_ENUM(M, id, ...) OUTCOME_##id,
    OUTCOMES(OUTCOME_ENUM, )
#undef OUTCOME_ENUM
        OUTCOMES_N
};

#endif
