#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A row that cannot be read is set aside with all that says why and where; the rest goes on. A later good row heals it; a person may
# retry or drop it.
. "$(dirname "$0")/lib.sh"

fresh 'a value of each type'
cat >p.yaml <<'Y'
source:
  type: file
  path: drop/p_%Y%m%d.csv
  settle: 0s
  fields: {i: integer, d: "decimal(8,2)", r: real, b: boolean, day: date, at: timestamp, raw: bytes}
  capture: {key: [id], guards: {max_invalid: 100%}}
sink: {type: sqlite, path: out/p.db, table: p}
Y
drop drop/p_20260101.csv <<'C'
id,i,d,r,b,day,at,raw,t
ok,1,1.50,1.5,true,2026-02-28,2026-01-01T00:00:00Z,00ff,x
i,1.5,1.50,1.5,true,2026-02-28,2026-01-01T00:00:00Z,,x
i2,9223372036854775808,1.50,1.5,true,2026-02-28,2026-01-01T00:00:00Z,,x
d,1,1.505,1.5,true,2026-02-28,2026-01-01T00:00:00Z,,x
d2,1,1234567.00,1.5,true,2026-02-28,2026-01-01T00:00:00Z,,x
r,1,1.50,abc,true,2026-02-28,2026-01-01T00:00:00Z,,x
b,1,1.50,1.5,maybe,2026-02-28,2026-01-01T00:00:00Z,,x
day,1,1.50,1.5,true,2026-02-29,2026-01-01T00:00:00Z,,x
at,1,1.50,1.5,true,2026-02-28,yesterday,,x
ok2,,,,,,,,
C
run 3 p.yaml
counts loaded=2 captured=2 read=10 invalid=8 dead=8 delivered=2
db 0 dead --json
is 'fields of a dead letter' 'at byte field handoff id input key line member pipeline reason rule stage value' \
    "$(json '.result.dead[0] | [keys[] | select(IN("at","byte","field","handoff","id","input","key","line","member","pipeline","reason","rule","stage","value"))] | join(" ")')"
is 'field, value and line of each' 'i i 1.5 3|i2 i 9223372036854775808 4|d d 1.505 5|d2 d 1234567.00 6|r r abc 7|b b maybe 8|day day 2026-02-29 9|at at yesterday 10' \
    "$(json '[.result.dead | sort_by(.line)[] | "\(.key) \(.field) \(.value) \(.line)"] | join("|")')"
is 'input and stage' 'drop/p_20260101.csv source' "$(json '[.result.dead[] | "\(.input) \(.stage)"] | unique | join("|")')"
is 'the byte is where the record begins' 'i,1.5,1.50' \
    "$(tail -c +$(($(json '.result.dead | sort_by(.line)[0].byte') + 1)) drop/p_20260101.csv | head -c 10)"
is 'ids tell what they are' true "$(json '[.result.dead[].id | test("^D[0-9]+$")] | all')"
id=$(json '.result.dead | sort_by(.line)[0].id')
db 0 dead show "$id"
has 'shown' 1.5 "$out"
again p.yaml out/p.db

place='healed by a later good row'
drop drop/p_20260102.csv <<'C'
id,i,d,r,b,day,at,raw,t
ok,1,1.50,1.5,true,2026-02-28,2026-01-01T00:00:00Z,00ff,x
i,2,1.50,1.5,true,2026-02-28,2026-01-01T00:00:00Z,,x
i2,1,1.50,1.5,true,2026-02-28,2026-01-01T00:00:00Z,,x
d,1,1.505,1.5,true,2026-02-28,2026-01-01T00:00:00Z,,x
ok2,,,,,,,,
C
run 3 p.yaml
counts created=2 captured=2 read=5 unchanged=2 invalid=1 absent=5 deleted=5 dead=-6 delivered=2 closed.healed=2 closed.withdrawn=10
# rows that were never good and are gone now are withdrawn, with their delete
db 0 dead --json
is 'the same row again does not pile up, or is told twice; never lost' true "$(json '[.result.dead[].key] | (index("i") == null and index("i2") == null and index("d") != null)')"
db 0 ledger verify

fresh 'the last good version stays'
cat >p.yaml <<'Y'
source: {type: file, path: drop/p_%Y%m%d.csv, settle: 0s, fields: {n: integer}, capture: {key: [id], guards: {max_deletes: 50%}}}
sink: {type: sqlite, path: out/p.db, table: p}
Y
printf 'id,n,t\n1,1,a\n2,2,b\n3,3,c\n' | drop drop/p_20260101.csv
run 0 p.yaml
printf 'id,n,t\n1,x,a\n2,2\n3,3,c,d\n' | drop drop/p_20260102.csv
run 3 p.yaml
counts invalid=3 dead=3 read=3
is 'all stand' '1 1 a|2 2 b|3 3 c' "$(sqlite3 -separator ' ' out/p.db 'SELECT * FROM (SELECT id, n, t FROM p ORDER BY id)' | paste -sd'|')"
db 0 dead --json
is 'reasons' 2 "$(json '[.result.dead[].reason | select(. == "column_count")] | length')"
printf 'id,n,t\n1,1,a\n3,3,c\n' | drop drop/p_20260103.csv
run 0 p.yaml
counts deleted=1 absent=1 read=2 unchanged=2 delivered=1 dead=-3 closed.healed=2 closed.superseded=1
again p.yaml out/p.db
db 0 ledger verify

