/* SPDX-License-Identifier: Apache-2.0 */
/* Checks the promises on the model's Redis and MariaDB. */
#include "tests/sim/model.h"

#include <stdio.h>
#include <string.h>

/* random_below: splitmix64, Steele et al., OOPSLA 2014. */
uint32_t random_below(struct model *m, uint32_t n)
{
    m->random += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = m->random;
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return (uint32_t)((z ^ z >> 31) % n);
}

bool chance(struct model *m, uint32_t percent)
{
    return random_below(m, 100) < percent;
}

int user_number(const char *user)
{
    return (user[1] - '0') * 10 + user[2] - '0';
}

void user_name(char user[USER_ID_MAX + 1], int u)
{
    user[0] = 'u';
    user[1] = (char)('0' + u / 10);
    user[2] = (char)('0' + u % 10);
    user[3] = '\0';
}

static void require(struct model *m, bool holds, const char *promise)
{
    if (!holds && m->broken == NULL)
        m->broken = promise;
}

static void check_user(struct model *m, int u)
{
    const struct model_user *user = &m->redis.users[u];
    const struct model_row *row = &m->db.rows[u];
    require(m, user->state != 'g' || row->serial != 0, "granted was shown before it was committed");
    require(m, user->state != 'g' || (row->serial == user->serial && row->ticket == user->ticket),
            "redis shows another serial or ticket than mariadb");
    require(m, user->state != 's' || row->serial == 0, "told sold out, but has a coupon");
    require(m, user->state != 'r' || ((m->db.noted | m->aside) >> u & 1),
            "told refused, and mariadb does not know");
    require(m, user->queued == 0 || user->state == 0, "a request is in the queue and decided");
}

void model_check(struct model *m)
{
    const struct model_redis *r = &m->redis;
    uint32_t rows = 0;
    int64_t waiting = 0;
    for (int u = 0; u < USERS; u++) {
        check_user(m, u);
        rows += m->db.rows[u].serial != 0;
        waiting += r->users[u].queued > 0;
    }
    require(m, rows <= m->db.quota, "more coupons than the quota");
    require(m, rows == m->db.granted, "campaigns.granted is not the number of coupons");
    require(m, r->admitted == r->granted + r->sold_out + r->refused + waiting,
            "a request is not accounted for");
}

/* check_order: checks that serials have no gaps and follow the tickets, and that no rejected ticket
 * is lower than a granted one. */
static void check_order(struct model *m)
{
    uint64_t last = 0;
    for (uint32_t s = 1; s <= m->db.granted; s++) {
        int u = m->db.serial_owner[s] - 1;
        require(m, u >= 0, "a serial is missing");
        if (u < 0)
            return;
        require(m, m->db.rows[u].ticket > last, "serials are not in ticket order");
        last = m->db.rows[u].ticket;
    }
    for (int u = 0; u < USERS; u++)
        require(m, m->redis.users[u].state != 's' || m->redis.users[u].ticket > last,
                "a user was overtaken");
}

/* check_clients: a user told "accepted" before another first asked must not be behind that one.
 * Users set aside are not judged. */
static void check_clients(struct model *m)
{
    for (int a = 0; a < USERS; a++) {
        bool judged = m->acked_at[a] > 0 && m->redis.users[a].state != 'r';
        for (int b = 0; b < USERS && judged; b++) {
            bool later = m->asked_at[b] > m->acked_at[a] && m->db.rows[b].serial != 0;
            require(m,
                    !later ||
                        (m->db.rows[a].serial != 0 && m->db.rows[a].serial < m->db.rows[b].serial),
                    "somebody who asked later was served first");
        }
    }
}

void model_check_end(struct model *m)
{
    uint64_t decided = 0, refused = 0;
    model_check(m);
    for (int u = 0; u < USERS; u++) {
        decided += m->redis.users[u].state != 0;
        refused += m->redis.users[u].state == 'r';
        require(m, !model_waits(&m->redis.users[u]), "a request waits for ever");
        require(m, m->wiped || !(m->acked >> u & 1) || m->redis.users[u].state != 0,
                "an accepted request is lost");
        require(m, m->redis.users[u].state == 'g' || m->db.rows[u].serial == 0,
                "a coupon was never shown");
    }
    require(m, decided - refused < m->db.quota || m->db.granted == m->db.quota,
            "coupons are left unsold");
    if (!m->wiped && !m->torn && m->db.poison == 0)
        check_order(m);
    if (!m->wiped && !m->torn && m->db.poison == 0 && !m->skewed)
        check_clients(m);
}
