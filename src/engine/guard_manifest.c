/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rule that an input must be what its sender says. The manifest may stand before or behind the data, so it is asked when all was read;
 * nothing of what was read has landed by then but of first loads too large for one commit.
 *
 * A manifest speaks for the data in its own folder of the archive and below, the nearest one first; one that stands alone speaks for all.
 */
#include "engine/guard_manifest.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "source/manifest.h"
#include "source/proof.h"
#include "source/source.h"

#define SUM_TEXT (2 * SHA256_SIZE)
#define PIECE_BYTES (256u << 10)

/* One manifest, and what it speaks for. */
struct voice {
    struct manifest *says;
    char *name;          /* for people */
    char *folder;        /* names of what it speaks for begin so */
    char *file;          /* the file it stands beside, or in; by its own name */
    uint32_t file_index; /* of the input */
    uint32_t parts;
    const struct proof_part *part; /* the last of them */
    int64_t rows;        /* of all of them */
    bool rows_shared, partial;
    int64_t rows_said;
    char sum_said[SUM_TEXT + 1]; /* one for all; "": none */
    struct text listed;  /* names its parts go by, NUL between them */
};

struct asking {
    struct pipeline *p;
    const struct daybreak_input *input;
    const struct config_manifest *spec;
    struct guard_verdict *verdict;
    struct voice *voice;
    uint32_t voices;
    char *piece;         /* room for bytes of what lies beside the input */
};

/* ---- verdicts ----------------------------------------------------------------------------- */

static bool
number_read(const char *text, int64_t *number)
{
    *number = 0;
    for (const char *at = text; *at != '\0'; at++)
        if (*at < '0' || *at > '9' || __builtin_mul_overflow(*number, 10, number) || __builtin_add_overflow(*number, *at - '0', number))
            return false;
    return text[0] != '\0';
}

/* The finding, once: reason by the format, evidence from the pairs. ${said} NULL: there is no such pair. */
static void __attribute__((format(printf, 6, 7)))
trip(struct asking *asking, const char *manifest, const char *part, const char *said, const char *found, const char *reason, ...)
{
    struct guard_verdict *verdict = asking->verdict;
    struct text out = {0};
    struct json json;
    int64_t number[2];
    va_list args;

    if (verdict->guard != NULL)
        return;
    verdict->guard = "manifest";
    va_start(args, reason);
    vsnprintf(verdict->reason, sizeof verdict->reason, reason, args);
    va_end(args);
    json_init(&json, &out, false);
    json_object(&json, NULL);
    json_text(&json, "guard", "manifest");
    json_bytes(&json, "manifest", manifest, text_utf8_cut(manifest, strlen(manifest), 200));
    if (part != NULL)
        json_bytes(&json, "part", part, text_utf8_cut(part, strlen(part), 200));
    if (said != NULL && number_read(said, &number[0]) && number_read(found, &number[1])) {
        json_int(&json, "said", number[0]);
        json_int(&json, "found", number[1]);
    } else if (said != NULL) {
        json_bytes(&json, "said", said, text_utf8_cut(said, strlen(said), 100));
        json_text(&json, "found", found);
    }
    json_close(&json);
    snprintf(verdict->evidence, sizeof verdict->evidence, "%s", text_end(&out));
    text_fini(&out);
}

static const char *
own_name(const char *name)
{
    const char *slash = strrchr(name, '/');

    return slash == NULL ? name : slash + 1;
}

/* What a part is called by people. */
static const char *
part_shown(const struct asking *asking, const struct proof_part *part)
{
    return part->name[0] == '\0' ? own_name(asking->input->name) : part->name;
}

/* A SHA-256 as it is written, in small letters; false: it is none. */
static bool
sum_read(const char *text, char to[SUM_TEXT + 1])
{
    uint8_t bytes[SHA256_SIZE];

    if (strlen(text) != SUM_TEXT || !text_unhex(text, SHA256_SIZE, bytes))
        return false;
    text_hex(bytes, SHA256_SIZE, to);
    to[SUM_TEXT] = '\0';
    return true;
}

