#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Transforms with expressions: what `set` computes, what a `filter` leaves out, what the envelope says; exactly, over every way that
# records come; and errors that point into the expression.
. "$(dirname "$0")/lib.sh"

rowset() { # rowset DB QUERY: lines joined by |
    sqlite3 -batch -init /dev/null -separator ' ' -nullvalue NULL "$1" "$2" 2>&1 | paste -sd'|'
}

fresh 'set and filter into a database'
cat >p.yaml <<'Y'
source:
  type: file
  path: drop/p_%Y%m%d.csv
  settle: 0s
  fields: {qty: integer, unit_price: "decimal(12,2)", at: timestamp}
  capture: {key: [id], guards: {max_deletes: 100%, max_invalid: 100%}}
transforms:
  - filter: {name: drafts, keep: "status <> 'draft'"}
  - set:
      total: cast(qty * unit_price as decimal(14,2))
      sku: upper(trim(sku))
      vat: qty * unit_price * 0.196
  - set: {gross: total + vat, size: CASE WHEN total >= 1000 THEN 'large' WHEN total >= 100 THEN 'middle' ELSE 'small' END}
  - rename: {by: clerk}
  - drop: [status]
context:
  changed_at: date_add(at, 1, 'hour')
  reason: "coalesce(nullif(why, ''), 'nightly ' || size)"
  actor: clerk
  related: {order: "'O-' || id", fixed: "'x'"}
sink: {type: sqlite, path: out/p.db, table: p}
Y
drop drop/p_20260101.csv <<'C'
id,sku,qty,unit_price,status,by,why,at
A, ab-1 ,3,19.90,new,eve,,2026-01-01T01:00:00Z
B,b,7,1234567890.11,new,,moved,2026-01-01T02:00:00Z
C,c,1,1.00,draft,eve,,2026-01-01T03:00:00Z
D,,,2.00,new,eve,,
C
db 0 lint p.yaml
has 'no more than a word' '1 file, 0 errors, 0 warnings' "$out"
has 'of the many digits a product has' "column 'vat' may have 34 digits: SQLite keeps it as TEXT" "$out"
run 0 p.yaml
counts loaded=4 captured=4 read=4 filtered=1 delivered=3
is 'columns: replaced in place, new ones last' 'id sku qty unit_price clerk why at total vat gross size' \
    "$(sql out/p.db "SELECT group_concat(name, ' ') FROM pragma_table_info('p') WHERE name NOT LIKE '\_%' ESCAPE '\'")"
is 'decimals are exact' 'A AB-1 59.7 11.70120 71.40120 small|B B 8641975230.77 1693827145.23092 10335802376.00092 large|D  NULL NULL NULL small' \
    "$(rowset out/p.db 'SELECT id, sku, total, vat, gross, size FROM p ORDER BY id')"
is 'the envelope' '{"reason":"nightly small","actor":"eve","related":{"order":"O-A","fixed":"x"}}|{"reason":"moved","related":{"order":"O-B","fixed":"x"}}|{"reason":"nightly small","actor":"eve","related":{"order":"O-D","fixed":"x"}}' \
    "$(rowset out/p.db 'SELECT _context FROM p ORDER BY id')"
is 'when it changed' '2026-01-01T02:00:00.000000Z|2026-01-01T03:00:00.000000Z|NULL' \
    "$(rowset out/p.db 'SELECT changed_at FROM p_provenance ORDER BY id')"
again p.yaml out/p.db
db 0 ledger verify

place='another night'
drop drop/p_20260102.csv <<'C'
id,sku,qty,unit_price,status,by,why,at
A, ab-1 ,4,19.90,new,mal,,2026-01-02T01:00:00Z
B,b,7,1234567890.11,draft,,moved,2026-01-01T02:00:00Z
C,c,1,1.00,new,eve,,2026-01-02T03:00:00Z
E,e,99999999,9999999999.99,new,eve,,2026-01-02T03:00:00Z
C
run 3 p.yaml
is 'rows: B left, C came, D is gone, E cannot be' 'A 79.6 15.60160 95.20160|C 1 0.19600 1.19600' "$(rowset out/p.db 'SELECT id, total, vat, gross FROM p ORDER BY id')"
db 0 dead --json
is 'why' 'transform|set total|overflow|E|total|{"qty":99999999,"unit_price":9999999999.99}' \
    "$(json '.result.dead[0] | "\(.stage)|\(.rule)|\(.reason)|\(.key)|\(.field)|\(.value)"')"
