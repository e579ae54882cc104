/* SPDX-License-Identifier: Apache-2.0 */
#ifndef POSTGRES_OPTIONS_H
#define POSTGRES_OPTIONS_H

#include "postgres_wire.h"

/* Where a database is: the options that every connector for PostgreSQL has, in the struct that begins with a struct postgres_place. */
#define POSTGRES_OPTIONS(self)                                                                                                     \
    {.name = "dsn", .type = DAYBREAK_TEXT, .at = offsetof(struct self, place.dsn), .secret = true,                                  \
     .help = "Connection string, as psql takes it; best as a secret. What stands beside it wins.",                                  \
     .example = "{secret: pg}"},                                                                                                    \
    {.name = "host", .type = DAYBREAK_TEXT, .at = offsetof(struct self, place.host),                                                \
     .help = "Host name, or the folder of its socket; PGHOST or the local socket without it.", .example = "db.example.org"},        \
    {.name = "port", .type = DAYBREAK_INTEGER, .at = offsetof(struct self, place.port), .min = 1, .max = 65535,                     \
     .help = "Port of the server; PGPORT or 5432 without it."},                                                                     \
    {.name = "user", .type = DAYBREAK_TEXT, .at = offsetof(struct self, place.user), .help = "Who logs in."},                       \
    {.name = "password", .type = DAYBREAK_TEXT, .at = offsetof(struct self, place.password), .secret = true,                        \
     .help = "Password of the user; ~/.pgpass is asked without it.", .example = "{secret: pg}"},                                    \
    {.name = "dbname", .type = DAYBREAK_TEXT, .at = offsetof(struct self, place.dbname), .help = "Name of the database.",           \
     .example = "shop"},                                                                                                            \
    {.name = "schema", .type = DAYBREAK_TEXT, .at = offsetof(struct self, place.schema), .example = "sales",                        \
     .help = "Schema of the tables; the first one of the role's search_path without it."},                                          \
    {.name = "connect", .type = DAYBREAK_DURATION, .at = offsetof(struct self, place.connect_ms), .preset = "10s",                  \
     .min = 1, .max = 3600000, .help = "How long to wait for a connection before the run tries again."},                            \
    {.name = "answer", .type = DAYBREAK_DURATION, .at = offsetof(struct self, place.answer_ms), .preset = "120s",                   \
     .min = 1, .max = 86400000, .help = "The longest silence of a server that owes an answer; then the connection counts as lost."}, \
    {.name = "wait", .type = DAYBREAK_DURATION, .at = offsetof(struct self, place.wait_ms), .preset = "30s", .min = 1,              \
     .max = 3600000, .help = "How long to wait for locks of others."}

#endif
