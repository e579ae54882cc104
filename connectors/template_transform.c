/* SPDX-License-Identifier: Apache-2.0 */
/*
 * transform template: the first letter of a column as a column of its own.
 *
 * A transform sees a batch: columns over many rows. It asks for a column once (view), walks over the rows, and gives a column back once
 * (give). Nothing is called per cell. Single changes can be taken out (host->filter, they count as filtered) or set aside with a reason
 * (host->refuse, they become dead letters). Deletes are not shown: of a record that is gone nothing but its key is known.
 */
#include <string.h>

#include <daybreak/connector.h>

/*
 * One instance. The engine makes it zeroed and fills the fields that the table of options names. Nothing writable may lie outside of it:
 * several instances run at once, each on its own thread.
 */
struct template_transform {
    const struct daybreak_host *host;
    const char *from, *to;          /* options; lent until close */
    uint32_t column;                /* number of the column that is read */
    struct daybreak_column given;
};

/* The one description of the options: it parses, checks, fills, and writes the manual. */
static const struct daybreak_option options[] = {
    {.name = "from", .type = DAYBREAK_TEXT, .at = offsetof(struct template_transform, from), .required = true,
     .help = "The column whose first letter is taken.", .example = "name"},
    {.name = "to", .type = DAYBREAK_TEXT, .at = offsetof(struct template_transform, to), .preset = "initial",
     .help = "The column that is given."},
    {.name = NULL},
};

static int
template_open(void *self, const struct daybreak_host *host, struct daybreak_fault *fault)
{
    struct template_transform *transform = self;

    transform->host = host; /* lent until close */
    if (transform->to[0] == '\0')
        return host->fault(fault, DAYBREAK_HALT, "option 'to' is empty: a column needs a name");
    return 0;
}

static void
template_close(void *self)
{
    (void)self; /* whatever open took would be given back here */
}

/*
 * Told which columns there are at its place, it says which it gives. Called before any apply, and again when columns change: what it
 * remembers of them is remembered anew.
 */
static int
template_gives(void *self, const struct daybreak_column *column, uint32_t columns, const struct daybreak_column **gives, uint32_t *count,
               struct daybreak_fault *fault)
{
    struct template_transform *transform = self;

    for (transform->column = 0; transform->column < columns; transform->column++)
        if (strcmp(column[transform->column].name, transform->from) == 0)
            break;
    if (transform->column == columns) {
        transform->host->fault(fault, DAYBREAK_HALT, "there is no column '%s'", transform->from);
        return transform->host->hint(fault, "option 'from' names a column as it is called at this place among the transforms");
    }
    transform->given = (struct daybreak_column){.name = transform->to, .type = DAYBREAK_TYPE_TEXT};
    *gives = &transform->given;
    *count = 1;
    return 0;
}

/* Bytes of the first letter: those behind it that are no beginning of another belong to it. */
static uint32_t
letter(const char *text, uint32_t size)
{
    uint32_t end = size > 0;

    while (end < size && ((unsigned char)text[end] & 0xc0) == 0x80)
        end++;
    return end;
}

/* One batch. What is given is indexed by row, and change i stands in row pick[i]: only those rows need a value. */
static int
template_apply(void *self, struct daybreak_batch *batch, struct daybreak_fault *fault)
{
    struct template_transform *transform = self;
    const struct daybreak_host *host = transform->host;
    struct daybreak_text *first = host->alloc(batch, ((size_t)batch->rows + 1) * sizeof *first); /* ends with the batch */
    struct daybreak_view view;

    (void)fault;
    host->view(batch, transform->column, DAYBREAK_AS_TEXT, &view);
    for (uint32_t i = 0; i < batch->changes; i++) {
        uint32_t row = batch->pick[i];
        const struct daybreak_span *cell = (const struct daybreak_span *)(view.data + (size_t)row * view.stride);

        if (cell->size == DAYBREAK_NULL)
            first[row] = (struct daybreak_text){"", DAYBREAK_NULL}; /* of nothing nothing is known */
        else
            first[row] = (struct daybreak_text){view.base + cell->at, letter(view.base + cell->at, cell->size)};
    }
    host->give(batch, 0, &(struct daybreak_cells){.size = sizeof(struct daybreak_cells), .text = first});
    return 0;
}

/* The one symbol that is exported. */
const struct daybreak_connector daybreak_connector = {
    .abi = DAYBREAK_ABI,
    .size = sizeof(struct daybreak_connector),
    .role = DAYBREAK_TRANSFORM,
    .name = "template",
    .help = "The first letter of a column as a column of its own.",
    .options = options,
    .self_size = sizeof(struct template_transform),
    .open = template_open,
    .close = template_close,
    .apply = template_apply,
    .gives = template_gives,
};