/* ---- whose word there is ------------------------------------------------------------------ */

static void
voice_add(struct asking *asking, const char *name, const char *folder, size_t folder_size, const char *file, uint32_t file_index,
          const struct text *text, bool too_large)
{
    struct daybreak_fault why = {0};
    struct voice *voice;
    struct manifest *says = too_large ? NULL : manifest_new(text->size == 0 ? "" : text->at, text->size, &why);

    if (says == NULL) {
        trip(asking, name, NULL, NULL, NULL, "the manifest '%.200s' cannot be read: %s", name,
             too_large ? "it is larger than 1 MiB" : why.what);
        return;
    }
    asking->voice = memory_grow(asking->voice, (asking->voices + 1) * sizeof *asking->voice);
    voice = &asking->voice[asking->voices++];
    *voice = (struct voice){.says = says, .name = memory_text(name), .folder = memory_need(folder_size + 1),
                            .file = memory_text(file), .file_index = file_index};
    memcpy(voice->folder, folder, folder_size);
    voice->folder[folder_size] = '\0';
}

static void
voices_of_members(struct asking *asking)
{
    const struct proof *proof = source_proof(asking->p->source);
    bool found = false;

    for (uint32_t i = 0; i < proof->notes && asking->verdict->guard == NULL; i++) {
        const struct proof_note *note = &proof->note[i];

        if (!source_manifest_named(asking->spec, note->name))
            continue;
        found = true;
        voice_add(asking, note->name, note->name, (size_t)(own_name(note->name) - note->name), own_name(asking->input->name), 0,
                  &note->text, note->too_large);
    }
    if (!found)
        trip(asking, asking->spec->member, NULL, NULL, NULL, "the manifest '%.200s' is missing: the input has no such member",
             asking->spec->member);
}

/* All of a manifest beside file ${beside->file}; *next IDLE: it is not there, INPUT_END: the input has no such file. */
static int
beside_read(struct asking *asking, struct daybreak_beside *beside, struct text *text, enum daybreak_next *next,
            struct daybreak_fault *fault)
{
    size_t got;

    do {
        if (source_beside(asking->p->source, beside, asking->piece, PIECE_BYTES, &got, next, fault) != 0)
            return -1;
        text_add(text, asking->piece, got);
        beside->offset += got;
    } while (*next == DAYBREAK_MORE && text->size <= MANIFEST_MAX);
    return 0;
}

static int
voices_of_files(struct asking *asking, struct daybreak_fault *fault)
{
    struct text text = {0}, folder = {0};
    int result = 0;

    for (uint32_t file = 0; asking->verdict->guard == NULL; file++) {
        struct daybreak_beside beside = {.file = file, .name = asking->spec->file};
        enum daybreak_next next;

        text_clear(&text);
        text_clear(&folder);
        result = beside_read(asking, &beside, &text, &next, fault);
        if (result != 0 || next == DAYBREAK_INPUT_END)
            break;
        if (next == DAYBREAK_IDLE) {
            trip(asking, beside.found, NULL, NULL, NULL, "the manifest '%.200s' is missing",
                 beside.found[0] == '\0' ? asking->spec->file : beside.found);
            break;
        }
        text_put(&folder, beside.file_name); /* of several files the parts are called by theirs first */
        voice_add(asking, own_name(beside.found), text_end(&folder), folder.size, beside.file_name, file, &text, text.size > MANIFEST_MAX);
    }
    if (asking->voices == 1)
        asking->voice[0].folder[0] = '\0';
    text_fini(&text);
    text_fini(&folder);
    return result;
}

static struct voice *
voice_for(struct asking *asking, const struct proof_part *part)
{
    struct voice *nearest = asking->voices == 1 ? &asking->voice[0] : NULL;

    for (uint32_t i = 0; i < asking->voices; i++) {
        struct voice *voice = &asking->voice[i];

        if (strncmp(part->name, voice->folder, strlen(voice->folder)) == 0 &&
            (nearest == NULL || asking->voices == 1 || strlen(voice->folder) > strlen(nearest->folder)))
            nearest = voice;
    }
    return nearest;
}

