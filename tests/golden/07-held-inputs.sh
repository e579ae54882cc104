#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Guards: an input that cannot be right is held whole, with its evidence, before anything of it lands; a person lets it through or not.
. "$(dirname "$0")/lib.sh"

rows() { # rows FROM TO VALUE: a dump of ids
    echo id,v
    for ((i = $1; i <= $2; i++)); do echo "$i,$3"; done
}

held() { # held FIELD: of the first held thing that `held --json` tells
    db 0 held --json
    json ".result.held[0].$1"
}

begin() { # begin TITLE [GUARDS]: a pipeline with ten rows landed
    fresh "$1"
    cat >p.yaml <<Y
source:
  type: file
  path: drop/d_%Y%m%d.csv
  settle: 0s
  capture: {key: [id]${2:+, guards: {$2\}}}
sink: {type: sqlite, path: out/t.db, table: t}
Y
    rows 1 10 a | drop drop/d_20260101.csv
    run 0 p.yaml
    counts loaded=10 delivered=10
    before=$(contents out/t.db)
}

stands() { # stands GUARD: the run just made held its input and left the target alone
    counts delivered=0
    is 'exactly one input is held' 1 "$(json '.result.held_inputs | length')"
    is 'the guard' "$1" "$(json '.result.held_inputs[0].guard')"
    id=$(json '.result.held_inputs[0].id')
    has 'its id tells what it is' I "$id"
    is 'the target is untouched' "$before" "$(contents out/t.db)"
}

begin 'too many deletes: approved'
rows 1 7 a | drop drop/d_20260102.csv
run 4 p.yaml
stands max_deletes
has 'the reason has the figures' '3 of 10 rows' "$(json '.result.held_inputs[0].reason')"
is 'the input' drop/d_20260102.csv "$(json '.result.held_inputs[0].input')"
db 0 held --json
is 'held tells' "$id input p drop/d_20260102.csv 3" "$(json '.result.held[0] | "\(.id) \(.kind) \(.pipeline) \(.input) \(.evidence.value)"')"
is 'fields of held' 'by evidence handoff id input kind pipeline reason since' \
    "$(json '.result.held[0] | keys | map(select(. != "guard" and . != "key" and . != "state")) | join(" ")')"
db 0 held show "$id" --json
is 'held show' "$id" "$(json '[.result.held?[0].id, .result.id?] | map(select(.)) | .[0]')"
run 4 p.yaml
is 'it stays held and is not held twice' 1 "$(json '.result.held_inputs | length')"
db 0 status --json
is 'status tells it' "$id" "$(json '.result[0].held_inputs[0].id')"
db 0 approve "$id" --json
is 'approved' true "$(json .ok)"
run 0 p.yaml
is 'rows after it' 7 "$(sql out/t.db 'SELECT count(*) FROM t')"
db 1 approve "$id"
has 'a decision is taken once' "$id" "$err"
db 1 reject "$id" --reason late
db 0 held --json
is 'nothing is held' 0 "$(json '.result.held | length')"
again p.yaml out/t.db
db 0 ledger verify

begin 'too many deletes: rejected'
rows 1 7 a | drop drop/d_20260102.csv
run 4 p.yaml
stands max_deletes
db 64 reject "$id"
has 'a rejection says why' reason "$err"
db 0 reject "$id" --reason 'half a dump' --json
run 0 p.yaml
counts delivered=0
is 'rows' 10 "$(sql out/t.db 'SELECT count(*) FROM t')"
rows 1 9 b | drop drop/d_20260103.csv
run 0 p.yaml
counts updated=9 deleted=1 absent=1 captured=9 delivered=10

begin 'superseded by the next good one'
rows 1 7 a | drop drop/d_20260102.csv
run 4 p.yaml
stands max_deletes
rows 1 11 a | drop drop/d_20260103.csv
run 0 p.yaml
counts created=1 captured=1 delivered=1 unchanged=10
db 0 held --json
is 'nothing is held any more' 0 "$(json '.result.held | length')"
db 1 approve "$id"
is 'rows' 11 "$(sql out/t.db 'SELECT count(*) FROM t')"

begin 'held and good in one run'
rows 1 7 a | drop drop/d_20260102.csv
rows 1 11 a | drop drop/d_20260103.csv
run - p.yaml
is 'the good one landed' 11 "$(sql out/t.db 'SELECT count(*) FROM t')"
again p.yaml out/t.db

begin 'too few rows' 'max_deletes: 100%'
rows 1 4 a | drop drop/d_20260102.csv
run 4 p.yaml
stands min_rows
has 'the reason' 'only 4 rows' "$(json '.result.held_inputs[0].reason')"

begin 'a limit of its own' 'max_deletes: 2, min_rows: 8'
rows 1 8 a | drop drop/d_20260102.csv
run 0 p.yaml
counts deleted=2 absent=2 delivered=2
rows 1 7 a | drop drop/d_20260103.csv
before=$(contents out/t.db)
run 4 p.yaml
stands min_rows

begin 'empty'
rows 1 0 a | drop drop/d_20260102.csv
run 4 p.yaml
stands empty
printf '' | drop drop/d_20260103.csv
run 4 p.yaml
is 'a file without a byte is held' empty "$(json '.result.held_inputs[] | select(.input == "drop/d_20260103.csv").guard')"
is 'the target is untouched' "$before" "$(contents out/t.db)"

begin 'too many invalid rows'
{ rows 1 10 a; for i in {1..11}; do echo "$i,x,y"; done; } | drop drop/d_20260102.csv
run 4 p.yaml
stands max_invalid

