/* SPDX-License-Identifier: Apache-2.0 */
/* Files compiled into a binary (cmake/Embed.cmake generates the arrays). */
#ifndef ONRUSH_EMBEDDED_H
#define ONRUSH_EMBEDDED_H

struct embedded {
    const char *name; /* without folder; NULL ends the array */
    const char *text; /* NUL-terminated */
};

extern const struct embedded redis_functions_source[]; /* shared/store/functions.lua, one entry */
extern const struct embedded schema_migrations[];      /* migrations/NNNN_name.sql, in order */

#endif
