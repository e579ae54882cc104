/* SPDX-License-Identifier: Apache-2.0 */
/* What a row or payload must satisfy: columns that must be there, and conditions with names. */
#include "parts.h"

#include <string.h>

struct contract_values {
    struct daybreak_list required;
    struct daybreak_map check;
    struct daybreak_list context;
};

const struct daybreak_option config_contract_options[] = {
    {.name = "required", .type = DAYBREAK_LIST, .at = offsetof(struct contract_values, required), .example = "[order_id]",
     .help = "Columns that must be neither null nor empty; `required` is the reason of a row that lacks one."},
    {.name = "check", .type = DAYBREAK_MAP, .at = offsetof(struct contract_values, check), .example = "{positive: \"total >= 0\"}",
     .help = "Conditions by name; the name is the reason of a row for which one is false. As in SQL, unknown (null) passes."},
    {.name = NULL},
};

const struct daybreak_option config_payload_options[] = {
    {.name = "required", .type = DAYBREAK_LIST, .at = offsetof(struct contract_values, required), .example = "[customer_id, total]",
     .help = "Columns that must be neither null nor empty."},
    {.name = "check", .type = DAYBREAK_MAP, .at = offsetof(struct contract_values, check), .example = "{positive: \"total >= 0\"}",
     .help = "Conditions by name; the name is the reason of a record for which one is false. Unknown (null) passes."},
    {.name = "context", .type = DAYBREAK_LIST, .at = offsetof(struct contract_values, context), .example = "[actor]",
     .help = "Parts of the envelope that must be there: reason, actor, changed_at, related.NAME."},
    {.name = NULL},
};

static void
required_check(struct reading *reading, const struct config_node *member, const struct daybreak_list *list)
{
    if (member == NULL)
        return;
    if (list->count == 0)
        CONFIG_ERROR(reading, "empty-value", member->key_place, "leave the key out", "'required' names no column");
    for (size_t i = 0; i < list->count; i++) {
        if (list->item[i][0] == '\0')
            CONFIG_ERROR(reading, "empty-value", member->key_place, NULL, "'required' holds an empty column name");
        for (size_t k = 0; k < i && i < 1000 && list->item[i][0] != '\0'; k++)
            if (strcmp(list->item[i], list->item[k]) == 0)
                CONFIG_ERROR(reading, "duplicate-name", member->place, NULL, "'required' names column '%s' twice", list->item[i]);
    }
}

/* A check's name is a reason in dead letters and counts: stable, in the same letters as all others. */
static bool
is_reason(const char *name)
{
    size_t size = strlen(name);

    for (const char *at = name; *at != '\0'; at++)
        if (!((*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') || (*at >= '0' && *at <= '9') || *at == '_' || *at == '-'))
            return false;
    return size > 0 && size <= 64;
}

static void
contract_fill(struct reading *reading, const struct section *section, const struct config_node *node,
              struct config_contract *contract, struct daybreak_list *context)
{
    const struct config_node *required = node_member(node, "required"), *check = node_member(node, "check");
    struct contract_values values = {0};

    *contract = (struct config_contract){.required = {NULL, 0}};
    if (node == NULL)
        return;
    contract->place = node->key_place;
    section_fill(reading, section, node, &values);
    if (context != NULL)
        *context = values.context;
    contract->required = values.required;
    contract->required_place = required == NULL ? node->key_place : required->place;
    required_check(reading, required, &values.required);
    if (check == NULL)
        return;
    if (check->kind != CONFIG_MAPPING) {
        option_wrong(check, "a mapping {name: condition}", reading->file, reading->findings);
        return;
    }
    contract->check = arena_zero(reading->arena, (check->children + 1) * sizeof *contract->check);
    for (const struct config_node *member = check->child; member != NULL; member = member->next) {
        if (!is_reason(member->key))
            CONFIG_ERROR(reading, "bad-name", member->key_place, "letters, digits, _ and -, at most 64",
                         "'%s' cannot name a check: it is the reason of what breaches it", member->key);
        else if (member->kind == CONFIG_SCALAR && member->text[0] == '\0')
            CONFIG_ERROR(reading, "empty-value", member->key_place, NULL, "check '%s' has no condition", member->key);
        else if (member->kind == CONFIG_SCALAR)
            contract->check[contract->check_count++] = (struct config_check){
                .name = member->key, .test = {.text = member->text, .place = member->place}, .place = member->key_place};
    }
}

void
config_contract_read(struct reading *reading, const struct config_node *node, struct config_contract *contract)
{
    static const struct section section = {.table = config_contract_options};

    contract_fill(reading, &section, node, contract, NULL);
}

void
config_payload_read(struct reading *reading, const struct config_node *node, struct config_contract *contract,
                    struct daybreak_list *context)
{
    static const struct section section = {.table = config_payload_options};
    static const char *const parts[] = {"reason", "actor", "changed_at"};
    const struct config_node *member = node_member(node, "context");

    contract_fill(reading, &section, node, contract, context);
    for (size_t i = 0; i < context->count; i++) {
        const char *name = context->item[i];
        bool known = strncmp(name, "related.", 8) == 0 && name[8] != '\0';

        for (size_t k = 0; k < sizeof parts / sizeof *parts; k++)
            known |= strcmp(name, parts[k]) == 0;
        if (!known)
            CONFIG_ERROR(reading, "unknown-choice", member->place, "reason, actor, changed_at or related.NAME",
                         "'%s' is no part of the envelope that a contract can ask for", name);
    }
}
