#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What is behind a code, an exit status, a figure or a function; that every code has an entry is test_explain's.
. "$(dirname "$0")/lib.sh"

fresh 'one of each kind'
for code in 0 4 64 75 78 unknown-key max_deletes missing_key bad_decimal 'duplicate key' lookup_none division_by_zero ledger_busy disk-full \
    existing-rows target-exists which_member captured source_time; do
    db 0 explain "$code"
    has "explain $code" "$code  " "$out"
done
db 0 explain 4
has 'what it means' 'means    An input is held' "$out"
has 'why it is so' 'why      ' "$out"
has 'what to do' 'to do    Look at the evidence' "$out"
has 'what to type' 'example  daybreak held' "$out"
has 'all of it' '           daybreak approve I3' "$out"
is 'no line is too long' '' "$(awk 'length > 80' <<<"$out")"

fresh 'from memory'
db 0 explain MAX-DELETES
has 'in any case, with any dash' 'max_deletes  ' "$out"
db 0 explain missing-key
has 'a code of a file' 'missing-key  What lint' "$out"
has 'and the one of a record, which is spelt alike' 'missing_key  Why a record' "$out"
db 64 explain bad_decimel
has 'a near miss' 'did you mean `daybreak explain bad_decimal`?' "$err"
db 64 explain qqqqqqq
has 'no idea' '`daybreak explain` lists all of them' "$err"

fresh 'all of them'
db 0 explain
for title in 'Exit statuses' 'What holds an input' 'Why a record was set aside' 'What stops a run' 'What a target says' 'Figures of a run'; do
    has 'by group' "$title" "$out"
done
db 0 explain --json
is 'each with its group and its meaning' true "$(json '[.result[] | (.code | length > 0) and (.group | length > 0) and (.means | length > 10)] | all')"
is 'some two hundred' true "$(json '.result | length > 200')"

fresh 'functions'
db 0 explain round
has 'its shape' 'round(' "$out"
db 0 explain expressions
has 'groups' 'Operator' "$out"
has 'an example' "'no. ' || 7  →  no. 7" "$out"
has 'what SQLite does otherwise' 'SQLite  3' "$(grep -A 3 '^7 / 2$' <<<"$out")"
db 0 explain expressions --json
is 'each with an example' true "$(json '[.result[] | select(.shape) | .example | length > 0] | all')"
is 'differences stand beside them' 3 "$(json '.result[] | select(.difference == "7 / 2") | .sqlite')"
db 0 man expressions
has 'a manual page of it' '.SH WHAT SQLITE DOES OTHERWISE' "$out"
db 64 man qqq
has 'and no other' 'there are pipeline and expressions' "$err"

fresh 'what messages name can be looked up'
printf 'id,n\n1,x\n2,3\n' | drop drop/p_20260101.csv
cat >p.yaml <<'Y'
source: {type: file, path: "drop/p_%Y%m%d.csv", settle: 0s, fields: {n: integer}, capture: {key: [id]}}
sink: {type: sqlite, path: out/p.db, table: p}
Y
db 3 run p.yaml
db 0 dead p --json
reason=$(json '.result.dead[0].reason')
is 'the reason of a dead letter' bad_integer "$reason"
db 0 explain "$reason"
db 3 run p.yaml --json --dry-run --resync
printf 'id,n\n1,1\n' | drop drop/p_20260102.csv
db - run p.yaml --json
guard=$(json '.result.held_inputs[0].guard // "max_deletes"')
db 0 explain "$guard"
db 66 dead nosuch --json
db 0 explain "$(json .error.code)"
db 78 lint /dev/null --json
db 0 explain "$(json '.result.findings[0].code')"

finish
