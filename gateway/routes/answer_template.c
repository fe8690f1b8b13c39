/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/routes/answer_template.h"

#include "shared/store/protocol.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define NUMBER_MAX 20 /* digits */

static const char *const slot_names[SLOTS_N] = {
#define X(name) #name,
    TEMPLATE_SLOTS(X)
#undef X
};

/* The longest value of each placeholder; "null" is shorter. */
static const size_t slot_max[SLOTS_N] = {
    [SLOT_user] = USER_ID_MAX,  [SLOT_campaign] = CAMPAIGN_NAME_MAX,
    [SLOT_ticket] = NUMBER_MAX, [SLOT_position] = NUMBER_MAX,
    [SLOT_serial] = NUMBER_MAX, [SLOT_code] = COUPON_CODE_LEN,
};

/* hole_len: returns the length of the placeholder that begins here; 0: none. JSON has no { before a
 * letter. */
static size_t hole_len(const char *p)
{
    if (*p != '{')
        return 0;
    size_t n = strspn(p + 1, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
    return n > 0 && p[n + 1] == '}' ? n + 2 : 0;
}

static int find_slot(const char *hole, size_t len)
{
    for (int i = 0; i < SLOTS_N; i++) {
        if (strlen(slot_names[i]) == len - 2 && memcmp(hole + 1, slot_names[i], len - 2) == 0)
            return i;
    }
    return -1;
}

/* list_slots: writes "{user}, {campaign}" to `out`. */
static void list_slots(unsigned allowed, char *out, size_t size)
{
    snprintf(out, size, "%s", allowed == 0 ? "none" : "");
    for (int i = 0; i < SLOTS_N; i++) {
        size_t n = strlen(out);
        if (allowed & 1u << i)
            snprintf(out + n, size - n, "%s{%s}", n > 0 ? ", " : "", slot_names[i]);
    }
}

/* split: takes the placeholders out of the text, in place. */
static int split(struct answer_template *t, const char *body, unsigned allowed, char *error,
                 size_t size)
{
    size_t longest = 0;
    char list[128];
    for (const char *p = body; *p != '\0';) {
        size_t len = hole_len(p);
        if (len == 0) {
            t->text[t->len++] = *p++;
            continue;
        }
        int slot = find_slot(p, len);
        list_slots(allowed, list, sizeof list);
        if (slot < 0 || (allowed & 1u << slot) == 0) {
            snprintf(error, size, "there is no %.*s here: expected %s", (int)len, p, list);
            return -EINVAL;
        }
        if (t->n_holes == TEMPLATE_HOLES_MAX) {
            snprintf(error, size, "more than %d placeholders", TEMPLATE_HOLES_MAX);
            return -EINVAL;
        }
        t->holes[t->n_holes].at = t->len;
        t->holes[t->n_holes++].slot = (enum template_slot)slot;
        longest += slot_max[slot];
        p += len;
    }
    if (t->len + longest > TEMPLATE_RENDERED_MAX) {
        snprintf(error, size, "may become %zu bytes: expected at most %d", t->len + longest,
                 TEMPLATE_RENDERED_MAX);
        return -EINVAL;
    }
    return 0;
}

static bool renders_json(const struct answer_template *t, const struct template_values *values)
{
    char out[TEMPLATE_RENDERED_MAX + 1];
    json_t *json = json_loadb(out, template_render(t, values, out), JSON_DECODE_ANY, NULL);
    json_decref(json);
    return json != NULL;
}

/* check_json: tests with all values, and with as few as possible. */
static int check_json(const struct answer_template *t, char *error, size_t size)
{
    const struct template_values all = {
        .text = {[SLOT_user] = "u-1", [SLOT_campaign] = "c-1", [SLOT_code] = "X-1"}};
    struct template_values few = all;
    few.number[SLOT_ticket] = few.number[SLOT_position] = -1;
    if ((t->len == 0 && t->n_holes == 0) || (renders_json(t, &all) && renders_json(t, &few)))
        return 0;
    snprintf(error, size,
             "no JSON: expected JSON, with {user}, {campaign} and {code} inside of quotes");
    return -EINVAL;
}

int template_compile(struct answer_template *out, char *body, unsigned allowed, char *error,
                     size_t error_size)
{
    struct answer_template t = {.text = body};
    int r = split(&t, body, allowed, error, error_size);
    if (r == 0)
        r = check_json(&t, error, error_size);
    if (r == 0)
        *out = t;
    return r;
}

static size_t put_slot(char *out, const struct template_values *v, enum template_slot slot)
{
    bool is_text = slot == SLOT_user || slot == SLOT_campaign || slot == SLOT_code;
    if (is_text ? v->text[slot] == NULL : v->number[slot] < 0) {
        memcpy(out, "null", 4);
        return 4;
    }
    if (!is_text)
        return (size_t)snprintf(out, NUMBER_MAX + 1, "%" PRId64, v->number[slot]);
    size_t len = strnlen(v->text[slot], slot_max[slot]);
    memcpy(out, v->text[slot], len);
    return len;
}

size_t template_render(const struct answer_template *t, const struct template_values *values,
                       char *out)
{
    size_t from = 0;
    char *p = out;
    for (size_t i = 0; i < t->n_holes; i++) {
        p = mempcpy(p, t->text + from, t->holes[i].at - from);
        from = t->holes[i].at;
        p += put_slot(p, values, t->holes[i].slot);
    }
    p = mempcpy(p, t->text + from, t->len - from);
    return (size_t)(p - out);
}
