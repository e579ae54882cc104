/* SPDX-License-Identifier: Apache-2.0 */
/* Who is told of what: the alerts of a pipeline file. */
#include "parts.h"

#include <string.h>

const char *const config_alert_events[] = {"lag", "late", "dead_letter", "held", "guard", "failed", "missed", "audit", "feedback", NULL};

#define ALERTS_LIMIT 100

struct alert_values {
    struct daybreak_list events, command;
    const char *webhook, *sign;
    int64_t every_ms, repeat_ms, timeout_ms;
};

const struct daybreak_option config_alert_options[] = {
    {.name = "events", .type = DAYBREAK_LIST, .at = offsetof(struct alert_values, events),
     .help = "What is told: lag, late, dead_letter, held, guard, failed, missed, audit, feedback. All of them when not given."},
    {.name = "command", .type = DAYBREAK_LIST, .at = offsetof(struct alert_values, command), .example = "[./page.sh, ops]",
     .help = "A program and its arguments, executed in the pipeline file's folder, never by a shell; the alert is JSON on its stdin."},
    {.name = "webhook", .type = DAYBREAK_TEXT, .at = offsetof(struct alert_values, webhook), .secret = true,
     .example = "https://chat.example.org/hook", .help = "Where the alert is posted as a CloudEvent whose `text` is one paragraph."},
    {.name = "sign", .type = DAYBREAK_TEXT, .at = offsetof(struct alert_values, sign), .secret = true, .example = "{secret: hook}",
     .help = "Signs what is posted: X-Daybreak-Signature: t=SECONDS,v1=HEX, the HMAC-SHA-256 with this key over SECONDS, a dot and the body."},
    {.name = "every", .type = DAYBREAK_DURATION, .at = offsetof(struct alert_values, every_ms), .preset = "5m", .min = 0, .max = INT64_MAX,
     .help = "An event is told at most so often; what comes in between is told together."},
    {.name = "repeat", .type = DAYBREAK_DURATION, .at = offsetof(struct alert_values, repeat_ms), .preset = "1d", .min = 1, .max = INT64_MAX,
     .help = "What stays as it is, is told again after so long."},
    {.name = "timeout", .type = DAYBREAK_DURATION, .at = offsetof(struct alert_values, timeout_ms), .preset = "10s", .min = 1, .max = 600000,
     .help = "How long telling may take; then it is tried again later."},
    {.name = NULL},
};

struct mail_values {
    struct daybreak_list to;
    const char *from, *server, *user, *password;
    int tls;
};

const struct daybreak_option config_mail_options[] = {
    {.name = "to", .type = DAYBREAK_LIST, .at = offsetof(struct mail_values, to), .example = "[order-ops@example.org]",
     .help = "Addresses; the owner's contact when not given."},
    {.name = "from", .type = DAYBREAK_TEXT, .at = offsetof(struct mail_values, from), .preset = "daybreak@localhost", .help = "The sender's address."},
    {.name = "server", .type = DAYBREAK_TEXT, .at = offsetof(struct mail_values, server), .preset = "smtp://localhost:25",
     .help = "The mail server: smtp://HOST:PORT or smtps://HOST:PORT."},
    {.name = "user", .type = DAYBREAK_TEXT, .at = offsetof(struct mail_values, user), .help = "Name at the mail server."},
    {.name = "password", .type = DAYBREAK_TEXT, .at = offsetof(struct mail_values, password), .secret = true, .example = "{secret: mail}",
     .help = "Password at the mail server."},
    {.name = "tls", .type = DAYBREAK_CHOICE, .at = offsetof(struct mail_values, tls), .preset = "try", .choices = "try|require|off",
     .help = "Whether the way to the mail server is encrypted: where it can be, always, or never. A password is only given away with require or smtps."},
    {.name = NULL},
};

static uint32_t
events_read(struct reading *reading, const struct config_node *node, const struct daybreak_list *list)
{
    uint32_t events = 0;
    size_t known = 0;

    while (config_alert_events[known] != NULL)
        known++;
    for (size_t i = 0; i < list->count; i++) {
        size_t k = 0;
        const char *nearest = text_nearest(list->item[i], config_alert_events, known);

        while (k < known && strcmp(config_alert_events[k], list->item[i]) != 0)
            k++;
        if (k < known)
            events |= 1u << k;
        else
            CONFIG_ERROR(reading, "unknown-choice", node_member(node, "events")->place,
                         nearest == NULL ? "lag, late, dead_letter, held, guard, failed, missed, audit or feedback"
                                         : arena_printf(reading->arena, "did you mean '%s'?", nearest),
                         "there is no event '%s'", list->item[i]);
    }
    return list->count == 0 ? UINT32_MAX : events;
}

