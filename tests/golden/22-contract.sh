#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What a source promises of its rows: those that breach it are invalid, and bad rows are not absent rows.
. "$(dirname "$0")/lib.sh"

rowset() { # rowset DB QUERY: lines joined by |
    sqlite3 -batch -init /dev/null -separator ' ' -nullvalue NULL "$1" "$2" 2>&1 | paste -sd'|'
}

dead() { # dead PIPELINE FILTER: of the open dead letters, one line each, in order of their keys
    db 0 dead --json "$1"
    jq -r ".result.dead | sort_by(.key)[] | $2" <<<"$out" | paste -sd'|'
}

fresh 'required columns and checks'
cat >p.yaml <<'Y'
source:
  type: file
  path: drop/p_%Y%m%d.csv
  settle: 0s
  fields: {qty: integer, price: "decimal(9,2)", at: timestamp}
  lookup:
    - {name: known, from: {type: file, path: customers.csv, settle: 0s}, on: {customer: id}, take: [name, credit], none: "null"}
  contract:
    required: [customer, qty]
    check: {unknown_customer: known.name IS NOT NULL, positive: qty > 0, cheap: "qty * price <= cast(known.credit as integer)", this_year: "at >= TIMESTAMP '2026-01-01 00:00:00'"}
  capture: {key: [id], guards: {max_deletes: 100%, max_invalid: 100%, min_rows: 0%}}
transforms:
  - set: {name: known.name}
sink: {type: sqlite, path: out/p.db, table: p}
Y
printf 'id,name,credit\nC1,Ann,100\nC2,Bob,no\n' | drop customers.csv
drop drop/p_20260101.csv <<'C'
id,customer,qty,price,at
1,C1,1,2.50,2026-01-01T00:00:00Z
2,,1,2.50,
3,C1,,2.50,
4,C9,1,2.50,
5,C1,0,2.50,
6,C1,50,2.50,
7,C2,1,2.50,
8,C1,1,2.50,2025-12-31T00:00:00Z
9,C1,one,2.50,
10,C1,1,2.50,
C
db 0 lint p.yaml
is 'lint has nothing to say' '1 file, 0 errors, 0 warnings' "$(grep -v effectively <<<"$out")"
run 3 p.yaml
counts loaded=2 captured=2 read=10 delivered=2 invalid=8 dead=8
is 'a check that is null holds, as in SQL' '1 Ann|10 Ann' "$(rowset out/p.db 'SELECT id, name FROM p ORDER BY length(id), id')"
is 'the reason is the name of the check' \
    '2 required customer|3 required qty|4 unknown_customer null|5 positive qty|6 cheap null|7 cheap null|8 this_year at|9 bad_integer qty' \
    "$(dead p '"\(.key) \(.reason) \(.field)"')"
is 'of stage source' source "$(dead p .stage | tr '|' '\n' | sort -u)"
is 'with what was seen' "qty > 0: does not hold; qty = 0" "$(dead p 'select(.key == "5").detail')"
has 'or what could not be computed' "cannot" "$(dead p 'select(.key == "7").detail')"
again p.yaml out/p.db
db 0 ledger verify

place='bad rows are not absent rows'
drop drop/p_20260102.csv now <<'C'
id,customer,qty,price,at
1,C1,-1,2.50,2026-01-01T00:00:00Z
2,C1,1,2.50,
4,C9,1,2.50,
5,C1,2,2.50,
10,C1,2,2.50,
C
run 3 p.yaml
counts created=2 updated=1 captured=3 read=5 invalid=2 dead=-5 delivered=3 deleted=5 absent=5
is 'the last good version stays, good rows heal' '1 1 Ann|2 1 Ann|5 2 Ann|10 2 Ann' \
    "$(rowset out/p.db 'SELECT id, qty, name FROM p ORDER BY length(id), id')"
is 'what is gone is withdrawn, what is bad still is dead' '1 positive|4 unknown_customer|4 unknown_customer' "$(dead p '"\(.key) \(.reason)"')"
db 0 ledger verify

place='the same row, another customer file'
printf 'id,name,credit\nC1,Ann,100\nC9,Zoe,10\n' | drop customers.csv '1 minute ago'
drop drop/p_20260103.csv now <<'C'
id,customer,qty,price,at
1,C1,-1,2.50,2026-01-01T00:00:00Z
2,C1,1,2.50,
4,C9,1,2.50,
5,C1,2,2.50,
10,C1,3,2.50,
C
run 3 p.yaml
is 'it is good now' '4 1 Zoe' "$(rowset out/p.db "SELECT id, qty, name FROM p WHERE id = '4'")"
printf 'id,name,credit\nC9,Zoe,10\n' | drop customers.csv now
printf 'id,customer,qty,price,at\n1,C1,3,2.50,\n2,C1,1,2.50,\n4,C9,1,2.50,\n' | drop drop/p_20260104.csv now
run 3 p.yaml
is 'and a row that was good may be bad without having changed; its version stays' '1 1|2 1|4 1' "$(rowset out/p.db 'SELECT id, qty FROM p ORDER BY id')"
is 'both are told' '1 unknown_customer|2 unknown_customer' "$(dead p 'select(.reason == "unknown_customer") | "\(.key) \(.reason)"')"
printf 'id,name,credit\nC1,Anna,100\nC9,Zoe,10\n' | drop customers.csv '2 minutes ago'
db 0 dead --json p
for id in $(json '.result.dead[] | select(.reason == "unknown_customer").id'); do
    db - dead retry "$id"
