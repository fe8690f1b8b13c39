/* SPDX-License-Identifier: Apache-2.0 */
/* shared/base/log: the text of a line in both formats; levels; the limit per call site. */
#include "tests/support/test.h"

#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "tests/support/child.h"
#include "tests/support/dice.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static int pipe_fds[2], real_stderr;

/* capture: redirects standard error to a pipe. */
static void capture(void)
{
    real_stderr = dup(STDERR_FILENO);
    assert_int_equal(pipe2(pipe_fds, O_NONBLOCK), 0);
    assert_true(dup2(pipe_fds[1], STDERR_FILENO) >= 0);
    log_configure(LOG_LEVEL_DEBUG, LOG_LOGFMT, LOG_PRIORITIES_AUTO);
}

static void release(void)
{
    dup2(real_stderr, STDERR_FILENO);
    close(real_stderr);
    unsetenv("JOURNAL_STREAM");
    log_configure(LOG_LEVEL_DEBUG, LOG_LOGFMT, LOG_PRIORITIES_AUTO);
    close(pipe_fds[0]);
    close(pipe_fds[1]);
}

static char captured[1 << 16];

/* written: returns everything since the last call, with times replaced by "T". */
static const char *written(void)
{
    static char text[sizeof captured];
    size_t n = 0;
    ssize_t got = read(pipe_fds[0], captured, sizeof captured - 1);
    captured[got > 0 ? got : 0] = '\0';
    for (const char *p = captured; *p != '\0';) {
        int year, used = 0;
        if (sscanf(p, "%4d-%*2d-%*2dT%*2d:%*2d:%*[0-9.]Z%n", &year, &used) == 1 && used >= 20) {
            text[n++] = 'T';
            p += used;
        } else {
            text[n++] = *p++;
        }
    }
    text[n] = '\0';
    return text;
}

TEST_WITH(test_logfmt, capture, release)
{
    char quoted[64];
    log_info("redis is back", "socket=%s after_ms=%d", "/run/r.sock", 412);
    assert_string_equal(written(),
                        "ts=T level=info msg=\"redis is back\" socket=/run/r.sock after_ms=412\n");
    log_error("bare", "%s", "");
    assert_string_equal(written(), "ts=T level=error msg=\"bare\"\n");
    log_warning("quoted", "why=%s n=1", log_quote("a \"b\" \\ \n c", quoted, sizeof quoted));
    assert_string_equal(written(),
                        "ts=T level=warning msg=\"quoted\" why=\"a \\\"b\\\" \\\\   c\" n=1\n");
}

TEST_WITH(test_json, capture, release)
{
    char quoted[64];
    log_configure(LOG_LEVEL_DEBUG, LOG_JSON, LOG_PRIORITIES_AUTO);
    log_debug("redis is back", "socket=%s after_ms=%d", "/run/r.sock", 412);
    assert_string_equal(written(), "{\"ts\":\"T\",\"level\":\"debug\",\"msg\":\"redis is back\","
                                   "\"socket\":\"/run/r.sock\",\"after_ms\":\"412\"}\n");
    log_error("bare", "%s", "");
    assert_string_equal(written(), "{\"ts\":\"T\",\"level\":\"error\",\"msg\":\"bare\"}\n");
    log_warning("quoted", "why=%s empty=\"\" back=a\\b",
                log_quote("a \"b\" \\ \t c", quoted, sizeof quoted));
    assert_string_equal(written(),
                        "{\"ts\":\"T\",\"level\":\"warning\",\"msg\":\"quoted\","
                        "\"why\":\"a \\\"b\\\" \\\\   c\",\"empty\":\"\",\"back\":\"a\\\\b\"}\n");
}

TEST_WITH(test_levels, capture, release)
{
    static const char all[] = "ts=T level=error msg=\"m\"\n"
                              "ts=T level=warning msg=\"m\"\n"
                              "ts=T level=info msg=\"m\"\n"
                              "ts=T level=debug msg=\"m\"\n";
    size_t len = 0;
    for (int level = LOG_LEVEL_ERROR; level <= LOG_LEVEL_DEBUG; level++) {
        log_configure((enum log_level)level, LOG_LOGFMT, LOG_PRIORITIES_AUTO);
        log_error("m", "%s", "");
        log_warning("m", "%s", "");
        log_info("m", "%s", "");
        log_debug("m", "%s", "");
        len += strcspn(all + len, "\n") + 1;
        const char *text = written();
        assert_int_equal(strlen(text), len);
        assert_memory_equal(text, all, len);
    }
}

TEST(test_names_of_levels_and_formats)
{
    assert_int_equal(log_level_of("verbose"), -EINVAL);
    assert_int_equal(log_format_of("xml"), -EINVAL);
    assert_int_equal(log_priorities_of("sometimes"), -EINVAL);
    assert_int_equal(log_level_of("debug"), LOG_LEVEL_DEBUG);
    assert_int_equal(log_format_of("logfmt"), LOG_LOGFMT);
    assert_int_equal(log_priorities_of("never"), LOG_PRIORITIES_NEVER);
}