db 0 dead show "$(json '.result.dead[0].id')"
has 'with its expression' 'cast(qty * unit_price as decimal(14,2))' "$out"
again p.yaml out/p.db
db 0 ledger verify

place='retried with a file that makes something else of it'
id=$(db 0 dead --json; json '.result.dead[0].id')
db - dead retry "$id"
is 'with the same file it stays dead' 1 "$(db 0 dead --json; json '.result.dead | length')"
sed -i 's/total: cast(qty/total: cast(least(qty, 9) /; s/least(qty, 9)  \*/least(qty, 9) */' p.yaml
db 0 dead retry "$id"
is 'it landed' 'E 89999999999.91' "$(rowset out/p.db "SELECT id, total FROM p WHERE id = 'E'")"
db 0 ledger verify

fresh 'set and filter into lines'
cat >p.yaml <<'Y'
source: {type: file, path: drop/*.jsonl, settle: 0s, fields: {n: integer}}
transforms:
  - filter: {name: tests, keep: "coalesce(kind, '') <> 'test' AND n IS NOT NULL"}
  - set: {twice: n * 2, ratio: "100 / n", tag: "coalesce(label, 'none') || '/' || length(text)", text: null}
  - select: [id, twice, ratio, tag, who]
context: {actor: who}
sink: {type: jsonl, path: out/p.jsonl}
Y
drop drop/a.jsonl <<'J'
{"id":"1","n":4,"text":"häß"}
{"id":"2","n":0,"text":"b"}
{"id":"3","n":7,"kind":"test","text":"c"}
{"id":"4","text":"d"}
{"id":"5","n":-3,"text":"","who":"eve"}
J
run 3 p.yaml
counts created=5 captured=5 read=5 filtered=2 dead=1 delivered=2
is 'records, their numbers as numbers' '{"id":"1","twice":8,"ratio":25.000000,"tag":"none/3","who":null}|{"id":"5","twice":-6,"ratio":-33.333333,"tag":"none/0","who":"eve"}' \
    "$(sed 's/.*"after":\({[^}]*}\).*/\1/' out/p.jsonl | paste -sd'|')"
has 'a member that no record had so far is null' '"actor":"eve"' "$(tail -1 out/p.jsonl)"
db 0 dead --json
is 'why' 'transform set ratio division_by_zero {"n":0}' "$(json '.result.dead[0] | "\(.stage) \(.rule) \(.reason) \(.value)"')"
again p.yaml out/p.jsonl
sed -i 's|100 / n|100 / nullif(n, 0)|' p.yaml
db 0 dead retry "$(db 0 dead --json; json '.result.dead[0].id')"
is 'retried: what the row did not have is null' '{"id":"2","twice":0,"ratio":null,"tag":"none/1","who":null}' "$(tail -1 out/p.jsonl | jq -c .after)"
db 0 ledger verify

fresh 'a key that is made'
cat >p.yaml <<'Y'
source: {type: file, path: drop/p_%Y%m%d.csv, settle: 0s, fields: {n: integer}, capture: {key: [id, n], before: true, guards: {max_deletes: 100%, min_rows: 0%}}}
transforms:
  - set: {id: "lower(id)", label: "id || '/' || v"}
  - rename: {id: code}
sink: {type: sqlite, path: out/p.db, table: p, history: all}
Y
printf 'id,n,v\nAA,1,x\nBB,2,y\nCC,3,z\n' | drop drop/p_20260101.csv
db 0 lint p.yaml --json
is 'lint says what that means' 'note 3 11' "$(json '.result.findings[] | select(.code == "made-key") | "\(.severity) \(.line) \(.column)"')"
run 0 p.yaml
printf 'id,n,v\nAA,1,new\nCC,3,z\n' | drop drop/p_20260102.csv
run 0 p.yaml
counts read=2 updated=1 deleted=1 absent=1 captured=1 unchanged=1 delivered=2
is 'a delete finds the row by the key it became' 'aa 1 AA/new u|cc 3 CC/z r' "$(rowset out/p.db 'SELECT code, n, label, _op FROM p ORDER BY code')"
is 'the key is that of the target' 'code n' "$(sql out/p.db "SELECT group_concat(name, ' ') FROM pragma_table_info('p') WHERE pk > 0")"
db 0 trace p AA,1 --json
is 'found by the key of the source' 'true AA/new' "$(json '.result | "\(.found) \(.current.label)"')"
db 0 trace p BB,2 --json
is 'what is gone, too' true "$(json .result.found)"
again p.yaml out/p.db
db 0 ledger verify
db 78 run p.yaml --resync
has 'it cannot be compared, and says why' 'does not lead back' "$err"
db 0 ledger verify

fresh 'old rows go the same way'
cat >p.yaml <<'Y'
source: {type: file, path: drop/p_%Y%m%d.csv, settle: 0s, fields: {n: integer}, capture: {key: [id], before: true, guards: {max_deletes: 100%, min_rows: 0%}}}
transforms:
  - set: {n: "1000 / n", v: upper(v)}
  - drop: [secret]
sink: {type: jsonl, path: out/p.jsonl}
Y
printf 'id,n,v,secret\nA,4,x,s\nB,5,y,s\n' | drop drop/p_20260101.csv
run 0 p.yaml
printf 'id,n,v,secret\nA,8,x,t\n' | drop drop/p_20260102.csv
run 0 p.yaml
is 'before and after' '{"id":"A","n":250.0,"v":"X"} {"id":"A","n":125.0,"v":"X"}|{"id":"B","n":200.0,"v":"Y"} null' \
    "$(jq -r 'select(.op == "u" or .op == "d") | [.before, .after] | map(if . == null then . else .n |= . + 0.0 end) | map(tojson) | join(" ")' out/p.jsonl | sed 's/"n":\([0-9]*\),/"n":\1.0,/g' | paste -sd'|')"

fresh 'resync after a changed expression'
cat >p.yaml <<'Y'
source: {type: file, path: drop/p_%Y%m%d.csv, settle: 0s, fields: {qty: integer, price: "decimal(10,2)"}, capture: {key: [id], guards: {max_deletes: 100%}}}
transforms:
  - filter: {name: small, keep: qty >= 1}
  - set: {total: qty * price, flag: qty > 2}
sink: {type: sqlite, path: out/p.db, table: p}
Y
printf 'id,qty,price\nA,1,1.10\nB,2,2.20\nC,3,3.30\nD,0,4.40\n' | drop drop/p_20260101.csv
run 0 p.yaml
counts loaded=4 captured=4 read=4 filtered=1 delivered=3
run 0 p.yaml --resync
is 'nothing differs' '3 0' "$(json '.result | "\(.unchanged) \(.delivered)"')"
sed -i 's/total: qty \* price/total: "CASE WHEN qty = 2 THEN 0 ELSE qty * price END"/' p.yaml
run 0 p.yaml --resync
is 'what differs is written' '2 1' "$(json '.result | "\(.unchanged) \(.delivered)"')"
is 'rows' 'A 1.10 0|B 0.00 0|C 9.90 1' "$(rowset out/p.db 'SELECT id, total, flag FROM p ORDER BY id')"
sed -i 's/qty >= 1/qty >= 2/' p.yaml
run 0 p.yaml --resync
is 'what a filter leaves out now is gone' 'B 0.00 0|C 9.90 1' "$(rowset out/p.db 'SELECT id, total, flag FROM p ORDER BY id')"
sqlite3 out/p.db "UPDATE p SET total = 77 WHERE id = 'C'; DELETE FROM p WHERE id = 'B'"
run 0 p.yaml --resync
is 'repaired' 'B 0.00 0|C 9.90 1' "$(rowset out/p.db 'SELECT id, total, flag FROM p ORDER BY id')"
printf 'id,qty,price\nA,2,1.10\nB,2,2.20\nC,3,3.30\nD,0,4.40\n' | drop drop/p_20260102.csv
run 0 p.yaml
is 'the next night goes on from there' 'A 0.00 0|B 0.00 0|C 9.90 1' "$(rowset out/p.db 'SELECT id, total, flag FROM p ORDER BY id')"
is 'one change' '1 3' "$(json '.result | "\(.captured) \(.unchanged)"')"
db 0 ledger verify

fresh 'a table that was there'
sqlite3 t.db "CREATE TABLE p(id TEXT PRIMARY KEY, total NUMERIC); INSERT INTO p VALUES ('A', 1.1), ('B', 9), ('X', 1)"
cat >p.yaml <<'Y'
source: {type: file, path: drop/p_%Y%m%d.csv, settle: 0s, fields: {qty: integer, price: "decimal(10,2)"}, capture: {key: [id], guards: {max_deletes: 100%}}}
transforms:
  - set: {total: qty * price}
  - select: [id, total]
sink: {type: sqlite, path: t.db, table: p, envelope: side, existing: adopt}
Y
printf 'id,qty,price\nA,1,1.10\nB,2,2.20\nC,3,3.30\n' | drop drop/p_20260101.csv
run 0 p.yaml
is 'compared by what the rows become' '1 1 1 1' "$(json '.result | "\(.unchanged) \(.updated) \(.created) \(.deleted)"')"
is 'rows' 'A 1.1|B 4.4|C 9.9' "$(rowset t.db 'SELECT * FROM p ORDER BY id')"
again p.yaml t.db

fresh 'an input that an expression does not fit is held'
cat >p.yaml <<'Y'
source: {type: file, path: drop/p_%Y%m%d.csv, settle: 0s, fields: {qty: integer}, capture: {key: [id]}}
transforms:
  - set: {double: qty * 2, who: "upper(clerk)"}
sink: {type: sqlite, path: out/p.db, table: p}
Y
printf 'id,qty,clrek\nA,1,x\n' | drop drop/p_20260101.csv
run 4 p.yaml
is 'as missing column' missing_column "$(json '.result.held_inputs[0].guard')"
has 'which, where, and what was meant' "clerk" "$(json '.result.held_inputs[0].reason')"
has 'did you mean' "clrek" "$(json '.result.held_inputs[0].reason')"
db 78 lint p.yaml --json
is 'lint says it with its place' 'error unknown-column 3 40' \
    "$(json '.result.findings[] | select(.code == "unknown-column") | "\(.severity) \(.code) \(.line) \(.column)"')"
printf 'id,qty,clerk\nA,1,x\n' | drop drop/p_20260102.csv
run 0 p.yaml
is 'the next good one lands' 'A 2 X' "$(rowset out/p.db 'SELECT id, double, who FROM p')"

fresh 'errors point into the expression'
cat >p.yaml <<'Y'
source: {type: file, path: drop/*.csv, settle: 0s, fields: {qty: integer, price: "decimal(8,2)"}, capture: {key: [id]}}
transforms:
  - filter: {name: a, keep: qty}
  - set: {t: qty * prcie, u: "qty + 'x'", v: 'upper(''a'' || lwer(id))', w: "qty +"}
  - set:
      x: >-
        qty +
        id
      id: id || status
  - filter: {name: b, keep: "1 / 0 = qty"}
context: {changed_at: qty, reason: nightly export}
sink: {type: sqlite, path: out/p.db, table: p}
Y
printf 'id,qty,price,status\nA,1,2.00,x\n' | drop drop/a.csv
db 78 lint p.yaml --json
at() { # at LINE COLUMN: code of the errors there
    json "[.result.findings[] | select(.line == $1 and .column == $2) | .code] | unique | join(\" \")"
}
is 'no condition' expression-type "$(at 3 29)"
is 'a function that is none' unknown-function "$(at 4 62)"
is 'an unfinished text' expression-syntax "$(json '[.result.findings[] | select(.line == 4 and .code == "expression-syntax")][0].code')"
is 'on a later line of it' expression-type "$(json '[.result.findings[] | select(.line == 7 or .line == 8) | .code] | unique | join(" ")')"
is 'a key of others' key-from-others "$(at 9 11)"
is 'what can never be computed' expression-type "$(json '[.result.findings[] | select(.line == 10)][0].code')"
is 'an instant that is none' expression-type "$(at 11 23)"
has 'a text without its quotes' "\"'nightly export'\"" "$(json '[.result.findings[] | select(.line == 11) | .suggestion // ""] | join(" ")')"
db 78 run p.yaml
sed -i '3d; s/, u: .*/}/; /^  - set:$/,/status$/d; /1 \/ 0/d; s/^context.*//' p.yaml
db 78 lint p.yaml
has 'the line, a caret and what was meant' '  - set: {t: qty * prcie}
                     ^^^^^' "$out"
has 'did you mean' price "$out"
db 0 explain expression-type
db 0 explain unknown-function

fresh 'before anything is there'
cat >p.yaml <<'Y'
source: {type: file, path: drop/*.csv, settle: 0s, fields: {quantity: integer}, capture: {key: [id]}}
transforms:
  - set: {t: quantity * 2, u: upper(name), v: quantiy}
sink: {type: jsonl, path: out/p.jsonl}
Y
db 0 lint p.yaml --json
is 'a name that may come is a note, one that looks wrong a warning' 'note name|warning quantiy' \
    "$(json '[.result.findings[] | select(.code == "unknown-column") | "\(.severity) \(.message | capture("\u0027(?<n>[^\u0027]*)\u0027").n)"] | sort | join("|")')"
printf 'id,quantity,name,quantiy\n1,2,x,3\n' | drop drop/a.csv
db 0 lint p.yaml
is 'when it is there nothing is to be said' '1 file, 0 errors, 0 warnings' "$(grep -v effectively <<<"$out")"
run 0 p.yaml
is 'all there' '{"t":4,"u":"X","v":"3"}' "$(jq -c '.after | {t, u, v}' out/p.jsonl)"

fresh 'several tables, their own transforms'
cat >p.yaml <<'Y'
source:
  type: file
  path: drop/all.tar.gz
  settle: 0s
  tables:
    a: {member: a.csv, key: [id], fields: {n: integer}}
    b: {member: b.csv, key: [id], transforms: [{set: {id: "'b' || id"}}]}
transforms: [{filter: {name: few, keep: n > 1}}, {set: {sum: n + n}}]
context: {reason: "coalesce(why, '?')", actor: who}
sink: {type: sqlite, path: out/p.db}
Y
mkdir in && printf 'id,n\n1,1\n2,2\n' >in/a.csv && printf 'id,why\n1,because\n' >in/b.csv
tar -C in -czf .arriving a.csv b.csv && touch -d '2 hours ago' .arriving && mv .arriving drop/all.tar.gz
db 0 lint p.yaml
run 0 p.yaml
is 'rows' '2 2 4 {"reason":"?"}|b1 because {"reason":"because"}' \
    "$(rowset out/p.db 'SELECT id, n, sum, _context FROM a')|$(rowset out/p.db 'SELECT id, why, _context FROM b')"
again p.yaml out/p.db

fresh 'the graph and the schema know them'
cat >p.yaml <<'Y'
source: {type: file, path: drop/*.csv}
transforms: [{filter: {name: few, keep: n > '1'}}, {set: {sum: "n || n"}}]
sink: {type: jsonl, path: out/p.jsonl}
Y
db 0 graph p.yaml
has 'steps' 'filter few, set sum' "$out"
db 0 schema
is 'schema' 'name keep object' "$(json '.properties.transforms.items.properties | "\(.filter.required | join(" ")) \(.set.type | if type == "array" then .[0] else . end)"')"
finish
