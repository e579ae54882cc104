#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# CSV as target: rows that any reader takes back as they were, the envelope in columns of its own.
. "$(dirname "$0")/lib.sh"

fresh 'the file'
cat >p.yaml <<'Y'
source: {type: file, path: drop/p_%Y%m%d.csv, settle: 0s, fields: {n: integer, d: "decimal(9,2)", at: timestamp, b: boolean}, capture: {key: [id], guards: {max_deletes: 50%}}}
context: {changed_at: at, actor: by}
sink: {type: csv, path: out/p.csv}
Y
drop drop/p_20260101.csv <<'C'
id,n,d,at,b,by,t
1,1,19.90,2026-01-01T00:00:00+01:00,yes,eve,"a ""quote"", a comma"
2,,,,,,"two
lines"
3,3,0.1,2026-01-01T00:00:00Z,no,,ü
C
run 0 p.yaml
counts loaded=3 captured=3 read=3 delivered=3
has 'the columns of the row are there' 'id,n,d,at,b,by,t' "$(head -n 1 out/p.csv)"
# Read back by SQLite's own reader.
sqlite3 back.db '.mode csv' '.import out/p.csv p'
is 'rows come back as they were' $'1|1|19.90|2025-12-31T23:00:00.000000Z|true|eve|a "quote", a comma\n2||||||two\nlines\n3|3|0.10|2026-01-01T00:00:00.000000Z|false||ü' \
    "$(sqlite3 back.db 'SELECT id, n, d, at, b, "by", t FROM p')"
again p.yaml out/p.csv
drop drop/p_20260102.csv now <<'C'
id,n,d,at,b,by,t
1,2,19.90,2026-01-01T00:00:00+01:00,yes,eve,"a ""quote"", a comma"
3,3,0.10,2026-01-01T00:00:00Z,no,,ü
C
run 0 p.yaml
counts updated=1 deleted=1 absent=1 captured=1 read=2 unchanged=1 delivered=2
rm back.db && sqlite3 back.db '.mode csv' '.import out/p.csv p'
is 'one header, five rows' 5 "$(sqlite3 back.db 'SELECT count(*) FROM p')"
is 'a delete carries its key' 2 "$(sqlite3 back.db "SELECT id FROM p WHERE _op = 'd'")"
is 'ops' 'd 1|r 3|u 1' "$(sqlite3 back.db -separator ' ' 'SELECT _op, count(*) FROM p GROUP BY 1 ORDER BY 1' | paste -sd'|')"
is 'event ids' 5 "$(sqlite3 back.db 'SELECT count(DISTINCT _event_id) FROM p WHERE length(_event_id) = 32')"
again p.yaml out/p.csv
db 0 ledger verify

fresh 'without envelope, one file a run and table'
cat >p.yaml <<'Y'
source:
  type: file
  path: drop/*.tar.gz
  settle: 0s
  capture: {key: [id]}
  tables: {one: {member: "*one.csv"}, two: {member: "*two.csv"}}
sink: {type: csv, path: "out/{table}_{run}.csv", envelope: none, done: ".done"}
Y
mkdir pack && printf 'id,v\n1,a\n' >pack/one.csv && printf 'id,w\n7,x\n8,y\n' >pack/two.csv
tar -C pack -czf .arriving one.csv two.csv && touch -d '1 hour ago' .arriving && mv .arriving drop/a.tar.gz
run 0 p.yaml
is 'a file a table, each with its marker' 4 "$(find out -type f | wc -l)"
is 'the columns are the row alone' 'id,v|1,a' "$(paste -sd'|' <out/one_*.csv)"
is 'and of the other' 'id,w|7,x|8,y' "$(paste -sd'|' <out/two_*.csv)"
run 0 p.yaml
is 'a second run adds no row' 2 "$(cat out/one_*.csv | wc -l)"
finish