fresh 'drop and retry'
cat >p.yaml <<'Y'
source: {type: file, path: drop/p_%Y%m%d.csv, settle: 0s, fields: {n: "decimal(9,2)"}, capture: {key: [id]}, format: {type: csv, delimiter: ";"}}
sink: {type: sqlite, path: out/p.db, table: p}
Y
printf 'id;n\n1;1\n2;2,50\n3;x\n' | drop drop/p_20260101.csv
run 3 p.yaml
counts loaded=1 read=3 captured=1 invalid=2 dead=2 delivered=1
db 0 dead --json
two=$(json '.result.dead[] | select(.key == "2").id')
three=$(json '.result.dead[] | select(.key == "3").id')
db 0 dead drop "$three" --reason 'never mind' --json
db 1 dead drop "$three" --reason 'never mind'
db 1 dead retry "$three"
db - dead retry "$two" --json
is 'what fails again stays dead' yes "$([ "$status" != 0 ] && echo yes)"
db 0 dead --json
is 'one is left' "$two" "$(json '[.result.dead[].id] | join(" ")')"
sed -i 's/delimiter: ";"/delimiter: ";", decimal: ","/' p.yaml
db 0 dead retry "$two" --json
is 'with the file of today it is delivered' '2 2.5' "$(sql out/p.db "SELECT id, n FROM p WHERE id = '2'")"
db 0 dead --json
is 'none is left' 0 "$(json '.result.dead | length')"
db 0 ledger verify
run - p.yaml
is 'a retried row is remembered' 0 "$(json '.result.dead')"
printf 'id;n\n1;1\n2;2,5\n3;3\n' | drop drop/p_20260102.csv
run 0 p.yaml
counts created=1 captured=1 read=3 unchanged=2 delivered=1
db 0 ledger verify

fresh 'a key that comes twice'
cat >p.yaml <<'Y'
source: {type: file, path: drop/p_%Y%m%d.csv, settle: 0s, capture: {key: [id]}}
sink: {type: sqlite, path: out/p.db, table: p}
Y
printf 'id,t\n1,a\n2,b\n1,a\n3,c\n2,x\n4,d\n5,e\n' | drop drop/p_20260101.csv
run 3 p.yaml
counts loaded=4 read=7 captured=4 repeated=1 invalid=2 dead=2 delivered=4
is 'identical rows are one, different ones none' '1 3 4 5' "$(sql out/p.db "SELECT group_concat(id, ' ') FROM p")"
db 0 dead --json
is 'both are told' '3 duplicate key|6 duplicate key' "$(json '[.result.dead | sort_by(.line)[] | "\(.line) \(.reason)"] | join("|")')"
again p.yaml out/p.db
printf 'id,t\n1,a\n2,b\n3,y\n3,z\n3,z\n4,n\n5,e\n' | drop drop/p_20260102.csv
run 3 p.yaml
counts created=1 updated=1 read=7 captured=2 unchanged=2 repeated=0 invalid=3 dead=1 delivered=2 closed.healed=2
is 'the last good version of 3 stays' c "$(sql out/p.db "SELECT t FROM p WHERE id = '3'")"
is '2 was healed' b "$(sql out/p.db "SELECT t FROM p WHERE id = '2'")"
again p.yaml out/p.db
db 0 ledger verify

fresh 'twice in a large first load'
cat >p.yaml <<'Y'
source: {type: file, path: drop/p_%Y%m%d.csv, settle: 0s, capture: {key: [id]}}
sink: {type: sqlite, path: out/p.db, table: p}
Y
{ echo id,t; seq -f '%.0f,text' 1 100000; echo 7,other; } | drop drop/p_20260101.csv
run 3 p.yaml
counts loaded=99999 read=100001 captured=99999 invalid=2 dead=2 delivered=99999
is 'the row that had landed was taken back' '99999 0' "$(sql out/p.db "SELECT count(*), sum(id = '7') FROM p")"
again p.yaml out/p.db
db 0 ledger verify

fresh 'too many: a HALT'
cat >p.yaml <<'Y'
max_dead: 5
source: {type: file, path: drop/p_%Y%m%d.csv, settle: 0s, fields: {n: integer}, capture: {key: [id], guards: {max_invalid: 100%}}}
sink: {type: sqlite, path: out/p.db, table: p}
Y
{ echo id,n; seq -f '%.0f,x' 1 6; echo 7,7; } | drop drop/p_20260101.csv
db 78 run p.yaml
is 'nothing landed' 0 "$(sql out/p.db "SELECT count(*) FROM sqlite_schema WHERE name = 'p' AND EXISTS (SELECT 1 FROM _daybreak_batch)")"
db 0 dead --json
is 'nothing was filed' 0 "$(json '.result.dead | length')"
{ echo id,n; seq -f '%.0f,x' 1 5; echo 7,7; } | drop drop/p_20260101.csv
run 3 p.yaml
counts loaded=1 captured=1 read=6 invalid=5 dead=5 delivered=1

