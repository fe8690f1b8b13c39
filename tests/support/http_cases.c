/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/http_cases.h"

const struct http_limits http_case_limits = {
    .max_head_bytes = 1024, .max_fields = 16, .max_body_bytes = 64, .max_framing_bytes = 128};

#define HOST    "Host: h\r\n"
#define GET     "GET / HTTP/1.1\r\n"
#define GOT     "GET / @h 1.1 keep [Host: h]"
#define POST    "POST /a HTTP/1.1\r\n" HOST
#define CHUNKED POST "Transfer-Encoding: chunked\r\n\r\n"
#define DECODED "POST /a @h 1.1 keep chunked [Host: h][Transfer-Encoding: chunked]"

#define A16   "aaaaaaaaaaaaaaaa"
#define A64   A16 A16 A16 A16
#define A1024 A64 A64 A64 A64 A64 A64 A64 A64 A64 A64 A64 A64 A64 A64 A64 A64

/* clang-format off */
#define ROW(name, bytes, want) {name, bytes, sizeof(bytes) - 1, want}
/* clang-format on */
#define REFUSED(name, bytes, status, reason) ROW(name, bytes, "refused " #status " " reason "\n")
/* A request with this field line after Host. */
#define FIELD_OK(name, line, field)                                                                \
    ROW(name, GET HOST line "\r\n\r\n", "GET / @h 1.1 keep [Host: h]" field " {}\nend\n")
#define FIELD_BAD(name, line, status, reason)                                                      \
    REFUSED(name, GET HOST line "\r\n\r\n", status, reason)
#define NAME_BAD(name, line)    FIELD_BAD(name, line, 400, "bad name of a field")
#define CONTROL_BAD(name, line) FIELD_BAD(name, line, 400, "a control character in a field")
/* Fields that say where the body ends. */
#define LENGTH_BAD(name, line) FIELD_BAD(name, line, 400, "Content-Length is not a number")
#define CODING_BAD(name, coding)                                                                   \
    FIELD_BAD(name, "Transfer-Encoding: " coding, 501, "a transfer coding other than chunked")
#define TARGET_OK(name, target, want)                                                              \
    ROW(name, "GET " target " HTTP/1.1\r\n" HOST "\r\n",                                           \
        "GET " want " 1.1 keep [Host: h] {}\nend\n")
#define TARGET_BAD(name, target, reason)                                                           \
    REFUSED(name, "GET " target " HTTP/1.1\r\n" HOST "\r\n", 400, reason)
#define HOST_OK(name, host)                                                                        \
    ROW(name, GET "Host: " host "\r\n\r\n", "GET / @" host " 1.1 keep [Host: " host "] {}\nend\n")
#define HOST_BAD(name, host) REFUSED(name, GET "Host: " host "\r\n\r\n", 400, "bad host")

#define CHUNKS_OK(name, chunks, body) ROW(name, CHUNKED chunks, DECODED " {" body "}\nend\n")

#define CHUNKS_BAD(name, chunks, status, reason) REFUSED(name, CHUNKED chunks, status, reason)

#define CHUNK_END_BAD(name, chunks) CHUNKS_BAD(name, chunks, 400, "a chunk does not end in CR LF")
#define TRAILER_BAD(name, chunks)   CHUNKS_BAD(name, chunks, 400, "a trailer that must not be one")