/* ---- what it says ------------------------------------------------------------------------- */

/* The names by which a manifest may know a part; the last one is that of the file, which is not the part's own. */
#define NAME_OF_FILE 4

static void
names_make(const struct asking *asking, const struct voice *voice, const struct proof_part *part, struct manifest_names *names)
{
    size_t folder = strlen(voice->folder);
    const char *inside = strncmp(part->name, voice->folder, folder) == 0 ? part->name + folder : part->name;
    const struct config_source *source = &asking->p->config->source;

    inside += *inside == '/';
    *names = (struct manifest_names){{part->name[0] == '\0' ? NULL : part->name, *inside == '\0' ? NULL : inside,
                                      part->name[0] == '\0' ? NULL : own_name(part->name),
                                      source->tables_named ? source->tables[part->table].name : NULL, voice->file}};
}

static void
rows_ask(struct asking *asking, struct voice *voice, const struct proof_part *part, const struct manifest_names *names)
{
    struct text value = {0};
    int64_t said;
    uint32_t by;
    char number[2][24];

    switch (manifest_find(voice->says, MANIFEST_ROWS, asking->spec->rows, names, &value, &by)) {
    case MANIFEST_MISSING:
        trip(asking, voice->name, NULL, NULL, NULL, "the manifest '%.100s' has no '%.100s'", voice->name, asking->spec->rows);
        break;
    case MANIFEST_OTHERS:
        trip(asking, voice->name, part_shown(asking, part), NULL, NULL, "the manifest '%.100s' says nothing of '%.200s'", voice->name,
             part_shown(asking, part));
        break;
    case MANIFEST_SHARED:
    case MANIFEST_OWN:
        if (!number_read(text_end(&value), &said)) {
            trip(asking, voice->name, part_shown(asking, part), text_end(&value), "",
                 "'%.100s' in the manifest '%.100s' is no number of rows: '%.60s'", asking->spec->rows, voice->name, text_end(&value));
        } else if (by == MANIFEST_NAMES || by == NAME_OF_FILE) {
            voice->rows_shared = true;
            voice->rows_said = said;
        } else if (part->whole && said != part->rows) {
            snprintf(number[0], sizeof number[0], "%lld", (long long)said);
            snprintf(number[1], sizeof number[1], "%lld", (long long)part->rows);
            trip(asking, voice->name, part_shown(asking, part), number[0], number[1],
                 "the manifest '%.100s' says %s rows of '%.200s', there are %s", voice->name, number[0], part_shown(asking, part),
                 number[1]);
        }
        break;
    }
    text_fini(&value);
}

static void
sum_differs(struct asking *asking, const struct voice *voice, const char *what, const char *said, const uint8_t found[SHA256_SIZE])
{
    char sum[SUM_TEXT + 1];

    text_hex(found, SHA256_SIZE, sum);
    sum[SUM_TEXT] = '\0';
    trip(asking, voice->name, what, said, sum, "the manifest '%.80s' says sha256 %s of '%.120s', it is %s", voice->name, said, what, sum);
}

