#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Loads that do not fit one commit, inputs in parts, and the order inputs are taken in.
. "$(dirname "$0")/lib.sh"

fresh 'a first load above commit_max lands batch by batch'
cat >p.yaml <<'Y'
commit_max: 1000
source: {type: file, path: drop/p_%Y%m%d*, settle: 0s, capture: {key: [id]}}
sink: {type: sqlite, path: out/p.db, table: p}
Y
dump() { # dump ROWS VALUE
    echo id,v
    seq -f "%.0f,$2 text that makes a row of some length so that there are several batches" 1 "$1"
}
dump 60000 a | drop drop/p_20260101.csv.gz
run 0 p.yaml
counts loaded=60000 captured=60000 read=60000 delivered=60000
is 'several batches' yes "$([ "$(json .result.batches)" -gt 2 ] && echo yes)"
is 'their counts add up' '60000 60000' "$(sql out/p.db 'SELECT sum(changes), sum(read) FROM _daybreak_batch')"
again p.yaml out/p.db
db 0 ledger verify

fresh 'its tail is cut off'
cp "$work/1/p.yaml" .
dump 60000 a | gzip -n | head -c 300000 >.arriving
dump 60000 a | gzip -n >whole.gz
head -c $(($(stat -c %s whole.gz) * 9 / 10)) whole.gz >.arriving && touch -d '1 hour ago' .arriving && mv .arriving drop/p_20260101.csv.gz
run 4 p.yaml
landed=$(sql out/p.db 'SELECT count(*) FROM p')
is 'what landed before stands' yes "$([ "$landed" -gt 0 ] && [ "$landed" -lt 60000 ] && echo yes)"
is 'and was counted' "$landed" "$(json .result.delivered)"
db 0 status
run - p.yaml
is 'again nothing, and no delete comes of it' "$landed" "$(sql out/p.db 'SELECT count(*) FROM p')"
dump 60000 a | drop drop/p_20260102.csv.gz
run 0 p.yaml
is 'the next whole one completes it' "$((60000 - landed)) $landed 0" "$(json '.result | "\(.created + .loaded) \(.unchanged) \(.deleted)"')"
is 'rows' 60000 "$(sql out/p.db 'SELECT count(*) FROM p')"
db 0 ledger verify
again p.yaml out/p.db

fresh 'a cut first load within commit_max leaves nothing'
sed '1d' "$work/1/p.yaml" >p.yaml
head -c 100000 "$work/2/whole.gz" >.arriving && touch -d '1 hour ago' .arriving && mv .arriving drop/p_20260101.csv.gz
run 4 p.yaml
counts delivered=0
is 'no row' 0 "$(sql out/p.db "SELECT count(*) FROM sqlite_schema WHERE name = 'p'")"
cp "$work/2/whole.gz" .arriving && touch -d '1 hour ago' .arriving && mv .arriving drop/p_20260101.csv.gz
run 0 p.yaml
counts loaded=60000 captured=60000 read=60000 delivered=60000

fresh 'a night with more changes than commit_max'
cp "$work/1/p.yaml" .
dump 10000 a | drop drop/p_20260101.csv
run 0 p.yaml
dump 10000 b | drop drop/p_20260102.csv
run 0 p.yaml
counts updated=10000 captured=10000 read=10000 delivered=10000
is 'rows' '10000 10000' "$(sql out/p.db "SELECT count(*), sum(v LIKE 'b %') FROM p")"
db 0 ledger verify
again p.yaml out/p.db

fresh 'parts of one dump'
cat >p.yaml <<'Y'
source: {type: file, path: "drop/p_%Y%m%d_*.csv", settle: 0s, parts: 2, capture: {key: [id]}}
sink: {type: sqlite, path: out/p.db, table: p}
Y
printf 'id,v\n1,a\n2,a\n' | drop drop/p_20260101_1.csv
db - run p.yaml
is 'not complete yet: nothing lands' 0 "$(sql out/p.db "SELECT count(*) FROM sqlite_schema WHERE name = 'p'")"
printf 'id,v\n3,a\n4,a\n' | drop drop/p_20260101_2.csv
run 0 p.yaml
counts loaded=4 captured=4 read=4 delivered=4 inputs=1
printf 'id,v\n1,a\n2,a\n3,b\n' | drop drop/p_20260102_1.csv
printf 'id,v\n4,a\n' | drop drop/p_20260102_2.csv
run 0 p.yaml
counts updated=1 captured=1 unchanged=3 read=4 delivered=1
again p.yaml out/p.db
db 0 ledger verify

fresh 'several nights wait: in time order, each its own'
cat >p.yaml <<'Y'
source: {type: file, path: drop/%d.%m.%Y.csv, settle: 0s, capture: {key: [id], guards: {max_deletes: 100%, min_rows: 0%}}}
sink: {type: jsonl, path: out/p.jsonl}
Y
printf 'id,v\n1,c\n' | drop drop/01.03.2026.csv
printf 'id,v\n1,a\n2,a\n' | drop drop/30.01.2026.csv
printf 'id,v\n1,b\n2,a\n' | drop drop/02.02.2026.csv
run 0 p.yaml --inputs 1
counts loaded=2 captured=2 read=2 delivered=2 inputs=1
run 0 p.yaml
counts updated=2 deleted=1 absent=1 captured=2 read=3 unchanged=1 delivered=3 inputs=2
is 'in their order' 'r r u u d' "$(jq -r .op out/p.jsonl | xargs | sed 's/u d u/u u d/;s/d u$/u d/')"
again p.yaml out/p.jsonl

fresh 'a dry run writes nothing'
cat >p.yaml <<'Y'
source: {type: file, path: "drop/p_%Y%m%d.csv", settle: 0s, capture: {key: [id]}}
sink: {type: sqlite, path: out/p.db, table: p}
Y
printf 'id,v\n1,a\n2,a\n' | drop drop/p_20260101.csv
run 0 p.yaml --dry-run
is 'it counts' 2 "$(json '.result.loaded + .result.created')"
is 'no row' 0 "$(sql out/p.db "SELECT count(*) FROM sqlite_schema WHERE name = 'p'")"
run 0 p.yaml
counts loaded=2 captured=2 read=2 delivered=2
printf 'id,v\n1,b\n2,a\n' | drop drop/p_20260102.csv
run 0 p.yaml --dry-run
is 'it counts' '1 1' "$(json '.result | "\(.updated) \(.unchanged)"')"
is 'rows' 'a a' "$(sql out/p.db 'SELECT v FROM p' | xargs)"
run 0 p.yaml
counts updated=1 captured=1 unchanged=1 read=2 delivered=1
db 64 run p.yaml --limit 1

fresh 'after: delete and move'
cat >p.yaml <<'Y'
source: {type: file, path: "drop/p_%Y%m%d.csv", settle: 0s, after: {move: done/}, capture: {key: [id]}}
sink: {type: sqlite, path: out/p.db, table: p}
Y
printf 'id,v\n1,a\n2,a\n' | drop drop/p_20260101.csv
run 0 p.yaml
is 'moved' 'p_20260101.csv' "$(ls done 2>/dev/null || ls drop/done)"
sed -i 's/after: {move: done.}/after: delete/' p.yaml
printf 'id,v\n1,b\n2,a\n' | drop drop/p_20260102.csv
run 0 p.yaml
is 'deleted' '' "$(find drop -name 'p_20260102*')"
again p.yaml out/p.db
finish
