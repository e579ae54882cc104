/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONFIG_FINDING_H
#define CONFIG_FINDING_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"
#include "base/json.h"
#include "config/node.h"

enum finding_severity { FINDING_ERROR, FINDING_WARNING, FINDING_NOTE };

struct finding {
    enum finding_severity severity;
    char *code;             /* stable, kebab-case: "unknown-key"; `daybreak explain` knows each */
    char *file;
    struct config_place place;
    uint32_t width;         /* characters the caret underlines, at least 1 */
    char *message, *suggestion; /* suggestion may be NULL */
};

/* All that lint has to say, in the order of the file. Owns its texts; source lines are kept for the caret. */
struct findings {
    struct finding *item;
    size_t count, room;
    size_t errors, warnings;
    size_t raised;          /* errors as they came: what was not said again counts here too */
    int status;             /* 66 when the file is not there, 78 with an error, else 0 */
    char *source;           /* bytes of the file, for the caret */
    size_t source_size;
    char *source_file;      /* its name; findings of another file are shown without their line */
    size_t hidden;          /* findings beyond FINDINGS_SHOWN: counted, not kept */
};

#define FINDINGS_SHOWN 1000

/* What `daybreak explain CODE` prints; ends with code NULL. */
struct finding_code {
    const char *code, *help;
};
extern const struct finding_code finding_codes[];

void findings_init(struct findings *findings);
void findings_fini(struct findings *findings);
/** findings_source(findings, file, bytes, size): the file that places are about from now on; takes over ${bytes} (malloc'ed). */
void findings_source(struct findings *findings, const char *file, char *bytes, size_t size);
/**
 * findings_add(findings, severity, code, file, place, suggestion, message, …): sorted in by place. What stands
 * already at the same place with the same code and message is not said twice. ${suggestion} (may be NULL) is a whole
 * sentence. The caret underlines the word, quoted text or key that begins at ${place}.
 */
void findings_add(struct findings *findings, enum finding_severity severity, const char *code, const char *file,
                  struct config_place place, const char *suggestion, const char *message, ...)
    __attribute__((format(printf, 7, 8)));
/** findings_add_wide(…, width, …): the same with a caret under ${width} characters. */
void findings_add_wide(struct findings *findings, enum finding_severity severity, const char *code, const char *file,
                       struct config_place place, uint32_t width, const char *suggestion, const char *message, ...)
    __attribute__((format(printf, 8, 9)));
/**
 * finding_place(findings, place, text, at): where byte ${at} of ${text}, the value of the scalar that begins at ${place}, stands in the file: inside
 * quotes, behind escapes, on a later line of a text of several lines. ${place} itself where the file cannot be followed.
 */
struct config_place finding_place(const struct findings *findings, struct config_place place, const char *text, size_t at);
/** findings_print(findings, out, colour): file:line:column: severity: message [code], the line with a caret, help: suggestion. */
void findings_print(const struct findings *findings, struct text *out, bool colour);
/** findings_json(findings, json): the array `findings` of DESIGN 14. */
void findings_json(const struct findings *findings, struct json *json);

#endif
