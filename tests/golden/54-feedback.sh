#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What people say of a record reaches its owner with the record's story, is answered and closed, and none of it can be altered later.
. "$(dirname "$0")/lib.sh"

fresh 'said, answered, closed'
cat >p.yaml <<'Y'
source: {type: file, path: drop/o_%Y%m%d.csv, settle: 0s, capture: {key: [id]}}
context: {reason: why}
owner: {team: order-ops}
sink: {type: sqlite, path: out/p.db}
alerts:
  - {events: [feedback], every: 0s, command: [./page.sh]}
Y
printf '#!/bin/sh\ncat >>paged\necho >>paged\n' >page.sh
chmod +x page.sh
printf 'id,qty,why\nA,1,granted 30 days\n' | drop drop/o_20260301.csv
run 0 p.yaml
db 64 feedback add p.yaml A
has 'there must be a text' '--text TEXT' "$err"
db 0 feedback add p.yaml A --text 'the quantity "1" is wrong; $(reboot)' --json
is 'it has a number' F1 "$(json .result.id)"
has 'the owner is told' 'the quantity "1" is wrong; $(reboot)' "$(jq -r .text paged)"
has 'of which record' "record A of pipeline 'p' (F1)" "$(jq -r .text paged)"
db 0 feedback list --json p.yaml
is 'it is open' 'F1 p A open 1 0' "$(json '.result[0] | "\(.feedback[0].id) \(.pipeline) \(.feedback[0].key) \(.feedback[0].state) \(.waiting) \(.answer_ms.n)"')"
is 'with where the record came from' 'granted 30 days drop/o_20260301.csv' \
    "$(json '.result[0].feedback[0].trace | [.. | objects | .reason? // empty][0] + " " + ([.. | strings | select(startswith("drop/"))][0])')"
db 0 feedback answer F1 --text 'corrected at the source'
db 0 trace p.yaml A --json
is 'trace tells both' 'feedback answered' "$(json '[.result.timeline[] | select(.id == "F1") | .what] | join(" ")')"
db 0 feedback list --json
is 'its time to answer is a lag' '0 1 answered' "$(json '.result[0] | "\(.waiting) \(.answer_ms.n) \(.feedback[0].state)"')"
db 0 lag --json p.yaml
is 'and stands with the others' '1 0' "$(json '[.result] | flatten | .[0].feedback | "\(.n) \(.waiting)"')"
db 0 feedback close F1
db 1 feedback close F1
has 'twice is once' 'F1 is closed' "$err"
db 1 feedback answer F1 --text 'too late'
db 1 feedback answer F7 --text x
db 64 feedback answer D1 --text x
db 64 feedback shout
db 0 feedback list
lacks 'closed ones are not shown' F1 "$out"
db 0 feedback list --all
has 'unless asked for' closed "$out"
db 0 ledger verify p.yaml
db 0 feedback add p.yaml nobody --text 'is it missing?'
has 'a key that nobody knows' 'is it spelt right?' "$out"
db 66 feedback add unknown A --text x
run 0 p.yaml
is 'a run changes nothing of it' 2 "$(sql .daybreak/p/ledger.db "SELECT count(*) FROM evidence WHERE verb = 'feedback'")"

fresh 'while a follower holds the lock'
cat >p.yaml <<'Y'
source: {type: file, path: drop/o_%Y%m%d.csv, settle: 0s, capture: {key: [id]}}
sink: {type: sqlite, path: out/p.db}
Y
printf 'id,qty\nA,1\n' | drop drop/o_20260301.csv
"$daybreak" run --follow p.yaml >/dev/null 2>follow.err &
children+=($!)
until [ "$(sql out/p.db 'SELECT count(*) FROM p' 2>/dev/null)" = 1 ]; do sleep 0.05; done
db 0 feedback add p.yaml A --text 'from outside'
has 'the run takes it' 'F1 noted' "$out"
kill -TERM "${children[-1]}"
wait "${children[-1]}"
db 0 feedback list --json
is 'it is there' 'from outside' "$(json '.result[0].feedback[0].text')"
finish
