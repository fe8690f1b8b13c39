/* SPDX-License-Identifier: Apache-2.0 */
/* insert: the baseline of the scheduler: the same rows, table, number of connections, transaction
 * size and guard, but no queue, ledger or lease, and codes made beforehand.
 *
 * It has its own SQL on purpose: with the scheduler's SQL, a slow scheduler would slow its own
 * baseline. Each thread owns its connection and rows; threads share only the next batch number. */
#include "loadtests/bench/bench.h"

#include "shared/base/clock.h"
#include "shared/store/protocol.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#define POOL_MAX  64
#define BATCH_MAX 5000

struct row {
    uint32_t campaign_id, serial;
    char user[USER_ID_MAX + 1], code[COUPON_CODE_LEN + 1];
    unsigned long user_len, code_len;
    uint64_t ticket;
};

struct bulk {
    uint32_t campaign_id;
    int64_t n, batch;
    struct row *rows;
    _Atomic int64_t next; /* index of the next row */
    _Atomic bool failed;
};

struct inserter {
    pthread_t thread;
    struct bulk *bulk;
    struct db db;
    MYSQL_STMT *insert, *guard;
};

static int insert_open(struct inserter *in, const struct bench_args *args)
{
    if (bench_db(args, &in->db) != DB_OK)
        return -1;
    in->insert = db_prepare(
        &in->db,
        "INSERT INTO coupons (campaign_id, serial, user_id, code, ticket) VALUES (?,?,?,?,?)");
    in->guard = db_prepare(
        &in->db, "UPDATE campaigns SET granted = granted + ?, watermark = GREATEST(watermark, ?) "
                 "WHERE id = ? AND granted + ? <= quota");
    return in->insert != NULL && in->guard != NULL ? 0 : -1;
}

static void insert_close(struct inserter *in)
{
    if (in->insert != NULL)
        mysql_stmt_close(in->insert);
    if (in->guard != NULL)
        mysql_stmt_close(in->guard);
    db_close(&in->db);
}

static bool put_rows(struct inserter *in, struct row *first, unsigned n)
{
    size_t row_size = sizeof *first;
    MYSQL_BIND bind[] = {
        {.buffer_type = MYSQL_TYPE_LONG, .buffer = &first->campaign_id, .is_unsigned = 1},
        {.buffer_type = MYSQL_TYPE_LONG, .buffer = &first->serial, .is_unsigned = 1},
        {.buffer_type = MYSQL_TYPE_STRING, .buffer = first->user, .length = &first->user_len},
        {.buffer_type = MYSQL_TYPE_STRING, .buffer = first->code, .length = &first->code_len},
        {.buffer_type = MYSQL_TYPE_LONGLONG, .buffer = &first->ticket, .is_unsigned = 1},
    };
    mysql_stmt_attr_set(in->insert, STMT_ATTR_ARRAY_SIZE, &n);
    mysql_stmt_attr_set(in->insert, STMT_ATTR_ROW_SIZE, &row_size);
    return mysql_stmt_bind_param(in->insert, bind) == 0 && mysql_stmt_execute(in->insert) == 0;
}

static bool put_guard(struct inserter *in, struct row *last, uint64_t n)
{
    MYSQL_BIND bind[] = {
        {.buffer_type = MYSQL_TYPE_LONGLONG, .buffer = &n, .is_unsigned = 1},
        {.buffer_type = MYSQL_TYPE_LONGLONG, .buffer = &last->ticket, .is_unsigned = 1},
        {.buffer_type = MYSQL_TYPE_LONG, .buffer = &last->campaign_id, .is_unsigned = 1},
        {.buffer_type = MYSQL_TYPE_LONGLONG, .buffer = &n, .is_unsigned = 1},
    };
    return mysql_stmt_bind_param(in->guard, bind) == 0 && mysql_stmt_execute(in->guard) == 0 &&
           mysql_stmt_affected_rows(in->guard) == 1;
}

