/* SPDX-License-Identifier: Apache-2.0 */
/* ctl/audit_users: the audit's verdict on one user, from Redis' keys and MariaDB's row. */
#include "tests/support/test.h"

#include "ctl/audit_users.h"

#include <stdio.h>
#include <string.h>

#define CODE "AAAA-AAAA-AAAA-AAAA"
#define LAST 50 /* highest granted ticket */

struct found {
    const char *state; /* in `users` */
    uint64_t queue;    /* ticket in the queue; 0: not in it */
    uint32_t row;      /* serial in MariaDB, with ticket 7; 0: no row */
    bool rechecked;
};

static enum audit_verdict judge(const struct found *f)
{
    struct audit_user u = {.id = "u-1",
                           .queue_ticket = f->queue,
                           .row_serial = f->row,
                           .row_ticket = f->row != 0 ? 7 : 0,
                           .row_code_hash = f->row != 0 ? audit_hash(CODE, strlen(CODE)) : 0,
                           .rechecked = f->rechecked};
    audit_users_state(&u, f->state, f->state != NULL ? strlen(f->state) : 0);
    return audit_users_verdict(&u, LAST);
}

TEST(test_verdicts)
{
    static const struct {
        const char *name;
        struct found found;
        enum audit_verdict verdict;
    } cases[] = {
        {"waits", {NULL, 60, 0, false}, VERDICT_FINE},
        {"is granted", {"g1:" CODE ":7", 0, 1, false}, VERDICT_FINE},
        {"is sold out", {"s60", 0, 0, false}, VERDICT_FINE},
        {"is refused", {"rrow-refused:3", 0, 0, false}, VERDICT_FINE},
        {"is committed and not yet settled", {NULL, 7, 1, false}, VERDICT_FINE},
        {"settled after MariaDB was read", {"g1:" CODE ":7", 0, 0, true}, VERDICT_FINE},
        {"not in MariaDB", {"g1:" CODE ":7", 0, 0, false}, VERDICT_UNCOMMITTED},
        {"another serial", {"g2:" CODE ":7", 0, 1, false}, VERDICT_UNCOMMITTED},
        {"another code", {"g1:BAAA-AAAA-AAAA-AAAA:7", 0, 1, false}, VERDICT_UNCOMMITTED},
        {"another ticket", {"g1:" CODE ":8", 0, 1, false}, VERDICT_UNCOMMITTED},
        {"granted, and Redis knows nothing", {NULL, 0, 1, false}, VERDICT_NOT_SHOWN},
        {"granted, and told sold out", {"s60", 0, 1, false}, VERDICT_NOT_SHOWN},
        {"granted, and told refused", {"rwhy:7", 0, 1, false}, VERDICT_NOT_SHOWN},
        {"granted, and nobody can read it", {"what", 0, 1, false}, VERDICT_NOT_SHOWN},
        {"overtaken", {"s49", 0, 0, false}, VERDICT_OVERTAKEN},
        {"sold out and in the queue", {"s60", 60, 0, false}, VERDICT_MISPLACED},
        {"refused and in the queue", {"rwhy:3", 3, 0, false}, VERDICT_MISPLACED},
        {"granted and in the queue", {"g1:" CODE ":7", 7, 1, false}, VERDICT_MISPLACED},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        if (judge(&cases[i].found) != cases[i].verdict)
            fail_msg("who %s: verdict %d", cases[i].name, judge(&cases[i].found));
    }
}

TEST(test_each_user_once)
{
    enum { USERS = 5000 };
    struct audit_users users = {0};
    char id[16];
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < USERS; i++) {
            size_t len = (size_t)sprintf(id, "u-%d", i);
            struct audit_user *u = audit_users_of(&users, id, len);
            assert_non_null(u);
            assert_string_equal(u->id, id);
            assert_int_equal(u->row_serial, round == 0 ? 0 : i + 1);
            u->row_serial = (uint32_t)i + 1;
        }
    }
    assert_int_equal(users.n, USERS);
    audit_users_clear(&users);
}

/* Such a state can only be written by hand: the audit reads it up to the NUL, and `request show`
 * shows the true state. */
TEST(test_a_nul_in_a_member)
{
    struct audit_users users = {0};
    struct audit_user *u = audit_users_of(&users, "a", 1);
    assert_ptr_equal(audit_users_of(&users, "a\0b", 3), u);
    assert_int_equal(users.n, 1);
    audit_users_clear(&users);
}
