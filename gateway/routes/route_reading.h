/* SPDX-License-Identifier: Apache-2.0 */
/* What the files that read `routes` share. Functions return 0, or a negative errno with a message
 * in reading->error. */
#ifndef ONRUSH_GATEWAY_ROUTE_READING_H
#define ONRUSH_GATEWAY_ROUTE_READING_H

#include "gateway/routes/route_table.h"
#include "shared/base/config.h"

#include <libconfig.h>

struct reading {
    struct routes *routes;
    const char *path; /* of the file */
    char *error;
    struct route *route; /* the one being read */
};

#define FAIL(r, at, ...) config_fail(at, (r)->path, (r)->error, __VA_ARGS__)

int reading_out_of_memory(struct reading *r, const config_setting_t *at);

/* reading_keep: copies a text for the table's lifetime. NULL: no memory. */
char *reading_keep(struct reading *r, const char *text);

/* reading_members: is every member of the group in `names`? `expected` names them in the
 * message. */
int reading_members(struct reading *r, const config_setting_t *group, const char *what,
                    const char *const *names, const char *expected);

/* reading_text: gets the text of a required member of `group`, and its place in the file. */
int reading_text(struct reading *r, const config_setting_t *group, const char *name,
                 const char **text, const config_setting_t **at);

/* reading_answers: reads the group `answers` of a route. In route_answers.c. */
int reading_answers(struct reading *r, const config_setting_t *route);

#endif
