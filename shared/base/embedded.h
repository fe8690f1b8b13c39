/* SPDX-License-Identifier: Apache-2.0 */
/* Files that are compiled into a binary (cmake/Embed.cmake makes the arrays). */
#ifndef ONRUSH_EMBEDDED_H
#define ONRUSH_EMBEDDED_H

struct embedded {
    const char *name; /* file name without folder; NULL ends the array */
    const char *text; /* contents, ended by a NUL */
};

extern const struct embedded redis_functions_source[]; /* shared/store/functions.lua, one entry */
extern const struct embedded schema_migrations[];      /* migrations/NNNN_name.sql, in order */

#endif
