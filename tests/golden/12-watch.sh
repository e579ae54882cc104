#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What a person or a monitor can ask: how late, where things stand, what happened, where a row comes from, do the books balance.
. "$(dirname "$0")/lib.sh"

fresh 'two nights'
cat >p.yaml <<'Y'
source: {type: file, path: drop/p_%Y%m%d.csv, settle: 0s, fields: {at: timestamp}, capture: {key: [a, b], guards: {max_deletes: 50%}}}
context: {changed_at: at, reason: why, actor: by}
lag: {within: 5m, percentile: 99}
sink: {type: sqlite, path: out/p.db, table: p}
Y
printf 'a,b,v,at,why,by\nx,1,1,2026-01-01T00:00:00Z,,\nx,2,1,2026-01-01T00:00:00Z,,\ny,1,1,2026-01-01T00:00:00Z,,\n' | drop drop/p_20260101.csv
run 0 p.yaml
now=$(date -u -d '90 seconds ago' +%Y-%m-%dT%H:%M:%SZ)
printf 'a,b,v,at,why,by\nx,1,2,%s,moved,eve\nx,2,1,2026-01-01T00:00:00Z,,\nz,1,1,%s,new,mal\n' "$now" "$now" | drop drop/p_20260102.csv now
run 0 p.yaml
counts created=1 updated=1 deleted=1 absent=1 captured=2 read=3 unchanged=1 delivered=3

place=lag
is 'lag of the run' '3 true' "$(json '.result.lag_ms | "\(.n) \(.p50 >= 90000 and .p50 <= .p95 and .p95 <= .p99 and .p99 <= .max)"')"
db 0 lag p --json
is 'one element a pipeline' 'p 1' "$(json '"\(.result[0].pipeline) \(.result | length)"')"
is 'hops' 'addressable confirmation delivery detection end_to_end processing production' \
    "$(json '.result[0].hops | keys - ["person", "repair", "waiting"] | join(" ")')"
is 'end to end' 3 "$(json '.result[0].hops.end_to_end.n')"
is 'first loads apart' 3 "$(json '.result[0] | .. | .first_loads? // empty')"
db 0 lag p
has 'for people' p99 "$out"

place=status
db 0 status p --json
is 'status' 'p true false' "$(json '.result[0] | "\(.pipeline) \(.balanced) \(.running)"')"
db 0 status
has 'for people' p_20260102 "$out"

place=tail
db 0 tail p --json
is 'batches' true "$(json '(.result | length) >= 2')"
db 0 tail

place=trace
db 0 trace p x,1 --json
is 'a row by a,b' '2 true' "$(json '.result | "\(.current.v) \(.found)"')"
is 'why' moved "$(json '[.result.timeline[] | .reason? // empty] | last')"
db 0 trace p '["x","1"]' --json
is 'a row by an array' 2 "$(json '.result.current.v')"
db 0 trace p y,1 --json
is 'a deleted one' 'true null' "$(json '.result | "\(.found) \(.current)"')"
db 1 trace p q,9
db 64 trace p x
db 0 trace p x,1
has 'for people' moved "$out"

place=ledger
db 0 ledger p --json
is 'totals' '6 1 5 1 6' "$(json '.result[0] | "\(.read) \(.unchanged) \(.captured) \(.absent) \(.delivered)"')"
db 0 ledger verify --json
is 'verified against the target' 'true true' "$(json '.result[0] | "\(.balanced) \(.target_asked)"')"
sqlite3 out/p.db 'UPDATE _daybreak_batch SET read = read + 1 WHERE batch = 2'
db 70 ledger verify
sqlite3 out/p.db 'UPDATE _daybreak_batch SET read = read - 1 WHERE batch = 2'
db 0 ledger verify
sqlite3 out/p.db 'DELETE FROM _daybreak_batch WHERE batch = 1'
db 70 ledger verify

place='nobody by that name'
db - status nosuch
is 'an error' yes "$([ "$status" != 0 ] && echo yes)"
finish