const struct http_case http_cases[] = {
    /* --- the request line (RFC 9112 3) --- */
    ROW("nothing", "", "end\n"),
    ROW("get", GET HOST "\r\n", GOT " {}\nend\n"),
    ROW("get-half-a-head", GET HOST, "more\n"),
    ROW("get-half-an-empty-line", GET HOST "\r", "more\n"),
    ROW("get-half-a-line", "GET / HT", "more\n"),
    ROW("head", "HEAD / HTTP/1.1\r\n" HOST "\r\n", "HEAD / @h 1.1 keep [Host: h] {}\nend\n"),
    ROW("put", "PUT / HTTP/1.1\r\n" HOST "\r\n", "PUT / @h 1.1 keep [Host: h] {}\nend\n"),
    ROW("method-in-lower-case", "get / HTTP/1.1\r\n" HOST "\r\n",
        "get / @h 1.1 keep [Host: h] {}\nend\n"),
    ROW("method-of-all-token-characters", "aZ09!#$%&'*+-.^_`|~ / HTTP/1.1\r\n" HOST "\r\n",
        "aZ09!#$%&'*+-.^_`|~ / @h 1.1 keep [Host: h] {}\nend\n"),
    REFUSED("method-with-a-colon", "GE:T / HTTP/1.1\r\n", 400, "bad method"),
    REFUSED("method-with-a-nul", "GE\0T / HTTP/1.1\r\n", 400, "bad method"),
    REFUSED("method-with-a-high-byte", "G\xc3\x89T / HTTP/1.1\r\n", 400, "bad method"),
    REFUSED("method-empty", " / HTTP/1.1\r\n", 400, "bad method"),
    REFUSED("method-then-tab", "GET\t/ HTTP/1.1\r\n", 400, "bad method"),
    REFUSED("method-alone", "GET\r\n\r\n", 400, "bad method"),
    REFUSED("method-connect", "CONNECT h:443 HTTP/1.1\r\n", 501, "CONNECT is not served"),
    REFUSED("tls-hello", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400, "bad method"),
    REFUSED("http2-preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, "bad target"),
    REFUSED("two-spaces-before-the-target", "GET  / HTTP/1.1\r\n", 400, "bad target"),
    REFUSED("two-spaces-before-the-version", "GET /  HTTP/1.1\r\n", 400, "bad version"),
    REFUSED("space-at-the-end-of-the-line", "GET / HTTP/1.1 \r\n", 400,
            "the request line does not end in CR LF"),
    REFUSED("request-line-with-a-bare-lf", "GET / HTTP/1.1\n" HOST "\r\n", 400,
            "the request line does not end in CR LF"),
    REFUSED("request-line-with-a-bare-cr", "GET / HTTP/1.1\rHost: h\r\n\r\n", 400, "bare CR"),
    REFUSED("http09", "GET /\r\n", 400, "bad target"),
    ROW("http10", "GET / HTTP/1.0\r\n\r\n", "GET / 1.0 close  {}\nend\n"),
    ROW("http10-with-host", "GET / HTTP/1.0\r\n" HOST "\r\n",
        "GET / @h 1.0 close [Host: h] {}\nend\n"),
    ROW("http12", "GET / HTTP/1.2\r\n" HOST "\r\n", GOT " {}\nend\n"),
    ROW("http19", "GET / HTTP/1.9\r\n" HOST "\r\n", GOT " {}\nend\n"),
    REFUSED("http12-without-host", "GET / HTTP/1.2\r\n\r\n", 400, "no Host"),
    REFUSED("http20", "GET / HTTP/2.0\r\n", 505, "HTTP version not supported"),
    REFUSED("http30", "GET / HTTP/3.0\r\n", 505, "HTTP version not supported"),
    REFUSED("http09-with-version", "GET / HTTP/0.9\r\n", 505, "HTTP version not supported"),
    REFUSED("version-in-lower-case", "GET / http/1.1\r\n", 400, "bad version"),
    REFUSED("version-of-two-digits", "GET / HTTP/1.10\r\n", 400,
            "the request line does not end in CR LF"),
    REFUSED("version-11.1", "GET / HTTP/11.1\r\n", 400, "bad version"),
    REFUSED("version-without-minor", "GET / HTTP/1\r\n", 400, "bad version"),
    REFUSED("version-with-a-comma", "GET / HTTP/1,1\r\n", 400, "bad version"),
    REFUSED("version-of-another-protocol", "GET / ICAP/1.0\r\n", 400, "bad version"),

    REFUSED("request-line-above-the-limit", "GET /" A1024 " HTTP/1.1\r\n" HOST "\r\n", 414,
            "the request line is too long"),
    REFUSED("head-above-the-limit", GET HOST "A: " A1024 "\r\n\r\n", 431, "the head is too large"),

    /* --- empty lines before the request line (RFC 9112 2.2) --- */
    ROW("empty-line", "\r\n", "more\n"),
    ROW("empty-line-first", "\r\n" GET HOST "\r\n", GOT " {}\nend\n"),
    ROW("empty-lines-four", "\r\n\r\n\r\n\r\n" GET HOST "\r\n", GOT " {}\nend\n"),
    REFUSED("empty-lines-five", "\r\n\r\n\r\n\r\n\r\n" GET HOST "\r\n", 400,
            "too many empty lines before a request"),
    REFUSED("empty-line-of-a-bare-lf", "\n" GET HOST "\r\n", 400, "bad method"),
    REFUSED("empty-line-of-a-bare-cr", "\r" GET HOST "\r\n", 400, "bare CR"),
    REFUSED("empty-line-with-a-space", " \r\n" GET HOST "\r\n", 400, "bad method"),

    /* --- the target (RFC 9112 3.2) --- */
    TARGET_OK("target-with-a-query", "/a/b?c=d&e", "/a/b ?c=d&e @h"),
    TARGET_OK("target-with-an-empty-query", "/a?", "/a ? @h"),
    TARGET_OK("target-with-two-question-marks", "/a?b?c", "/a ?b?c @h"),
    TARGET_OK("target-of-two-slashes", "//evil/a", "//evil/a @h"),
    TARGET_OK("target-with-all-characters", "/!$%&'()*+,-./09:;=@AZ[]^_`az{|}~",
              "/!$%&'()*+,-./09:;=@AZ[]^_`az{|}~ @h"),
    TARGET_OK("target-encoded", "/a%2Fb%00?%zz", "/a%2Fb%00 ?%zz @h"),
    TARGET_OK("target-with-dots", "/../a/./b", "/../a/./b @h"),
    TARGET_BAD("target-with-a-fragment", "/a#b", "bad target"),
    TARGET_BAD("target-with-a-backslash", "/a\\b", "bad target"),
    TARGET_BAD("target-with-quotes", "/\"a\"", "bad target"),
    TARGET_BAD("target-with-less-than", "/<a>", "bad target"),
    TARGET_BAD("target-with-a-nul", "/a\0b", "bad target"),
    TARGET_BAD("target-with-a-tab", "/a\tb", "bad target"),
    TARGET_BAD("target-with-a-space", "/a b", "bad version"),
    TARGET_BAD("target-with-del", "/a\x7f", "bad target"),
    TARGET_BAD("target-with-utf8", "/\xc3\xa9", "bad target"),
    TARGET_BAD("target-with-a-bare-cr", "/a\rb", "bad target"),
    TARGET_BAD("target-relative", "a/b", "bad target"),
    TARGET_BAD("target-of-an-authority", "h:80", "bad target"),
    TARGET_BAD("target-asterisk-of-get", "*", "bad target"),
    ROW("options-asterisk", "OPTIONS * HTTP/1.1\r\n" HOST "\r\n",
        "OPTIONS * @h 1.1 keep [Host: h] {}\nend\n"),
    REFUSED("options-asterisk-and-more", "OPTIONS *a HTTP/1.1\r\n", 400, "bad target"),
    TARGET_OK("absolute-form", "http://x:80/a?b", "/a ?b @x:80"),
    TARGET_OK("absolute-form-https", "https://x/", "/ @x"),
    TARGET_OK("absolute-form-in-upper-case", "HTTP://x/", "/ @x"),
    TARGET_OK("absolute-form-without-path", "http://x", "/ @x"),
    TARGET_OK("absolute-form-with-only-a-query", "http://x?b", "/ ?b @x"),
    TARGET_OK("absolute-form-of-an-ipv6-address", "http://[::1]:8080/a", "/a @[::1]:8080"),
    ROW("absolute-form-of-options", "OPTIONS http://x HTTP/1.1\r\n" HOST "\r\n",
        "OPTIONS * @x 1.1 keep [Host: h] {}\nend\n"),
    ROW("absolute-form-of-options-with-a-query", "OPTIONS http://x? HTTP/1.1\r\n" HOST "\r\n",
        "OPTIONS / ? @x 1.1 keep [Host: h] {}\nend\n"),
    ROW("absolute-form-in-http10", "GET http://x/a HTTP/1.0\r\n\r\n",
        "GET /a @x 1.0 close  {}\nend\n"),
    REFUSED("absolute-form-without-host", "GET http://x/ HTTP/1.1\r\n\r\n", 400, "no Host"),
    TARGET_BAD("absolute-form-without-authority", "http:///a", "bad host"),
    TARGET_BAD("absolute-form-of-nothing", "http://", "bad target"),
    TARGET_BAD("absolute-form-with-userinfo", "http://u@x/", "bad host"),
    TARGET_BAD("absolute-form-with-a-bad-port", "http://x:1a/", "bad host"),
    TARGET_BAD("absolute-form-of-another-scheme", "ftp://x/", "bad target"),

    /* --- field lines (RFC 9112 5) --- */
    FIELD_OK("field", "A: b", "[A: b]"),
    FIELD_OK("field-without-space", "A:b", "[A: b]"),
    FIELD_OK("field-with-white-space-around", "A: \t b c \t ", "[A: b c]"),
    FIELD_OK("field-with-a-tab-inside", "A: b\tc", "[A: b\\x09c]"),
    FIELD_OK("field-with-a-tab-in-a-long-value", "A: 0123456789abcdef\t0123456789abcdef",
             "[A: 0123456789abcdef\\x090123456789abcdef]"),
    FIELD_OK("field-empty", "A:", "[A: ]"),
    FIELD_OK("field-of-white-space", "A: \t ", "[A: ]"),
    FIELD_OK("field-with-a-colon", "A: b:c", "[A: b:c]"),
    FIELD_OK("field-with-high-bytes", "A: \xc3\xa9\xff\x80", "[A: \\xc3\\xa9\\xff\\x80]"),
    FIELD_OK("field-with-all-token-characters", "aZ09!#$%&'*+-.^_`|~: b",
             "[aZ09!#$%&'*+-.^_`|~: b]"),
    FIELD_OK("fields-of-the-same-name", "A: b\r\na: c", "[A: b][a: c]"),
    NAME_BAD("field-with-space-before-the-colon", "A : b"),
    NAME_BAD("field-with-tab-before-the-colon", "A\t: b"),
    NAME_BAD("field-without-colon", "A"),
    NAME_BAD("field-without-name", ": b"),
    NAME_BAD("field-with-a-space-in-its-name", "A b: c"),
    NAME_BAD("field-with-a-nul-in-its-name", "A\0b: c"),
    NAME_BAD("field-with-a-high-byte-in-its-name", "\xc3\xa9: c"),
    NAME_BAD("field-with-brackets-in-its-name", "A[b]: c"),
    CONTROL_BAD("field-with-a-nul", "A: b\0c"),
    CONTROL_BAD("field-with-a-nul-in-a-long-value", "A: 0123456789abcdef\0 0123456789abcdef"),
    CONTROL_BAD("field-with-an-escape", "A: \x1b[1m"),
    CONTROL_BAD("field-with-a-unit-separator", "A: 0123456789\x1f"),
    CONTROL_BAD("field-with-del", "A: 0123456789\x7f"),
    FIELD_BAD("field-with-a-bare-cr", "A: b\rc", 400, "bare CR"),
    CONTROL_BAD("field-with-a-bare-lf", "A: b\nC: d"),
    FIELD_BAD("field-folded", "A: b\r\n c", 400, "a line begins with white space"),
    FIELD_BAD("field-folded-with-a-tab", "A: b\r\n\tc", 400, "a line begins with white space"),
    REFUSED("field-folded-before-the-first", GET " " HOST "\r\n", 400,
            "a line begins with white space"),
    REFUSED("head-ends-with-a-bare-lf", GET HOST "\n", 400, "bad name of a field"),
    REFUSED("head-ends-with-two-bare-lf", GET "Host: h\n\n", 400, "a control character in a field"),
    REFUSED("head-ends-with-a-bare-cr", GET HOST "\rX", 400, "bare CR"),
    ROW("fields-sixteen",
        GET HOST "A:\r\nB:\r\nC:\r\nD:\r\nE:\r\nF:\r\nG:\r\nH:\r\nI:\r\nJ:\r\n"
                 "K:\r\nL:\r\nM:\r\nN:\r\nO:\r\n\r\n",
        GOT
        "[A: ][B: ][C: ][D: ][E: ][F: ][G: ][H: ][I: ][J: ][K: ][L: ][M: ][N: ][O: ] {}\nend\n"),
    REFUSED("fields-seventeen",
            GET HOST "A:\r\nB:\r\nC:\r\nD:\r\nE:\r\nF:\r\nG:\r\nH:\r\nI:\r\nJ:\r\n"
                     "K:\r\nL:\r\nM:\r\nN:\r\nO:\r\nP:\r\n\r\n",
            431, "too many header fields"),

    /* --- Host (RFC 9112 3.2) --- */
    REFUSED("host-missing", GET "\r\n", 400, "no Host"),
    REFUSED("host-twice", GET HOST HOST "\r\n", 400, "more than one Host"),
    REFUSED("host-twice-in-http10", "GET / HTTP/1.0\r\n" HOST "hOsT: i\r\n\r\n", 400,
            "more than one Host"),
    HOST_OK("host-with-a-port", "shop.example:8080"),
    HOST_OK("host-with-an-empty-port", "h:"),
    HOST_OK("host-with-the-greatest-port", "h:65535"),
    HOST_OK("host-of-ipv4", "127.0.0.1:80"),
    HOST_OK("host-of-ipv6", "[2001:db8::1]"),
    HOST_OK("host-of-ipv6-and-ipv4", "[::ffff:127.0.0.1]:80"),
    HOST_OK("host-with-an-underscore", "a_b.c-d~e"),
    HOST_BAD("host-empty", ""),
    HOST_BAD("host-of-a-port", ":80"),
    HOST_BAD("host-with-a-port-too-great", "h:65536"),
    HOST_BAD("host-with-a-port-beyond-all", "h:18446744073709551696"),
    HOST_BAD("host-with-two-ports", "h:80:81"),
    HOST_BAD("host-with-a-named-port", "h:http"),
    HOST_BAD("host-with-a-space", "a b"),
    HOST_BAD("host-with-a-comma", "a,b"),
    HOST_BAD("host-with-a-slash", "a/b"),
    HOST_BAD("host-with-userinfo", "u@h"),
    HOST_BAD("host-with-a-percent-sign", "a%2eb"),
    HOST_BAD("host-with-high-bytes", "\xc3\xa9"),
    HOST_BAD("host-of-half-an-ipv6", "[::1"),
    HOST_BAD("host-of-an-empty-ipv6", "[]"),
    HOST_BAD("host-of-ipv6-and-more", "[::1]a"),
    HOST_BAD("host-of-ipv6-with-letters", "[::g]"),
    HOST_BAD("host-of-ipv6-with-a-zone", "[fe80::1%25eth0]"),

    /* --- keep-alive (RFC 9112 9.3) --- */
    ROW("connection-close", GET HOST "Connection: close\r\n\r\n",
        "GET / @h 1.1 close [Host: h][Connection: close] {}\nend\n"),
    ROW("connection-close-in-a-list", GET HOST "Connection: a , CLOSE,b\r\n\r\n",
        "GET / @h 1.1 close [Host: h][Connection: a , CLOSE,b] {}\nend\n"),
    ROW("connection-closely", GET HOST "Connection: closely, clos\r\n\r\n",
        GOT "[Connection: closely, clos] {}\nend\n"),
    ROW("connection-keep-alive-and-close",
        GET HOST "Connection: keep-alive\r\nConnection: close\r\n\r\n",
        "GET / @h 1.1 close [Host: h][Connection: keep-alive][Connection: close] {}\nend\n"),
    ROW("connection-upgrade", GET HOST "Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
        GOT "[Connection: Upgrade][Upgrade: h2c] {}\nend\n"),
    ROW("http10-keep-alive", "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n",
        "GET / 1.0 keep [Connection: Keep-Alive] {}\nend\n"),
    ROW("http10-keep-alive-and-close", "GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n",
        "GET / 1.0 close [Connection: keep-alive, close] {}\nend\n"),

    /* --- Content-Length (RFC 9112 6.2, 6.3) --- */
    ROW("body", POST "Content-Length: 2\r\n\r\n{}",
        "POST /a @h 1.1 keep length=2 [Host: h][Content-Length: 2] {{}}\nend\n"),
    ROW("body-empty", POST "Content-Length: 0\r\n\r\n",
        "POST /a @h 1.1 keep length=0 [Host: h][Content-Length: 0] {}\nend\n"),
    ROW("body-of-any-bytes", POST "content-length: 4\r\n\r\n\0\r\n\xff",
        "POST /a @h 1.1 keep length=4 [Host: h][content-length: 4] {\\x00\\x0d\\x0a\\xff}\nend\n"),
    ROW("body-not-complete", POST "Content-Length: 3\r\n\r\n{}", "more\n"),
    ROW("body-none", POST "\r\n", "POST /a @h 1.1 keep [Host: h] {}\nend\n"),
    ROW("body-of-get", GET HOST "Content-Length: 1\r\n\r\nx",
        "GET / @h 1.1 keep length=1 [Host: h][Content-Length: 1] {x}\nend\n"),
    ROW("body-in-http10", "POST /a HTTP/1.0\r\nContent-Length: 1\r\n\r\nx",
        "POST /a 1.0 close length=1 [Content-Length: 1] {x}\nend\n"),
    ROW("length-with-leading-zeros",
        POST "Content-Length: 0000000000000000000000000000001\r\n\r\nx",
        "POST /a @h 1.1 keep length=1 [Host: h]"
        "[Content-Length: 0000000000000000000000000000001] {x}\nend\n"),
    ROW("length-at-the-limit",
        POST "Content-Length: 64\r\n\r\n"
             "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
        "POST /a @h 1.1 keep length=64 [Host: h][Content-Length: 64] "
        "{0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef}\nend\n"),
    FIELD_BAD("length-above-the-limit", "Content-Length: 65", 413, "the body is too large"),
    FIELD_BAD("length-of-64-bits", "Content-Length: 18446744073709551615", 413,
              "the body is too large"),
    FIELD_BAD("length-of-65-bits", "Content-Length: 18446744073709551616", 400,
              "Content-Length is beyond all bounds"),
    FIELD_BAD("length-that-wraps-to-one", "Content-Length: 18446744073709551617", 400,
              "Content-Length is beyond all bounds"),
    FIELD_BAD("length-empty", "Content-Length:", 400, "Content-Length is empty"),
    LENGTH_BAD("length-negative", "Content-Length: -1"),
    LENGTH_BAD("length-with-a-plus", "Content-Length: +1"),
    LENGTH_BAD("length-hexadecimal", "Content-Length: 0x1"),
    LENGTH_BAD("length-with-a-fraction", "Content-Length: 1.0"),
    LENGTH_BAD("length-with-a-space", "Content-Length: 1 1"),
    LENGTH_BAD("length-as-a-list", "Content-Length: 1, 1"),
    LENGTH_BAD("length-of-other-digits", "Content-Length: \xd9\xa1"),
    FIELD_BAD("length-twice", "Content-Length: 1\r\nContent-Length: 2", 400,
              "more than one Content-Length"),
    FIELD_BAD("length-twice-the-same", "Content-Length: 1\r\ncontent-length: 1", 400,
              "more than one Content-Length"),
    NAME_BAD("length-with-space-before-the-colon", "Content-Length : 1"),
    ROW("length-with-spaces", POST "Content-Length:  1 \r\n\r\nx",
        "POST /a @h 1.1 keep length=1 [Host: h][Content-Length: 1] {x}\nend\n"),
    FIELD_BAD("length-with-a-tab-before", "Content-Length:\t1", 400, "a tab about Content-Length"),
    FIELD_BAD("length-with-a-tab-behind", "Content-Length: 1 \t", 400,
              "a tab about Content-Length"),
    REFUSED("length-twice-in-http10",
            "POST / HTTP/1.0\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx", 400,
            "more than one Content-Length"),

    /* --- Transfer-Encoding (RFC 9112 6.1) --- */
    FIELD_BAD("coding-with-length", "Content-Length: 1\r\nTransfer-Encoding: chunked", 400,
              "Content-Length with Transfer-Encoding"),
    FIELD_BAD("coding-before-length", "Transfer-Encoding: chunked\r\nContent-Length: 1", 400,
              "Content-Length with Transfer-Encoding"),
    FIELD_BAD("coding-twice", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", 400,
              "more than one Transfer-Encoding"),
    FIELD_BAD("coding-empty", "Transfer-Encoding:", 400, "Transfer-Encoding is empty"),
    CODING_BAD("coding-gzip", "gzip"),
    CODING_BAD("coding-identity", "identity"),
    CODING_BAD("coding-gzip-chunked", "gzip, chunked"),
    CODING_BAD("coding-chunked-gzip", "chunked, gzip"),
    CODING_BAD("coding-chunked-chunked", "chunked, chunked"),
    CODING_BAD("coding-with-an-empty-element", ",chunked"),
    CODING_BAD("coding-with-a-parameter", "chunked;a=b"),
    CODING_BAD("coding-quoted", "\"chunked\""),
    CODING_BAD("coding-xchunked", "xchunked"),
    FIELD_BAD("coding-with-a-vertical-tab",
              "Transfer-Encoding: \x0b"
              "chunked",
              400, "a control character in a field"),
    NAME_BAD("coding-with-space-before-the-colon", "Transfer-Encoding : chunked"),
    FIELD_BAD("coding-folded", "Transfer-Encoding:\r\n chunked", 400, "Transfer-Encoding is empty"),
    FIELD_BAD("coding-folded-behind", "Transfer-Encoding: chunked\r\n , gzip", 400,
              "a line begins with white space"),
    FIELD_BAD("coding-with-a-tab-before", "Transfer-Encoding:\tchunked", 400,
              "a tab about Transfer-Encoding"),
    FIELD_BAD("coding-with-a-tab-behind", "Transfer-Encoding: chunked\t", 400,
              "a tab about Transfer-Encoding"),
    FIELD_OK("coding-misspelt", "Transfer_Encoding: chunked", "[Transfer_Encoding: chunked]"),
    REFUSED("coding-in-http10", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            400, "Transfer-Encoding in HTTP/1.0"),

    /* --- chunks (RFC 9112 7.1) --- */
    CHUNKS_OK("chunks-none", "0\r\n\r\n", ""),
    CHUNKS_OK("chunks-one", "3\r\nabc\r\n0\r\n\r\n", "abc"),
    CHUNKS_OK("chunks-three", "1\r\na\r\n2\r\nbc\r\n3\r\ndef\r\n0\r\n\r\n", "abcdef"),
    CHUNKS_OK("chunk-of-any-bytes", "5\r\n\0\r\n0\r\r\n0\r\n\r\n", "\\x00\\x0d\\x0a0\\x0d"),
    CHUNKS_OK("chunk-size-with-zeros", "0003\r\nabc\r\n000\r\n\r\n", "abc"),
    CHUNKS_OK("chunk-size-in-upper-case", "A\r\n0123456789\r\n0\r\n\r\n", "0123456789"),
    CHUNKS_OK("chunk-size-in-lower-case", "a\r\n0123456789\r\n0\r\n\r\n", "0123456789"),
    CHUNKS_OK("chunk-extension", "1;a\r\nx\r\n0;b=c;d\r\n\r\n", "x"),
    CHUNKS_OK("chunk-extension-quoted", "1;a=\"b;\\\"\t\\\\c\"\r\nx\r\n0\r\n\r\n", "x"),
    CHUNKS_OK("chunk-extension-quoted-and-another", "1;a=\"\";b=c\r\nx\r\n0\r\n\r\n", "x"),
    CHUNKS_OK("chunks-at-the-limit",
              "20\r\n0123456789abcdef0123456789abcdef\r\n"
              "20\r\n0123456789abcdef0123456789abcdef\r\n0\r\n\r\n",
              "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"),
    ROW("chunks-not-complete", CHUNKED "3\r\nabc\r\n0\r\n", "more\n"),
    ROW("chunks-in-upper-case-coding", POST "TRANSFER-ENCODING: ChUnKeD\r\n\r\n1\r\nx\r\n0\r\n\r\n",
        "POST /a @h 1.1 keep chunked [Host: h][TRANSFER-ENCODING: ChUnKeD] {x}\nend\n"),
    CHUNKS_BAD("chunk-size-missing", "\r\n", 400, "bad size of a chunk"),
    CHUNKS_BAD("chunk-size-of-an-extension", ";a\r\n", 400, "bad size of a chunk"),
    CHUNKS_BAD("chunk-size-negative", "-1\r\n", 400, "bad size of a chunk"),
    CHUNKS_BAD("chunk-size-with-a-plus", "+1\r\n", 400, "bad size of a chunk"),
    CHUNKS_BAD("chunk-size-with-0x", "0x1\r\nx\r\n", 400, "bad chunk line"),
    CHUNKS_BAD("chunk-size-with-an-underscore", "1_0\r\n", 400, "bad chunk line"),
    CHUNKS_BAD("chunk-size-with-a-letter", "1g\r\n", 400, "bad chunk line"),
    CHUNKS_BAD("chunk-size-with-space-before", " 1\r\nx\r\n", 400, "bad size of a chunk"),
    CHUNKS_BAD("chunk-size-with-space-behind", "1 \r\nx\r\n", 400, "bad chunk line"),
    CHUNKS_BAD("chunk-size-with-a-tab-behind", "1\t\r\nx\r\n", 400, "bad chunk line"),
    CHUNKS_BAD("chunk-size-with-a-nul", "1\0\r\nx\r\n", 400, "bad chunk line"),
    CHUNKS_BAD("chunk-size-with-a-bare-lf", "1\nx\r\n", 400, "bad chunk line"),
    CHUNKS_BAD("chunk-size-with-a-bare-cr", "1\rx\r\n", 400, "bare CR"),
    CHUNKS_BAD("chunk-size-above-the-limit", "41\r\n", 413, "the body is too large"),
    CHUNKS_BAD("chunk-sizes-above-the-limit", "20\r\n0123456789abcdef0123456789abcdef\r\n21\r\n",
               413, "the body is too large"),
    CHUNKS_BAD("chunk-size-of-64-bits", "ffffffffffffffff\r\n", 413, "the body is too large"),
    CHUNKS_BAD("chunk-size-of-65-bits", "10000000000000001\r\nx", 413, "the body is too large"),
    CHUNKS_BAD("chunk-extension-empty", "1;\r\nx\r\n", 400, "bad chunk extension"),
    CHUNKS_BAD("chunk-extension-with-a-space", "1; a\r\nx\r\n", 400, "bad chunk extension"),
    CHUNKS_BAD("chunk-extension-after-a-space", "1 ;a\r\nx\r\n", 400, "bad chunk line"),
    CHUNKS_BAD("chunk-extension-without-value", "1;a=\r\nx\r\n", 400, "bad chunk extension"),
    CHUNKS_BAD("chunk-extension-with-a-bare-lf", "1;a\nx\r\n", 400, "bad chunk line"),
    CHUNKS_BAD("chunk-extension-with-a-bare-cr", "1;a\rb\r\n", 400, "bare CR"),
    CHUNKS_BAD("chunk-extension-quoted-with-a-line", "1;a=\"\r\nx\r\n0\r\n\r\n", 400,
               "bad chunk extension"),
    CHUNKS_BAD("chunk-extension-quoted-with-an-escaped-lf", "1;a=\"\\\n\"\r\nx\r\n", 400,
               "bad chunk extension"),
    CHUNKS_BAD("chunk-extension-quoted-and-more", "1;a=\"b\"c\r\nx\r\n", 400, "bad chunk line"),
    CHUNK_END_BAD("chunk-too-long-for-its-size", "1\r\nxy\r\n"),
    CHUNK_END_BAD("chunk-too-short-for-its-size", "2\r\nx\r\n0\r\n\r\n"),
    CHUNK_END_BAD("chunk-with-a-bare-lf", "1\r\nx\n0\r\n\r\n"),
    CHUNK_END_BAD("chunk-with-a-bare-cr", "1\r\nx\r0\r\n\r\n"),
    CHUNKS_BAD("chunk-framing-above-the-limit", "1;" A64 A64 "\r\n", 413,
               "chunk lines are too large"),

    /* --- trailers (RFC 9112 7.1.2) --- */
    CHUNKS_OK("trailer", "0\r\nA: b\r\nC: d\r\n\r\n", ""),
    CHUNKS_OK("trailer-of-a-cookie", "0\r\nCookie: a\r\nExpect: b\r\nConnection: close\r\n\r\n",
              ""),
    ROW("trailer-not-complete", CHUNKED "0\r\nA: b\r\n", "more\n"),
    TRAILER_BAD("trailer-of-length", "0\r\nContent-Length: 1\r\n\r\n"),
    TRAILER_BAD("trailer-of-coding", "0\r\ntransfer-encoding: chunked\r\n\r\n"),
    TRAILER_BAD("trailer-of-host", "0\r\nHOST: h\r\n\r\n"),
    CHUNKS_BAD("trailer-without-colon", "0\r\nGET / HTTP/1.1\r\n\r\n", 400, "bad name of a field"),
    CHUNKS_BAD("trailer-folded", "0\r\nA: b\r\n c\r\n\r\n", 400, "a line begins with white space"),
    CHUNKS_BAD("trailer-with-a-nul", "0\r\nA: \0\r\n\r\n", 400, "a control character in a field"),
    CHUNKS_BAD("trailer-with-a-bare-lf", "0\r\nA: b\n\r\n", 400, "a control character in a field"),
    CHUNKS_BAD("trailers-end-with-a-bare-lf", "0\r\n\n", 400, "bad name of a field"),
    CHUNKS_BAD("trailers-end-with-a-bare-cr", "0\r\n\rX", 400, "bare CR"),
    CHUNKS_BAD("trailers-above-the-limit", "0\r\nA: " A64 A64 "\r\n\r\n", 431,
               "trailers are too large"),

    /* --- Expect (RFC 9110 10.1.1) --- */
    ROW("expect", POST "Expect: 100-Continue\r\nContent-Length: 1\r\n\r\nx",
        "POST /a @h 1.1 keep length=1 continue "
        "[Host: h][Expect: 100-Continue][Content-Length: 1] {x}\nend\n"),
    ROW("expect-with-chunks",
        POST "Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n0\r\n\r\n",
        "POST /a @h 1.1 keep chunked continue "
        "[Host: h][Transfer-Encoding: chunked][Expect: 100-continue] {}\nend\n"),
    FIELD_OK("expect-without-body", "Expect: 100-continue", "[Expect: 100-continue]"),
    ROW("expect-in-http10", "POST /a HTTP/1.0\r\nExpect: x\r\nContent-Length: 1\r\n\r\nx",
        "POST /a 1.0 close length=1 [Expect: x][Content-Length: 1] {x}\nend\n"),
    FIELD_BAD("expect-something-else", "Expect: 200-ok", 417,
              "an expectation other than 100-continue"),
    FIELD_BAD("expect-two-things", "Expect: 100-continue, 200-ok", 417,
              "an expectation other than 100-continue"),
    FIELD_BAD("expect-nothing", "Expect:", 417, "an expectation other than 100-continue"),

    /* --- pipelining (RFC 9112 9.3.2) --- */
    ROW("pipelined", GET HOST "\r\n" POST "Content-Length: 2\r\n\r\nab" GET HOST "\r\n",
        GOT " {}\nPOST /a @h 1.1 keep length=2 [Host: h][Content-Length: 2] {ab}\n" GOT
            " {}\nend\n"),
    ROW("pipelined-chunks", CHUNKED "1\r\nx\r\n0\r\nA: b\r\n\r\n" CHUNKED "0\r\n\r\n" GET,
        DECODED " {x}\n" DECODED " {}\nmore\n"),
    ROW("pipelined-with-empty-lines", GET HOST "\r\n\r\n" GET HOST "\r\n\r\n",
        GOT " {}\n" GOT " {}\nmore\n"),
    ROW("pipelined-then-refused", GET HOST "\r\n" GET "\r\n", GOT " {}\nrefused 400 no Host\n"),
    ROW("body-longer-than-its-length",
        POST "Content-Length: 1\r\n\r\nxGET / HTTP/1.1\r\n" HOST "\r\n",
        "POST /a @h 1.1 keep length=1 [Host: h][Content-Length: 1] {x}\n" GOT " {}\nend\n"),
    ROW("smuggled-by-chunks", CHUNKED "0\r\n\r\nGET /admin HTTP/1.1\r\n" HOST "\r\n",
        DECODED " {}\nGET /admin @h 1.1 keep [Host: h] {}\nend\n"),

    /* --- real clients --- */
    ROW("curl",
        "POST /v1/campaigns/noon/requests HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUser-Agent: "
        "curl/7.88.1\r\nAccept: */*\r\nContent-Type: application/json\r\nContent-Length: "
        "17\r\n\r\n{\"user_id\":\"u-1\"}",
        "POST /v1/campaigns/noon/requests @127.0.0.1:8080 1.1 keep length=17 [Host: "
        "127.0.0.1:8080][User-Agent: curl/7.88.1][Accept: */*][Content-Type: application/json]"
        "[Content-Length: 17] {{\"user_id\":\"u-1\"}}\nend\n"),
    ROW("proxied",
        "GET /v1/campaigns/noon/requests/u-1?wait=10 HTTP/1.0\r\nHost: gateway\r\n"
        "X-Forwarded-For: 203.0.113.9\r\nConnection: close\r\n\r\n",
        "GET /v1/campaigns/noon/requests/u-1 ?wait=10 @gateway 1.0 close [Host: gateway]"
        "[X-Forwarded-For: 203.0.113.9][Connection: close] {}\nend\n"),
};

const size_t http_cases_n = sizeof http_cases / sizeof http_cases[0];
