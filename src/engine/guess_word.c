/* SPDX-License-Identifier: Apache-2.0 */
/* Guessing: what the names of columns say. Names are taken apart into lower-case words, whatever way of writing them joins. */
#include <string.h>

#include "guess_parts.h"

#define WORDS_MAX 16
#define WORD_ROOM 40

struct words {
    char word[WORDS_MAX][WORD_ROOM];
    uint32_t count;
};

static bool
is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

static bool
is_lower(char c)
{
    return (c >= 'a' && c <= 'z') || (unsigned char)c >= 0x80;
}

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* "orderID", "Order id", "ORDER_ID", "orderid2": a word ends where case, or letters and digits, change. */
static void
words_of(const char *name, struct words *words)
{
    size_t size = 0;

    *words = (struct words){.count = 0};
    for (size_t i = 0; name[i] != '\0' && words->count < WORDS_MAX; i++) {
        bool part = is_upper(name[i]) || is_lower(name[i]) || is_digit(name[i]);
        bool ends = size > 0 && (!part || is_digit(name[i]) != is_digit(name[i - 1]) ||
                                 (is_upper(name[i]) && (is_lower(name[i - 1]) || is_lower(name[i + 1]))));

        if (ends) {
            words->count++;
            size = 0;
        }
        if (!part || words->count == WORDS_MAX)
            continue;
        if (size < WORD_ROOM - 1) {
            words->word[words->count][size++] = (char)(is_upper(name[i]) ? name[i] | 0x20 : name[i]);
            words->word[words->count][size] = '\0';
        }
    }
    if (size > 0 && words->count < WORDS_MAX)
        words->count++;
}

static bool
is_one_of(const char *word, const char *choices)
{
    size_t size = strlen(word);

    for (const char *at = choices; size > 0; at++) {
        size_t length = strcspn(at, "|");

        if (length == size && memcmp(at, word, size) == 0)
            return true;
        at += length;
        if (*at == '\0')
            break;
    }
    return false;
}

bool
guess_word_in(const char *name, const char *choices)
{
    struct words words;

    words_of(name, &words);
    for (uint32_t i = 0; i < words.count; i++)
        if (is_one_of(words.word[i], choices))
            return true;
    return false;
}

bool
guess_word_last(const char *name, const char *choices)
{
    struct words words;

    words_of(name, &words);
    return words.count > 0 && is_one_of(words.word[words.count - 1], choices);
}

bool
guess_word_code(const char *name)
{
    return guess_word_in(name, "zip|zipcode|postal|postcode|plz|cap|phone|telephone|telefon|tel|mobile|fax|iban|bic|blz|swift|"
                               "account|acct|konto|kontonummer|kto|ssn|vat|ust|tax|taxid|ean|gtin|isbn|issn|upc|barcode|imei|imsi|"
                               "msisdn|icd|naics|sic|cusip|isin|siret|siren|sku|serial|passport|licence|license|fips");
}

/* The name of a table as its rows are called: "orders" and "order", "countries" and "country". */
static bool
is_row_of(const char *table, const char *word)
{
    size_t size = strlen(word), whole = strlen(table);

    if (size < 2 || whole < size)
        return false;
    if (strncmp(table, word, size) == 0)
        return strcmp(table + size, "") == 0 || strcmp(table + size, "s") == 0 || strcmp(table + size, "es") == 0 ||
               strcmp(table + size, "en") == 0 || strcmp(table + size, "n") == 0;
    return word[size - 1] == 'y' && strncmp(table, word, size - 1) == 0 && strcmp(table + size - 1, "ies") == 0;
}

static bool
names_table(const char *name, const char *table)
{
    struct words words, tables;

    words_of(name, &words);
    words_of(table, &tables);
    for (uint32_t i = 0; i + 1 < words.count; i++)
        for (uint32_t k = 0; k < tables.count; k++)
            if (is_row_of(tables.word[k], words.word[i]))
                return true;
    return false;
}

int
guess_word_key(const char *name, const char *table)
{
    static const struct {
        const char *words;
        int score;
    } last[] = {
        {"id|ids|ident|identifier|uuid|guid|oid|rowid", 80},
        {"key|pk|schluessel|schlüssel|clef|clave", 78},
        {"no|nr|num|number|nummer|numero|número|numéro|código|codigo|code|ref|reference|referenz|sku|isbn|iban|ean|gtin|vin|imei", 64},
        {"domain|host|hostname|url|email|mail|username|login|slug|symbol|ticker|handle", 40},
        {"name|label|title|path|file|filename", 25},
    };
    struct words words;

    words_of(name, &words);
    if (guess_word_last(name, "message|msg|text|comment|comments|description|desc|note|notes|remark|remarks|body|subject|content|"
                              "bemerkung|beschreibung|kommentar|log|details|reason"))
        return -60;
    if (words.count == 1 && is_one_of(words.word[0], "id|uuid|guid|key|pk|rowid|recid"))
        return 100;
    for (size_t i = 0; i < sizeof last / sizeof *last; i++) {
        if (!guess_word_last(name, last[i].words))
            continue;
        return last[i].score + (i < 3 && names_table(name, table) ? 15 : 0);
    }
    if (words.count == 1 && strlen(words.word[0]) > 3 && strcmp(words.word[0] + strlen(words.word[0]) - 2, "id") == 0)
        return 70; /* orderid */
    return guess_word_in(name, "id|key|sku|isbn|iban|domain") ? 35 : 0;
}

int
guess_word_changed(const char *name)
{
    if (guess_word_in(name, "updated|update|modified|changed|geaendert|geändert|aenderung|änderung|aktualisiert|modification|mtime|"
                            "lastmod|lastmodified|lastupdate|lastupdated|lastchange|lastchanged|modif|upd|chg|changedate|changetime|"
                            "updatedat|modifiedat|revised|touched|actualizado|modificado|maj|aggiornato|gewijzigd"))
        return 100;
    if (guess_word_in(name, "created|creation|added|inserted|born|birth|birthday|birthdate|dob|due|deadline|start|started|begin|end|"
                            "ended|expires|expiry|expiration|valid|from|until|till|since|to|closed|opened|ordered|hired|joined|"
                            "registered|published|angelegt|erstellt|geburtsdatum|faellig|fällig|start|scheduled|planned|delivery|"
                            "needed|shipped|paid|exported|export|extracted|generated|loaded|imported|dump|asof|run|order|invoice"))
        return -1;
    return guess_word_in(name, "timestamp|ts|change|version|lastseen|event") ? 30 : 0;
}