static int count_lines(const char *text)
{
    int n = 0;
    for (; *text != '\0'; text++)
        n += *text == '\n';
    return n;
}

static void noisy(void)
{
    log_info("noisy", "n=%d", 1);
}

/* wait_for_second: waits for the start of a second of the monotonic clock, so that what follows
 * lies within one. */
static void wait_for_second(void)
{
    int64_t second = clock_mono_us() / 1000000;
    while (clock_mono_us() / 1000000 == second)
        wait_a_moment();
}

TEST_WITH(test_one_place_writes_20_lines_a_second, capture, release)
{
    wait_for_second();
    for (int i = 0; i < 50; i++)
        noisy();
    log_info("another place", "%s", "");
    const char *text = written();
    assert_int_equal(count_lines(text), 21);
    assert_non_null(strstr(text, "another place"));
    wait_for_second();
    noisy();
    noisy();
    assert_string_equal(
        written(),
        "ts=T level=info msg=\"noisy\" n=1 suppressed=30\nts=T level=info msg=\"noisy\" n=1\n");
}

/* Lines are bounded and end with a newline; a JSON line stays balanced with any fields. */
TEST_WITH(test_long_lines, capture, release)
{
    static char huge[4 * LOG_LINE_MAX];
    static struct log_site sites[2 * LOG_LINE_MAX];
    for (size_t len = 1; len < 2 * LOG_LINE_MAX; len++) {
        huge[0] = '"';
        memset(huge + 1, len % 3 == 0 ? '\\' : 'x', len);
        for (size_t i = 1; len % 3 == 0 && i + 1 <= len; i += 2)
            huge[i + 1] = '"';
        strcpy(huge + 1 + len / 2 * 2, "\"");
        log_configure(LOG_LEVEL_DEBUG, len % 2 == 0 ? LOG_JSON : LOG_LOGFMT, LOG_PRIORITIES_AUTO);
        log_write(&sites[len], LOG_LEVEL_INFO, "a message of ordinary length",
                  "first=1 v=%s last=1", huge);
        const char *text = written();
        assert_int_equal(count_lines(text), 1);
        assert_int_equal(text[strlen(text) - 1], '\n');
        assert_true(strlen(captured) <= LOG_LINE_MAX);
        bool quoted = false;
        for (const char *p = text; len % 2 == 0 && *p != '\0'; p++) {
            if (*p == '\\')
                p++;
            else if (*p == '"')
                quoted = !quoted;
        }
        if (quoted || (len % 2 == 0 && strcmp(text + strlen(text) - 3, "\"}\n") != 0))
            fail_msg("%zu bytes: %s", len, text);
    }
}

