#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Who is told of what: once, by program, webhook and mail, and again later where it could not be.
. "$(dirname "$0")/lib.sh"

listen_to smtp
mail_port=$port mail_told=$told
listen_to http
export HOOK_KEY=topsecret

pipeline() { # pipeline ALERTS…
    cat >p.yaml <<Y
source: {type: file, path: drop/o_%Y%m%d.csv, settle: 0s, fields: {qty: integer}, capture: {key: [id]}}
secrets: {key: {env: HOOK_KEY}, hook: {env: HOOK}}
owner: {team: order-ops, contact: ops@example.org}
sink: {type: sqlite, path: out/p.db}
alerts:
$1
Y
    cat >page.sh <<'S2'
#!/bin/sh
cat >>paged
echo >>paged
echo "cannot page" >&2
exit "$(cat code)"
S2
    chmod +x page.sh
    echo 0 >code
}
export HOOK=http://127.0.0.1:$port/token/T0P

fresh 'a dead letter is told once, three ways'
pipeline "  - {events: [dead_letter, guard], command: [./page.sh, '\$(reboot)']}
  - {events: [dead_letter], webhook: {secret: hook}, sign: {secret: key}}
  - {events: [dead_letter], mail: {server: \"smtp://127.0.0.1:$mail_port\", tls: off, from: daybreak@example.org}}"
db 0 lint p.yaml
db 0 alerts test p.yaml
is 'the test is marked' 'true test' "$(jq -r '"\(.data.test) \(.data.event)"' paged)"
rm paged
printf 'id,qty\nA,1\nB,x"$(reboot)\n' | drop drop/o_20260301.csv
run 3 p.yaml
is 'the program was told' 'daybreak.alert.dead_letter p 1' "$(jq -r '"\(.type) \(.data.pipeline) \(.data.count)"' paged)"
has 'what and how many' "1 record of pipeline 'p' was set aside in run" "$(jq -r .text paged)"
has 'and what to type' "Type: daybreak -C '$PWD' dead --pipeline p" "$(jq -r .text paged)"
is 'the webhook was told the same' "$(jq -r .text paged)" "$(jq -r .text "$told/2.body")"
is 'as a CloudEvent' application/cloudevents+json "$(header 2 Content-Type | cut -d';' -f1)"
stamp=$(header 2 X-Daybreak-Signature)
stamp=${stamp#t=}
is 'signed' "$({ printf '%s.' "${stamp%%,*}"; cat "$told/2.body"; } | openssl dgst -sha256 -hmac topsecret | sed 's/.* //')" "${stamp#*v1=}"
has 'the mail goes to the owner' 'RCPT TO:<ops@example.org>' "$(cat "$mail_told/2.head")"
has 'with a subject' 'Subject: p: dead_letter' "$(cat "$mail_told/2.body")"
has 'and the paragraph' "was set aside in run" "$(tr '\n' ' ' <"$mail_told/2.body")"
$(command -v env) bash -c "cd / && $(jq -r .data.next paged | sed "s|^daybreak|$daybreak|") >'$PWD/typed'"
has 'what it says to type works' 'D1' "$(cat typed)"
run 0 p.yaml
is 'nothing new is told' '1 2' "$(wc -l <paged) $(requests | wc -w)"
db 0 alerts --json p.yaml
lacks 'the token is not shown' T0P "$out"
is 'the book' 'false false false' "$(json '[.result[0].alerts[].pending] | join(" ")')"

fresh 'what stays is not repeated, what comes back is told again'
quiet
HOOK=http://127.0.0.1:$port/
pipeline '  - {events: [failed, guard], every: 0s, command: [./page.sh]}
  - {events: [held], webhook: {secret: hook}, sign: {secret: key}}'
seq 1 100 | sed '1i id,qty' | sed '2,$s/$/,1/' | drop drop/o_20260301.csv
run 0 p.yaml
seq 1 10 | sed '1i id,qty' | sed '2,$s/$/,1/' | drop drop/o_20260302.csv
run 4 p.yaml
run 4 p.yaml
run 4 p.yaml
is 'an input that is held is told once' 1 "$(jq -s 'map(select(.data.event == "guard")) | length' paged)"
has 'with its reason' 'o_20260302.csv' "$(jq -r .text paged)"
db 0 reject I2 --reason test
run 0 p.yaml
mv out/p.db out/q.db
run 78 p.yaml
run 78 p.yaml
is 'a failure is told once' 1 "$(jq -s 'map(select(.data.event == "failed")) | length' paged)"
mv out/q.db out/p.db
run 0 p.yaml
mv out/p.db out/q.db
run 78 p.yaml
is 'after a good run it is told again' 2 "$(jq -s 'map(select(.data.event == "failed")) | length' paged)"
run 78 p.yaml

fresh 'who cannot be told is told later, and data does not wait'
quiet
HOOK=http://127.0.0.1:$port/
pipeline '  - {events: [dead_letter], webhook: {secret: hook}, sign: {secret: key}, timeout: 300ms}'
printf 'hang\n500\n' >"$told/answers"
printf 'id,qty\nA,1\nB,x\n' | drop drop/o_20260301.csv
run 3 p.yaml
is 'the data is done' 1 "$(sql out/p.db 'SELECT count(*) FROM p')"
has 'a warning' 'alert cannot be told, tried again later' "$err"
run 0 p.yaml
is 'not at once' 1 "$(requests | wc -w)"
now=$(date +%s)
DAYBREAK_NOW_US=$(((now + 120) * 1000000)) run 0 p.yaml
DAYBREAK_NOW_US=$(((now + 400) * 1000000)) run 0 p.yaml
is 'each try has the same id' '3 1' "$(requests | wc -w) $(told_ids .id | tr ' ' '\n' | sort -u | wc -l)"
DAYBREAK_NOW_US=$(((now + 4000) * 1000000)) run 0 p.yaml
is 'and then no more' 3 "$(requests | wc -w)"

fresh 'a follower tells while it goes on'
pipeline '  - {events: [dead_letter, failed], every: 0s, command: [./page.sh]}
  - {events: [held], webhook: {secret: hook}, sign: {secret: key}}'
sed -i 's|^sink:.*|sink: {type: http, url: "http://127.0.0.1:1/", on_error: {backoff: 1ms, give_up: 1ms}}|' p.yaml
printf 'id,qty\nA,1\nB,x\n' | drop drop/o_20260301.csv
"$daybreak" run --follow p.yaml >/dev/null 2>follow.err &
children+=($!)
until [ -s paged ]; do kill -0 "${children[-1]}" || break; sleep 0.05; done
is 'a route that cannot be gone is told while it waits' failed "$(head -n 1 paged | jq -r .data.event)"
kill -TERM "${children[-1]}"
wait "${children[-1]}"
is 'and it ends when it is asked to' 0 "$?"
unset 'children[-1]'
rm paged
sed -i "s|127.0.0.1:1/|127.0.0.1:$port/|" p.yaml
"$daybreak" run --follow p.yaml >/dev/null 2>follow.err &
children+=($!)
until grep -qs dead_letter paged; do kill -0 "${children[-1]}" || break; sleep 0.05; done
is 'a dead letter is told while it lives' 'true 1' "$(kill -0 "${children[-1]}" && echo true) $(jq -s 'map(select(.data.event == "dead_letter")) | length' paged)"
kill -TERM "${children[-1]}"
wait "${children[-1]}"
unset 'children[-1]'

fresh 'what is wrong with a way'
pipeline '  - {events: [fialed], command: [./page.sh]}
  - {events: [failed]}
  - {events: [failed], mail: {to: ["a@b>\r\nBcc: c@d"]}}
  - {events: [failed], mail: {to: [a@b.c], password: {secret: key}}}
  - {events: [failed], webhook: {secret: hook}, sign: {secret: key}, command: ["true"]}'
db 78 lint p.yaml
has 'an event' "did you mean 'failed'?" "$out$err"
has 'no way' 'exactly one of command, webhook and mail' "$out$err"
has 'an address that ends its header' 'is no mail address' "$out$err"
has 'a password in the clear' 'in the clear' "$out$err"
pipeline '  - {events: [failed], command: [./page.sh]}
  - {events: [failed], webhook: {secret: hook}, sign: {secret: key}, timeout: 500ms}'
HOOK=http://127.0.0.1:1/
echo 3 >code
db 69 alerts test --json p.yaml
is 'both are said' "false false" "$(json '.result[0].alerts | map(.told) | join(" ")')"
has 'with what they said' "'./page.sh' ended with exit status 3: cannot page" "$out"
sed -i '/^alerts:/,$d' p.yaml
sed -i 's/^secrets.*//' p.yaml
db 1 alerts test p.yaml
has 'nobody' 'tells nobody' "$err$out"
finish