done
is 'a retry asks the contract again, and the file of today' '1 3 Anna' "$(rowset out/p.db "SELECT id, qty, name FROM p WHERE id = '1'")"
db 0 ledger verify

fresh 'a guard counts them'
cat >p.yaml <<'Y'
source: {path: drop/*.csv, settle: 0s, fields: {n: integer}, contract: {check: {small: n < 1000}}, capture: {key: [id]}}
sink: {type: sqlite, path: out/p.db, table: p}
Y
{ echo id,n; for i in $(seq 200); do echo "$i,$i"; done; } | drop drop/a.csv
run 0 p.yaml
counts loaded=200 captured=200 read=200 delivered=200
{ echo id,n; for i in $(seq 200); do [ "$i" -le 11 ] && echo "$i,5000" || echo "$i,$i"; done; } | drop drop/b.csv now
run 4 p.yaml
has 'eleven of two hundred are too many' '11 of 200 rows are invalid (5.5 %, at most 5 %)' "$(json '.result.held_inputs[0].reason')"
is 'and nothing of it landed' 200 "$(sql out/p.db 'SELECT count(*) FROM p WHERE n < 1000')"
{ echo id,n; for i in $(seq 200); do [ "$i" -le 10 ] && echo "$i,5000" || echo "$i,$i"; done; } | drop drop/c.csv now
run 3 p.yaml
counts read=200 invalid=10 dead=10
is 'ten are not' '200 0' "$(sql out/p.db 'SELECT count(*), sum(n >= 1000) FROM p')"

fresh 'events'
cat >p.yaml <<'Y'
source: {path: drop/*.jsonl, settle: 0s, fields: {n: integer}, contract: {required: [who], check: {odd: n % 2 = 1}}}
sink: {type: jsonl, path: out/p.jsonl, envelope: none}
Y
printf '{"n":1,"who":"a"}\n{"n":2,"who":"a"}\n{"n":3}\n{"n":5,"who":""}\n{"who":"b"}\n' | drop drop/a.jsonl
run 3 p.yaml
counts created=2 captured=2 read=5 delivered=2 invalid=3 dead=3
is 'those that keep it' '{"n":1,"who":"a"}|{"n":null,"who":"b"}' "$(paste -sd'|' out/p.jsonl)"
is 'a column that no line of the file has' 'required odd required' "$(db 0 dead --json p; jq -r '[.result.dead | sort_by(.line)[].reason] | "\(.[1]) \(.[0]) \(.[2])"' <<<"$out")"
printf '{"n":7}\n' | drop drop/b.jsonl
run 3 p.yaml
counts read=1 invalid=1 dead=1

fresh 'tables have one each'
cat >p.yaml <<'Y'
source:
  path: drop/*.tar.gz
  settle: 0s
  contract: {required: [id]}
  tables:
    a: {member: a.csv, key: [id], fields: {n: integer}, contract: {check: {positive: n > 0}}}
    b: {member: b.csv, key: [id], contract: {required: [w]}}
sink: {type: sqlite, path: out/p.db}
Y
mkdir pack && printf 'id,n\n1,1\n2,-1\n' >pack/a.csv && printf 'id,w\n1,\n2,x\n' >pack/b.csv
tar -C pack -czf .arriving a.csv b.csv && touch -d '1 hour ago' .arriving && mv .arriving drop/a.tar.gz
run 3 p.yaml
is 'each its own, what it does not say comes from above' 'a 2 positive|b 1 required' "$(dead p '"\(.table) \(.key) \(.reason)"' | tr '|' '\n' | sort | paste -sd'|')"

fresh 'when it does not fit'
printf 'id,n\n1,2\n' | drop drop/a.csv
wrong() { # wrong TEXT CONTRACT: lint refuses it
    printf 'source: {path: "drop/*.csv", settle: 0s, fields: {n: integer}, capture: {key: [id]}, contract: %s}\nsink: {type: jsonl, path: out/p.jsonl}\n' "$2" >p.yaml
    db 78 lint p.yaml
    has "$2" "$1" "$out"
}
wrong "the contract requires column 'm', which the input does not have" '{required: [m]}'
wrong "check 'x' must be true or false, and this is integer" '{check: {x: n + 1}}'
wrong "there is no column 'nn'" "{check: {x: \"nn = 'a'\"}}"
has 'with its place' 'p.yaml:1:109: error' "$out"
wrong "cannot compare integer with text" "{check: {x: \"n > 'a'\"}}"
wrong "'a b' cannot name a check" "{check: {a b: n > 1}}"
wrong "'x' has no condition" "{check: {x: }}"
wrong "did you mean 'required'?" "{requird: [n]}"
wrong "names column 'n' twice" "{required: [n, n]}"
printf 'source: {path: "drop/*.csv", settle: 0s, capture: {key: [id]}, contract: {required: [n]}}\nsink: {type: jsonl, path: out/p.jsonl}\n' >p.yaml
run 0 p.yaml
printf 'id,m\n1,2\n' | drop drop/b.csv now
run 4 p.yaml
has 'an input that lost the column is held' "column 'n' is missing" "$(json '.result.held_inputs[0].reason')"
finish
