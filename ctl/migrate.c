/* SPDX-License-Identifier: Apache-2.0 */
/* onrushctl migrate: brings the schema to the version of this binary. */
#include "ctl/commands.h"
#include "ctl/output.h"
#include "ctl/stores.h"
#include "shared/base/embedded.h"
#include "shared/store/schema.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void note_applied(void *arg, const char *name)
{
    json_array_append_new(arg, json_string(name));
}

/* pending_after: the names of the migrations after `version`. */
static json_t *pending_after(int version)
{
    json_t *names = json_array();
    for (const struct embedded *m = schema_migrations; m->name != NULL; m++) {
        if (atoi(m->name) > version)
            json_array_append_new(names, json_string(m->name));
    }
    return names;
}

static void print_names(const char *title, const json_t *names)
{
    size_t i;
    json_t *name;
    json_array_foreach(names, i, name) printf("%-10s %s\n", title, json_string_value(name));
}

static int show_status(struct ctl *ctl)
{
    int version;
    enum db_outcome outcome = schema_version(&ctl->db, &version);
    if (outcome != DB_OK)
        return stores_db_failed(ctl, outcome, "reading the schema version");
    json_t *status = json_pack("{s:i, s:i, s:o}", "version", version, "known", schema_known(),
                               "pending", pending_after(version));
    if (ctl->json) {
        output_json(status);
    } else {
        printf("version    %d\nknown      %d\n", version, schema_known());
        print_names("pending", json_object_get(status, "pending"));
    }
    json_decref(status);
    return CTL_OK;
}

static int apply(struct ctl *ctl)
{
    int version;
    json_t *applied = json_array(), *result = json_pack("{s:o}", "applied", applied);
    enum db_outcome outcome = schema_migrate(&ctl->db, note_applied, applied);
    if (!ctl->json)
        print_names("applied", applied);
    int r = 0;
    if (outcome != DB_OK)
        r = stores_db_failed(ctl, outcome, "migrating");
    else if (schema_check(&ctl->db) != DB_OK || schema_version(&ctl->db, &version) != DB_OK)
        r = ctl_error(CTL_UNAVAILABLE, "MariaDB: %s", ctl->db.error);
    else if (ctl->json && json_object_set_new(result, "version", json_integer(version)) == 0)
        output_json(result);
    else
        printf("the schema has version %d\n", version);
    json_decref(result);
    return r;
}

static int run(struct ctl *ctl, char **args, const char *const *values)
{
    (void)args;
    int r = stores_db_any(ctl);
    if (r != 0)
        return r;
    return values[0] != NULL ? show_status(ctl) : apply(ctl);
}

const struct ctl_command command_migrate = {
    .name = "migrate",
    .args = "",
    .summary = "Applies the migrations that the database lacks",
    .details = "The database must exist. Each migration is applied once, under a lock that other\n"
               "callers wait for; a migration that fails leaves the version before it.",
    .example = "migrate --status",
    .options = {{"status", NULL,
                 "prints the version, the version that is known, and what is pending"}},
    .run = run,
};
