/* SPDX-License-Identifier: Apache-2.0 */
/* An outage of MariaDB in the gateway's archives: requests keep coming, and each is answered
 * "away". How often does the gateway retry MariaDB? */
#include "tests/support/test.h"

#include "gateway/journal/archive.h"
#include "gateway/metrics.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "tests/support/outage.h"

#include <signal.h>
#include <string.h>

#define OUTAGE_US 2500000

TEST(test_archive)
{
    static struct gateway_metrics m;
    const struct archive_metrics counted = {.mariadb_up = &m.mariadb_up,
                                            .batches = &m.journal_batches,
                                            .rows = &m.journal_rows,
                                            .time = &m.journal_time};
    struct outage outage;
    struct archive *archive;
    int64_t answered = 0;
    struct db_config config = {
        .user = "nobody", .connect_timeout_ms = 1000, .query_timeout_ms = 1000};
    struct archive_job job = {.op = ARCHIVE_WRITE, .name = "noon", .user = "ann", .arrival_us = 1};
    struct mailbox done;
    mailbox_init(&done);
    outage_start(&outage);
    strcpy(config.socket, outage.path);
    assert_int_equal(archive_new(&archive, &config, &done, &counted), 0);
    for (int64_t until_us = clock_mono_us() + OUTAGE_US; clock_mono_us() < until_us; answered++) {
        archive_put(archive, &job);
        /* then the next one is gathered */
        assert_true(mailbox_wait(&done, MAILBOX_FOREVER));
        assert_ptr_equal(mailbox_take(&done), &job.mail);
        assert_int_equal(job.answer, ARCHIVE_AWAY);
    }
    int64_t n = outage.connects, most = outage_most(&outage, 100, 2000);
    print_message("%d requests, %d connects, at most %d\n", (int)answered, (int)n, (int)most);
    assert_in_range(n, 1, most);
    assert_true(answered > n);
    archive_free(archive);
    mailbox_end(&done, NULL);
    outage_stop(&outage);
}

BEFORE_ALL(prepare)
{
    signal(SIGPIPE, SIG_IGN);
    log_configure(LOG_LEVEL_ERROR, LOG_LOGFMT, LOG_PRIORITIES_AUTO);
}
