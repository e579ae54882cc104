/* SPDX-License-Identifier: Apache-2.0 */
/* What a row or payload must satisfy: columns that must be there, and conditions with names. */
#include "parts.h"

#include <string.h>

struct contract_values {
    struct daybreak_list required;
    struct daybreak_map check;
};

const struct daybreak_option config_contract_options[] = {
    {.name = "required", .type = DAYBREAK_LIST, .at = offsetof(struct contract_values, required), .example = "[order_id]",
     .help = "Columns that must be neither null nor empty; `required` is the reason of a row that lacks one."},
    {.name = "check", .type = DAYBREAK_MAP, .at = offsetof(struct contract_values, check), .example = "{positive: \"total >= 0\"}",
     .help = "Conditions by name; the name is the reason of a row for which one is false. As in SQL, unknown (null) passes."},
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

void
config_contract_read(struct reading *reading, const struct config_node *node, struct config_contract *contract)
{
    static const struct section section = {.table = config_contract_options};
    const struct config_node *required = node_member(node, "required"), *check = node_member(node, "check");
    struct contract_values values = {0};

    *contract = (struct config_contract){.required = {NULL, 0}};
    if (node == NULL)
        return;
    contract->place = node->key_place;
    section_fill(reading, &section, node, &values);
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
