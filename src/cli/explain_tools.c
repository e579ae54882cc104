/* SPDX-License-Identifier: Apache-2.0 */
/* What compare, init and demo say. */
#include "cli/explain.h"

#include <stddef.h>

const struct explain_code explain_tools[] = {
    {"no-feedback", "There is no such feedback, or it is closed.", NULL, "See which there are.", "daybreak feedback list --all"},
    {"no-alerts", "The pipeline file names nobody to tell.", NULL, "Give it `alerts`.",
     "alerts: [{events: [failed, late], command: [./page.sh]}]"},
    {"alert-not-told", "A way of `alerts` could not be told.", "What a run has to tell is kept in the state folder and tried again.",
     "The message says what the way answered.", "daybreak alerts test orders.yaml"},
    /* compare */
    {"no_such_side", "One of the two things to compare is not there.", NULL, "A side is FILE, FILE#TABLE or a pipeline.",
     "daybreak compare old.csv out/orders.db#orders --key order_id"},
    {"no_such_table", "The database has no table of that name.", NULL, "The message lists those it has.", NULL},
    {"which_table", "The database has several tables.", NULL, "Say which, behind a #.",
     "daybreak compare dump.csv out.db#orders --key id"},
    {"which_member", "The archive has several members.", NULL, "Say which.",
     "daybreak compare a.zip b.zip --member '*/orders.csv' --key id"},
    {"no_member", "No member of the archive matches, or none is a file.", NULL, "Look at what is in it.",
     "tar tf dump.tar.gz"},
    {"unknown_column", "A column that was named is not on that side.", NULL, "The message lists what is there.", NULL},
    {"too_many_columns", "There are more columns than can be compared.", NULL, "Compare a part of them.", NULL},
    {"unknown_encoding", "The C library of this machine does not know this encoding.", NULL,
     "`iconv -l` lists those it does.", NULL},
    {"bad_header", "The first line is no header that names each column once.", NULL,
     "The message says what is wrong with it.", NULL},
    {"no_json_lines", "The file is no JSON lines: one object a line.", NULL, "An array of objects can be taken apart first.",
     "jq -c '.[]' orders.json >orders.jsonl"},
    {"no_text", "The file is no text.", NULL, "Is it packed with something unknown, or another kind of file?",
     "file dump.csv"},
    {"row_too_long", "A row is longer than can be compared.", NULL, "Often a quote that was never closed.", NULL},
    {"side_changed", "A file changed while it was read, so nothing can be said of it.", NULL,
     "Compare again when nobody writes it.", NULL},
    {"side_busy", "Another program holds the database.", NULL, "Compare again when it is free.", NULL},
    {"no_temporary", "No temporary file can be made.", "What does not fit into memory waits on the disk.",
     "Let TMPDIR name a folder that you may write.", "TMPDIR=/var/tmp daybreak compare …"},
    {"no_room", "There is no room left for temporary files.", NULL, "Let TMPDIR name a folder with more room.", NULL},
    {"temporary_lost", "A temporary file cannot be read back.", NULL, "Look at the disk under TMPDIR.", NULL},
    /* init */
    {"nothing-to-guess", "The file holds nothing that looks like rows.", NULL,
     "Is it a data file? An export that failed often leaves a page of HTML.", "head -c 300 FILE"},
    {"is-folder", "A folder was given where a file is needed.", NULL, "Name a file in it, or a pattern in quotes.",
     "daybreak init --from 'drop/*.csv'"},
    {"is-link", "A link was given, and runs read no links.", "A link may lead anywhere, and elsewhere tomorrow.",
     "Name the file itself.", "realpath FILE"},
    {"no-regular-file", "What was given is no regular file.", NULL, "Name a file.", NULL},
    {"file-exists", "The file that init would write is there already.", "It may hold a day's work.",
     "Write elsewhere, or say that it may go.", "daybreak init --from drop/orders.csv --output other.yaml"},
    {"bad-guess", "What init wrote does not pass lint: a bug of daybreak.", NULL, "Mend the line, and please report it.", NULL},
    /* connector */
    {"bad-kit-file", "The file that --with names is not what the conformance kit reads.", NULL,
     "Its keys are options, files, sample, closed, columns and rows; `connector new` writes one to look at.", "daybreak connector --help"},
    /* demo */
    {"demo", "A step of the demo did not end as it should.", NULL, "Please report it with what it printed.", NULL},
    {"demo-dumps", "The dumps that the demo shows are not there.", "They come with the source and are installed with it.",
     "Name another fixtures folder.", "DAYBREAK_FIXTURES=/srv/fixtures daybreak demo"},
    {"demo-folder", "The demo cannot work in that folder: it must be empty, or be one that it can make.", NULL,
     "Name another one.", "daybreak demo --keep /tmp/demo"},
    {NULL, NULL, NULL, NULL, NULL},
};
