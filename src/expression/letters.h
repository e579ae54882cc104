/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EXPRESSION_LETTERS_H
#define EXPRESSION_LETTERS_H

/** letters_upper(code), letters_lower(code): the capital or small form of a code point by Unicode's simple mappings, which are
 * one letter for one letter (so ß stays, and every sigma becomes σ); itself where it has none. UTF-8 grows by a half at most. */
unsigned letters_upper(unsigned code);
unsigned letters_lower(unsigned code);

#endif
