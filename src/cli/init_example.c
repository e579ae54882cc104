/* SPDX-License-Identifier: Apache-2.0 */
/* init without a file: the smallest pipeline that is of use, with what people ask for next as comments. */
#include "cli/init_example.h"

static const char part_one[] =
    "# A pipeline: what is read, how changes are found, where they land. `daybreak init --from FILE` writes one from a dump of\n"
    "# your own. `daybreak schema` and `man daybreak-pipeline` have every key there is.\n"
    "version: 1\n";

static const char part_two[] =
    "description: What flows here, in a sentence\n"
    "# owner: {team: TEAM, contact: MAIL}            # who answers for it\n"
    "\n"
    "source:\n"
    "  type: file\n";

static const char part_three[] =
    "  # at: \"02:10\"                                # time of day the dump is cut; timezone: Europe/Paris, UTC without it\n"
    "  format:\n"
    "    type: csv                                   # or jsonl; `daybreak connectors csv` lists all options\n"
    "    delimiter: \",\"\n"
    "    header: true\n"
    "  fields:                                       # columns that are not named here are text\n"
    "    order_id: text\n"
    "    qty: integer\n"
    "    unit_price: \"decimal(12,2)\"\n"
    "    updated_at: timestamp                       # or {type: timestamp, pattern: \"%d.%m.%Y %H:%M\", zone: Europe/Paris}\n"
    "  capture:\n"
    "    method: diff                                # each dump is compared with the last: created, updated, deleted\n"
    "    key: [order_id]                             # the columns that tell one row from another\n"
    "    # ignore: [exported_at]                     # columns that differ in every dump and mean nothing\n"
    "\n"
    "# transforms:\n"
    "#   - rename: {cust_name: customer_name}\n"
    "#   - drop: [internal_note]\n"
    "\n"
    "context:\n"
    "  changed_at: updated_at                        # when the source changed the row: lag is measured from then\n"
    "\n"
    "sink:\n"
    "  type: sqlite                                  # `daybreak connectors` lists the others\n";

static const char part_four[] =
    "  write: mirror                                 # exactly the rows of the newest dump; upsert never deletes, append keeps all\n";

void
init_example(const char *name, struct text *out)
{
    text_put(out, part_one);
    text_printf(out, "name: %s\n", name);
    text_put(out, part_two);
    text_printf(out, "  path: drop/%s_%%Y%%m%%d.csv                 # beside this file; .gz .zst .tar.gz .zip and globs too\n", name);
    text_put(out, part_three);
    text_printf(out, "  path: out/%s.db\n  table: %s\n", name, name);
    text_put(out, part_four);
}