static void
sum_ask(struct asking *asking, struct voice *voice, const struct proof_part *part, const struct manifest_names *names)
{
    struct text value = {0};
    char said[SUM_TEXT + 1];
    uint8_t bytes[SHA256_SIZE];
    uint32_t by;

    switch (manifest_find(voice->says, MANIFEST_SHA256, asking->spec->sha256, names, &value, &by)) {
    case MANIFEST_MISSING:
        trip(asking, voice->name, NULL, NULL, NULL, "the manifest '%.100s' has no '%.100s'", voice->name, asking->spec->sha256);
        break;
    case MANIFEST_OTHERS:
        trip(asking, voice->name, part_shown(asking, part), NULL, NULL, "the manifest '%.100s' says nothing of '%.200s'", voice->name,
             part_shown(asking, part));
        break;
    case MANIFEST_SHARED:
    case MANIFEST_OWN:
        if (!sum_read(text_end(&value), said))
            trip(asking, voice->name, part_shown(asking, part), text_end(&value), "",
                 "'%.100s' in the manifest '%.100s' is no sha256: '%.70s'", asking->spec->sha256, voice->name, text_end(&value));
        else if (by == MANIFEST_NAMES || by == NAME_OF_FILE)
            snprintf(voice->sum_said, sizeof voice->sum_said, "%s", said);
        else if (part->whole && text_unhex(said, SHA256_SIZE, bytes) && memcmp(bytes, part->sha256, sizeof bytes) != 0)
            sum_differs(asking, voice, part_shown(asking, part), said, part->sha256);
        break;
    }
    text_fini(&value);
}

/* ---- one word for all --------------------------------------------------------------------- */

/* SHA-256 of file ${voice->file_index} as it lies there. */
static int
file_sum(struct asking *asking, const struct voice *voice, uint8_t sum[SHA256_SIZE], struct daybreak_fault *fault)
{
    struct daybreak_beside beside = {.file = voice->file_index};
    struct sha256 sha;
    enum daybreak_next next;
    size_t got;

    sha256_init(&sha);
    do {
        if (asking->p->stop != NULL && *asking->p->stop)
            return fault_set(fault, DAYBREAK_RETRY, "stopped while reading '%s'", asking->input->name);
        if (source_beside(asking->p->source, &beside, asking->piece, PIECE_BYTES, &got, &next, fault) != 0)
            return -1;
        sha256_add(&sha, asking->piece, got);
        beside.offset += got;
    } while (next == DAYBREAK_MORE);
    sha256_end(&sha, sum);
    return 0;
}

/* A sum for all is that of the one member there is; beside a file it is the file's, packed as it lies there or unpacked. */
static int
sum_for_all(struct asking *asking, const struct voice *voice, struct daybreak_fault *fault)
{
    uint8_t said[SHA256_SIZE], sum[SHA256_SIZE];

    if (voice->sum_said[0] == '\0' || voice->partial || !text_unhex(voice->sum_said, SHA256_SIZE, said))
        return 0;
    if (voice->parts == 1 && memcmp(said, voice->part->sha256, sizeof said) == 0)
        return 0;
    if (asking->spec->file == NULL) {
        if (voice->parts == 1)
            sum_differs(asking, voice, part_shown(asking, voice->part), voice->sum_said, voice->part->sha256);
        else
            trip(asking, voice->name, NULL, NULL, NULL, "the manifest '%.100s' has one sha256 for %u members: it should have them by name",
                 voice->name, voice->parts);
        return 0;
    }
    if (file_sum(asking, voice, sum, fault) != 0)
        return -1;
    if (memcmp(said, sum, sizeof said) != 0)
        sum_differs(asking, voice, voice->file, voice->sum_said, sum);
    return 0;
}

static void
rows_for_all(struct asking *asking, const struct voice *voice)
{
    char number[2][24];

    if (!voice->rows_shared || voice->partial || voice->rows_said == voice->rows)
        return;
    snprintf(number[0], sizeof number[0], "%lld", (long long)voice->rows_said);
    snprintf(number[1], sizeof number[1], "%lld", (long long)voice->rows);
    trip(asking, voice->name, NULL, number[0], number[1], "the manifest '%.200s' says %s rows, there are %s", voice->name, number[0],
         number[1]);
}

/* ---- what should be there and is not ------------------------------------------------------ */

struct listing {
    struct asking *asking;
    const struct voice *voice;
    const char **known; /* names of its parts, in order */
    size_t count;
};

