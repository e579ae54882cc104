#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What becomes of columns and rows on the way: transforms, types, encodings, context, history, marks, other people's tables, drift.
. "$(dirname "$0")/lib.sh"

rowset() { # rowset DB QUERY: lines joined by |
    sqlite3 -batch -init /dev/null -separator ' ' -nullvalue NULL "$1" "$2" 2>&1 | paste -sd'|'
}

fresh 'rename, drop, select'
cat >p.yaml <<'Y'
source: {type: file, path: drop/p_%Y%m%d.csv, settle: 0s, fields: {qty: integer}, capture: {key: [id], before: true}}
transforms:
  - rename: {id: order_id, cust: customer}
  - drop: [secret]
  - select: [order_id, qty, customer]
context: {actor: customer}
sink: {type: sqlite, path: out/p.db, table: p}
Y
printf 'id,secret,cust,qty,more\nA,s,bob,1,x\n' | drop drop/p_20260101.csv
db 0 lint p.yaml
run 0 p.yaml
is 'columns keep their order' 'order_id customer qty' \
    "$(sql out/p.db "SELECT group_concat(name, ' ') FROM pragma_table_info('p') WHERE name NOT LIKE '\_%' ESCAPE '\'")"
is 'context sees the new names' '{"actor":"bob"}' "$(sql out/p.db 'SELECT _context FROM p')"
printf 'id,secret,cust,qty,more\nA,other,bob,1,x\n' | drop drop/p_20260102.csv
run 0 p.yaml
is 'rows are compared before the transforms' 1 "$(json .result.updated)"
again p.yaml out/p.db
sed -i 's/drop: \[secret\]/drop: [secrte]/' p.yaml
db - lint p.yaml
has 'did you mean' secret "$out$err"

fresh 'ignore: delivered, but not compared'
cat >p.yaml <<'Y'
source: {type: file, path: drop/p_%Y%m%d.csv, settle: 0s, capture: {key: [id], ignore: [at]}}
sink: {type: sqlite, path: out/p.db, table: p}
Y
printf 'id,v,at\n1,a,t1\n2,b,t1\n' | drop drop/p_20260101.csv
run 0 p.yaml
printf 'id,v,at\n1,a,t2\n2,c,t2\n' | drop drop/p_20260102.csv
run 0 p.yaml
counts updated=1 captured=1 unchanged=1 read=2 delivered=1
is 'rows' '1 a t1|2 c t2' "$(rowset out/p.db 'SELECT id, v, at FROM p ORDER BY id')"

fresh 'types'
cat >p.yaml <<'Y'
source:
  type: file
  path: drop/p_%Y%m%d.csv
  settle: 0s
  fields:
    i: integer
    d: decimal(12,2)
    w: decimal(30,10)
    r: real
    b: boolean
    day: date
    at: timestamp
    raw: bytes
  capture: {key: [id]}
sink: {type: sqlite, path: out/p.db, table: p}
Y
drop drop/p_20260101.csv <<'C'
id,i,d,w,r,b,day,at,raw,t
1,-9223372036854775808,19.90,12345678901234567890.0123456789,0.1,T,2024-02-29,2026-07-01T12:00:00.5+02:00,abc,
2,+007,-0.01,-0.0000000001,1e300,no,0001-01-01,2026-07-01 12:00,,"a,b"
3,,,,,,,,,
C
run 0 p.yaml
is 'declared types' 'INTEGER NUMERIC TEXT REAL BOOLEAN TEXT TEXT BLOB TEXT' \
    "$(sql out/p.db "SELECT group_concat(type, ' ') FROM pragma_table_info('p') WHERE name IN ('i', 'd', 'w', 'r', 'b', 'day', 'at', 'raw', 't')")"
is 'values' '-9223372036854775808 19.9 12345678901234567890.0123456789 0.1 1 2024-02-29 2026-07-01T10:00:00.500000Z|7 -0.01 -0.0000000001 1.0e+300 0 0001-01-01 2026-07-01T12:00:00.000000Z|NULL NULL NULL NULL NULL NULL NULL' \
    "$(rowset out/p.db 'SELECT i, d, w, r, b, day, at FROM p ORDER BY id')"
is 'an empty field of a declared type is null, an empty text stays empty' '0 text text' \
    "$(rowset out/p.db "SELECT t IS NULL, typeof(t), typeof(w) FROM p WHERE id = '1'")"
