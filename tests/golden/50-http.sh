#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Changes told to a server: at least once, with the event id in every message. What the server refuses is a dead letter, what it cannot take
# now is told again under the same id, and nothing that was answered is told twice by one run.
. "$(dirname "$0")/lib.sh"

listen_to http

pipeline() { # pipeline OPTIONS…
    cat >p.yaml <<Y
source:
  type: file
  path: drop/o_%Y%m%d.csv
  settle: 0s
  fields: {qty: integer}
  capture: {key: [id], guards: {max_deletes: 100%, min_rows: 0%}}
context: {reason: why}
secrets: {key: {env: HOOK_KEY}, token: {env: HOOK_TOKEN}}
sink: {type: http, url: "http://127.0.0.1:$port/in?x=1", $1, on_error: {backoff: 1ms, give_up: ${2-1ms}}}
Y
}
export HOOK_KEY=topsecret HOOK_TOKEN='Bearer abc'

fresh 'a message a change'
pipeline 'parallel: 1, headers: {Authorization: {secret: token}, X-Empty: ""}, sign: {secret: key}'
drop drop/o_20260301.csv <<'C'
id,qty,why
A,1,"he said ""no""; $(reboot)"
B,2,
C
db 0 lint p.yaml
has 'the guarantee' 'at least once' "$out$err"
run 0 p.yaml
counts loaded=2 captured=2 delivered=2
is 'two requests' '1 2' "$(requests)"
is 'the row and its story' 'A 1 he said "no"; $(reboot)' "$(jq -r '"\(.after.id) \(.after.qty) \(.reason)"' "$told/1.body")"
is 'where to' 'POST /in?x=1 HTTP/1.1' "$(head -n 1 "$told/1.head")"
is 'the event id is the idempotency key' "$(jq -r .event_id "$told/1.body")" "$(header 1 Idempotency-Key)"
is 'the type' application/json "$(header 1 Content-Type)"
is 'the secret header arrives' 'Bearer abc' "$(header 1 Authorization)"
is 'an empty header arrives' 1 "$(grep -c '^X-Empty: *$' "$told/1.head")"
stamp=$(header 1 X-Daybreak-Signature)
stamp=${stamp#t=}
is 'the signature' "$({ printf '%s.' "${stamp%%,*}"; cat "$told/1.body"; } | openssl dgst -sha256 -hmac topsecret | sed 's/.* //')" "${stamp#*v1=}"
db 0 connectors http
lacks 'no secret is shown' topsecret "$out"
run 0 p.yaml
is 'nothing new is nothing told' '1 2' "$(requests)"

fresh 'deletes, arrays, no envelope'
quiet
pipeline 'batch: 10, parallel: 1'
printf 'id,qty,why\nA,1,\nB,2,\nC,3,\n' | drop drop/o_20260301.csv
run 0 p.yaml
is 'one array' '1 [A B C]' "$(requests) [$(jq -r 'map(.after.id) | join(" ")' "$told/1.body")]"
printf 'id,qty,why\nA,1,\n' | drop drop/o_20260302.csv
run 0 p.yaml
counts deleted=2 absent=2 delivered=2
is 'deletes are told with their key' 'd B d C' "$(jq -r 'map("\(.op) \(.key.id)") | join(" ")' "$told/2.body")"
pipeline 'envelope: none'
printf 'id,qty,why\nD,1,\n' | drop drop/o_20260303.csv
run 3 p.yaml
counts created=1 deleted=1 absent=1 delivered=1 dead=1
is 'the row alone' '{"id":"D","qty":1,"why":""}' "$(cat "$told/3.body")"

fresh 'an array that is refused'
quiet
pipeline 'batch: 10, parallel: 1'
printf '400|one of them\n200\n422|not B\n200\n' >"$told/answers"
printf 'id,qty,why\nA,1,\nB,2,\nC,3,\n' | drop drop/o_20260301.csv
run 3 p.yaml
counts loaded=3 captured=3 delivered=2 dead=1
is 'each went alone, as an array of one' 'A+B+C A B C' \
    "$(for n in $(requests); do jq -r 'map(.after.id) | join("+")' "$told/$n.body"; done | tr '\n' ' ' | sed 's/ $//')"
db 0 dead show D1
has 'and the one that is not wanted is known' 'HTTP status 422: not B' "$out"
printf 'id,qty,why\nA,2,\nB,2,\nC,4,\n' | drop drop/o_20260302.csv
run 0 p.yaml
is 'the next ones go together again' 'A+C' "$(jq -r 'map(.after.id) | sort | join("+")' "$told/5.body")"

fresh 'what is refused, and what is not'
quiet
pipeline 'parallel: 1'
for n in $(seq 1 50); do printf '422|no such customer\n500\n'; done >"$told/answers"
printf 'id,qty,why\nA,1,\nB,2,\nC,3,\n' | drop drop/o_20260301.csv
run 69 p.yaml
has 'why' 'answered with HTTP status 500' "$err$out"
is 'nothing landed' 0 "$(json .result.delivered)"
first=$(jq -r .event_id "$told/2.body")
quiet
pipeline 'parallel: 1'
printf '422|no such customer\n' >"$told/answers"
run 3 p.yaml
counts loaded=3 captured=3 delivered=2 dead=1
is 'told again with the same event id' "$first" "$(jq -r .event_id "$told/2.body")"
db 0 dead --json
is 'the dead letter' 'sink refused_by_server A' "$(json '.result.dead[0] | "\(.stage) \(.rule) \(.key)"')"
db 0 dead show D1
has 'its answer is kept' 'HTTP status 422: no such customer' "$out"
quiet
pipeline 'parallel: 1'
db 0 dead retry D1
is 'a retry tells it again' A "$(jq -r .after.id "$told/1.body")"

fresh 'a lost answer, a slow server and a request to wait, in one run'
quiet
pipeline 'parallel: 1, timeout: 300ms' 1m
printf '200\ndrop\nhang\n503 Retry-After: 1\n429\n408\n425\n' >"$told/answers"
printf 'id,qty,why\nA,1,\nB,2,\n' | drop drop/o_20260301.csv
run 0 p.yaml
counts loaded=2 captured=2 delivered=2
is 'A was told once, B until it was taken' 'A B B B B B B B' "$(told_ids .after.id)"
is 'always as the same event' 2 "$(told_ids .event_id | tr ' ' '\n' | sort -u | wc -l)"

fresh 'redirects, a door that is closed, a file that is wrong'
quiet
pipeline 'parallel: 1'
echo '302 Location: http://127.0.0.1:9/' >"$told/answers"
printf 'id,qty,why\nA,1,\n' | drop drop/o_20260301.csv
run 78 p.yaml
has 'a redirect is not followed' 'HTTP status 302' "$err$out"
has 'and says what to do' 'redirects: 5' "$err$out"
sed -i "s/:$port/:1/" p.yaml
run 69 p.yaml
lacks 'the url is not shown beyond its server' 'x=1' "$err$out"
sed -i 's|url: "[^"]*"|url: "ftp://x"|' p.yaml
db 78 lint p.yaml
has 'only http' 'no http:// or https:// address' "$out$err"

fresh 'cloudevents, both modes'
quiet
pipeline 'parallel: 1, envelope: cloudevents'
printf 'id,qty,why\nA,1,\n' | drop drop/o_20260301.csv
run 0 p.yaml
is 'structured' 'application/cloudevents+json 1.0 daybreak.loaded /daybreak/p A' \
    "$(header 1 Content-Type) $(jq -r '"\(.specversion) \(.type) \(.source) \(.data.after.id)"' "$told/1.body")"
pipeline 'parallel: 1, envelope: cloudevents, mode: binary'
printf 'id,qty,why\nA,2,\n' | drop drop/o_20260302.csv
run 0 p.yaml
is 'binary' 'application/json 1.0 daybreak.updated /daybreak/p A' \
    "$(header 2 Content-Type) $(header 2 ce-specversion) $(header 2 ce-type) $(header 2 ce-source) $(jq -r .after.id "$told/2.body")"
is 'its id is the event id' "$(jq -r .event_id "$told/2.body")" "$(header 2 ce-id)"
pipeline 'parallel: 1, batch: 5, envelope: cloudevents'
printf 'id,qty,why\nA,3,\n' | drop drop/o_20260303.csv
run 0 p.yaml
is 'a batch of them' 'application/cloudevents-batch+json 1' "$(header 3 Content-Type) $(jq length "$told/3.body")"

fresh 'changes of a key never overtake each other'
quiet
cat >p.yaml <<Y
source: {type: file, path: log.csv, settle: 0s, capture: {method: append, key: [id]}}
sink: {type: http, url: "http://127.0.0.1:$port/", parallel: 8}
Y
{ echo id,n; for n in $(seq 1 60); do echo "$((n % 7)),$n"; done; } >log.csv
touch -d '2 hours ago' log.csv
run 0 p.yaml
is 'all were told' 60 "$(requests | wc -w)"
is 'each key in its order' true "$(for n in $(requests); do cat "$told/$n.body"; echo; done | jq -s 'group_by(.after.id) | map(map(.after.n | tonumber) | . == sort) | all')"

finish
