#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The way back: a target that was edited, lost or restored, and a state that was lost, are made equal to the source again.
. "$(dirname "$0")/lib.sh"

begin() { # begin TITLE: two nights have landed
    fresh "$1"
    cat >p.yaml <<'Y'
source: {type: file, path: drop/p_%Y%m%d.csv, settle: 0s, fields: {n: integer, d: "decimal(9,2)"}, capture: {key: [id], guards: {max_deletes: 100%, min_rows: 0%}}}
sink: {type: sqlite, path: out/p.db, table: p}
Y
    { echo id,n,d; seq -f '%.0f,1,1.50' 1 20; } | drop drop/p_20260101.csv
    run 0 p.yaml
    { echo id,n,d; seq -f '%.0f,2,1.50' 1 5; seq -f '%.0f,1,1.50' 6 20; } | drop drop/p_20260102.csv
    run 0 p.yaml
    counts updated=5 captured=5 unchanged=15 read=20 delivered=5
}

rows() {
    sql out/p.db 'SELECT count(*), sum(n), sum(d), count(DISTINCT id) FROM p'
}

begin 'edited behind our back'
sqlite3 out/p.db "UPDATE p SET n = 99 WHERE id = '7'; DELETE FROM p WHERE id IN ('8', '9'); INSERT INTO p(id, n, d) VALUES ('x', 1, 1)"
edited=$(rows)
run 0 p.yaml --resync --dry-run
is 'a dry run counts' '3 1' "$(json '.result | "\(.loaded + .created + .updated) \(.deleted)"')"
is 'and writes nothing' "$edited" "$(rows)"
run 0 p.yaml --resync
is 'only the differences are written' '3 1 17' "$(json '.result | "\(.loaded + .created + .updated) \(.deleted) \(.unchanged)"')"
is 'rows' '20 25 30.0 20' "$(rows)"
is 'they are told apart as r' 3 "$(sql out/p.db "SELECT count(*) FROM p WHERE _op = 'r' AND id IN ('7', '8', '9')")"
db 0 ledger verify
again p.yaml out/p.db
run 0 p.yaml --resync
is 'nothing differs any more' '20 0' "$(json '.result | "\(.unchanged) \(.delivered)"')"

begin 'the state is lost'
rm -rf .daybreak
{ echo id,n,d; seq -f '%.0f,2,1.50' 1 6; seq -f '%.0f,1,1.50' 7 20; } | drop drop/p_20260103.csv
db 78 run p.yaml
has 'the way out' resync "$err$("$daybreak" run p.yaml 2>&1)"
is 'untouched' '20 25 30.0 20' "$(rows)"
run - p.yaml --resync
is 'exit status' 0 "$status"
is 'rows' '20 26 30.0 20' "$(rows)"
again p.yaml out/p.db
db 0 ledger verify

begin 'the memory is lost'
rm -rf .daybreak/p/memory
{ echo id,n,d; seq -f '%.0f,2,1.50' 1 6; seq -f '%.0f,1,1.50' 7 20; } | drop drop/p_20260103.csv
db 78 run p.yaml
run 0 p.yaml --resync
is 'rows' '20 26 30.0 20' "$(rows)"
again p.yaml out/p.db
db 0 ledger verify

begin 'the target is lost'
rm -f out/p.db*
{ echo id,n,d; seq -f '%.0f,2,1.50' 1 6; seq -f '%.0f,1,1.50' 7 20; } | drop drop/p_20260103.csv
db 78 run p.yaml
run 0 p.yaml --resync
is 'rows' '20 26 30.0 20' "$(rows)"
again p.yaml out/p.db

begin 'the target was restored from a copy'
sqlite3 out/p.db 'PRAGMA wal_checkpoint(TRUNCATE)' >/dev/null
cp out/p.db old.db
{ echo id,n,d; seq -f '%.0f,2,1.50' 1 6; seq -f '%.0f,1,1.50' 7 20; } | drop drop/p_20260103.csv
run 0 p.yaml
rm -f out/p.db* && cp old.db out/p.db
{ echo id,n,d; seq -f '%.0f,2,1.50' 1 7; seq -f '%.0f,1,1.50' 8 20; } | drop drop/p_20260104.csv
db - run p.yaml
is 'either halted, or compared with what the target really holds' yes "$(
    case $status in 78) echo yes ;; 0) [ "$(rows)" = '20 27 30.0 20' ] && echo yes ;; esac)"
run 0 p.yaml --resync
is 'rows' '20 27 30.0 20' "$(rows)"
again p.yaml out/p.db

begin 'only with diff'
printf 'n\n1\n' | drop drop/a.log
cat >a.yaml <<'Y'
source: {type: file, path: "drop/*.log", settle: 0s, format: csv, capture: {method: append}}
sink: {type: sqlite, path: out/a.db}
Y
run 0 a.yaml
db - run a.yaml --resync
is 'refused' yes "$([ "$status" != 0 ] && echo yes)"
finish