is 'storage of decimals and bytes' 'real blob' "$(rowset out/p.db "SELECT typeof(d), typeof(raw) FROM p WHERE id = '1'")"
db 0 lint p.yaml
has 'wide decimals are told' digits "$out"
again p.yaml out/p.db

fresh 'a zone of its own'
cat >p.yaml <<'Y'
source: {type: file, path: drop/p_%Y%m%d.csv, settle: 0s, timezone: Europe/Paris, at: "02:10", fields: {at: timestamp}, capture: {key: [id]}}
sink: {type: sqlite, path: out/p.db, table: p}
Y
printf 'id,at\n1,2026-07-01T12:00:00\n2,2026-01-01T12:00:00\n3,2026-01-01T12:00:00Z\n' | drop drop/p_20260101.csv
run 0 p.yaml
has 'the name gives the input its time: 02:10 in Paris' 2026-01-01T01:10:00.000000Z "$(sql out/p.db 'SELECT input FROM _daybreak_batch')"

fresh 'encodings'
cat >p.yaml <<'Y'
source: {type: file, path: drop/*.csv, settle: 0s, format: {type: csv, encoding: ISO-8859-1, delimiter: ";"}, capture: {key: [id]}}
sink: {type: sqlite, path: out/p.db, table: p}
Y
printf 'id;na\xefve\n1;\xe4\xf6\xfc\n' | drop drop/a.csv
run 0 p.yaml
is 'text is UTF-8' 'äöü' "$(sql out/p.db 'SELECT "naïve" FROM p')"
again p.yaml out/p.db

fresh 'csv as it comes'
cat >p.yaml <<'Y'
source:
  type: file
  path: drop/*.txt
  settle: 0s
  format: {type: csv, delimiter: "|", header: false, skip: 1, comment: "#", null_text: NULL, trailer: {starts: "TRAILER", count: 2}}
  fields: {id: text, n: integer, t: text}
  capture: {key: [id]}
sink: {type: sqlite, path: out/p.db, table: p}
Y
printf 'export of today\n#comment\n1|1|a\n2|NULL|NULL\n3|3|"NULL"\nTRAILER|3\n' | drop drop/a.txt
run 0 p.yaml
counts loaded=3 read=3 captured=3 delivered=3
is 'rows' '1 1 a|2 NULL NULL|3 3 NULL' "$(rowset out/p.db 'SELECT id, n, t FROM p ORDER BY id')"
is 'a quoted one is text' text "$(sql out/p.db "SELECT typeof(t) FROM p WHERE id = '3'")"
printf 'export of today\n1|1|a\n2|NULL|NULL\nTRAILER|3\n' | drop drop/b.txt
run 4 p.yaml
counts delivered=0

fresh 'context as text, and history'
cat >p.yaml <<'Y'
source: {type: file, path: drop/p_%Y%m%d.csv, settle: 0s, capture: {key: [id], guards: {max_deletes: 100%, min_rows: 0%}}}
context: {reason: "'nightly export'", actor: by, related: {ticket: tick, other: id}}
sink: {type: sqlite, path: out/p.db, table: p, history: all}
Y
printf 'id,v,by,tick\n1,a,eve,T\n2,b,,\n' | drop drop/p_20260101.csv
run 0 p.yaml
is 'context' '{"reason":"nightly export","actor":"eve","related":{"ticket":"T","other":"1"}}' "$(sql out/p.db "SELECT _context FROM p WHERE id = '1'")"
printf 'id,v,by,tick\n1,x,mal,T\n3,c,,\n' | drop drop/p_20260102.csv
run 0 p.yaml
is 'history: all keeps every superseded version' '1 r|2 r' "$(rowset out/p.db "SELECT id, _op FROM _daybreak_history_p WHERE _op <> 'd' ORDER BY id")"
db 0 trace p 1 --json
is 'trace' '1 true x' "$(json '.result | "\(.key) \(.found) \(.current.v)"')"
is 'in order of time' true "$(json '[.result.timeline[].at] | . == sort')"
db 0 trace p 2 --json
is 'a deleted key is found' true "$(json .result.found)"
db 1 trace p nokey
again p.yaml out/p.db

fresh 'history: gone'
cat >p.yaml <<'Y'
source: {type: file, path: drop/p_%Y%m%d.csv, settle: 0s, capture: {key: [id], guards: {max_deletes: 100%, min_rows: 0%}}}
sink: {type: sqlite, path: out/p.db, table: p}
Y
printf 'id,v\n1,a\n2,b\n' | drop drop/p_20260101.csv
run 0 p.yaml
printf 'id,v\n1,x\n' | drop drop/p_20260102.csv
run 0 p.yaml
is 'the envelope of the delete is kept' 2 "$(sql out/p.db "SELECT group_concat(DISTINCT id) FROM _daybreak_history_p")"

fresh 'history: none'
sed 's/table: p}/table: p, history: none}/' "$work/$((folder - 1))/p.yaml" >p.yaml
printf 'id,v\n1,a\n2,b\n' | drop drop/p_20260101.csv
run 0 p.yaml
is 'no history' 0 "$(sql out/p.db "SELECT count(*) FROM sqlite_schema WHERE name = '_daybreak_history_p'")"

fresh 'deletes: mark'
cat >p.yaml <<'Y'
source: {type: file, path: drop/p_%Y%m%d.csv, settle: 0s, capture: {key: [id], guards: {max_deletes: 100%, min_rows: 0%}}}
sink: {type: sqlite, path: out/p.db, table: p, deletes: mark}
Y
printf 'id,v\n1,a\n2,b\n' | drop drop/p_20260101.csv
run 0 p.yaml
printf 'id,v\n1,a\n' | drop drop/p_20260102.csv
run 0 p.yaml
counts deleted=1 absent=1 unchanged=1 read=1 delivered=1
is 'the row stays, marked' '1 a r|2 b d' "$(rowset out/p.db 'SELECT id, v, _op FROM p ORDER BY id')"
printf 'id,v\n1,a\n2,c\n' | drop drop/p_20260103.csv
run 0 p.yaml
is 'it comes back' '1 a r|2 c c' "$(rowset out/p.db 'SELECT id, v, _op FROM p ORDER BY id')"
again p.yaml out/p.db

fresh 'prefix'
cat >p.yaml <<'Y'
source: {type: file, path: drop/*.csv, settle: 0s, capture: {key: [id]}}
sink: {type: sqlite, path: out/p.db, table: p, prefix: db_}
Y
printf 'id,_op\n1,mine\n' | drop drop/a.csv
run 0 p.yaml
is 'columns' '1 mine r' "$(rowset out/p.db 'SELECT id, _op, db_op FROM p')"
sed -i 's/, prefix: db_//; s/table: p/table: q/' p.yaml
db 78 lint p.yaml
has 'a clash names its remedy' prefix "$out$err"

fresh 'existing: refuse and adopt'
sqlite3 t.db "CREATE TABLE p(id TEXT PRIMARY KEY, n INTEGER, t TEXT); INSERT INTO p VALUES ('1', 1, 'a'), ('2', 2, 'b'), ('9', 9, 'gone')"
cat >p.yaml <<'Y'
source: {type: file, path: drop/p_%Y%m%d.csv, settle: 0s, fields: {n: integer}, capture: {key: [id], guards: {max_deletes: 100%}}}
sink: {type: sqlite, path: t.db, table: p, envelope: side}
Y
printf 'id,n,t\n1,1,a\n2,3,b\n3,3,c\n' | drop drop/p_20260101.csv
db 78 run p.yaml
has 'it says how' adopt "$err"
is 'untouched' '1 1 a|2 2 b|9 9 gone' "$(rowset t.db 'SELECT * FROM p ORDER BY id')"
sed -i 's/envelope: side/envelope: side, existing: adopt/' p.yaml
run 0 p.yaml
is 'only the differences were written' '1 1 1 1' "$(json '.result | "\(.created + .loaded) \(.updated) \(.deleted) \(.unchanged)"')"
is 'rows' '1 1 a|2 3 b|3 3 c' "$(rowset t.db 'SELECT * FROM p ORDER BY id')"
is 'the table is as it was made' 'id n t' "$(sql t.db "SELECT group_concat(name, ' ') FROM pragma_table_info('p')")"
again p.yaml t.db
printf 'id,n,t\n1,1,a\n2,3,b\n3,4,c\n' | drop drop/p_20260102.csv
run 0 p.yaml
counts updated=1 captured=1 unchanged=2 read=3 delivered=1
is 'the envelope lies beside' '3 u' "$(rowset t.db "SELECT id, _op FROM _daybreak_row_p WHERE id = '3'")"
db 0 ledger verify

fresh 'a new column'
cat >p.yaml <<'Y'
source: {type: file, path: drop/p_%Y%m%d.csv, settle: 0s, capture: {key: [id]}}
sink: {type: sqlite, path: out/p.db, table: p}
Y
printf 'id,v\n1,a\n2,b\n3,c\n4,d\n' | drop drop/p_20260101.csv
run 0 p.yaml
printf 'id,v,w\n1,a,x\n2,b,\n3,c,\n4,d,\n' | drop drop/p_20260102.csv
run - p.yaml
case $status in
0) is 'added' '1 a x' "$(rowset out/p.db "SELECT id, v, w FROM p WHERE id = '1'")" ;;
4) is 'the guard against a night of updates' max_updates "$(json '.result.held_inputs[0].guard')"
    db 0 approve "$(json '.result.held_inputs[0].id')"
    is 'added when let through' '1 a x' "$(rowset out/p.db "SELECT id, v, w FROM p WHERE id = '1'")" ;;
*) is 'exit' '0 or 4' "$status" ;;
esac
db 0 ledger verify

fresh 'first: skip'
cat >p.yaml <<'Y'
source: {type: file, path: drop/p_%Y%m%d.csv, settle: 0s, capture: {key: [id], first: skip}}
sink: {type: sqlite, path: out/p.db, table: p}
Y
printf 'id,v\n1,a\n2,b\n' | drop drop/p_20260101.csv
run 0 p.yaml
counts read=2 unchanged=2 captured=0
printf 'id,v\n1,a\n2,c\n3,d\n' | drop drop/p_20260102.csv
run 0 p.yaml
counts updated=1 created=1 captured=2 unchanged=1 read=3 delivered=2
is 'only changes are delivered' '2 c|3 d' "$(rowset out/p.db 'SELECT id, v FROM p ORDER BY id')"
again p.yaml out/p.db

fresh 'rows that an older version of the file wrote'
for sink in '' ', envelope: side' ', deletes: mark'; do
    rm -rf drop out .daybreak && mkdir -p drop out
    printf 'source: {type: file, path: drop/p_%%Y%%m%%d.csv, settle: 0s, capture: {key: [id], guards: {max_deletes: 100%%}}}\nsink: {type: sqlite, path: out/p.db, table: p%s}\n' "$sink" >p.yaml
    printf 'id,v\n1,a\n2,b\n3,c\n4,d\n' | drop drop/p_20260101.csv
    run 0 p.yaml
    db 0 status --json p
    is "all by this version$sink" '0 0' "$(json '.result[0] | "\(.older_version_changes) \(.older_version_rows)"')"
    printf 'transforms: [{rename: {v: w}}]\n' >>p.yaml
    db 0 status --json p.yaml
    is "four rows$sink" '4 4' "$(json '.result[0] | "\(.older_version_changes) \(.older_version_rows)"')"
    printf 'id,v\n1,a\n2,x\n3,c\n' | drop drop/p_20260102.csv
    run 0 p.yaml
    db 0 status --json p.yaml
    is "one was written anew, one is gone$sink" '4 2' "$(json '.result[0] | "\(.older_version_changes) \(.older_version_rows)"')"
    db 0 status p.yaml
    has 'said to people' '2 rows stand as an older version of the file wrote them' "$out"
    db 0 lint p.yaml
    has 'lint says it too' '2 rows of the target stand as an older version of this file wrote them' "$out"
    run 0 p.yaml --resync
    db 0 status --json p.yaml
    is "brought up$sink" 0 "$(json '.result[0].older_version_rows')"
done
printf 'source: {type: file, path: drop/p_%%Y%%m%%d.csv, settle: 0s, capture: {key: [id], guards: {max_deletes: 100%%}}}\nsink: {type: jsonl, path: out/p.jsonl}\nname: lines\n' >l.yaml
run 0 l.yaml
echo 'description: changed' >>l.yaml
db 0 status --json l.yaml
is 'a file of lines cannot say' null "$(json '.result[0].older_version_rows')"
finish
