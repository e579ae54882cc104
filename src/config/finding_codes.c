/* SPDX-License-Identifier: Apache-2.0 */
/* Every stable code of a finding or fault, in a sentence or two: what it means and what to do. `daybreak explain` prints them. */
#include "config/finding.h"

const struct finding_code finding_codes[] = {
    /* reading a pipeline file */
    {"no-file", "The file cannot be opened. Check the path and who may read it; the exit status is 66."},
    {"too-big", "A pipeline file is at most 1 MiB. Data does not belong into it: let a source read it."},
    {"not-utf8", "A pipeline file is UTF-8. Save it again with that encoding; the place is that of the first bad byte."},
    {"bad-yaml", "The file is not YAML. The place is where reading had to stop: look at it and at the line before it."},
    {"tab", "YAML is indented with blanks. A tab has no width that everyone agrees on, so it is an error."},
    {"anchor", "Anchors (&name) and aliases (*name) are not read: a pipeline file says everything where it is used."},
    {"tag", "Tags (!name) and directives (%NAME) are not read: the key alone says what type its value has."},
    {"several-documents", "A file holds one pipeline. Put what follows the line of dashes into a file of its own."},
    {"too-deep", "Nesting ends at 64 levels: no pipeline needs them, and a hostile file would."},
    {"bad-key", "A key is a plain text, not a list, not a mapping and not empty."},
    {"duplicate-key", "A key stands twice in one mapping. Only one of them could count, and none is guessed."},
    {"bad-text", "A text holds a NUL byte (\\0), which no name, path or query can have."},
    {"interpolation", "${...} is never replaced in a pipeline file: text spliced into YAML can change its meaning. Name "
     "the value under secrets: and use it as {secret: NAME}."},
    {"unknown-key", "A key that means nothing here, often a typing error. It is never ignored: it might have been a guard."},
    {"missing-key", "A key that must be there is not."},
    {"wrong-type", "A value is not what its key takes: a duration such as 2s, a size such as 16MiB, a list, a mapping."},
    {"out-of-bounds", "A number, duration or size is smaller or larger than its key allows."},
    {"unknown-choice", "A value is none of the words its key may have."},
    {"empty-value", "A key that needs a value has none."},
    {"bad-alert", "An alert has exactly one way to somebody (command, webhook or mail), and what it names must be an address."},
    {"bad-version", "This daybreak reads version 1 of the pipeline file."},
    {"bad-name", "The name of a pipeline or table is also a file name: no '/', no '.' in front, no control characters, at "
     "most 200 bytes."},
    {"duplicate-name", "A name stands twice in one list, or two columns would get one name."},
    {"not-yet", "The key belongs to the pipeline file but is not built yet in this version. It is refused, not ignored, so "
     "that nothing is thought to be done that is not."},
    {"not-together", "Two keys exclude each other, or a key belongs to another capture method."},
    {"no-effect", "The key is understood but changes nothing together with the others: it may be in the wrong place."},
    {"needs-key", "This needs to know which rows are the same: name the key columns in source.capture.key."},
    {"bad-column", "What stands here cannot be the name of a column."},
    {"unknown-secret", "{secret: NAME} names what is not under secrets:."},
    {"bad-secret", "A secret says where it is, with exactly one of env:, file: and credential:."},
    {"secret-missing", "The place a secret names holds nothing: the variable is not set, or the file cannot be read."},
    {"unused-secret", "A secret that no option uses. Remove it, or look for the option that should say {secret: NAME}."},

    /* binding it to connectors and columns */
    {"no-connector", "There is no module of that name for this role in the module folder; `daybreak connectors` lists what "
     "there is."},
    {"bad-options", "Options of a connector that cannot be so together: a delimiter that is also the quote, a count without the "
     "trailer it stands in."},
    {"unknown-encoding", "The C library of this machine cannot convert from that encoding; `iconv -l` lists those it can."},
    {"unknown-type", "A field's type is none of text, integer, decimal(P,S), real, boolean, date, timestamp and bytes."},
    {"unknown-zone", "Time zones have the names of the tz database, such as Europe/Paris or UTC."},
    {"bad-pattern", "A pattern names a whole date (and time, for timestamps) with %Y %m %d %H %M %S and the characters between."},
    {"wide-decimal", "SQLite's numbers are exact to 15 digits. A wider decimal is kept as text there, so that no digit is "
     "lost."},
    {"capture-unsupported", "The source's connector cannot find changes that way: files know diff and append."},
    {"no-key", "The capture or the write needs key columns, and the file names none: source.capture.key."},
    {"long-key", "A key has at most 64 columns."},
    {"no-before", "The old row can only be given by a diff that remembers it, or by a source that sees it."},
    {"ignored-key", "A key column says which row is meant, so it cannot be left out of the comparison."},
    {"no-mirror", "The target only appends: it can neither replace nor delete a row. Write append, or choose a database."},
    {"unknown-handoff", "A handoff names another one that is not there."},
    {"handoff-loop", "A handoff sends its records to itself."},
    {"handoff-target", "A handoff has nowhere to put its records: it needs `to`, or a hold that names where approved ones go."},
    {"handoff-hole", "A record for which no `when` holds is never dropped: it becomes a dead letter, `no handoff takes it`. A last handoff "
     "without `when` takes what is left."},
    {"unreachable-handoff", "A handoff in front takes everything, so that none of the records reaches this one."},
    {"too-many", "There are more handoffs than a pipeline can have."},
    {"contract-context", "A handoff's contract asks for a part of the envelope that `context` never fills."},
    {"no-adopt", "Taking over a table compares it with the source: that needs diff and a target that can be read back."},
    {"same-target", "Two tables of the source would land in one target table. Put {table} into its name."},
    {"bad-envelope", "This form of the envelope is not for this sink: tables have columns beside a row, JSON lines are messages."},
    {"envelope-clash", "A column of the input is called like one that Daybreak writes beside every row. Set a prefix in the sink, or envelope: side."},
    {"no-deletes", "A mirror holds exactly the rows of now, and this capture does not see deletes, so a deleted row stays. Compare whole dumps (diff), "
     "or write upsert, which promises nothing about deletes."},
    {"weak-guarantee", "`strict: true` refuses a route that promises less than effectively once, may leave stale rows, or may miss a late commit."},
    {"unknown-column", "The file or an expression names a column that is not there at that point: not in the newest input, or renamed, dropped "
     "or left out before. A column with blanks or signs in its name goes in double quotes."},
    {"expression-syntax", "A text is no SQL expression. The caret stands where it stops making sense; `daybreak explain expressions` lists "
     "functions and operators."},
    {"unknown-function", "An expression calls a function that there is not; `daybreak explain expressions` lists those there are."},
    {"expression-type", "An operator, a function or the place of an expression does not take that type. Nothing is converted in silence: write "
     "cast(x as integer), and qty <> 0 where a condition is asked for. A part without columns that can never be computed, such as 1 / 0, "
     "is told here, too."},
    {"expression-limit", "An expression is too long, too deep or has too many parts."},
    {"made-key", "A transform computes a key column. The target has one row for each key there is then: records whose keys become the same "
     "share it. What leads back from there to the source's rows is not known, so that --resync cannot compare them."},
    {"key-from-others", "A transform makes a key column of columns that are not in the key. A delete brings its key alone, so its row in the "
     "target would not be found."},
    {"module-refused", "A transform module cannot work with the columns that there are at its place, or would give some that it must not: a "
     "key column, a looked-up one, the same twice."},
    {"module-broken", "A transform module did not do what it said: a column that it announced was not given. That is a bug of the module."},
    {"lookup-missing", "The file or database of a lookup is not there. Its path is relative to the pipeline file; without it no record "
     "can be looked up, and the run waits or stops."},
    {"lookup-locked", "The database of a lookup is locked by another program. The run waits and tries again."},
    {"lookup-database", "The database of a lookup cannot be read: it is damaged, or no SQLite database."},
    {"lookup-query", "The query of a lookup must be one SELECT over that database, with :column for each value of the record that it needs."},
    {"lookup-column", "A lookup looks for a column that the record does not have at that point: transforms before it may have renamed or "
     "dropped it."},
    {"lookup-type", "A lookup compares values of different types, which are never equal, or sums what is no number. Give the columns their "
     "types under `fields`."},
    {"lookup-memory", "The file of a lookup is kept in memory as a whole, and needs more than its max_memory. A database with a query "
     "needs none."},
    {"lookup-file", "The file of a lookup cannot be read to its end, or is still being written."},
    {"unknown-table", "A handoff or a lookup names a table that the source does not have; a lookup may not name its own either: it looks "
     "into another table of the same input."},
    {"contract-column", "A contract requires a column that the input does not have, so that every row would breach it."},
    {"unreadable-input", "The newest input cannot be read to its end. It would be held."},
    {"older-version", "Rows that landed before the file was changed keep the shape it gave them then. `run --resync` compares "
     "the source with the target and writes the differences."},
    {"dumps-or-parts", "Inputs without a time in their name are taken in name order, each for a whole dump. If they are "
     "parts of one, say `parts: N`."},

    /* running */
    {"missing-column", "The input lacks a column that a key, a field or a transform names. It is held; its deletes are not "
     "believed."},
    {"duplicate-column", "Two columns would have the same name after the transforms."},
    {"key-dropped", "A transform drops a key column: the target could not find its rows again."},
    {"max-dead", "More records than max_dead would become dead letters. One wrong mapping must not file a whole dump away: "
     "look at the first reason."},
    {"refused", "The target refused a record and on_error.refused is stop."},
    {"refused-again", "A dead letter was retried and refused once more. Nothing changed but its count of loops."},
    {"outdated", "A newer version of the record was read since: the old one can only be dropped."},
    {"no-decision", "The decision cannot be taken: there is no such record, or it was decided before."},
    {"lock-held", "Another run of this pipeline is at work. Wait for it, or use --skip-if-running."},
    {"no-input", "Nothing has ever matched the source's path. It is relative to the pipeline file."},
    {"late", "No new input came within source.expect. Did the export run?"},
    {"unbalanced", "Records in and records out do not add up. This is a bug or a damaged ledger; `daybreak ledger verify` "
     "says where."},
    {"batch-missing", "The ledger and the target do not list the same batches."},
    {"batch-differs", "The ledger and the target count a batch differently."},
    {"no-resync", "A resync compares source and target: that needs diff with a key, and a target that can be read back."},
    {"target-keys", "The target's table has rows without a key, or with the same one: it cannot be followed."},
    {"target-lost", "The target does not know this pipeline any more, though the ledger says it wrote there. Was it "
     "replaced or restored?"},
    {"target-older", "The target stands at an older position than the ledger says it reached. Was a backup restored?"},
    {"other-pipeline", "The state belongs to a pipeline of another name. After renaming it: run --was OLDNAME."},
    {"state-on-network", "The state lies on a network file system, where locks and syncs cannot be trusted. Use --state."},
    {"memory-lost", "The memory of a diff is gone or older than its target. `daybreak run --resync` makes it anew by "
     "comparing both."},
    {"memory-ahead", "The memory of a diff knows more than the target holds. Was the target restored? `daybreak run "
     "--resync`."},
    {"memory-damaged", "The memory of a diff cannot be read. `daybreak run --resync` makes it anew by comparing source and "
     "target."},
    {"no-pipeline", "No pipeline of that name has state here, and there is no such file."},
    {"no-state", "There is no state folder here: nothing ran yet, or it lies elsewhere (--state)."},
    {"no-folder", "The folder given with -C cannot be entered."},
    {"usage", "The command line is not understood; `daybreak VERB --help` shows it."},
    {NULL, NULL},
};