static void *insert_main(void *arg)
{
    struct inserter *in = arg;
    struct bulk *bulk = in->bulk;
    int64_t at;
    mysql_thread_init();
    while (!bulk->failed && (at = atomic_fetch_add(&bulk->next, bulk->batch)) < bulk->n) {
        int64_t n = bulk->n - at < bulk->batch ? bulk->n - at : bulk->batch;
        if (db_exec(&in->db, "START TRANSACTION", NULL) != DB_OK ||
            !put_rows(in, &bulk->rows[at], (unsigned)n) ||
            !put_guard(in, &bulk->rows[at + n - 1], (uint64_t)n) ||
            mysql_commit(in->db.link) != 0) {
            fprintf(stderr, "onrush-bench: %s%s\n", mysql_stmt_error(in->insert),
                    mysql_error(in->db.link));
            bulk->failed = true;
        }
    }
    mysql_thread_end();
    return NULL;
}

/* make_rows: makes rows as the scheduler writes them: serials from 1, ids like those of `fill`,
 * random codes. */
static struct row *make_rows(uint32_t campaign_id, int64_t n)
{
    struct row *rows = calloc((size_t)n, sizeof *rows);
    int64_t now_us = clock_wall_us();
    for (int64_t i = 0; rows != NULL && i < n; i++) {
        uint64_t dice;
        arc4random_buf(&dice, sizeof dice);
        rows[i] = (struct row){.campaign_id = campaign_id,
                               .serial = (uint32_t)i + 1,
                               .code_len = COUPON_CODE_LEN,
                               .ticket = (uint64_t)(now_us + i)};
        rows[i].user_len = (unsigned long)snprintf(rows[i].user, sizeof rows[i].user,
                                                   "u-%016" PRIx64, (uint64_t)i + 1);
        snprintf(rows[i].code, sizeof rows[i].code, "%04x-%04x-%04x-%04x",
                 (unsigned)(dice & 0xffff), (unsigned)(dice >> 16 & 0xffff),
                 (unsigned)(dice >> 32 & 0xffff), (unsigned)(dice >> 48));
    }
    return rows;
}

static uint32_t campaign_id(const struct bench_args *args)
{
    struct db db = {0};
    int64_t id = 0;
    if (bench_db(args, &db) == DB_OK)
        db_number(&db, &id, "SELECT id FROM campaigns WHERE name = %s",
                  bench_text(args, "campaign", NULL));
    db_close(&db);
    return id > 0 ? (uint32_t)id : 0;
}

/* run_pool: opens every connection first. Returns µs from the first batch to the last COMMIT, or -1
 * on failure. */
static int64_t run_pool(const struct bench_args *args, struct bulk *bulk, int64_t pool)
{
    static struct inserter inserters[POOL_MAX];
    int64_t n = 0;
    for (int64_t i = 0; i < pool && !bulk->failed; i++) {
        inserters[i].bulk = bulk;
        bulk->failed = insert_open(&inserters[i], args) < 0;
    }
    int64_t started_us = clock_mono_us();
    while (n < pool && !bulk->failed &&
           pthread_create(&inserters[n].thread, NULL, insert_main, &inserters[n]) == 0)
        n++;
    for (int64_t i = 0; i < n; i++)
        pthread_join(inserters[i].thread, NULL);
    int64_t us = clock_mono_us() - started_us;
    for (int64_t i = 0; i < pool; i++)
        insert_close(&inserters[i]);
    return n == pool && !bulk->failed ? us : -1;
}

int bench_insert(const struct bench_args *args)
{
    struct bulk bulk = {.n = bench_number(args, "n", -1),
                        .batch = bench_number(args, "batch", 1000)};
    int64_t pool = bench_number(args, "pool", 4);
    if (pool < 1 || pool > POOL_MAX || bulk.batch < 1 || bulk.batch > BATCH_MAX) {
        bench_fail("insert", "pool is 1 to 64, batch 1 to 5000");
        return BENCH_USAGE;
    }
    mysql_library_init(0, NULL, NULL);
    bulk.campaign_id = campaign_id(args);
    if (bulk.campaign_id == 0)
        return bench_fail("insert", "there is no such campaign");
    bulk.rows = make_rows(bulk.campaign_id, bulk.n);
    if (bulk.rows == NULL)
        return bench_fail("insert", "out of memory");
    int64_t us = run_pool(args, &bulk, pool);
    free(bulk.rows);
    mysql_library_end();
    if (us < 0)
        return bench_fail("insert", "a statement failed, or the guard did not hold");
    printf("{\"rows\":%" PRId64 ",\"us\":%" PRId64 "}\n", bulk.n, us);
    return BENCH_OK;
}
