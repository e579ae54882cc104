/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EXPRESSION_PARSER_H
#define EXPRESSION_PARSER_H

struct arena;
struct expression_error;
struct term;

/** parser_parse(arena, text, error): the term ${text} says, in ${arena}, nothing of it typed but its constants; NULL with the
 * error set. Precedence, from tightest: unary + -, ||, * / %, + -, < <= > >=, = == <> != IS IN LIKE BETWEEN REGEXP, NOT, AND,
 * OR; all from left to right, as SQLite has it. */
struct term *parser_parse(struct arena *arena, const char *text, struct expression_error *error);

#endif