TEST(test_quote_cuts)
{
    char out[16];
    for (unsigned size = 6; size <= sizeof out; size++) {
        memset(out, '#', sizeof out);
        log_quote("\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"", out, size);
        size_t len = strlen(out);
        assert_true(len < size && len % 2 == 0);
        assert_true(out[0] == '"' && out[len - 1] == '"');
    }
    assert_string_equal(log_quote("", out, sizeof out), "\"\"");
}

/* A JSON line is valid JSON with any bytes, even if the value was quoted before. */
TEST_WITH(test_json_is_json, capture, release)
{
    static struct log_site sites[4000];
    dice_seed();
    log_configure(LOG_LEVEL_DEBUG, LOG_JSON, LOG_PRIORITIES_AUTO);
    for (size_t i = 0; i < LENGTH(sites); i++) {
        char raw[600], quoted[700];
        size_t len = dice(sizeof raw);
        for (size_t j = 0; j < len; j++)
            raw[j] = (char)(1 + dice(255));
        raw[len] = '\0';
        if (i % 3 == 0)
            log_write(&sites[i], LOG_LEVEL_INFO, "m", "a=%s b=1", raw);
        else if (i % 3 == 1)
            log_write(&sites[i], LOG_LEVEL_INFO, "m", "a=%s b=1",
                      log_quote(raw, quoted, sizeof quoted));
        else
            log_write(&sites[i], LOG_LEVEL_INFO, "m", "a=\"%s\" b=1", raw);
        const char *text = written();
        json_t *doc = json_loads(text, JSON_REJECT_DUPLICATES * (i % 3 == 1), NULL);
        if (doc == NULL || count_lines(text) != 1)
            fail_msg("no JSON: %s", text);
        if (i % 3 == 1 && len > 0)
            assert_non_null(json_object_get(doc, "a"));
        json_decref(doc);
    }
}

TEST_WITH(test_utf8_stays, capture, release)
{
    char quoted[64];
    log_configure(LOG_LEVEL_DEBUG, LOG_JSON, LOG_PRIORITIES_AUTO);
    log_info("m", "a=%s",
             log_quote("\xed\x95\x9c \xc3\xa9 \xf0\x9f\x8e\x9f \xff \xc3", quoted, 64));
    assert_string_equal(written(), "{\"ts\":\"T\",\"level\":\"info\",\"msg\":\"m\",\"a\":"
                                   "\"\xed\x95\x9c \xc3\xa9 \xf0\x9f\x8e\x9f ? ?\"}\n");
}

/* Nobody reads: the log continues at once, counts, and reports how many lines are missing. */
TEST_WITH(test_a_stalled_reader_stalls_nobody, capture, release)
{
    static struct log_site sites[5000];
    static char drain[1 << 20];
    fcntl(pipe_fds[1], F_SETFL,
          fcntl(pipe_fds[1], F_GETFL) & ~O_NONBLOCK); /* as a daemon gets it */
    int64_t before = log_dropped();
    for (size_t i = 0; i < LENGTH(sites); i++)
        log_write(&sites[i], LOG_LEVEL_INFO, "a line that fills the pipe after a while", "i=%zu",
                  i);
    int64_t dropped = log_dropped() - before;
    assert_true(dropped > 0);
    /* other descriptors are unchanged */
    assert_int_equal(fcntl(pipe_fds[1], F_GETFL) & O_NONBLOCK, 0);
    ssize_t n = read(pipe_fds[0], drain, sizeof drain - 1);
    drain[n > 0 ? n : 0] = '\0';
    assert_int_equal(count_lines(drain), (int64_t)LENGTH(sites) - dropped);
    log_info("again", "%s", "");
    assert_string_equal(written(),
                        textf("ts=T level=info msg=\"again\" dropped=%d\n", (int)dropped));
    log_info("again", "%s", "");
    assert_string_equal(written(), "ts=T level=info msg=\"again\"\n");
}

/* The same when standard error is a socket, as under systemd. The log recognizes journald by its
 * inode. */
TEST_WITH(test_journald, capture, release)
{
    static struct log_site sites[5000];
    int pair[2];
    struct stat st;
    char line[LOG_LINE_MAX];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    dup2(pair[1], STDERR_FILENO);
    fstat(STDERR_FILENO, &st);
    const char *stream =
        textf("%llu:%llu", (unsigned long long)st.st_dev, (unsigned long long)st.st_ino);
    setenv("JOURNAL_STREAM", "1:2", 1); /* inherited from another process */
    log_configure(LOG_LEVEL_DEBUG, LOG_LOGFMT, LOG_PRIORITIES_AUTO);
    log_error("m", "%s", "");
    line[read(pair[0], line, sizeof line - 1)] = '\0';
    assert_int_equal(strncmp(line, "ts=", 3), 0);
    setenv("JOURNAL_STREAM", stream, 1);
    static const char *const starts[] = {"<3>ts=", "<4>ts=", "<6>ts=", "<7>ts="};
    log_configure(LOG_LEVEL_DEBUG, LOG_LOGFMT, LOG_PRIORITIES_AUTO);
    for (size_t i = 0; i < LENGTH(starts); i++) {
        log_write(&sites[i], (enum log_level)i, "m", "%s", "");
        line[read(pair[0], line, sizeof line - 1)] = '\0';
        assert_int_equal(strncmp(line, starts[i], 6), 0);
    }
    log_configure(LOG_LEVEL_DEBUG, LOG_LOGFMT, LOG_PRIORITIES_NEVER);
    log_error("m", "%s", "");
    line[read(pair[0], line, sizeof line - 1)] = '\0';
    assert_int_equal(strncmp(line, "ts=", 3), 0);
    int64_t before = log_dropped();
    for (size_t i = 0; i < LENGTH(sites); i++)
        log_write(&sites[i], LOG_LEVEL_INFO, "a line that fills the socket after a while", "i=%zu",
                  i);
    assert_true(log_dropped() > before);
    close(pair[0]);
    close(pair[1]);
    log_error("nobody is there at all", "%s", ""); /* and there is no SIGPIPE */
    dup2(pipe_fds[1], STDERR_FILENO);
    log_configure(LOG_LEVEL_DEBUG, LOG_LOGFMT, LOG_PRIORITIES_AUTO);
    log_info("what is missing is said", "%s", "");
    assert_non_null(strstr(written(), " dropped="));
}

TEST_WITH(test_priorities_always, capture, release)
{
    log_configure(LOG_LEVEL_DEBUG, LOG_JSON, LOG_PRIORITIES_ALWAYS);
    log_warning("m", "%s", "");
    assert_string_equal(written(), "<4>{\"ts\":\"T\",\"level\":\"warning\",\"msg\":\"m\"}\n");
}

TEST_WITH(test_a_line_stays_a_line, capture, release)
{
    log_info("m", "a=%s", "b\nlevel=error\rc");
    assert_string_equal(written(), "ts=T level=info msg=\"m\" a=b level=error c\n");
}

BEFORE_ALL(prepare)
{
    unsetenv("JOURNAL_STREAM");
}
