/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files that read `routes`. Every function returns 0, or a negative errno with the
 * message in reading->error. */
#ifndef ONRUSH_GATEWAY_ROUTE_READING_H
#define ONRUSH_GATEWAY_ROUTE_READING_H

#include "gateway/routes/route_table.h"
#include "shared/base/config.h"

#include <libconfig.h>

struct reading {
    struct routes *routes;
    const char *path; /* of the file */
    char *error;
    struct route *route; /* the one that is being read */
};

#define FAIL(r, at, ...) config_fail(at, (r)->path, (r)->error, __VA_ARGS__)

int reading_out_of_memory(struct reading *r, const config_setting_t *at);

/* reading_keep: a copy that lives as long as the table; NULL: no memory. */
char *reading_keep(struct reading *r, const char *text);

/* reading_members: is every member of a group one of these? `expected` names them for people. */
int reading_members(struct reading *r, const config_setting_t *group, const char *what,
                    const char *const *names, const char *expected);

/* reading_text: the text of a member of `group`, which must be there, and where it stands. */
int reading_text(struct reading *r, const config_setting_t *group, const char *name,
                 const char **text, const config_setting_t **at);

/* reading_answers: the group `answers` of a route. In route_answers.c. */
int reading_answers(struct reading *r, const config_setting_t *route);

#endif