static int
text_order(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Would a member of this name be data of a table that this manifest is for? */
static bool
is_data(const struct asking *asking, const struct voice *voice, const char *name)
{
    const struct config_source *source = &asking->p->config->source;
    struct text whole = {0};
    bool data = false;

    text_put(&whole, voice->folder);
    text_put(&whole, name);
    for (uint32_t t = 0; t < source->table_count && !data && !source_manifest_named(asking->spec, name); t++) {
        const char *member = source->tables[t].member;

        while (member != NULL && strncmp(member, "./", 2) == 0)
            member += 2;
        data = member == NULL || text_glob(member, text_end(&whole), true) || text_glob(member, name, true);
    }
    text_fini(&whole);
    return data;
}

static bool
listed(void *context, const char *name)
{
    struct listing *listing = context;

    if (bsearch(&name, listing->known, listing->count, sizeof *listing->known, text_order) == NULL &&
        is_data(listing->asking, listing->voice, name))
        trip(listing->asking, listing->voice->name, name, NULL, NULL, "the manifest '%.100s' names '%.200s', which the input does not have",
             listing->voice->name, name);
    return listing->asking->verdict->guard == NULL;
}

/* A manifest in the archive that says something of members by name: each that would be data must have come. */
static void
absent_find(struct asking *asking, const struct voice *voice)
{
    struct listing listing = {.asking = asking, .voice = voice};

    for (size_t at = 0; at < voice->listed.size; at += strlen(voice->listed.at + at) + 1)
        listing.count++;
    listing.known = memory_need((listing.count + 1) * sizeof *listing.known);
    listing.count = 0;
    for (size_t at = 0; at < voice->listed.size; at += strlen(voice->listed.at + at) + 1)
        listing.known[listing.count++] = voice->listed.at + at;
    qsort(listing.known, listing.count, sizeof *listing.known, text_order);
    if (asking->spec->rows != NULL)
        manifest_each(voice->says, MANIFEST_ROWS, asking->spec->rows, listed, &listing);
    if (asking->spec->sha256 != NULL)
        manifest_each(voice->says, MANIFEST_SHA256, asking->spec->sha256, listed, &listing);
    free(listing.known);
}

/* ---- all of it ---------------------------------------------------------------------------- */

static bool
same_text(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* Tables that inherit a manifest have it in common: a number in it is about all of them. */
static bool
same_spec(const struct config_manifest *a, const struct config_manifest *b)
{
    return a != NULL && b != NULL && same_text(a->member, b->member) && same_text(a->file, b->file) && same_text(a->rows, b->rows) &&
           same_text(a->sha256, b->sha256);
}

static const struct config_manifest *
spec_of(const struct pipeline *p, uint32_t table)
{
    return p->config->source.tables[table].capture.guards.manifest;
}

static void
part_ask(struct asking *asking, const struct proof_part *part)
{
    struct voice *voice = voice_for(asking, part);
    struct manifest_names names;

    if (voice == NULL) {
        trip(asking, asking->spec->member == NULL ? asking->spec->file : asking->spec->member, part_shown(asking, part), NULL, NULL,
             "no manifest stands beside '%.200s'", part_shown(asking, part));
        return;
    }
    if (!part->whole) /* a life before this one has read its beginning */
        LOG_WARN("cannot be held against its manifest, since reading went on in the middle: input=%s part=%s", asking->input->name,
                 part->name);
    voice->parts++;
    voice->part = part;
    voice->rows += part->rows;
    voice->partial |= !part->whole;
    names_make(asking, voice, part, &names);
    for (uint32_t i = 0; i < NAME_OF_FILE; i++)
        if (names.name[i] != NULL)
            text_add(&voice->listed, names.name[i], strlen(names.name[i]) + 1);
    if (asking->spec->rows != NULL)
        rows_ask(asking, voice, part, &names);
    if (asking->spec->sha256 != NULL)
        sum_ask(asking, voice, part, &names);
}

static int
spec_judge(struct asking *asking, struct daybreak_fault *fault)
{
    const struct proof *proof = source_proof(asking->p->source);
    int result = 0;

    if (asking->spec->member != NULL)
        voices_of_members(asking);
    else
        result = voices_of_files(asking, fault);
    for (uint32_t i = 0; i < proof->parts && result == 0 && asking->verdict->guard == NULL; i++)
        if (same_spec(spec_of(asking->p, proof->part[i].table), asking->spec))
            part_ask(asking, &proof->part[i]);
    for (uint32_t i = 0; i < asking->voices && result == 0 && asking->verdict->guard == NULL; i++) {
        rows_for_all(asking, &asking->voice[i]);
        if (asking->verdict->guard == NULL && asking->voice[i].parts > 0)
            result = sum_for_all(asking, &asking->voice[i], fault);
        if (asking->verdict->guard == NULL && asking->spec->member != NULL)
            absent_find(asking, &asking->voice[i]);
    }
    return result;
}

int
guard_manifest_judge(struct pipeline *p, const struct daybreak_input *input, struct guard_verdict *verdict, struct daybreak_fault *fault)
{
    int result = 0;

    verdict->guard = NULL;
    verdict->deletes_only = false;
    for (uint32_t t = 0; t < p->tables && result == 0 && verdict->guard == NULL; t++) {
        struct asking asking = {.p = p, .input = input, .spec = spec_of(p, t), .verdict = verdict};
        bool asked = asking.spec == NULL;

        for (uint32_t before = 0; before < t; before++)
            asked |= same_spec(spec_of(p, before), asking.spec);
        if (asked)
            continue;
        asking.piece = memory_need(PIECE_BYTES);
        result = spec_judge(&asking, fault);
        for (uint32_t i = 0; i < asking.voices; i++) {
            struct voice *voice = &asking.voice[i];

            manifest_free(voice->says);
            free(voice->name);
            free(voice->folder);
            free(voice->file);
            text_fini(&voice->listed);
        }
        free(asking.voice);
        free(asking.piece);
    }
    return result;
}

/* Is what stands beside file ${file} not there, or not wholly written yet? *next INPUT_END: the input has no such file. */
static int
is_awaited(struct asking *asking, uint32_t file, bool *awaited, enum daybreak_next *next, struct daybreak_fault *fault)
{
    struct daybreak_beside beside = {.file = file, .name = asking->spec->file};
    struct daybreak_fault why = {0};
    struct text text = {0};
    struct pipeline *p = asking->p;
    int result = beside_read(asking, &beside, &text, next, fault);

    *awaited = result == 0 && *next == DAYBREAK_IDLE;
    if (result == 0 && *next == DAYBREAK_PART_END) {
        struct manifest *says = manifest_new(text_end(&text), text.size, &why);

        *awaited = says == NULL;
        manifest_free(says);
    }
    if (*awaited && (p->awaited == NULL || strcmp(p->awaited, asking->input->name) != 0)) {
        LOG_INFO("input waits for its manifest: pipeline=%s input=%s manifest=%s", p->config->name, asking->input->name, beside.found);
        p->awaited = arena_text(p->arena, asking->input->name);
    }
    text_fini(&text);
    return result;
}

int
guard_manifest_awaited(struct pipeline *p, const struct daybreak_input *input, bool *awaited, struct daybreak_fault *fault)
{
    int result = 0;

    *awaited = false;
    for (uint32_t t = 0; t < p->tables && result == 0 && !*awaited; t++) {
        struct asking asking = {.p = p, .input = input, .spec = spec_of(p, t)};
        enum daybreak_next next = DAYBREAK_MORE;

        if (asking.spec == NULL || asking.spec->file == NULL ||
            (clock_now_us() - input->visible_at_us) / 1000 >= asking.spec->wait_ms)
            continue;
        asking.piece = memory_need(PIECE_BYTES);
        for (uint32_t file = 0; result == 0 && next != DAYBREAK_INPUT_END && !*awaited; file++)
            result = is_awaited(&asking, file, awaited, &next, fault);
        free(asking.piece);
    }
    return result;
}