/* An address that can stand in a header: one '@', no blanks, no brackets, no line ends. */
static bool
is_address(const char *text)
{
    const char *at = strchr(text, '@');

    if (at == NULL || at == text || at[1] == '\0' || strchr(at + 1, '@') != NULL || strlen(text) > 254)
        return false;
    for (; *text != '\0'; text++)
        if ((unsigned char)*text <= 0x20 || *text == 0x7f || strchr("<>()[],;:\\\"", *text) != NULL)
            return false;
    return true;
}

static void
address_check(struct reading *reading, const struct config_node *node, const char *address)
{
    if (!is_address(address))
        CONFIG_ERROR(reading, "bad-alert", node->place, "mail: {to: [order-ops@example.org]}", "'%s' is no mail address", address);
}

static void
mail_read(struct reading *reading, const struct config_node *node, struct config_alert *alert)
{
    static const struct section section = {.table = config_mail_options};
    struct mail_values values = {0};

    if (section_mapping(reading, node, "a mapping with to, from and server") == NULL && node->kind != CONFIG_MAPPING)
        return;
    section_fill(reading, &section, node, &values);
    alert->mail_to = values.to;
    if (values.to.count == 0) {
        const char **owner = arena_alloc(reading->arena, sizeof *owner);

        owner[0] = reading->config->owner_contact;
        alert->mail_to = (struct daybreak_list){owner, owner[0] != NULL};
        if (owner[0] == NULL)
            CONFIG_ERROR(reading, "bad-alert", node->place, "mail: {to: [order-ops@example.org]}",
                         "the mail goes to nobody: `to` is not given, and there is no owner's contact");
    }
    for (size_t i = 0; i < alert->mail_to.count; i++)
        address_check(reading, node, alert->mail_to.item[i]);
    alert->mail_from = values.from;
    address_check(reading, node, values.from);
    alert->mail_server = values.server;
    alert->mail_user = values.user;
    alert->mail_password = values.password;
    alert->mail_tls = (enum config_tls)values.tls;
    if (strncmp(values.server, "smtp://", 7) != 0 && strncmp(values.server, "smtps://", 8) != 0)
        CONFIG_ERROR(reading, "bad-alert", node->place, "server: \"smtp://mail.example.org:587\"", "'%s' is no mail server", values.server);
    if (values.password != NULL && strncmp(values.server, "smtps://", 8) != 0 && alert->mail_tls != CONFIG_TLS_REQUIRE)
        CONFIG_ERROR(reading, "bad-alert", node->place, "tls: require", "a password would go to '%s' in the clear", values.server);
}

static void
alert_read(struct reading *reading, const struct config_node *node, struct config_alert *alert)
{
    static const char *const inner[] = {"mail", NULL};
    static const struct section section = {.table = config_alert_options, .inner = inner};
    const struct config_node *mail;
    struct alert_values values = {0};
    int ways;

    if (node->kind != CONFIG_MAPPING) {
        CONFIG_ERROR(reading, "wrong-type", node->place, "{events: [failed], command: [./page.sh]}", "an alert is a mapping");
        return;
    }
    mail = node_member(node, "mail");
    section_fill(reading, &section, node, &values);
    alert->place = node->place;
    alert->events = events_read(reading, node, &values.events);
    alert->command = values.command;
    alert->webhook = values.webhook;
    alert->sign = values.sign;
    alert->every_ms = values.every_ms;
    alert->repeat_ms = values.repeat_ms;
    alert->timeout_ms = values.timeout_ms;
    ways = (values.command.count > 0) + (values.webhook != NULL) + (mail != NULL);
    if (ways != 1)
        CONFIG_ERROR(reading, "bad-alert", node->place, "{events: [failed], command: [./page.sh]}",
                     "an alert has exactly one of command, webhook and mail");
    if (values.webhook != NULL && strncmp(values.webhook, "http://", 7) != 0 && strncmp(values.webhook, "https://", 8) != 0)
        CONFIG_ERROR(reading, "bad-alert", node_member(node, "webhook")->place, "webhook: https://chat.example.org/hook",
                     "the webhook is no http:// or https:// address");
    if (mail != NULL)
        mail_read(reading, mail, alert);
}

void
config_alerts_read(struct reading *reading, const struct config_node *node)
{
    struct config *config = reading->config;

    if (node == NULL)
        return;
    if (node->kind != CONFIG_SEQUENCE || node->children > ALERTS_LIMIT) {
        CONFIG_ERROR(reading, "wrong-type", node->place, "alerts:\n  - {events: [failed], command: [./page.sh]}",
                     "'alerts' is a list of at most %d alerts", ALERTS_LIMIT);
        return;
    }
    config->alerts = arena_zero(reading->arena, (node->children + 1) * sizeof *config->alerts);
    for (const struct config_node *item = node->child; item != NULL; item = item->next)
        alert_read(reading, item, &config->alerts[config->alert_count++]);
}
