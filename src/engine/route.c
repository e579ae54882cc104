/* SPDX-License-Identifier: Apache-2.0 */
/* The routes of a pipeline as one of its handoffs sees them. */
#include "engine/route.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"
#include "change/memory.h"
#include "ledger/ledger.h"

struct routes {
    struct ledger *ledger;
    struct arena *arena;
    const char *handoff;
    uint8_t home;
    bool here[256], taken[256];
    const char *filter[256];
};

/* Is the name in the JSON array? */
static bool
named(const char *handoffs, const char *name)
{
    struct json_tree tree = {0};
    struct text text = {0};
    bool found = false;
    size_t where;

    if (json_parse(&tree, handoffs, strlen(handoffs), &where) == 0)
        for (uint32_t i = tree.node[0].child; i != 0 && !found; i = tree.node[i].next) {
            text_clear(&text);
            json_string(&tree, i, &text);
            found = strcmp(text_end(&text), name) == 0;
        }
    json_fini(&tree);
    text_fini(&text);
    return found;
}

static bool
route_take(void *context, const struct ledger_route *route)
{
    struct routes *routes = context;

    routes->here[route->number] = named(route->handoffs, routes->handoff);
    routes->taken[route->number] = route->filter[0] == '\0' && strcmp(route->handoffs, "[]") != 0;
    routes->filter[route->number] = route->filter[0] == '\0' ? NULL : arena_text(routes->arena, route->filter);
    return true;
}

int
route_open(struct ledger *ledger, const char *handoff, struct routes **out, struct daybreak_fault *fault)
{
    struct routes *routes = memory_zero(sizeof *routes);
    struct text alone = {0};
    int result;

    routes->ledger = ledger;
    routes->arena = arena_new();
    routes->handoff = arena_text(routes->arena, handoff);
    memset(routes->here, true, sizeof routes->here);
    memset(routes->taken, true, sizeof routes->taken);
    routes->here[MEMORY_NOWHERE] = routes->taken[MEMORY_NOWHERE] = false;
    text_char(&alone, '[');
    json_quote(&alone, handoff, strlen(handoff));
    text_char(&alone, ']');
    result = ledger_route_number(ledger, text_end(&alone), "", &routes->home, fault);
    if (result == 0)
        result = ledger_routes(ledger, route_take, routes, fault);
    text_fini(&alone);
    if (result != 0) {
        route_close(routes);
        return -1;
    }
    *out = routes;
    return 0;
}

void
route_close(struct routes *routes)
{
    if (routes == NULL)
        return;
    arena_free(routes->arena);
    free(routes);
}

uint8_t
route_home(const struct routes *routes)
{
    return routes->home;
}

int
route_filtered(struct routes *routes, const char *name, uint8_t *number, struct daybreak_fault *fault)
{
    struct ledger_route route = {.handoffs = "[]", .filter = name};

    for (int i = 1; i < LEDGER_ROUTES; i++)
        if (routes->filter[i] != NULL && strcmp(routes->filter[i], name) == 0) {
            *number = (uint8_t)i;
            return 0;
        }
    if (ledger_route_number(routes->ledger, route.handoffs, name, &route.number, fault) != 0)
        return -1;
    route_take(routes, &route);
    *number = route.number;
    return 0;
}

bool
route_here(const struct routes *routes, uint8_t number)
{
    return routes->here[number];
}

const bool *
route_taken(const struct routes *routes)
{
    return routes->taken;
}

const char *
route_filter(const struct routes *routes, uint8_t number)
{
    return routes->filter[number];
}
