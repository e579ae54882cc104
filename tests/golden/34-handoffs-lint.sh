#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Handoffs as a pipeline file has them: what is wrong is told at its place; the one that is a sink by another name runs as such.
. "$(dirname "$0")/lib.sh"

fresh 'one handoff without conditions is a sink with a name'
mkdir -p drop out
printf 'id,total\n1,5\n' >drop/a_20260101.csv
cat >one.yaml <<'Y'
source: {type: file, path: drop/a_%Y%m%d.csv, capture: {key: [id]}}
handoffs:
  - {name: fulfilment, owner: warehouse, to: {type: sqlite, path: out/o.db, table: orders}}
Y
db 0 run one.yaml --json
is 'its name' fulfilment "$(json '.result.handoffs[0].name')"
is 'its row' '1|5' "$(sqlite3 out/o.db 'SELECT id, total FROM orders')"
is 'its checkpoint' 'fulfilment 1' "$(sqlite3 out/o.db "SELECT handoff || ' ' || batch FROM _daybreak_checkpoint")"
db 0 run one.yaml
db 0 ledger verify one.yaml

fresh 'what is wrong with handoffs'
mkdir -p drop
printf 'id,total,special\n1,5,Y\n' >drop/a_20260101.csv
cat >bad.yaml <<'Y'
source: {type: file, path: drop/a_%Y%m%d.csv, fields: {total: "decimal(12,2)", special: boolean}, capture: {key: [id]}}
handoffs:
  - {name: approval, when: "totl > 10000 AND special", hold: {by: boss, on_approve: fulfilmen}}
  - {name: fulfilment, when: "total", contract: {context: [actor]}, to: {type: sqlite, path: o.db, tabel: x}}
  - {name: fulfilment, tables: [nope], to: {type: jsonl, path: "o_{run}.jsonl"}}
Y
db 78 lint bad.yaml --json
codes=$(json '[.result.findings[] | "\(.line):\(.code)"] | sort | unique | join(" ")')
for code in 3:unknown-column 3:unknown-handoff 4:expression-type 4:contract-context 4:unknown-key 5:duplicate-name 5:unknown-table; do
    has "told: $code" "$code" "$codes"
done
db 78 run bad.yaml
[ ! -e o.db ] || fail 'a file that does not fit was run'
finish