fresh 'the target refuses'
sqlite3 t.db "CREATE TABLE p(id TEXT PRIMARY KEY, n INTEGER CHECK (n < 10), t TEXT NOT NULL)"
cat >p.yaml <<'Y'
source: {type: file, path: drop/p_%Y%m%d.csv, settle: 0s, fields: {n: integer}, format: {type: csv, null_text: NULL}, capture: {key: [id]}}
sink: {type: sqlite, path: t.db, table: p, envelope: side}
Y
printf 'id,n,t\n1,1,a\n2,20,b\n3,3,NULL\n4,4,d\n' | drop drop/p_20260101.csv
run 3 p.yaml
counts loaded=4 captured=4 read=4 dead=2 delivered=2
is 'exactly the refused are missing' '1 4' "$(sql t.db "SELECT group_concat(id, ' ') FROM p")"
db 0 dead --json
is 'stage and handoff' '2 sink load|3 sink load' "$(json '[.result.dead | sort_by(.key)[] | "\(.key) \(.stage) \(.handoff)"] | join("|")')"
again p.yaml t.db
printf 'id,n,t\n1,1,a\n2,2,b\n3,3,NULL\n4,4,d\n' | drop drop/p_20260102.csv
run 0 p.yaml
is 'the newer version took the place of the dead one' '1 1 a|2 2 b|4 4 d' "$(sqlite3 -separator ' ' t.db 'SELECT * FROM p ORDER BY id' | paste -sd'|')"
db 0 dead --json
is 'one is left' 3 "$(json '[.result.dead[].key] | join(" ")')"
db 0 ledger verify

fresh 'a bad row says nothing of a good one with its key; several nights in one run heal'
cat >p.yaml <<'Y'
source: {type: file, path: drop/p_%Y%m%d.csv, settle: 0s, fields: {n: integer}, capture: {key: [id]}}
sink: {type: sqlite, path: p.db, table: p}
Y
printf 'id,n\n1,1\n2,2\n3,3\n' | drop drop/p_20260101.csv
printf 'id,n\n1,1\n2,x\n2,5\n3,3\n' | drop drop/p_20260102.csv
printf 'id,n\n1,1\n2,5\n3,3\n' | drop drop/p_20260103.csv
run 3 p.yaml
counts loaded=3 updated=1 captured=4 read=10 unchanged=5 invalid=1 dead=0 delivered=4 closed.healed=1
printf 'id,n\n1,1\n2,x\n3,3\n' | drop drop/p_20260104.csv
run 3 p.yaml
printf 'id,n\n1,1\n2,6\n2,7\n3,3\n' | drop drop/p_20260105.csv
run 3 p.yaml
counts read=4 unchanged=2 invalid=2 dead=2
db 0 ledger verify

fresh 'a delete of what never arrived closes it and itself'
cat >p.yaml <<'Y'
source: {type: file, path: drop/p_%Y%m%d.csv, settle: 0s, fields: {n: integer}, capture: {key: [id], guards: {max_deletes: 100%}}}
sink: {type: sqlite, path: p.db, table: p, existing: adopt}
Y
sqlite3 p.db 'CREATE TABLE p (id TEXT PRIMARY KEY, n INTEGER CHECK (n < 10))'
printf 'id,n\n1,1\n2,20\n' | drop drop/p_20260101.csv
run 3 p.yaml
printf 'id,n\n1,1\n2,21\n' | drop drop/p_20260102.csv
run 3 p.yaml
printf 'id,n\n1,1\n' | drop drop/p_20260103.csv
run 0 p.yaml
counts read=1 unchanged=1 deleted=1 absent=1 dead=-1 closed.withdrawn=2
db 0 ledger verify

fresh 'a row that was only ever set aside and is gone again'
cat >p.yaml <<'Y'
source: {type: file, path: drop/p_%Y%m%d.csv, settle: 0s, fields: {n: integer}, capture: {key: [id]}}
sink: {type: sqlite, path: p.db, table: p}
Y
printf 'id,n\n1,1\n2,x\n3,y\n' | drop drop/p_20260101.csv
run 3 p.yaml
printf 'id,n\n1,1\n3,y\n' | drop drop/p_20260102.csv
run 3 p.yaml
counts read=2 unchanged=1 invalid=1 captured=0 absent=1 deleted=1 delivered=0 dead=0 closed.withdrawn=2
printf 'id,n\n1,1\n' | drop drop/p_20260103.csv
run 0 p.yaml
counts read=1 unchanged=1 absent=1 deleted=1 dead=-2 closed.withdrawn=3
printf 'id,n\n1,2\n' | drop drop/p_20260104.csv
run 0 p.yaml
counts read=1 updated=1 absent=0 delivered=1 dead=0
is 'nothing is open' 0 "$(db 0 dead --json; json '.result.dead | length')"
db 0 ledger verify
finish
