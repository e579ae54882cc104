/* SPDX-License-Identifier: Apache-2.0 */
#ifndef POSTGRES_SERVER_H
#define POSTGRES_SERVER_H

/** postgres_server(verb, dir): a verb of tests/support/postgres.sh on the server in ${dir}: its exit status. */
int postgres_server(const char *verb, const char *dir);

#endif