begin 'a few invalid rows are no reason to stop'
{ rows 1 9 a; echo 10,x,y; } | drop drop/d_20260102.csv
run 3 p.yaml
counts invalid=1 dead=1
is 'its last good version stays' 10,a "$(sqlite3 -separator , out/t.db "SELECT id, v FROM t WHERE id = '10'")"

begin 'rows without a key withhold the deletes'
{ rows 2 10 b; echo ,x; echo 11,n; } | drop drop/d_20260102.csv
run 4 p.yaml
counts created=1 updated=9 captured=10 delivered=10 invalid=1 dead=1 read=11
is 'the guard' max_keyless "$(json '.result.held_inputs[0].guard')"
is 'creates and updates went on, the delete did not' '11 a b n' \
    "$(sql out/t.db "SELECT count(*), min(v), (SELECT v FROM t WHERE id = '2'), (SELECT v FROM t WHERE id = '11') FROM t")"
id=$(json '.result.held_inputs[0].id')
run 4 p.yaml
is 'still told' "$id" "$(json '.result.held_inputs[0].id')"
db 0 approve "$id"
run 0 p.yaml
is 'approved: the delete lands' 10 "$(sql out/t.db 'SELECT count(*) FROM t')"
db 0 ledger verify
again p.yaml out/t.db

begin 'rows without a key: the next whole dump settles it'
{ rows 2 10 a; echo ,x; } | drop drop/d_20260102.csv
run 4 p.yaml
is 'nothing was deleted' 10 "$(sql out/t.db 'SELECT count(*) FROM t')"
rows 2 10 a | drop drop/d_20260103.csv
run 0 p.yaml
counts deleted=1 absent=1 delivered=1
is 'the delete came' 9 "$(sql out/t.db 'SELECT count(*) FROM t')"
db 0 held --json
is 'nothing is held' 0 "$(json '.result.held | length')"

begin 'allowed keyless rows' 'max_keyless: 1'
{ rows 2 10 a; echo ,x; } | drop drop/d_20260102.csv
run 3 p.yaml
counts deleted=1 absent=1 delivered=1 invalid=1 dead=1

begin 'older than the last'
rows 1 9 a | drop drop/d_20251231.csv
run 4 p.yaml
stands older
has 'the reason' 'older than the last' "$(json '.result.held_inputs[0].reason')"
db 0 approve "$id"
run 0 p.yaml
is 'approved: it is applied' 9 "$(sql out/t.db 'SELECT count(*) FROM t')"

begin 'older content again'
rows 1 11 b | drop drop/d_20260102.csv
run 0 p.yaml
rows 1 10 a | drop drop/d_20260103.csv
before=$(contents out/t.db)
run 4 p.yaml
stands older

begin 'the same content again'
rows 1 10 a | drop drop/d_20260102.csv
run 0 p.yaml
counts inputs=1 read=0 unchanged=0 delivered=0
is 'the target is untouched' "$before" "$(contents out/t.db)"

begin 'older dumps that were only touched'
rows 1 11 b | drop drop/d_20260102.csv
run 0 p.yaml
touch -d '1 hour ago' drop/d_20260101.csv
cp -p drop/d_20260102.csv whole && mv whole drop/d_20260102.csv
before=$(contents out/t.db)
run 0 p.yaml
counts read=0 delivered=0
is 'nothing is held' '[]' "$(json '.result.held_inputs | tostring')"
is 'the target is untouched' "$before" "$(contents out/t.db)"

begin 'a missing column'
printf 'id\n1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n' | drop drop/d_20260102.csv
run 4 p.yaml
stands missing_column
has 'the column is named' "'v'" "$(json '.result.held_inputs[0].reason')"

fresh 'a first dump without its key column'
printf 'source: {path: drop/d_%%Y%%m%%d.csv, settle: 0s, capture: {key: [ID]}}\nsink: {type: sqlite, path: out/t.db, table: t}\n' >p.yaml
rows 1 10 a | drop drop/d_20260101.csv
run 4 p.yaml
has 'the key column is named' "'ID'" "$(json '.result.held_inputs[0].reason')"
before=$(sql out/t.db 'SELECT count(*) FROM t')

begin 'a renamed column'
rows 1 10 a | sed 's/^id,v/id,w/' | drop drop/d_20260102.csv
run 4 p.yaml
stands missing_column
has 'both names' "'w'" "$(json '.result.held_inputs[0].reason')"

begin 'a new column'
rows 1 10 a | sed 's/^id,v/id,v,w/; s/^\([0-9]*\),a/\1,a,/' | drop drop/d_20260102.csv
run - p.yaml
is 'the target has it, or the guard max_updates holds the input' yes "$(
    case $(json '.result.held_inputs[0].guard') in
    max_updates) [ "$status" = 4 ] && echo yes ;;
    null) [ "$status" = 0 ] && sql out/t.db 'SELECT count(w) FROM t' >/dev/null && echo yes ;;
    esac)"

begin 'cut off'
rows 1 2000 a | gzip -n | head -c 2000 >drop/d_20260102.csv
touch -d '2 hours ago' drop/d_20260102.csv
run 4 p.yaml
stands unreadable
again() { :; }

begin 'json of a decision'
rows 1 2 a | drop drop/d_20260102.csv
run 4 p.yaml
id=$(json '.result.held_inputs[0].id')
db 1 approve I99
db 64 approve
db - approve X1
is 'what is no id is a usage error or unknown' yes "$([ "$status" = 64 ] || [ "$status" = 1 ] && echo yes)"
db 0 approve "$id" --json
is 'the answer' "approve true" "$(json '"\(.command) \(.ok)"')"
finish
